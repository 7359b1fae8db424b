/**
 * FlexFEC payloads as browsers have them (draft-ietf-payload-flexible-fec-scheme-03 section 4.2.2, flexible mask, one
 * protected stream; not RFC 8627's). They come on an SSRC and in sequence numbers of their own, tied to the protected stream
 * by `a=ssrc-group:FEC-FR`.
 *
 *     0  R F P X CC (4) | M PT (7) | length (16)
 *     4  timestamp (32)
 *     8  number of streams (8) = 1 | reserved (24)
 *    12  SSRC (32)
 *    16  sequence base (16)
 *    18  K mask (15) [K mask (31) [K mask (63)]]: K=1 says that the mask ends here | parity of the bodies
 */

import { readUint32, writeUint32 } from '../rtp/header.js';
import { type FecHeader, readMask } from './fec-header.js';
import type { FecParity } from './fec-parity.js';

export const MAX_FLEXFEC_SPAN = 109;
const MASK_OFFSET = 18;
/** Spans and bytes of the three mask sizes. */
const SPANS = [15, 46, 109];
const MASK_BYTES = [2, 6, 14];
/** Where each part begins: its first byte, and the index of its first packet. */
const PART_BYTES = [0, 2, 6];
const PART_INDEX = [0, 15, 46];

/** Bytes before the parity of the bodies. */
export function flexfec03HeaderBytes(span: number): number {
  return MASK_OFFSET + MASK_BYTES[sizeOf(span)];
}

function sizeOf(span: number): number {
  return span <= SPANS[0] ? 0 : span <= SPANS[1] ? 1 : 2;
}

/** Writes the payload; returns its length, or 0 when it can't span the packets or there is no `room`. */
export function writeFlexfec03(
  parity: FecParity,
  ssrc: number,
  sequenceBase: number,
  dst: Uint8Array,
  at: number,
  room: number,
): number {
  const { span, bodyLength } = parity;
  const header = flexfec03HeaderBytes(span);
  if (span > MAX_FLEXFEC_SPAN || header + bodyLength > Math.min(room, dst.length - at)) return 0;
  dst[at] = parity.first & 0x3f;
  dst[at + 1] = parity.second;
  dst[at + 2] = parity.lengthParity >> 8;
  dst[at + 3] = parity.lengthParity;
  writeUint32(dst, at + 4, parity.timestamp);
  writeUint32(dst, at + 8, 0x01000000);
  writeUint32(dst, at + 12, ssrc);
  dst[at + 16] = sequenceBase >> 8;
  dst[at + 17] = sequenceBase;
  writeMask(parity, dst, at + MASK_OFFSET);
  dst.set(parity.body.subarray(0, bodyLength), at + header);
  return header + bodyLength;
}

function writeMask(parity: FecParity, dst: Uint8Array, at: number): void {
  const size = sizeOf(parity.span);
  for (let i = 0; i < MASK_BYTES[size]; i++) dst[at + i] = 0;
  dst[at + PART_BYTES[size]] = 0x80;
  for (let index = 0; index < parity.span; index++) {
    if ((parity.mask[index >> 3] & (0x80 >> (index & 7))) === 0) continue;
    const part = index < PART_INDEX[1] ? 0 : index < PART_INDEX[2] ? 1 : 2;
    // One bit further for K.
    const bit = index - PART_INDEX[part] + 1;
    dst[at + PART_BYTES[part] + (bit >> 3)] |= 0x80 >> (bit & 7);
  }
}

/**
 * Reads the payload. False when it is cut short, protects nothing, or uses what browsers don't (retransmission, fixed masks,
 * several streams); `out` then is undefined.
 */
export function readFlexfec03(bytes: Uint8Array, offset: number, length: number, out: FecHeader): boolean {
  if (length < MASK_OFFSET + MASK_BYTES[0] || offset < 0 || offset + length > bytes.length) return false;
  if ((bytes[offset] & 0xc0) !== 0 || bytes[offset + 8] !== 1) return false;
  out.first = bytes[offset] & 0x3f;
  out.second = bytes[offset + 1];
  out.lengthParity = (bytes[offset + 2] << 8) | bytes[offset + 3];
  out.timestamp = readUint32(bytes, offset + 4);
  out.ssrc = readUint32(bytes, offset + 12);
  out.sequenceBase = (bytes[offset + 16] << 8) | bytes[offset + 17];
  out.count = 0;
  for (let part = 0; part < 3; part++) {
    const header = MASK_OFFSET + MASK_BYTES[part];
    if (header > length) return false;
    const at = offset + MASK_OFFSET + PART_BYTES[part];
    readMask(bytes, at * 8 + 1, SPANS[part] - PART_INDEX[part], PART_INDEX[part], out);
    if ((bytes[at] & 0x80) === 0) continue;
    out.bodyOffset = offset + header;
    out.bodyLength = length - header;
    return out.count > 0;
  }
  return false;
}
