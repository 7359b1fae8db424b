/**
 * ULPFEC payloads (RFC 5109 section 7), one level that covers whole packets, as browsers make and take them: inside of RED,
 * with the SSRC and in the sequence numbers of the stream they protect. What is protected goes in RED as well (a receiver
 * looks nowhere else) but counts as it would be without: its own payload type, no RED header.
 *
 *     0  E L P X CC (4) | M PT (7) | sequence base (16)
 *     4  timestamp (32)
 *     8  length (16) | protection length (16)
 *    12  mask: 16 bits, with L 48 | parity of the bodies
 */

import { readUint32, writeUint32 } from '../rtp/header.js';
import { type FecHeader, readMask } from './fec-header.js';
import type { FecParity } from './fec-parity.js';

/** Sequence numbers that the mask spans. */
export const MAX_ULPFEC_SPAN = 48;
const LONG_MASK = 0x40;
const MASK_OFFSET = 12;

/** Bytes before the parity of the bodies. */
export function ulpfecHeaderBytes(span: number): number {
  return span <= 16 ? MASK_OFFSET + 2 : MASK_OFFSET + 6;
}

/** Writes the payload (without RED); returns its length, or 0 when it can't span the packets or there is no `room`. */
export function writeUlpfec(
  parity: FecParity,
  sequenceBase: number,
  dst: Uint8Array,
  at: number,
  room: number,
): number {
  const { span, bodyLength } = parity;
  const header = ulpfecHeaderBytes(span);
  if (span > MAX_ULPFEC_SPAN || header + bodyLength > Math.min(room, dst.length - at)) return 0;
  dst[at] = (parity.first & 0x3f) | (span <= 16 ? 0 : LONG_MASK);
  dst[at + 1] = parity.second;
  dst[at + 2] = sequenceBase >> 8;
  dst[at + 3] = sequenceBase;
  writeUint32(dst, at + 4, parity.timestamp);
  dst[at + 8] = parity.lengthParity >> 8;
  dst[at + 9] = parity.lengthParity;
  dst[at + 10] = bodyLength >> 8;
  dst[at + 11] = bodyLength;
  for (let i = MASK_OFFSET; i < header; i++) dst[at + i] = parity.mask[i - MASK_OFFSET];
  dst.set(parity.body.subarray(0, bodyLength), at + header);
  return header + bodyLength;
}

/** Reads the payload (without RED). False when it is cut short or protects nothing; `out` then is undefined. */
export function readUlpfec(bytes: Uint8Array, offset: number, length: number, out: FecHeader): boolean {
  if (length < MASK_OFFSET + 2 || offset < 0 || offset + length > bytes.length) return false;
  const long = (bytes[offset] & LONG_MASK) !== 0;
  const header = MASK_OFFSET + (long ? 6 : 2);
  const bodyLength = (bytes[offset + 10] << 8) | bytes[offset + 11];
  // E is reserved for another header.
  if ((bytes[offset] & 0x80) !== 0 || header + bodyLength > length) return false;
  out.ssrc = 0;
  out.first = bytes[offset] & 0x3f;
  out.second = bytes[offset + 1];
  out.sequenceBase = (bytes[offset + 2] << 8) | bytes[offset + 3];
  out.timestamp = readUint32(bytes, offset + 4);
  out.lengthParity = (bytes[offset + 8] << 8) | bytes[offset + 9];
  out.bodyOffset = offset + header;
  out.bodyLength = bodyLength;
  out.count = 0;
  readMask(bytes, (offset + MASK_OFFSET) * 8, long ? 48 : 16, 0, out);
  return out.count > 0;
}
