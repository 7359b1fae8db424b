/** How large an H.264 picture is, from its sequence parameter set (ITU-T H.264, sections 7.3.2.1.1 and 7.4.2.1.1). */

import { BitReader } from './bits.js';

const NAL_SPS = 7;
const NAL_STAP_A = 24;
/** What comes before the size fits well in this; the rest (timing, colours) is of no interest. */
const MAX_SPS = 256;
/** Profiles that say more about colours. */
const HIGH = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const MAX_HEIGHT = 16_384;
const MAX_CYCLE = 255;

const unescaped = new Uint8Array(MAX_SPS);
const bits = new BitReader();

/** Rows of pixels of the picture that begins in this RTP payload (RFC 6184); 0 where it doesn't say. */
export function h264Height(bytes: Uint8Array, offset: number, length: number): number {
  if (length < 2 || offset < 0 || offset + length > bytes.length) return 0;
  const end = offset + length;
  const type = bytes[offset] & 0x1f;
  if (type === NAL_SPS) return spsHeight(bytes, offset + 1, end);
  if (type !== NAL_STAP_A) return 0;
  for (let at = offset + 1; at + 2 < end; ) {
    const size = (bytes[at] << 8) | bytes[at + 1];
    at += 2;
    if (size === 0 || at + size > end) return 0;
    if ((bytes[at] & 0x1f) === NAL_SPS) return spsHeight(bytes, at + 1, at + size);
    at += size;
  }
  return 0;
}

function spsHeight(bytes: Uint8Array, start: number, end: number): number {
  bits.reset(unescaped, 0, withoutEscapes(bytes, start, end));
  const profile = bits.read(8);
  bits.read(16);
  ue();
  const chroma = HIGH.has(profile) ? readColours() : 1;
  ue();
  const orderType = ue();
  if (orderType === 0) ue();
  else if (orderType === 1) {
    bits.bit();
    ue();
    ue();
    const cycle = ue();
    if (cycle > MAX_CYCLE) return 0;
    for (let i = 0; i < cycle; i++) ue();
  }
  ue();
  bits.bit();
  ue();
  const units = ue() + 1;
  const progressive = bits.bit();
  if (progressive === 0) bits.bit();
  bits.bit();
  let cropped = 0;
  if (bits.bit() === 1) {
    ue();
    ue();
    cropped = ue() + ue();
  }
  const fields = 2 - progressive;
  const height = fields * units * 16 - cropped * fields * (chroma === 1 ? 2 : 1);
  return bits.overrun || height < 1 || height > MAX_HEIGHT ? 0 : height;
}

/** Returns chroma_format_idc. */
function readColours(): number {
  const chroma = ue();
  if (chroma === 3) bits.bit();
  ue();
  ue();
  bits.bit();
  if (bits.bit() === 0) return chroma;
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) if (bits.bit() === 1) skipScalingList(list < 6 ? 16 : 64);
  return chroma;
}

function skipScalingList(size: number): void {
  let last = 8;
  for (let i = 0; i < size && !bits.overrun; i++) {
    const code = ue();
    // se(v): 1, -1, 2, -2 ...
    last = (last + ((code & 1) === 1 ? (code + 1) / 2 : -code / 2) + 256) & 0xff;
    if (last === 0) return;
  }
}

/** ue(v), section 9.1. */
function ue(): number {
  let zeros = 0;
  while (!bits.overrun && bits.bit() === 0) if (++zeros > 31) return 0;
  return zeros === 0 ? 0 : 2 ** zeros - 1 + bits.read(zeros);
}

/** Without emulation prevention (section 7.4.1); returns the length. */
function withoutEscapes(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  let zeros = 0;
  for (let at = start; at < end && length < MAX_SPS; at++) {
    const byte = bytes[at];
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    unescaped[length++] = byte;
  }
  return length;
}
