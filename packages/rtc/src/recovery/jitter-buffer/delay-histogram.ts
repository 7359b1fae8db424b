/**
 * How much later than the quickest ones the packets or frames of a stream come, as a distribution that forgets: what a jitter
 * buffer has to wait for.
 */

import { timestampDelta } from '../../rtp/sequence.js';

const BUCKET_MS = 5;
/** 2 s; later ones count there. */
const BUCKETS = 400;
/** Each entry counts this much less than the next one. */
const DECAY = 1 - 1 / 120;
/** The quickest one is sought over one to two of these, so that clocks may drift. */
const WINDOW_MS = 5000;
/** A transit time that jumps further is a new beginning of the timestamps. */
const MAX_JUMP_MS = 5000;

export class DelayHistogram {
  private readonly weights = new Float64Array(BUCKETS);
  private total = 0;
  private readonly ticksPerMs: number;
  private readonly quantile: number;

  private lastTimestamp = -1;
  /** Media time since the first entry, ms. */
  private mediaMs = 0;
  private started = false;
  private windowMs = 0;
  private windowLeast = Number.POSITIVE_INFINITY;
  private before = Number.POSITIVE_INFINITY;
  private lastTransit = 0;

  /** `quantile`: the share of entries that should have come, 0..1. */
  constructor(clockRate: number, quantile: number) {
    this.ticksPerMs = clockRate / 1000;
    this.quantile = quantile;
  }

  /** Something of RTP time `timestamp` has come. Returns how late it was, ms. */
  add(timestamp: number, nowMs: number): number {
    if (!this.started) this.restart(timestamp, nowMs);
    let transit = this.transit(timestamp, nowMs);
    if (Math.abs(transit - this.lastTransit) > MAX_JUMP_MS) {
      this.restart(timestamp, nowMs);
      transit = this.transit(timestamp, nowMs);
    }
    this.lastTransit = transit;
    if (nowMs - this.windowMs > WINDOW_MS) {
      this.before = this.windowLeast;
      this.windowLeast = Number.POSITIVE_INFINITY;
      this.windowMs = nowMs;
    }
    this.windowLeast = Math.min(this.windowLeast, transit);
    const late = transit - this.least;
    const bucket = Math.min(BUCKETS - 1, Math.floor(late / BUCKET_MS));
    for (let i = 0; i < BUCKETS; i++) this.weights[i] *= DECAY;
    this.total = this.total * DECAY + 1;
    this.weights[bucket]++;
    return late;
  }

  /** How long one has to wait after the quickest, ms. */
  get delayMs(): number {
    let left = this.total * (1 - this.quantile);
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      left -= this.weights[bucket];
      if (left < 0) return bucket === 0 ? 0 : (bucket + 1) * BUCKET_MS;
    }
    return 0;
  }

  /** When something of this RTP time would have come at the quickest, on the clock of `nowMs`. */
  earliestMs(timestamp: number): number {
    return this.mediaMs + timestampDelta(timestamp, this.lastTimestamp) / this.ticksPerMs + this.least;
  }

  private get least(): number {
    return Math.min(this.windowLeast, this.before);
  }

  private transit(timestamp: number, nowMs: number): number {
    const forward = timestampDelta(timestamp, this.lastTimestamp) / this.ticksPerMs;
    const at = this.mediaMs + forward;
    if (forward > 0) {
      this.mediaMs = at;
      this.lastTimestamp = timestamp;
    }
    return nowMs - at;
  }

  private restart(timestamp: number, nowMs: number): void {
    this.started = true;
    this.lastTimestamp = timestamp;
    this.mediaMs = 0;
    this.lastTransit = nowMs;
    this.windowMs = nowMs;
    this.windowLeast = Number.POSITIVE_INFINITY;
    this.before = Number.POSITIVE_INFINITY;
  }
}
