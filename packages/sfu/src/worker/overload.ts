/**
 * Whether a worker keeps up: it sheds pictures after some seconds at its limit, and brings them back once it has room. A full
 * loop alone is no sign: on a machine that others use as well it is full and in time. What counts is that packets wait.
 */

export type OverloadLevel = 0 | 1 | 2;

/** Busy share of the loop, and how late its ticks are on average, ms; for each level. */
const HIGH = 0.9;
const LATE_MS = [25, 80];
const LOW = 0.75;
const CALM_MS = 10;
/** Samples in a row, one a second. */
const HIGH_SAMPLES = 3;
const LOW_SAMPLES = 5;

export class Overload {
  level: OverloadLevel = 0;
  #high = 0;
  #low = 0;
  #lateMs = 0;
  #ticks = 0;

  /** The loop's timer fired so much later than it should have, ms. */
  tick(lateMs: number): void {
    this.#lateMs += Math.max(0, lateMs);
    this.#ticks++;
  }

  /** Once a second, with the share of it in which the loop was busy, 0..1. True if the level changed. */
  sample(loop: number): boolean {
    // No tick at all is as late as can be.
    const lateMs = this.#ticks > 0 ? this.#lateMs / this.#ticks : Number.POSITIVE_INFINITY;
    this.#lateMs = 0;
    this.#ticks = 0;
    this.#high = loop > HIGH && lateMs > (LATE_MS[this.level] ?? Number.POSITIVE_INFINITY) ? this.#high + 1 : 0;
    this.#low = loop < LOW || lateMs < CALM_MS ? this.#low + 1 : 0;
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
