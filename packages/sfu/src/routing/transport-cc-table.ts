/**
 * Transport-wide congestion control, sending side, of all transports: the next sequence number of each (one sequence a
 * transport: media, RTX and padding alike) and the history its feedback is held against.
 * Source: draft-holmer-rmcat-transport-wide-cc-extensions-01.
 */
import { SendHistory } from '@efir/rtc';

/** Packets remembered for a transport: half a second at 1,000 packets/s, in 3 KB. */
const HISTORY_ENTRIES = 512;

export class TransportCcTable {
  /** Send time of the packets being written, microseconds; set once a turn. */
  nowUs = 0;
  #next = new Uint16Array(64);
  readonly #histories: (SendHistory | undefined)[] = [];
  readonly #entries: number[] = [];

  /** `entries`: packets to remember, a power of two. */
  open(transport: number, entries = HISTORY_ENTRIES): void {
    if (transport >= this.#next.length) {
      const grown = new Uint16Array(Math.max(this.#next.length * 2, transport + 1));
      grown.set(this.#next);
      this.#next = grown;
    }
    this.#next[transport] = 1;
    this.#entries[transport] = entries;
    this.#histories[transport] = undefined;
  }

  close(transport: number): void {
    this.#histories[transport] = undefined;
  }

  /** Number of the last packet. */
  newest(transport: number): number {
    return (this.#next[transport] - 1) & 0xffff;
  }

  /** Undefined while nothing was sent. */
  history(transport: number): SendHistory | undefined {
    return this.#histories[transport];
  }

  /** Books a packet of `bytes` (header and payload) and returns its transport-wide number. */
  stamp(transport: number, bytes: number): number {
    const number = this.#next[transport];
    this.#next[transport] = number + 1;
    let history = this.#histories[transport];
    if (history === undefined) {
      history = new SendHistory({ entries: this.#entries[transport] });
      this.#histories[transport] = history;
    }
    history.sent(number, this.nowUs, bytes);
    return number;
  }
}
