/** What a repair packet says, of either format. Offsets count from the start of the buffer that was read. */

import { MAX_FEC_SPAN } from './fec-parity.js';

export class FecHeader {
  /** FlexFEC names the stream it protects; ULPFEC goes with it, and leaves 0 here. */
  ssrc = 0;
  sequenceBase = 0;
  first = 0;
  second = 0;
  timestamp = 0;
  lengthParity = 0;
  bodyOffset = 0;
  bodyLength = 0;
  /** Protected sequence numbers. */
  count = 0;
  readonly sequences = new Uint16Array(MAX_FEC_SPAN);
}

/** Adds to `out.sequences` those of `bits` mask bits, the first of which stands for `sequenceBase + index`. */
export function readMask(bytes: Uint8Array, bitOffset: number, bits: number, index: number, out: FecHeader): void {
  for (let bit = 0; bit < bits; bit++) {
    const at = bitOffset + bit;
    if (bytes[at >> 3] & (0x80 >> (at & 7))) out.sequences[out.count++] = out.sequenceBase + index + bit;
  }
}
