/**
 * How long the other end has been silent, by a clock that doesn't run on while we ourselves were held up: what it sent
 * meanwhile waits in the socket, and is heard after the timers. Times in ms.
 */

/** A longer step counts as this. */
const MAX_STEP_MS = 100;

export class Silence {
  ms = 0;
  #atMs: number;

  constructor(now: number) {
    this.#atMs = now;
  }

  tick(now: number): void {
    this.ms += Math.min(MAX_STEP_MS, Math.max(0, now - this.#atMs));
    this.#atMs = now;
  }

  heard(): void {
    this.ms = 0;
  }
}
