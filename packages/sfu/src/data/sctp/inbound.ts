/**
 * The receiving half of an association: which TSNs came, messages put together, what may still come. Fragments of a message
 * have consecutive TSNs (RFC 9260 section 6.9), so messages are delivered in TSN order, which is each stream's order as well;
 * an unordered message of one fragment is delivered at once. Memory is bounded by the window that is told to the sender.
 */

export const FLAG_LAST = 1;
export const FLAG_FIRST = 2;
export const FLAG_UNORDERED = 4;

export interface InboundLimits {
  /** Bytes that may wait here, put together or held by the consumer. */
  windowBytes: number;
  /** A longer message is dropped and counted. */
  maxMessageBytes: number;
}

export interface InboundCounters {
  sctpDuplicates: number;
  /** Data beyond the window that the sender was told. */
  sctpBeyondWindow: number;
  sctpTooLong: number;
  /** Fragments that belong to no message. */
  sctpStrayFragments: number;
}

interface Fragment {
  tsn: number;
  flags: number;
  stream: number;
  ppid: number;
  bytes: Uint8Array;
}

/** TSNs ahead of the first missing one that are taken. */
const MAX_AHEAD = 2_048;
/** What a stored fragment costs beside its bytes. */
const FRAGMENT_COST = 96;
/** A window smaller than this is told as zero (silly window, RFC 9260 section 6.2.1). */
const LEAST_WINDOW_BYTES = 4_096;

export class InboundData {
  /** A SACK is due. */
  sackNeeded = false;
  /** The last TSN before the first missing one. */
  cumulativeTsn = 0;
  started = false;
  /** Bytes of delivered messages that the consumer has not disposed of yet. */
  #held = 0;
  #waitingCost = 0;
  /** Beyond a gap; null: delivered already. */
  readonly #ahead = new Map<number, Fragment | null>();
  /** Offset of the highest TSN in `#ahead` from `cumulativeTsn`. */
  #reach = 0;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #open: Fragment | null = null;
  #skipping = false;
  #toldWindow: number;

  constructor(
    readonly limits: InboundLimits,
    readonly counters: InboundCounters,
    readonly deliver: (stream: number, ppid: number, bytes: Uint8Array) => void,
  ) {
    this.#toldWindow = limits.windowBytes;
  }

  /** Begins with the sender's initial TSN. */
  start(initialTsn: number): void {
    this.started = true;
    this.cumulativeTsn = (initialTsn - 1) >>> 0;
    this.#ahead.clear();
    this.#waitingCost = 0;
    this.#reach = 0;
    this.#endRun();
  }

  get window(): number {
    const left = this.limits.windowBytes - this.#waitingCost - this.#held;
    return left < LEAST_WINDOW_BYTES ? 0 : left;
  }

  /** The consumer keeps (or, negative, lets go of) so many bytes of what was delivered. */
  hold(bytes: number): void {
    this.#held = Math.max(0, this.#held + bytes);
    // A window that was all but closed and is open again is told at once: the sender waits for it.
    const { windowBytes } = this.limits;
    if (bytes < 0 && this.started && this.#toldWindow < windowBytes / 4 && this.window >= windowBytes / 2)
      this.sackNeeded = true;
  }

  /** `bytes` must not be written to any more. */
  receive(tsn: number, flags: number, stream: number, ppid: number, bytes: Uint8Array): void {
    if (!this.started) return;
    this.sackNeeded = true;
    const ahead = (tsn - this.cumulativeTsn) | 0;
    if (ahead <= 0 || (ahead <= this.#reach && this.#ahead.has(tsn))) {
      this.counters.sctpDuplicates++;
      return;
    }
    const cost = bytes.length + FRAGMENT_COST;
    // The next one is needed for what waits behind it, so it has room as long as the consumer leaves any.
    const full = ahead === 1 ? this.#held >= this.limits.windowBytes : cost > this.window;
    if (full || ahead > MAX_AHEAD) {
      this.counters.sctpBeyondWindow++;
      return;
    }
    const fragment = { tsn, flags, stream, ppid, bytes };
    if (ahead === 1) {
      this.#advance(1);
      this.#take(fragment);
      this.#drain();
      return;
    }
    if (ahead > this.#reach) this.#reach = ahead;
    const whole = FLAG_FIRST | FLAG_LAST | FLAG_UNORDERED;
    if ((flags & whole) === whole) {
      this.#ahead.set(tsn, null);
      this.#deliver(stream, ppid, bytes);
    } else {
      this.#ahead.set(tsn, fragment);
      this.#waitingCost += cost;
    }
  }

  /** FORWARD-TSN (RFC 3758 section 3.6): what is missing up to `tsn` will not come. */
  forward(tsn: number): void {
    if (!this.started) return;
    this.sackNeeded = true;
    const skip = (tsn - this.cumulativeTsn) | 0;
    if (skip <= 0) return;
    const present = [...this.#ahead.keys()].filter((one) => ((tsn - one) | 0) >= 0);
    present.sort((a, b) => (a - b) | 0);
    let last = this.cumulativeTsn;
    for (const one of present) {
      if (one !== (last + 1) >>> 0) this.#endRun();
      last = one;
      this.#takeAhead(one);
    }
    if (last !== tsn) this.#endRun();
    this.#advance(skip);
    this.#drain();
  }

  /** Gap blocks as offsets from the cumulative TSN, at most `most` of them. Also remembers the window as told. */
  gapBlocks(most: number): [number, number][] {
    this.sackNeeded = false;
    this.#toldWindow = this.window;
    const blocks: [number, number][] = [];
    for (let offset = 2, begin = 0; offset <= this.#reach + 1; offset++) {
      const there = this.#ahead.has((this.cumulativeTsn + offset) >>> 0);
      if (there && begin === 0) begin = offset;
      if (there || begin === 0) continue;
      blocks.push([begin, offset - 1]);
      begin = 0;
      if (blocks.length === most) break;
    }
    return blocks;
  }

  #advance(by: number): void {
    this.cumulativeTsn = (this.cumulativeTsn + by) >>> 0;
    this.#reach = Math.max(0, this.#reach - by);
  }

  /** Takes what has become consecutive. */
  #drain(): void {
    while (this.#reach > 0) {
      const next = (this.cumulativeTsn + 1) >>> 0;
      if (!this.#ahead.has(next)) return;
      this.#advance(1);
      this.#takeAhead(next);
    }
  }

  #takeAhead(tsn: number): void {
    const fragment = this.#ahead.get(tsn);
    this.#ahead.delete(tsn);
    if (!fragment) {
      this.#endRun();
      return;
    }
    this.#waitingCost -= fragment.bytes.length + FRAGMENT_COST;
    this.#take(fragment);
  }

  /** The next fragment in TSN order. */
  #take(fragment: Fragment): void {
    const { flags, stream, ppid, bytes } = fragment;
    if (flags & FLAG_FIRST) {
      if (this.#open) this.counters.sctpStrayFragments++;
      this.#endRun();
      if (flags & FLAG_LAST) {
        if (bytes.length > this.limits.maxMessageBytes) this.counters.sctpTooLong++;
        else this.#deliver(stream, ppid, bytes);
        return;
      }
      this.#open = fragment;
    } else if (!this.#open || this.#open.stream !== stream) {
      this.counters.sctpStrayFragments++;
      this.#endRun();
      return;
    }
    if (!this.#skipping && this.#partsBytes + bytes.length > this.limits.maxMessageBytes) {
      this.counters.sctpTooLong++;
      this.#dropParts();
      this.#skipping = true;
    }
    if (!this.#skipping) {
      this.#parts.push(bytes);
      this.#partsBytes += bytes.length;
      this.#waitingCost += bytes.length + FRAGMENT_COST;
    }
    if ((flags & FLAG_LAST) === 0) return;
    const message = this.#skipping ? null : join(this.#parts, this.#partsBytes);
    const first = this.#open;
    this.#endRun();
    if (message && first) this.#deliver(first.stream, first.ppid, message);
  }

  #deliver(stream: number, ppid: number, bytes: Uint8Array): void {
    this.deliver(stream, ppid, bytes);
  }

  #endRun(): void {
    this.#open = null;
    this.#skipping = false;
    this.#dropParts();
  }

  #dropParts(): void {
    this.#waitingCost -= this.#partsBytes + this.#parts.length * FRAGMENT_COST;
    this.#parts = [];
    this.#partsBytes = 0;
  }
}

function join(parts: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
