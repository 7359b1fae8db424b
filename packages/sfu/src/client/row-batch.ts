/** The datapath's table of rows to send, filled one by one and flushed together. */
import {
  type Datapath,
  SLOT_BYTES,
  TX_FLAGS,
  TX_PACKET,
  TX_PADDING,
  TX_PAYLOAD_LENGTH,
  TX_PAYLOAD_OFFSET,
  TX_PREFIX_BYTES,
  TX_PREFIX_LENGTH,
  TX_STREAM,
  TX_STRIDE,
} from '@efir/datapath';

/** The datapath as the sending side sees it; tests hand in plain arrays. */
export type RowTarget = Pick<Datapath, 'tx' | 'txPrefix' | 'txRows' | 'arena' | 'slots' | 'reservePacket' | 'flush'>;

export class RowBatch {
  /** Where each row's prefix is written: `prefixOffset()` says at which byte. */
  readonly prefix: Uint8Array;
  readonly #target: RowTarget;
  readonly #onFirst: () => void;
  #rows = 0;

  /** `onFirst` is called when the batch stops being empty: the time to plan a `flush()`. */
  constructor(target: RowTarget, onFirst: () => void = () => {}) {
    this.#target = target;
    this.#onFirst = onFirst;
    this.prefix = target.txPrefix;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Byte at which the next row's prefix begins, `TX_PREFIX_BYTES` long. Flushes when the table is full. */
  prefixOffset(): number {
    if (this.#rows === this.#target.txRows) this.flush();
    return this.#rows * TX_PREFIX_BYTES;
  }

  /** Ends the row whose prefix was written: `packet`, `offset` and `length` name the payload in the arena. */
  add(stream: number, prefixLength: number, packet: number, offset: number, length: number): void {
    const { tx } = this.#target;
    const at = this.#rows * TX_STRIDE;
    tx[at + TX_STREAM] = stream;
    tx[at + TX_PREFIX_LENGTH] = prefixLength;
    tx[at + TX_PACKET] = packet;
    tx[at + TX_PAYLOAD_OFFSET] = offset;
    tx[at + TX_PAYLOAD_LENGTH] = length;
    tx[at + TX_PADDING] = 0;
    tx[at + TX_FLAGS] = 0;
    if (this.#rows++ === 0) this.#onFirst();
  }

  /** Copies a payload of ours into the arena, `head` over its first bytes; returns its packet number. At most `SLOT_BYTES`. */
  store(payload: Uint8Array, head?: Uint8Array): number {
    const { arena, slots } = this.#target;
    const packet = this.#target.reservePacket();
    const at = (packet & (slots - 1)) * SLOT_BYTES;
    arena.set(payload, at);
    if (head) arena.set(head, at);
    return packet;
  }

  /** Also sends queued RTCP; call it even when there are no rows but reports. */
  flush(): void {
    const rows = this.#rows;
    this.#rows = 0;
    this.#target.flush(rows);
  }
}
