/**
 * One direction of a path: a bottleneck of changing capacity with a drop-tail queue, then a way on which packets take time,
 * get lost, and overtake each other. It decides and holds nothing, so that the same model stands behind a simulated link in
 * virtual time and behind a relay of real packets.
 */

import { RtcError } from '../errors.js';
import { gaussian, type Random } from './random.js';

export interface CapacityStep {
  /** From then on. */
  atMs: number;
  /** 0: nothing passes. */
  bps: number;
}

/** Gilbert-Elliott: two states, chances per packet. */
export interface BurstLoss {
  toBad: number;
  toGood: number;
  lossInBad: number;
  lossInGood?: number;
}

export interface LinkOptions {
  random: Random;
  /** In order of time; before the first step its capacity holds. */
  capacity: readonly CapacityStep[] | number;
  propagationMs?: number;
  /** A packet is dropped that would wait longer; default 300. */
  queueMs?: number;
  /** Or that finds so many bytes waiting. */
  queueBytes?: number;
  /** The right half of a normal distribution, cut off at `maxMs`. Packets keep their order. */
  jitter?: { deviationMs: number; maxMs: number };
  /** Share lost after the bottleneck, 0..1. */
  loss?: number;
  burstLoss?: BurstLoss;
  /** Share of packets that come so much later, overtaken by others. */
  reordering?: { share: number; delayMs: number };
}

export class LinkModel {
  offered = 0;
  /** The queue was full. */
  dropped = 0;
  /** Lost on the way. */
  lost = 0;
  deliveredBytes = 0;
  /** How long the last packet that wasn't dropped waited in the queue. */
  lastQueueMs = 0;

  private readonly options: LinkOptions;
  private readonly steps: CapacityStep[];
  private step = 0;
  /** When the bottleneck has sent all it was offered. */
  private busyUntilMs = Number.NEGATIVE_INFINITY;
  private newestDeliveryMs = Number.NEGATIVE_INFINITY;
  private bad = false;

  constructor(options: LinkOptions) {
    this.options = options;
    const { capacity } = options;
    this.steps = typeof capacity === 'number' ? [{ atMs: 0, bps: capacity }] : capacity.map((step) => ({ ...step }));
    const sound = this.steps.every((step, i) => step.bps >= 0 && (i === 0 || step.atMs >= this.steps[i - 1].atMs));
    if (this.steps.length === 0 || !sound) {
      throw new RtcError('bad-options', 'A capacity is one or more steps in order of time, none below 0 bps');
    }
  }

  /** When a packet offered now comes out, ms; null when it doesn't. Offers come in order of time. */
  offer(nowMs: number, bytes: number): number | null {
    this.offered++;
    const startMs = Math.max(nowMs, this.busyUntilMs);
    const waitMs = startMs - nowMs;
    const { queueMs = 300, queueBytes, propagationMs = 0, reordering, random } = this.options;
    const full = queueBytes !== undefined && this.servedBytes(nowMs, this.busyUntilMs) + bytes > queueBytes;
    const endMs = waitMs > queueMs || full ? Number.POSITIVE_INFINITY : this.serve(nowMs, startMs, bytes * 8);
    if (endMs === Number.POSITIVE_INFINITY) {
      this.dropped++;
      return null;
    }
    this.busyUntilMs = endMs;
    this.lastQueueMs = waitMs;
    if (this.lose()) {
      this.lost++;
      return null;
    }
    this.deliveredBytes += bytes;
    const outMs = endMs + propagationMs + this.jitterMs();
    if (reordering && random() < reordering.share) return outMs + reordering.delayMs;
    this.newestDeliveryMs = Math.max(this.newestDeliveryMs, outMs);
    return this.newestDeliveryMs;
  }

  capacityAt(ms: number): number {
    let at = 0;
    while (at + 1 < this.steps.length && this.steps[at + 1].atMs <= ms) at++;
    return this.steps[at].bps;
  }

  /** Changes the capacity from now on; steps of the trace to come are dropped. What is in the queue leaves as it would have. */
  setCapacity(nowMs: number, bps: number): void {
    if (!(bps >= 0)) throw new RtcError('bad-options', `A capacity is 0 bps or more, not ${bps}`);
    const kept = this.steps.filter((step, i) => i === 0 || step.atMs < nowMs);
    this.steps.splice(0, this.steps.length, ...kept, { atMs: nowMs, bps });
    this.step = 0;
  }

  /** What the bottleneck could carry between two moments. */
  servedBytes(fromMs: number, toMs: number): number {
    let bits = 0;
    for (let i = 0; i < this.steps.length; i++) {
      const beginMs = i === 0 ? fromMs : Math.max(fromMs, this.steps[i].atMs);
      const endMs = i + 1 < this.steps.length ? Math.min(toMs, this.steps[i + 1].atMs) : toMs;
      if (endMs > beginMs) bits += ((endMs - beginMs) * this.steps[i].bps) / 1000;
    }
    return bits / 8;
  }

  /** When so many bits are through that begin at `startMs`. */
  private serve(nowMs: number, startMs: number, bits: number): number {
    while (this.step + 1 < this.steps.length && this.steps[this.step + 1].atMs <= nowMs) this.step++;
    let atMs = startMs;
    for (let i = this.step, left = bits; ; i++) {
      const nextMs = i + 1 < this.steps.length ? this.steps[i + 1].atMs : Number.POSITIVE_INFINITY;
      if (nextMs <= atMs) continue;
      const bitsPerMs = this.steps[i].bps / 1000;
      if (bitsPerMs > 0 && atMs + left / bitsPerMs <= nextMs) return atMs + left / bitsPerMs;
      if (nextMs === Number.POSITIVE_INFINITY) return nextMs;
      left -= bitsPerMs * (nextMs - atMs);
      atMs = nextMs;
    }
  }

  private lose(): boolean {
    const { loss = 0, burstLoss, random } = this.options;
    if (burstLoss) {
      if (random() < (this.bad ? burstLoss.toGood : burstLoss.toBad)) this.bad = !this.bad;
      if (random() < (this.bad ? burstLoss.lossInBad : (burstLoss.lossInGood ?? 0))) return true;
    }
    return loss > 0 && random() < loss;
  }

  private jitterMs(): number {
    const { jitter, random } = this.options;
    if (!jitter) return 0;
    return Math.min(jitter.maxMs, Math.abs(gaussian(random)) * jitter.deviationMs);
  }
}
