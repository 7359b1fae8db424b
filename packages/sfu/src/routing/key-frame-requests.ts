/**
 * When to ask a publisher for a key frame: requests of many subscribers become one, at most one in `MIN_INTERVAL_MS`, repeated
 * until a key frame comes. Times in ms.
 */

/** No publisher sees more than two requests a second. */
export const MIN_INTERVAL_MS = 500;
/** The same for what comes by a pipe: its own router sees to the publisher, and each hop's wait would add to the next one's. */
export const MIN_PIPED_INTERVAL_MS = 100;
/** A request is repeated after this while no key frame came. */
export const RETRY_MS = 1_000;
/** After this many without an answer the publisher is left alone until somebody asks again. */
export const MAX_TRIES = 20;

export class KeyFrameRequests {
  #wanted = false;
  #lastSent = Number.NEGATIVE_INFINITY;
  #tries = 0;
  /** Requests sent, ever. */
  sent = 0;

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Somebody can't go on without a key frame. */
  request(): void {
    this.#wanted = true;
    this.#tries = 0;
  }

  /** A key frame began. */
  keyFrame(): void {
    this.#wanted = false;
  }

  /** True: send a request now (it is taken as sent). `leastMs`: between two. */
  due(now: number, leastMs = MIN_INTERVAL_MS): boolean {
    if (!this.#wanted) return false;
    const since = now - this.#lastSent;
    if (since < (this.#tries === 0 ? leastMs : RETRY_MS)) return false;
    if (this.#tries >= MAX_TRIES) {
      this.#wanted = false;
      return false;
    }
    this.#tries++;
    this.#lastSent = now;
    this.sent++;
    return true;
  }
}

/** Requests that one receiver may make at once, and how long until it may make another, ms. */
const ALLOWED_AT_ONCE = 6;
const ALLOWED_EVERY_MS = 1_500;

/** Each key frame costs all others who watch: who asks on and on, because of a fault or on purpose, is heard less often. */
export class KeyFrameAllowance {
  #left = ALLOWED_AT_ONCE;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Whether a request that came now is to be heard. */
  take(now: number): boolean {
    const earned = (now - this.#atMs) / ALLOWED_EVERY_MS;
    this.#left = Math.min(ALLOWED_AT_ONCE, this.#left + Math.max(0, earned));
    this.#atMs = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
