/** Whether a worker keeps up: it sheds pictures after some seconds at its limit, and brings them back once it has room. */

export type OverloadLevel = 0 | 1 | 2;

/** Busy share of the loop. */
const HIGH = 0.9;
const LOW = 0.7;
/** Samples in a row, one a second. */
const HIGH_SAMPLES = 3;
const LOW_SAMPLES = 5;

export class Overload {
  level: OverloadLevel = 0;
  #high = 0;
  #low = 0;

  /** A second's share in which the loop was busy, 0..1. True if the level changed. */
  sample(loop: number): boolean {
    this.#high = loop > HIGH ? this.#high + 1 : 0;
    this.#low = loop < LOW ? this.#low + 1 : 0;
    if (this.#high >= HIGH_SAMPLES && this.level < 2) return this.#go((this.level + 1) as OverloadLevel);
    if (this.#low >= LOW_SAMPLES && this.level > 0) return this.#go((this.level - 1) as OverloadLevel);
    return false;
  }

  #go(level: OverloadLevel): true {
    this.level = level;
    this.#high = 0;
    this.#low = 0;
    return true;
  }
}
