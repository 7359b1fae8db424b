/** Plain arrays in place of the datapath: keeps each flushed row as the packet that would have been sealed. */
import {
  SLOT_BYTES,
  TX_PACKET,
  TX_PAYLOAD_LENGTH,
  TX_PAYLOAD_OFFSET,
  TX_PREFIX_BYTES,
  TX_PREFIX_LENGTH,
  TX_STREAM,
  TX_STRIDE,
} from '@efir/datapath';
import type { RowTarget } from '../row-batch.js';

export interface SentPacket {
  stream: number;
  bytes: Uint8Array;
}

export class RowSink implements RowTarget {
  readonly txRows = 8;
  readonly slots = 16;
  readonly tx = new Uint32Array(this.txRows * TX_STRIDE);
  readonly txPrefix = new Uint8Array(this.txRows * TX_PREFIX_BYTES);
  readonly arena = new Uint8Array(this.slots * SLOT_BYTES);
  readonly sent: SentPacket[] = [];
  flushes = 0;
  #packet = 0;

  reservePacket(): number {
    return this.#packet++;
  }

  flush(rows: number): void {
    this.flushes++;
    for (let row = 0; row < rows; row++) {
      const at = row * TX_STRIDE;
      const prefix = row * TX_PREFIX_BYTES;
      const payload = (this.tx[at + TX_PACKET] & (this.slots - 1)) * SLOT_BYTES + this.tx[at + TX_PAYLOAD_OFFSET];
      this.sent.push({
        stream: this.tx[at + TX_STREAM],
        bytes: Uint8Array.from([
          ...this.txPrefix.subarray(prefix, prefix + this.tx[at + TX_PREFIX_LENGTH]),
          ...this.arena.subarray(payload, payload + this.tx[at + TX_PAYLOAD_LENGTH]),
        ]),
      });
    }
  }
}
