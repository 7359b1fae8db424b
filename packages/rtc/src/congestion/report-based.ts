/**
 * The rate by receiver reports alone, for receivers without transport-wide feedback: up while less than 2 % is lost, down by
 * half the loss above 10 %. Source: draft-ietf-rmcat-gcc-02, section 6.
 */

const LOW_LOSS = 0.02;
const HIGH_LOSS = 0.1;
const GROWTH_PER_SECOND = 1.08;
const MIN_GROWTH_BPS = 1000;
/** Reports closer than this, plus the round trip, are about the same loss. */
const BETWEEN_DECREASES_MS = 300;
const MAX_STEP_MS = 2000;

export class ReportBased {
  private updatedMs = -1;
  private decreasedMs = Number.NEGATIVE_INFINITY;

  /** The rate after a report, from the rate before it. `lossShare` 0..1; `rttMs` below 0 when unknown. */
  update(bps: number, lossShare: number, rttMs: number, limited: boolean, nowMs: number): number {
    const elapsedMs = this.updatedMs < 0 ? 0 : Math.min(MAX_STEP_MS, Math.max(0, nowMs - this.updatedMs));
    this.updatedMs = nowMs;
    if (lossShare > HIGH_LOSS) {
      if (nowMs - this.decreasedMs < BETWEEN_DECREASES_MS + Math.max(0, rttMs)) return bps;
      this.decreasedMs = nowMs;
      return bps * (1 - lossShare / 2);
    }
    if (lossShare >= LOW_LOSS || limited) return bps;
    return Math.max(bps + MIN_GROWTH_BPS * (elapsedMs / 1000), bps * GROWTH_PER_SECOND ** (elapsedMs / 1000));
  }
}
