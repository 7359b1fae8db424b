/** Who of many speaks: so many at a time, one after the other, in turns of one length. Times in ms. */

export interface TalkersOptions {
  publishers: number;
  /** Speak at once; null: all, all the time. */
  talkers: number | null;
  turnMs: number;
}

export class Talkers {
  readonly #options: TalkersOptions;
  readonly #startMs: number;

  constructor(options: TalkersOptions, startMs: number) {
    this.#options = options;
    this.#startMs = startMs;
  }

  /** Whether publisher `i` (from 0) speaks. */
  speaks(i: number, now: number): boolean {
    const { publishers, talkers, turnMs } = this.#options;
    if (talkers === null || talkers >= publishers) return true;
    if (talkers === 0) return false;
    const first = (Math.floor(Math.max(0, now - this.#startMs) / turnMs) * talkers) % publishers;
    return (i - first + publishers) % publishers < talkers;
  }
}
