/** Retransmission payloads (RFC 4588 section 4): the original sequence number, then the original payload. */

/** What RTX adds to a packet. */
export const RTX_HEADER_BYTES = 2;

/**
 * The original's sequence number from an RTX payload of `length` bytes without padding; -1 when there is none: padding
 * sent over RTX to probe the path has an empty payload. The original payload starts at `offset + RTX_HEADER_BYTES`.
 */
export function readOriginalSequence(bytes: Uint8Array, offset: number, length: number): number {
  if (length < RTX_HEADER_BYTES || offset < 0 || offset + length > bytes.length) return -1;
  return (bytes[offset] << 8) | bytes[offset + 1];
}

/** Writes the head of an RTX payload; returns its length. The caller has checked for room. */
export function writeOriginalSequence(bytes: Uint8Array, offset: number, sequence: number): number {
  bytes[offset] = sequence >>> 8;
  bytes[offset + 1] = sequence;
  return RTX_HEADER_BYTES;
}
