/** A rate with a burst: `perSecond` tokens come in, at most `burst` are kept. */
export class TokenBucket {
  #tokens: number;
  #at: number | null = null;

  constructor(
    readonly perSecond: number,
    readonly burst: number,
  ) {
    this.#tokens = burst;
  }

  /** Takes `count` tokens if there are as many, or if the bucket is full (more than `burst` could never be taken otherwise). */
  take(count: number, now: number): boolean {
    if (this.#at !== null)
      this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    if (this.#tokens < Math.min(count, this.burst)) return false;
    this.#tokens -= count;
    return true;
  }
}
