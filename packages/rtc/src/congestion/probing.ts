/**
 * When to send faster than the estimate for a moment, to learn whether the path carries more, and how fast: at the start,
 * after a fall, and whenever more is wanted than the estimate allows. A probe that fails makes the next one wait longer.
 */

/** A burst that one sends at `bps`, padding where media isn't enough, until both minimums are met. */
export interface ProbeCluster {
  id: number;
  bps: number;
  minPackets: number;
  minMs: number;
  /** How large padding had best be, so that a slow probe isn't a long one. */
  paddingBytes: number;
}

const START_FACTOR = 3;
/** After a probe that got through, the next one. */
const FURTHER_FACTOR = 2;
const DEMAND_FACTOR = 1.5;
/** Over what is wanted, so that its own variation fits. */
const WANTED_MARGIN = 1.2;
/** After an estimate that fell below this share of a former one, that one is looked for first. */
const FALL = 0.66;
const FALL_FACTOR = 0.85;
const FALL_MEMORY_MS = 30_000;
const MIN_PACKETS = 8;
const MIN_MS = 60;
const PADDED_MS = 60;
const MIN_PADDING_BYTES = 250;
const MAX_PADDING_BYTES = 1200;
const FIRST_WAIT_MS = 3000;
const MAX_WAIT_MS = 4500;
const WAIT_GROWTH = 1.5;
/** Without a result the cluster is given up. */
const GIVE_UP_MS = 2000;

export class ProbeController {
  private started = false;
  private pendingBps = 0;
  private outstanding = 0;
  private outstandingMs = Number.NEGATIVE_INFINITY;
  private ids = 0;
  private waitMs = FIRST_WAIT_MS;
  private nextMs = 0;
  private heldBps = 0;
  private heldMs = 0;

  /** Whether the cluster that is out follows one that got through: the path carries more than was known. */
  exploring = false;

  /**
   * The probe to send now. `calm`: the path isn't overused and no queue stands. `targetBps` is the estimate; `wantedBps` what
   * could be used; `maxBps` what is allowed at all.
   */
  next(targetBps: number, wantedBps: number, maxBps: number, calm: boolean, nowMs: number): ProbeCluster | null {
    if (this.outstanding !== 0) {
      if (nowMs - this.outstandingMs < GIVE_UP_MS) return null;
      this.failed(nowMs);
    }
    this.remember(targetBps, nowMs);
    const limit = Math.min(maxBps, wantedBps * WANTED_MARGIN);
    if (!this.started) {
      this.started = true;
      return this.cluster(Math.min(targetBps * START_FACTOR, limit), targetBps, nowMs);
    }
    if (this.pendingBps > 0) {
      const bps = Math.min(this.pendingBps, limit);
      this.pendingBps = 0;
      this.exploring = true;
      if (calm) return this.cluster(bps, targetBps, nowMs);
    }
    this.exploring = false;
    if (nowMs < this.nextMs || !calm || wantedBps <= targetBps) return null;
    const fallen = this.heldBps > targetBps / FALL;
    const bps = fallen ? this.heldBps * FALL_FACTOR : targetBps * DEMAND_FACTOR;
    return this.cluster(Math.min(Math.max(bps, targetBps * 1.2), limit), targetBps, nowMs);
  }

  /** Of the cluster: whether the path carried it without delay, and the rate, bps. */
  result(id: number, through: boolean, bps: number, nowMs: number): void {
    if (id !== this.outstanding) return;
    this.outstanding = 0;
    if (!through) {
      this.failed(nowMs);
      return;
    }
    this.waitMs = FIRST_WAIT_MS;
    this.nextMs = nowMs + this.waitMs;
    this.pendingBps = bps * FURTHER_FACTOR;
  }

  private failed(nowMs: number): void {
    this.outstanding = 0;
    this.pendingBps = 0;
    this.nextMs = nowMs + this.waitMs;
    this.waitMs = Math.min(MAX_WAIT_MS, this.waitMs * WAIT_GROWTH);
    // What was held is not there any more; the next probe is a smaller step.
    this.heldBps *= FALL;
  }

  private remember(targetBps: number, nowMs: number): void {
    if (targetBps >= this.heldBps || nowMs - this.heldMs > FALL_MEMORY_MS) {
      this.heldBps = targetBps;
      this.heldMs = nowMs;
    }
  }

  private cluster(bps: number, targetBps: number, nowMs: number): ProbeCluster | null {
    if (bps < targetBps * 1.05) return null;
    this.ids = (this.ids + 1) & 0x7fffffff || 1;
    this.outstanding = this.ids;
    this.outstandingMs = nowMs;
    this.nextMs = nowMs + this.waitMs;
    const fitting = (bps * PADDED_MS) / 8000 / MIN_PACKETS;
    const paddingBytes = Math.round(Math.min(MAX_PADDING_BYTES, Math.max(MIN_PADDING_BYTES, fitting)));
    return { id: this.ids, bps, minPackets: MIN_PACKETS, minMs: MIN_MS, paddingBytes };
  }
}
