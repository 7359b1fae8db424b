/** How long to wait for an acknowledgement (RFC 9260 section 6.3.1, RFC 6298), within the bounds that dcSCTP has. */

const INITIAL_MS = 500;
const MIN_MS = 400;
const MAX_MS = 10_000;

export class RetransmissionTimeout {
  ms = INITIAL_MS;
  /** Smoothed; undefined before the first was measured. */
  roundTripMs: number | undefined;
  #variationMs = 0;
  #measuredMs = INITIAL_MS;

  /** A round trip of a chunk that was sent once. */
  measured(ms: number): void {
    const sample = Math.max(0, ms);
    if (this.roundTripMs === undefined) {
      this.roundTripMs = sample;
      this.#variationMs = sample / 2;
    } else {
      this.#variationMs += (Math.abs(this.roundTripMs - sample) - this.#variationMs) / 4;
      this.roundTripMs += (sample - this.roundTripMs) / 8;
    }
    this.#measuredMs = Math.min(MAX_MS, Math.max(MIN_MS, this.roundTripMs + 4 * this.#variationMs));
    this.ms = this.#measuredMs;
  }

  /** Something new was acknowledged, if only of what was sent twice: the path is there, the waiting need not stay long. */
  progressed(): void {
    this.ms = this.#measuredMs;
  }

  /** Nothing came in time. */
  backOff(): void {
    this.ms = Math.min(MAX_MS, this.ms * 2);
  }
}
