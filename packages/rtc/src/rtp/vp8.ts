/** The VP8 payload descriptor (RFC 7741 section 4.2) and what the payload header says of key frames. */

/** Lengths in bytes; -1 stands for a field that isn't there. */
export class Vp8Descriptor {
  descriptorLength = 0;
  pictureId = -1;
  /** 7 or 15; 0 without a picture id. */
  pictureIdBits = 0;
  tl0PicIdx = -1;
  /** Temporal layer. */
  tid = -1;
  /** Y: only the base layer before it is needed to decode from here on. */
  layerSync = false;
  keyIdx = -1;
  /** N: no other frame refers to this one. */
  nonReference = false;
  /** S. The picture itself starts where `partitionIndex` is 0 as well. */
  startOfPartition = false;
  partitionIndex = 0;
  /** This packet begins a key frame. */
  keyFrame = false;
  /** Pixels; 0 unless `keyFrame`. */
  width = 0;
  height = 0;
}

/**
 * Reads the descriptor at the start of the RTP payload `bytes[offset, offset + length)` into `out`. False when it is cut
 * off or nothing follows it; `out` then is undefined.
 */
export function parseVp8Descriptor(bytes: Uint8Array, offset: number, length: number, out: Vp8Descriptor): boolean {
  const end = offset + length;
  if (length < 1 || offset < 0 || end > bytes.length) return false;
  let at = offset;
  const first = bytes[at++];
  out.nonReference = (first & 0x20) !== 0;
  out.startOfPartition = (first & 0x10) !== 0;
  out.partitionIndex = first & 0x07;
  out.pictureId = -1;
  out.pictureIdBits = 0;
  out.tl0PicIdx = -1;
  out.tid = -1;
  out.layerSync = false;
  out.keyIdx = -1;
  out.keyFrame = false;
  out.width = 0;
  out.height = 0;
  if (first & 0x80) {
    if (at >= end) return false;
    const present = bytes[at++];
    if (present & 0x80) {
      if (at >= end) return false;
      const id = bytes[at++];
      if (id & 0x80) {
        if (at >= end) return false;
        out.pictureId = ((id & 0x7f) << 8) | bytes[at++];
        out.pictureIdBits = 15;
      } else {
        out.pictureId = id;
        out.pictureIdBits = 7;
      }
    }
    if (present & 0x40) {
      if (at >= end) return false;
      out.tl0PicIdx = bytes[at++];
    }
    if (present & 0x30) {
      if (at >= end) return false;
      const layers = bytes[at++];
      if (present & 0x20) {
        out.tid = layers >> 6;
        out.layerSync = (layers & 0x20) !== 0;
      }
      if (present & 0x10) out.keyIdx = layers & 0x1f;
    }
  }
  if (at >= end) return false;
  out.descriptorLength = at - offset;
  if (out.startOfPartition && out.partitionIndex === 0 && (bytes[at] & 0x01) === 0) {
    out.keyFrame = true;
    // RFC 6386 section 9.1: three bytes of frame tag, the start code, then 14 bits each of width and height.
    if (at + 10 <= end && bytes[at + 3] === 0x9d && bytes[at + 4] === 0x01 && bytes[at + 5] === 0x2a) {
      out.width = ((bytes[at + 7] & 0x3f) << 8) | bytes[at + 6];
      out.height = ((bytes[at + 9] & 0x3f) << 8) | bytes[at + 8];
    }
  }
  return true;
}

/**
 * Copies the descriptor that `descriptor` was read from, with other numbers. Field widths stay: a 7-bit picture id gets
 * the low 7 bits of `pictureId15`; a field that isn't there stays away. `keyIdx` -1 keeps the old one.
 * Returns the descriptor's length, the same as before; 0 when `dst` has no room.
 */
export function writeVp8Descriptor(
  src: Uint8Array,
  srcOffset: number,
  descriptor: Vp8Descriptor,
  pictureId15: number,
  tl0PicIdx: number,
  dst: Uint8Array,
  dstOffset: number,
  keyIdx = -1,
): number {
  const length = descriptor.descriptorLength;
  if (dstOffset + length > dst.length) return 0;
  const first = src[srcOffset];
  dst[dstOffset] = first;
  if ((first & 0x80) === 0) return length;
  const present = src[srcOffset + 1];
  dst[dstOffset + 1] = present;
  let at = 2;
  if (descriptor.pictureIdBits === 15) {
    dst[dstOffset + at] = 0x80 | ((pictureId15 >> 8) & 0x7f);
    dst[dstOffset + at + 1] = pictureId15;
    at += 2;
  } else if (descriptor.pictureIdBits === 7) {
    dst[dstOffset + at] = pictureId15 & 0x7f;
    at++;
  }
  if (present & 0x40) {
    dst[dstOffset + at] = tl0PicIdx;
    at++;
  }
  if (present & 0x30) {
    const layers = src[srcOffset + at];
    dst[dstOffset + at] = keyIdx >= 0 && present & 0x10 ? (layers & 0xe0) | (keyIdx & 0x1f) : layers;
  }
  return length;
}

/** RFC 7741 section 4.3: the first packet of partition 0 with the payload header's inverse key frame bit clear. */
export function isVp8KeyFrame(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 2 || offset < 0 || offset + length > bytes.length) return false;
  const first = bytes[offset];
  if ((first & 0x17) !== 0x10) return false;
  let at = 1;
  if (first & 0x80) {
    const present = bytes[offset + 1];
    at = 2;
    if (present & 0x80) {
      if (length < 3) return false;
      at += bytes[offset + 2] & 0x80 ? 2 : 1;
    }
    if (present & 0x40) at++;
    if (present & 0x30) at++;
  }
  return at < length && (bytes[offset + at] & 0x01) === 0;
}
