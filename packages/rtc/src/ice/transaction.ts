/** One STUN request on its way: when to send it again and when to give up (RFC 8489 section 6.2.1). Times in ms. */

/** Sends of one request at most (Rc). */
const MAX_SENDS = 7;
/** After the last send, this many first time-outs are waited (Rm). */
const LAST_WAIT = 16;

export class StunTransaction {
  readonly packet: Uint8Array;
  readonly sentMs: number;
  #sends = 1;
  #rtoMs: number;
  readonly #lastWaitMs: number;
  /** Of the next send, or of giving up. */
  #dueMs: number;
  readonly #maxSends: number;

  /** @param reliable over TCP: sent once, and waited for as long as if it were sent again and again */
  constructor(packet: Uint8Array, now: number, rtoMs: number, reliable: boolean) {
    this.packet = packet;
    this.sentMs = now;
    this.#rtoMs = rtoMs;
    this.#lastWaitMs = rtoMs * LAST_WAIT;
    this.#maxSends = reliable ? 1 : MAX_SENDS;
    this.#dueMs = reliable ? now + rtoMs * (2 ** (MAX_SENDS - 1) - 1) + this.#lastWaitMs : now + rtoMs;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** True while a response tells the round-trip time: after a second send nobody knows which one it answers. */
  get measuresRtt(): boolean {
    return this.#sends === 1;
  }

  /** What is to be done now. */
  poll(now: number): 'wait' | 'send' | 'timeout' {
    if (now < this.#dueMs) return 'wait';
    if (this.#sends >= this.#maxSends) return 'timeout';
    this.#sends++;
    this.#rtoMs *= 2;
    this.#dueMs = now + (this.#sends === this.#maxSends ? this.#lastWaitMs : this.#rtoMs);
    return 'send';
  }
}
