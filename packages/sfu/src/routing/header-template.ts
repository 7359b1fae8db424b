/**
 * The part of a virtual stream's RTP header that doesn't change from packet to packet, as 32-bit words in the machine's byte
 * order, ready to be copied into a row's prefix.
 *
 * Word 0: V=2, X, CC=1, payload type; words 1 (timestamp) empty; 2 SSRC; 3 CSRC; 4 extension block header; 5... extensions,
 * transport-cc first and mid after it (RFC 8285 one-byte form, or two-byte if an id is above 14).
 */
import type { ExtensionIds } from '@efir/rtc';
import { TEMPLATE_WORDS } from './stream-table.js';

/** Words before the extension elements. */
export const FIXED_WORDS = 5;

export interface HeaderTemplate {
  words: Uint32Array;
  /** Words in use. */
  length: number;
  /** Bit position of the big-endian transport-cc number in word 5, 0: not there. */
  transportCcShift: number;
}

export function bigEndianWord(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff)) >>> 0;
}

/** `mid` must be at most 16 ASCII characters to be written; a longer one is left out. */
export function headerTemplate(ssrc: number, payloadType: number, ids: ExtensionIds, mid: string): HeaderTemplate {
  const bytes = new Uint8Array(TEMPLATE_WORDS * 4);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x81;
  bytes[1] = payloadType;
  view.setUint32(8, ssrc);
  const writeMid = ids.mid !== undefined && mid.length > 0 && mid.length <= 16;
  const twoByte = (ids.transportCc ?? 0) > 14 || (writeMid && ids.mid! > 14);
  let at = FIXED_WORDS * 4;
  let transportCcShift = 0;
  if (ids.transportCc !== undefined) {
    if (twoByte) {
      bytes[at++] = ids.transportCc;
      bytes[at++] = 2;
      transportCcShift = 16;
    } else {
      bytes[at++] = (ids.transportCc << 4) | 1;
      transportCcShift = 8;
    }
    at += 2;
  }
  if (writeMid) {
    if (twoByte) {
      bytes[at++] = ids.mid!;
      bytes[at++] = mid.length;
    } else {
      bytes[at++] = (ids.mid! << 4) | (mid.length - 1);
    }
    for (let i = 0; i < mid.length; i++) bytes[at++] = mid.charCodeAt(i);
  }
  const length = (at + 3) >> 2;
  if (length > FIXED_WORDS) {
    bytes[0] |= 0x10;
    view.setUint16(16, twoByte ? 0x1000 : 0xbede);
    view.setUint16(18, length - FIXED_WORDS);
  }
  const words = new Uint32Array(bytes.buffer);
  return { words, length: length > FIXED_WORDS ? length : FIXED_WORDS - 1, transportCcShift };
}
