/** What an Opus packet says of itself (RFC 6716 section 3): how long it lasts, and whether it can mend the one before it. */

/** Longest packet: 120 ms. At 48 kHz, as all of this. */
const MAX_SAMPLES = 5760;
/** A packet this short is silence that wasn't encoded (DTX). */
const MAX_DTX_BYTES = 2;

/** Samples at 48 kHz; 0 when it isn't an Opus packet. */
export function opusDuration(bytes: Uint8Array, offset: number, length: number): number {
  if (length < 1 || offset < 0 || offset + length > bytes.length) return 0;
  const toc = bytes[offset];
  const code = toc & 0x03;
  let frames = code === 0 ? 1 : 2;
  if (code === 3) {
    if (length < 2) return 0;
    frames = bytes[offset + 1] & 0x3f;
  }
  const samples = frames * frameSamples(toc);
  return samples <= MAX_SAMPLES ? samples : 0;
}

/** Of one frame, from the TOC byte (table 2). */
function frameSamples(toc: number): number {
  if (toc & 0x80) return 120 << ((toc >> 3) & 3);
  if ((toc & 0x60) === 0x60) return toc & 0x08 ? 960 : 480;
  const size = (toc >> 3) & 3;
  return size === 3 ? 2880 : 480 << size;
}

export function isOpusDtx(length: number): boolean {
  return length <= MAX_DTX_BYTES;
}

/** Whether the packet holds a low-rate copy of the frame before it (LBRR, section 4.2.4), for `decode` with FEC. */
export function opusHasFec(bytes: Uint8Array, offset: number, length: number): boolean {
  if (opusDuration(bytes, offset, length) === 0) return false;
  const toc = bytes[offset];
  // CELT has none.
  if (toc & 0x80) return false;
  const at = firstFrame(bytes, offset, length);
  if (at < 0) return false;
  // Flags of each channel: one of voice activity per 20 ms, then the one we look for.
  const silkFrames = Math.max(1, frameSamples(toc) / 960);
  const channels = toc & 0x04 ? 2 : 1;
  for (let channel = 1; channel <= channels; channel++) {
    if (bytes[at] & (0x80 >> (channel * (silkFrames + 1) - 1))) return true;
  }
  return false;
}

/** Where the data of the first frame begins; -1 when it is empty or cut short (section 3.2). */
function firstFrame(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  const code = bytes[offset] & 0x03;
  let at = offset + 1;
  if (code === 0 || code === 1) return at < end ? at : -1;
  if (code === 3) {
    const head = bytes[at++];
    if (head & 0x40) {
      // 255 says 254 bytes of padding, and that another count follows.
      while (at < end && bytes[at] === 255) at++;
      at++;
    }
    if ((head & 0x80) === 0) return at < end ? at : -1;
    const frames = head & 0x3f;
    if (frames === 1) return at < end ? at : -1;
    const first = frameLength(bytes, at, end);
    for (let frame = 1; frame < frames; frame++) {
      if (frameLength(bytes, at, end) < 0) return -1;
      at += bytes[at] < 252 ? 1 : 2;
    }
    return first > 0 && at < end ? at : -1;
  }
  if (frameLength(bytes, at, end) <= 0) return -1;
  at += bytes[at] < 252 ? 1 : 2;
  return at < end ? at : -1;
}

function frameLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  if (bytes[at] < 252) return bytes[at];
  return at + 1 < end ? bytes[at + 1] * 4 + bytes[at] : -1;
}
