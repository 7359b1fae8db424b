/** The RTP header (RFC 3550 section 5.1): read without trust, written whole. */

export const RTP_HEADER_BYTES = 12;

/** Where things stand in one RTP packet; lengths in bytes. */
export class RtpHeader {
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  csrcCount = 0;
  /** Fixed header, CSRCs and the extension block. */
  headerLength = 0;
  /** Without padding. */
  payloadLength = 0;
  /** The padding with its count byte. */
  paddingLength = 0;
}

/**
 * Reads the header of the packet in `bytes[offset, offset + length)`. Null when it isn't a whole RTP packet of version 2.
 * Fills and returns `out`; give a kept one where packets are many.
 */
export function parseRtpHeader(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: RtpHeader = new RtpHeader(),
): RtpHeader | null {
  if (length < RTP_HEADER_BYTES || offset < 0 || offset + length > bytes.length) return null;
  const first = bytes[offset];
  if (first >> 6 !== 2) return null;
  const csrcCount = first & 0x0f;
  let headerLength = RTP_HEADER_BYTES + csrcCount * 4;
  if (first & 0x10) {
    if (headerLength + 4 > length) return null;
    const words = (bytes[offset + headerLength + 2] << 8) | bytes[offset + headerLength + 3];
    headerLength += 4 + words * 4;
  }
  if (headerLength > length) return null;
  let paddingLength = 0;
  if (first & 0x20) {
    // The count includes itself: 0 is a lie, and so is more than there is.
    paddingLength = headerLength < length ? bytes[offset + length - 1] : 0;
    if (paddingLength === 0 || headerLength + paddingLength > length) return null;
  }
  const second = bytes[offset + 1];
  out.marker = (second & 0x80) !== 0;
  out.payloadType = second & 0x7f;
  out.sequence = (bytes[offset + 2] << 8) | bytes[offset + 3];
  out.timestamp = readUint32(bytes, offset + 4);
  out.ssrc = readUint32(bytes, offset + 8);
  out.csrcCount = csrcCount;
  out.headerLength = headerLength;
  out.payloadLength = length - headerLength - paddingLength;
  out.paddingLength = paddingLength;
  return out;
}

export interface RtpHeaderFields {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** At most 15. */
  csrcs?: ArrayLike<number>;
  /** Sets the X bit: the caller appends the extension block. */
  extension?: boolean;
  /** Sets the P bit: the caller appends the padding. */
  padding?: boolean;
}

/**
 * Writes the fixed header and the CSRCs at `offset`; returns their length. 0, and nothing written, when there is no room or
 * there are too many CSRCs.
 */
export function writeRtpHeader(bytes: Uint8Array, offset: number, fields: RtpHeaderFields): number {
  const csrcs = fields.csrcs;
  const csrcCount = csrcs ? csrcs.length : 0;
  const headerLength = RTP_HEADER_BYTES + csrcCount * 4;
  if (csrcCount > 15 || offset + headerLength > bytes.length) return 0;
  bytes[offset] = 0x80 | (fields.padding ? 0x20 : 0) | (fields.extension ? 0x10 : 0) | csrcCount;
  bytes[offset + 1] = (fields.marker ? 0x80 : 0) | (fields.payloadType & 0x7f);
  bytes[offset + 2] = fields.sequence >>> 8;
  bytes[offset + 3] = fields.sequence;
  writeUint32(bytes, offset + 4, fields.timestamp);
  writeUint32(bytes, offset + 8, fields.ssrc);
  for (let i = 0; i < csrcCount; i++) writeUint32(bytes, offset + RTP_HEADER_BYTES + i * 4, csrcs![i]);
  return headerLength;
}

/** Big-endian; the caller has checked the range. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Big-endian; the caller has checked the range. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
