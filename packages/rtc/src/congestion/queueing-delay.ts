/**
 * How long packets wait on their way: the one-way delay over its smallest of the last 10-20 s. The clocks of both ends
 * need no common zero; their drift of some ms a minute stays in the figure.
 */

const WINDOW_MS = 10_000;
const FALLING_MS = 5;
/** A receiver's clock that is off by more than this was set. */
const MAX_STEP_US = 10_000_000;

export class QueueingDelay {
  /** Smoothed, 0 or more. */
  ms = 0;
  /** The queue was clearly shorter at the last look than the smoothed figure says. */
  falling = false;

  private started = false;
  private originSentUs = 0;
  private originArrivalUs = 0;
  private windowMs = 0;
  private smallestUs = 0;
  private previousSmallestUs = Number.POSITIVE_INFINITY;
  /** Smallest of the feedback being read: what no jitter and no burst of ours added. */
  private leastUs = Number.POSITIVE_INFINITY;

  /** `sentUs` modulo 2^32, `arrivalUs` unwrapped. */
  packet(sentUs: number, arrivalUs: number): void {
    if (!this.started) {
      this.started = true;
      this.originSentUs = sentUs;
      this.originArrivalUs = arrivalUs;
      this.smallestUs = 0;
      this.previousSmallestUs = Number.POSITIVE_INFINITY;
    }
    const flightUs = arrivalUs - this.originArrivalUs - ((sentUs - this.originSentUs) | 0);
    if (Math.abs(flightUs - this.smallestUs) > MAX_STEP_US) {
      this.reset();
      return;
    }
    if (flightUs < this.smallestUs) this.smallestUs = flightUs;
    if (flightUs < this.leastUs) this.leastUs = flightUs;
    // Keeps the differences of modular times far below half the circle.
    if (((sentUs - this.originSentUs) | 0) > 500_000_000) this.moveOrigin(sentUs);
  }

  /** The feedback is read. */
  finish(nowMs: number): void {
    if (!this.started || this.leastUs === Number.POSITIVE_INFINITY) return;
    const sample = (this.leastUs - Math.min(this.smallestUs, this.previousSmallestUs)) / 1000;
    this.falling = sample < this.ms - FALLING_MS;
    this.ms += (sample - this.ms) / 2;
    if (nowMs - this.windowMs >= WINDOW_MS) {
      const fresh = nowMs - this.windowMs < 2 * WINDOW_MS;
      this.previousSmallestUs = fresh ? this.smallestUs : Number.POSITIVE_INFINITY;
      this.smallestUs = this.leastUs;
      this.windowMs = nowMs;
    }
    this.leastUs = Number.POSITIVE_INFINITY;
  }

  reset(): void {
    this.started = false;
    this.leastUs = Number.POSITIVE_INFINITY;
    this.ms = 0;
    this.falling = false;
  }

  private moveOrigin(sentUs: number): void {
    const movedUs = (sentUs - this.originSentUs) | 0;
    this.originSentUs = sentUs;
    this.originArrivalUs += movedUs;
  }
}
