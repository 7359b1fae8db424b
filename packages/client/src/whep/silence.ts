/** All in ms. */
export const SILENCE_TIMES = {
  /** Nothing came for this long: ask whether the session is still there. Pauses of sound and of slow pictures are shorter. */
  suspect: 700,
  /** After a connection to the server broke, too. */
  suspectEarly: 250,
  /** Nobody sends anything. */
  quiet: 2_500,
  /** Between questions while it stays silent. */
  askAgain: 3_000,
} as const;

/** How long nothing has come, and whether that is to be looked into. No clock of its own: `now` in ms. */
export class Silence {
  #packets = -1;
  #since: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #early = false;

  constructor(now: number) {
    this.#since = now;
  }

  /** Packets received since the beginning. */
  read(packets: number, now: number): void {
    if (packets === this.#packets) return;
    if (packets > 0 || this.#packets > 0) {
      this.#since = now;
      this.#early = false;
    }
    this.#packets = packets;
  }

  get heard(): boolean {
    return this.#packets > 0;
  }

  /** Something speaks against the other end. */
  suspect(): void {
    this.#early = true;
  }

  quiet(now: number): boolean {
    return now - this.#since >= SILENCE_TIMES.quiet;
  }

  /** Whether to ask now; the question counts as asked. */
  ask(now: number): boolean {
    const { suspect, suspectEarly, askAgain } = SILENCE_TIMES;
    const due = now - this.#since >= (this.#early ? suspectEarly : suspect);
    if (!due || (now - this.#askedAt < askAgain && !this.#early)) return false;
    this.#askedAt = now;
    this.#early = false;
    return true;
  }
}
