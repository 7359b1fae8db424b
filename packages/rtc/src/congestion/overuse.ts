/**
 * Whether the path is overused, by the trend of its delay against a threshold that adapts: it rises with trends that
 * stay over it, so that a flow beside TCP isn't starved, and falls slowly. Source: draft-ietf-rmcat-gcc-02, section 5.4.
 */

const START_MS = 12.5;
const MIN_MS = 6;
const MAX_MS = 600;
/** Per ms, towards a larger and towards a smaller trend. */
const GAIN_UP = 0.0087;
const GAIN_DOWN = 0.039;
/** A trend this far over the threshold is a sudden change of the path and teaches nothing. */
const OUTLIER_MS = 15;
const MAX_STEP_MS = 100;
/** A trend has to stay over the threshold so long. */
const OVERUSE_MS = 10;

export type PathUse = 'normal' | 'overuse' | 'underuse';

export class OveruseDetector {
  state: PathUse = 'normal';
  thresholdMs = START_MS;

  private overMs = -1;
  private overCount = 0;
  private previousTrendMs = 0;

  /** `sinceLastMs`: between the times at which the last two groups were sent. */
  update(trendMs: number, sinceLastMs: number): PathUse {
    if (trendMs > this.thresholdMs) {
      // The first time nobody knows since when.
      this.overMs = this.overMs < 0 ? sinceLastMs / 2 : this.overMs + sinceLastMs;
      this.overCount++;
      if (this.overMs > OVERUSE_MS && this.overCount > 1 && trendMs >= this.previousTrendMs) {
        this.overMs = 0;
        this.overCount = 0;
        this.state = 'overuse';
      }
    } else {
      this.overMs = -1;
      this.overCount = 0;
      this.state = trendMs < -this.thresholdMs ? 'underuse' : 'normal';
    }
    this.previousTrendMs = trendMs;
    this.adapt(Math.abs(trendMs), Math.max(0, Math.min(sinceLastMs, MAX_STEP_MS)));
    return this.state;
  }

  reset(): void {
    this.state = 'normal';
    this.overMs = -1;
    this.overCount = 0;
    this.previousTrendMs = 0;
  }

  private adapt(size: number, elapsedMs: number): void {
    if (size > this.thresholdMs + OUTLIER_MS) return;
    const gain = size < this.thresholdMs ? GAIN_DOWN : GAIN_UP;
    const threshold = this.thresholdMs + gain * (size - this.thresholdMs) * elapsedMs;
    this.thresholdMs = Math.min(MAX_MS, Math.max(MIN_MS, threshold));
  }
}
