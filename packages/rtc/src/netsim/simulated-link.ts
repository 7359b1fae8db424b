/** A link model in virtual time, and what it saw. */

import { LinkModel, type LinkOptions } from './link-model.js';
import type { VirtualTime } from './virtual-time.js';

export class SimulatedLink {
  readonly model: LinkModel;
  private readonly time: VirtualTime;
  private readonly atMs: number[] = [];
  private readonly waitsMs: number[] = [];
  private readonly bytes: number[] = [];

  constructor(time: VirtualTime, options: LinkOptions) {
    this.time = time;
    this.model = new LinkModel(options);
  }

  /** `delivered` runs when the packet comes out, if it does, `extraMs` later than on the link alone. */
  send(bytes: number, delivered: () => void, extraMs = 0): void {
    const nowMs = this.time.nowMs;
    const dropped = this.model.dropped;
    const deliverMs = this.model.offer(nowMs, bytes);
    if (this.model.dropped === dropped) {
      this.atMs.push(nowMs);
      this.waitsMs.push(this.model.lastQueueMs);
      this.bytes.push(bytes);
    }
    if (deliverMs !== null) this.time.at(deliverMs + extraMs, delivered);
  }

  /** Share of what could have been carried that was, 0..1, for what was offered in [from, to). */
  utilisation(fromMs: number, toMs: number): number {
    let carried = 0;
    this.within(fromMs, toMs, (i) => {
      carried += this.bytes[i];
    });
    return carried / this.model.servedBytes(fromMs, toMs);
  }

  /** Of the time packets spent in the queue, those offered in [from, to): ms that `share` of them didn't exceed. */
  queueingDelayMs(share: number, fromMs: number, toMs: number): number {
    const waits: number[] = [];
    this.within(fromMs, toMs, (i) => {
      waits.push(this.waitsMs[i]);
    });
    if (waits.length === 0) return 0;
    waits.sort((a, b) => a - b);
    return waits[Math.min(waits.length - 1, Math.floor(share * waits.length))];
  }

  /** The longest wait of each `stepMs` from 0 to `toMs`. */
  queueSeries(stepMs: number, toMs: number): number[] {
    const series = new Array<number>(Math.ceil(toMs / stepMs)).fill(0);
    this.within(0, toMs, (i) => {
      const step = Math.floor(this.atMs[i] / stepMs);
      series[step] = Math.max(series[step], this.waitsMs[i]);
    });
    return series;
  }

  private within(fromMs: number, toMs: number, visit: (index: number) => void): void {
    for (let i = 0; i < this.atMs.length; i++) if (this.atMs[i] >= fromMs && this.atMs[i] < toMs) visit(i);
  }
}
