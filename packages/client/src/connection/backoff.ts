/** Waiting times between attempts: each twice the one before, up to a limit, spread by ±25 %. Milliseconds. */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  next(): number {
    const base = Math.min(this.longestMs, this.firstMs * 2 ** Math.min(this.attempts++, 30));
    return base * (0.75 + this.random() / 2);
  }

  reset(): void {
    this.attempts = 0;
  }
}
