/**
 * The rate at which packets arrive, over windows of the receiver's clock: a change that shows in several windows is
 * believed quickly, a single odd one hardly. A scalar Bayesian filter whose measurement variance grows with surprise,
 * as libwebrtc has it.
 */

const FIRST_WINDOW_US = 500_000;
const WINDOW_US = 150_000;
/** Of the rate's drift between two windows, kbps^2. */
const PROCESS_VARIANCE = 5;
const START_VARIANCE = 50;
/** Standard deviation of a window, in kbps per share of difference from what was believed. */
const SURPRISE = 10;
const SURPRISE_WHEN_LIMITED = 20;
const MAX_GAP_US = 3_000_000;

export class AckedBitrate {
  /** Of the last window alone. */
  latestBps = 0;

  /** kbps; below 0 before the first window is full. */
  private kbps = -1;
  private variance = START_VARIANCE;
  private bytes = 0;
  private startUs = 0;
  private newestUs = 0;
  private started = false;

  /** 0 before the first half second has been acknowledged. */
  get bps(): number {
    return this.kbps > 0 ? this.kbps * 1000 : 0;
  }

  /** `limited`: the application sends less than it may, so that less arriving says little. */
  add(arrivalUs: number, bytes: number, limited: boolean): void {
    const gapUs = arrivalUs - this.newestUs;
    if (!this.started || gapUs > MAX_GAP_US || gapUs < -MAX_GAP_US) {
      this.started = true;
      this.startUs = arrivalUs;
      this.newestUs = arrivalUs;
      // The first packet only starts the watch.
      this.bytes = 0;
      return;
    }
    this.bytes += bytes;
    if (gapUs <= 0) return;
    this.newestUs = arrivalUs;
    const spanUs = arrivalUs - this.startUs;
    if (spanUs < (this.kbps < 0 ? FIRST_WINDOW_US : WINDOW_US)) return;
    this.window((this.bytes * 8000) / spanUs, limited);
    this.startUs = arrivalUs;
    this.bytes = 0;
  }

  /** A probe measured the path: what is believed changes easily now. */
  loosen(): void {
    this.variance += 200;
  }

  private window(sampleKbps: number, limited: boolean): void {
    this.latestBps = sampleKbps * 1000;
    if (this.kbps < 0) {
      this.kbps = sampleKbps;
      return;
    }
    const surprise = limited && sampleKbps < this.kbps ? SURPRISE_WHEN_LIMITED : SURPRISE;
    const deviation = (surprise * Math.abs(this.kbps - sampleKbps)) / Math.max(this.kbps, 1);
    const sampleVariance = Math.max(deviation * deviation, 0.01);
    const predicted = this.variance + PROCESS_VARIANCE;
    this.kbps = Math.max(0.001, (sampleVariance * this.kbps + predicted * sampleKbps) / (sampleVariance + predicted));
    this.variance = (sampleVariance * predicted) / (sampleVariance + predicted);
  }
}
