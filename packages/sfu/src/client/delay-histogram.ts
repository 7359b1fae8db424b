/** Counts delays in steps of 10 us up to 200 ms and of 1 ms above, so that quantiles of millions cost little memory. */

const FINE_STEP_US = 10;
const FINE_STEPS = 20_000;
const COARSE_STEP_US = 1000;
const COARSE_STEPS = 10_000;
const FINE_LIMIT_US = FINE_STEP_US * FINE_STEPS;

export class DelayHistogram {
  count = 0;
  maxUs = 0;
  readonly #counts = new Uint32Array(FINE_STEPS + COARSE_STEPS);

  /** Negative delays (clock steps) count as zero, those above ten seconds as ten. */
  add(us: number): void {
    const step =
      us < FINE_LIMIT_US
        ? Math.max(0, Math.floor(us / FINE_STEP_US))
        : Math.min(FINE_STEPS + COARSE_STEPS - 1, FINE_STEPS + Math.floor((us - FINE_LIMIT_US) / COARSE_STEP_US));
    this.#counts[step]++;
    this.count++;
    if (us > this.maxUs) this.maxUs = us;
  }

  /** Milliseconds that the share `q` (0..1) of the delays stays below; NaN when there are none. */
  quantileMs(q: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let step = 0; step < this.#counts.length; step++) {
      seen += this.#counts[step];
      if (seen < rank) continue;
      if (step < FINE_STEPS) return ((step + 1) * FINE_STEP_US) / 1000;
      return (FINE_LIMIT_US + (step - FINE_STEPS + 1) * COARSE_STEP_US) / 1000;
    }
    return this.maxUs / 1000;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.maxUs = 0;
  }
}
