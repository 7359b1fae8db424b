/** Attempts for which the shorter limit holds. */
const EARLY = 12;

/**
 * Waiting times between attempts: each twice the one before, up to a limit, spread by ±25 %. The first dozen may have a
 * shorter one: most interruptions are short, and when they end nobody wants to wait. Milliseconds.
 */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
    private readonly random: () => number = Math.random,
    private readonly longestEarlyMs = longestMs,
  ) {}

  next(): number {
    const longest = this.attempts < EARLY ? this.longestEarlyMs : this.longestMs;
    const base = Math.min(longest, this.firstMs * 2 ** Math.min(this.attempts++, 30));
    return base * (0.75 + this.random() / 2);
  }

  reset(): void {
    this.attempts = 0;
  }
}
