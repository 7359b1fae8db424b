/** Packets of one association that wait for their slice of time: bounded, and taken some at a time. */
import type { SctpAssociation } from './sctp/association.js';

export class PacketInbox {
  readonly #packets: Uint8Array[] = [];

  /** How many may wait, and how many go in a slice. */
  constructor(
    readonly most: number,
    readonly perSlice: number,
  ) {}

  get empty(): boolean {
    return this.#packets.length === 0;
  }

  /** False: it is full, and the packet lost. `bytes` are the inbox's from now on. */
  put(bytes: Uint8Array): boolean {
    if (this.#packets.length >= this.most) return false;
    this.#packets.push(bytes);
    return true;
  }

  /** One slice, of one packet at least, cut short once `late` says so. */
  pass(association: SctpAssociation, now: number, late: () => boolean): void {
    let taken = 0;
    for (const end = Math.min(this.perSlice, this.#packets.length); taken < end; taken++) {
      if (taken > 0 && late()) break;
      association.receive(this.#packets[taken], now);
    }
    this.#packets.splice(0, taken);
  }

  clear(): void {
    this.#packets.length = 0;
  }
}
