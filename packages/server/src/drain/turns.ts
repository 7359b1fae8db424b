/** When each of those who are to go is told: all within some seconds, and who is still there again. No clock. */
export interface TurnsOptions {
  /** All are told within this time, so that the others are not run over, ms. */
  withinMs: number;
  /** Between calls of `next`, ms. */
  stepMs: number;
  /** Who did not go, because there was no place or the client failed, is told again after this, ms. */
  againMs: number;
}

export class Turns<T extends object> {
  readonly #options: TurnsOptions;
  /** When each was told last. */
  readonly #told = new Map<T, number>();
  /** Who were there at one time: as they go, the pace stays. */
  #most = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Of all who are there, those to tell now. */
  next(all: readonly T[], now: number): T[] {
    const { withinMs, stepMs, againMs } = this.#options;
    const there = new Set(all);
    for (const one of this.#told.keys()) if (!there.has(one)) this.#told.delete(one);
    const due = all.filter((one) => now - (this.#told.get(one) ?? Number.NEGATIVE_INFINITY) >= againMs);
    this.#most = all.length === 0 ? 0 : Math.max(this.#most, all.length);
    const chosen = due.slice(0, Math.ceil((this.#most * stepMs) / withinMs));
    for (const one of chosen) this.#told.set(one, now);
    return chosen;
  }
}
