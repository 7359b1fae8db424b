/**
 * RED payloads (RFC 2198 section 3): blocks, oldest first, of which the last is the packet's own. Every block but the last has
 * a header of 4 bytes: F=1, payload type (7), timestamp offset (14), length (10); the last has 1 byte: F=0, payload type.
 */

/** More are refused. */
export const MAX_RED_BLOCKS = 32;
/** What 10 bits of length and 14 bits of timestamp can say. */
export const MAX_RED_BLOCK_BYTES = 1023;
export const MAX_RED_TIMESTAMP_OFFSET = 16_383;
export const RED_BLOCK_HEADER_BYTES = 4;
export const RED_PRIMARY_HEADER_BYTES = 1;

/** Where the blocks stand in the buffer that was parsed; the last one is the primary. */
export class RedBlocks {
  count = 0;
  readonly payloadTypes = new Uint8Array(MAX_RED_BLOCKS);
  /** How much older than the packet's timestamp; 0 for the primary. */
  readonly timestampOffsets = new Uint16Array(MAX_RED_BLOCKS);
  /** From the start of the buffer. */
  readonly offsets = new Uint32Array(MAX_RED_BLOCKS);
  readonly lengths = new Uint16Array(MAX_RED_BLOCKS);
}

/** Reads the RTP payload `bytes[offset, offset + length)`. False when it is cut short, or has no primary; `out` then is undefined. */
export function parseRed(bytes: Uint8Array, offset: number, length: number, out: RedBlocks): boolean {
  if (length < 2 || length > 0xffff || offset < 0 || offset + length > bytes.length) return false;
  const end = offset + length;
  let at = offset;
  let count = 0;
  let redundant = 0;
  while ((bytes[at] & 0x80) !== 0) {
    // At least the primary's header has to follow.
    if (count === MAX_RED_BLOCKS - 1 || at + RED_BLOCK_HEADER_BYTES >= end) return false;
    const blockLength = ((bytes[at + 2] & 0x03) << 8) | bytes[at + 3];
    out.payloadTypes[count] = bytes[at] & 0x7f;
    out.timestampOffsets[count] = (bytes[at + 1] << 6) | (bytes[at + 2] >> 2);
    out.lengths[count] = blockLength;
    redundant += blockLength;
    count++;
    at += RED_BLOCK_HEADER_BYTES;
  }
  out.payloadTypes[count] = bytes[at++] & 0x7f;
  out.timestampOffsets[count] = 0;
  const primary = end - at - redundant;
  if (primary <= 0) return false;
  out.lengths[count] = primary;
  out.count = count + 1;
  for (let block = 0; block <= count; block++) {
    out.offsets[block] = at;
    at += out.lengths[block];
  }
  return true;
}

/** Writes the header of a redundant block; returns its length. The caller has checked the bounds above. */
export function writeRedBlockHeader(
  bytes: Uint8Array,
  at: number,
  payloadType: number,
  timestampOffset: number,
  length: number,
): number {
  bytes[at] = 0x80 | payloadType;
  bytes[at + 1] = timestampOffset >> 6;
  bytes[at + 2] = ((timestampOffset & 0x3f) << 2) | (length >> 8);
  bytes[at + 3] = length;
  return RED_BLOCK_HEADER_BYTES;
}

/** Writes the primary's header, which in video is all that RED adds; returns its length. */
export function writeRedPrimaryHeader(bytes: Uint8Array, at: number, payloadType: number): number {
  bytes[at] = payloadType & 0x7f;
  return RED_PRIMARY_HEADER_BYTES;
}
