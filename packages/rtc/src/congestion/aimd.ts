/**
 * The delay-based rate: down to 0.85 of what arrives when the path is overused, up by 8 % a second while the capacity is
 * unknown and by about a packet a response time near where it was last found. Source: draft-ietf-rmcat-gcc-02, section 5.5.
 */

import type { PathUse } from './overuse.js';

const BETA = 0.85;
/** While the queue is short still, a small step is enough to end it. */
const EARLY_BETA = 0.92;
/** Beside somebody who keeps the queue full, giving way only makes room for him. */
const CONTESTED_BETA = 0.97;
const FACTOR = { usual: BETA, short: EARLY_BETA, contested: CONTESTED_BETA } as const;
const GROWTH_PER_SECOND = 1.08;
const MIN_GROWTH_BPS = 1000;
/** The rate stays within this of what arrives, so that it was tried and not only hoped for. */
const MAX_OVER_ACKED = 1.5;
const ACKED_SLACK_BPS = 10_000;
/** Weight of the newest in the mean of capacities found. */
const CAPACITY_WEIGHT = 0.05;
const MIN_DEVIATION = 0.4;
const MAX_DEVIATION = 2.5;
/** A second: about a packet each 400 ms, the time in which a path of 100 ms answers. */
const ADDITIVE_BPS = 25_000;
const MIN_ADDITIVE_BPS = 4000;
const MAX_ADDITIVE_SHARE = 0.2;
const MIN_BETWEEN_MS = 10;
const MAX_BETWEEN_MS = 200;

/** What an overused path's queue is like. */
export type QueueState = keyof typeof FACTOR;

export class Aimd {
  bps: number;
  /** Rises when the path is found to carry more. */
  private capacityKbps = 0;
  /** Of the capacities found, squared and relative to their mean. */
  private deviation = MIN_DEVIATION;
  private increasing = false;
  private updatedMs = -1;
  private decreasedMs = Number.NEGATIVE_INFINITY;

  constructor(startBps: number) {
    this.bps = startBps;
  }

  /** The mean rate at which the path was found full; 0 when that isn't known. */
  get capacityBps(): number {
    return this.capacityKbps * 1000;
  }

  /** ms of the last decrease; -Infinity before. */
  get lastDecreaseMs(): number {
    return this.decreasedMs;
  }

  /**
   * `ackedBps` is what arrives, 0 when unknown; `rttMs` below 0 when unknown; `limited`: less is sent than might be, so that
   * nothing was learnt by which to grow; `queue`: how it stands with
   * the queue, `contested`: others keep it full whatever we do.
   */
  update(
    use: PathUse,
    ackedBps: number,
    rttMs: number,
    limited: boolean,
    nowMs: number,
    queue: QueueState = 'usual',
  ): number {
    const elapsedMs = this.updatedMs < 0 ? 0 : Math.min(1000, Math.max(0, nowMs - this.updatedMs));
    this.updatedMs = nowMs;
    if (use === 'overuse') {
      this.increasing = false;
      this.decrease(ackedBps * FACTOR[queue], ackedBps, rttMs, nowMs);
    } else if (use === 'underuse') {
      // A queue drains; growing now would only fill it again.
      this.increasing = false;
    } else if (this.increasing) {
      if (!limited) this.increase(ackedBps, elapsedMs);
    } else {
      this.increasing = true;
    }
    return this.bps;
  }

  /** A probe measured the path, or somebody who knows limits it. */
  set(bps: number, nowMs: number): void {
    if (bps > this.upperCapacityKbps() * 1000) this.capacityKbps = 0;
    this.bps = bps;
    this.updatedMs = nowMs;
  }

  private decrease(toBps: number, ackedBps: number, rttMs: number, nowMs: number): void {
    const between = Math.min(MAX_BETWEEN_MS, Math.max(MIN_BETWEEN_MS, rttMs));
    const collapsed = ackedBps > 0 && ackedBps < this.bps / 2;
    if (nowMs - this.decreasedMs < between && !collapsed) return;
    if (ackedBps <= 0) {
      this.bps /= 2;
    } else {
      this.bps = Math.min(this.bps, toBps);
      this.learnCapacity(ackedBps / 1000);
    }
    this.decreasedMs = nowMs;
  }

  private increase(ackedBps: number, elapsedMs: number): void {
    if (this.capacityKbps > 0 && ackedBps / 1000 > this.upperCapacityKbps()) this.capacityKbps = 0;
    const limit = ackedBps > 0 ? MAX_OVER_ACKED * ackedBps + ACKED_SLACK_BPS : Number.POSITIVE_INFINITY;
    if (this.bps >= limit) return;
    const growth =
      this.capacityKbps > 0
        ? (this.additiveBps() * elapsedMs) / 1000
        : Math.max(MIN_GROWTH_BPS, this.bps * (GROWTH_PER_SECOND ** (elapsedMs / 1000) - 1));
    this.bps = Math.min(limit, this.bps + growth);
  }

  /** Growth a second. The same for all, whatever their round trip and rate: so flows that share a path get equal. */
  private additiveBps(): number {
    return Math.min(ADDITIVE_BPS, Math.max(MIN_ADDITIVE_BPS, this.bps * MAX_ADDITIVE_SHARE));
  }

  private learnCapacity(kbps: number): void {
    if (this.capacityKbps > 0 && kbps < this.capacityKbps - 3 * this.spreadKbps()) this.capacityKbps = 0;
    if (this.capacityKbps === 0) {
      this.capacityKbps = kbps;
      return;
    }
    this.capacityKbps += CAPACITY_WEIGHT * (kbps - this.capacityKbps);
    const error = (this.capacityKbps - kbps) ** 2 / Math.max(this.capacityKbps, 1);
    const deviation = (1 - CAPACITY_WEIGHT) * this.deviation + CAPACITY_WEIGHT * error;
    this.deviation = Math.min(MAX_DEVIATION, Math.max(MIN_DEVIATION, deviation));
  }

  private spreadKbps(): number {
    return Math.sqrt(this.deviation * this.capacityKbps);
  }

  private upperCapacityKbps(): number {
    return this.capacityKbps > 0 ? this.capacityKbps + 3 * this.spreadKbps() : Number.POSITIVE_INFINITY;
  }
}
