/**
 * A bulk TCP transfer as the bottleneck sees it: NewReno's window with selective acknowledgements (RFC 5681, RFC 6675 in
 * short), one acknowledgement a packet on a way back that is never full.
 */

import type { SimulatedLink } from './simulated-link.js';
import type { VirtualTime } from './virtual-time.js';

export interface TcpFlowOptions {
  time: VirtualTime;
  forward: SimulatedLink;
  /** Of acknowledgements. */
  returnMs: number;
  startMs?: number;
  stopMs?: number;
}

const SEGMENT_BYTES = 1460;
const PACKET_BYTES = 1500;
const INITIAL_WINDOW = 10;
/** Packets acknowledged after one that wasn't: it is lost. */
const REORDERING = 3;
const MIN_TIMEOUT_MS = 200;
const FIRST_TIMEOUT_MS = 1000;
const SAMPLE_MS = 100;

export class TcpFlow {
  readonly samples: { atMs: number; receivedBps: number }[] = [];
  receivedBytes = 0;
  losses = 0;

  private readonly options: TcpFlowOptions;
  private window = INITIAL_WINDOW;
  private threshold = Number.POSITIVE_INFINITY;
  private next = 0;
  /** Sequence numbers in flight, with the time they were sent. */
  private readonly flight = new Map<number, number>();
  private recoverUntil = -1;
  private roundTripMs = -1;
  private deviationMs = 0;
  private lastAckMs = 0;
  private sampledBytes = 0;

  constructor(options: TcpFlowOptions) {
    this.options = options;
    const { time } = options;
    time.at(options.startMs ?? time.nowMs, () => {
      this.lastAckMs = time.nowMs;
      this.fill();
      time.every(50, () => this.checkTimeout());
      time.every(SAMPLE_MS, () => {
        const receivedBps = ((this.receivedBytes - this.sampledBytes) * 8000) / SAMPLE_MS;
        this.sampledBytes = this.receivedBytes;
        this.samples.push({ atMs: time.nowMs, receivedBps });
        return this.running;
      });
    });
  }

  private get running(): boolean {
    return this.options.time.nowMs < (this.options.stopMs ?? Number.POSITIVE_INFINITY);
  }

  private fill(): void {
    const { time, forward, returnMs } = this.options;
    while (this.running && this.flight.size < Math.floor(this.window)) {
      const sequence = this.next++;
      this.flight.set(sequence, time.nowMs);
      forward.send(PACKET_BYTES, () => {
        this.receivedBytes += SEGMENT_BYTES;
        time.after(returnMs, () => this.acknowledged(sequence));
      });
    }
  }

  private acknowledged(sequence: number): void {
    const sentMs = this.flight.get(sequence);
    if (sentMs === undefined) return;
    const nowMs = this.options.time.nowMs;
    this.flight.delete(sequence);
    this.lastAckMs = nowMs;
    const sampleMs = nowMs - sentMs;
    if (this.roundTripMs < 0) {
      this.roundTripMs = sampleMs;
      this.deviationMs = sampleMs / 2;
    } else {
      this.deviationMs += (Math.abs(sampleMs - this.roundTripMs) - this.deviationMs) / 4;
      this.roundTripMs += (sampleMs - this.roundTripMs) / 8;
    }
    this.window += this.window < this.threshold ? 1 : 1 / this.window;
    for (const older of this.flight.keys()) {
      if (older > sequence - REORDERING) break;
      this.flight.delete(older);
      this.losses++;
      if (older <= this.recoverUntil) continue;
      this.recoverUntil = this.next - 1;
      this.threshold = Math.max(2, this.window / 2);
      this.window = this.threshold;
    }
    this.fill();
  }

  private checkTimeout(): boolean {
    const nowMs = this.options.time.nowMs;
    const timeoutMs =
      this.roundTripMs < 0 ? FIRST_TIMEOUT_MS : Math.max(MIN_TIMEOUT_MS, this.roundTripMs + 4 * this.deviationMs);
    if (this.flight.size > 0 && nowMs - this.lastAckMs > timeoutMs) {
      this.losses += this.flight.size;
      this.flight.clear();
      this.threshold = Math.max(2, this.window / 2);
      this.window = 1;
      this.recoverUntil = this.next - 1;
      this.lastAckMs = nowMs;
      this.fill();
    }
    return this.running;
  }
}
