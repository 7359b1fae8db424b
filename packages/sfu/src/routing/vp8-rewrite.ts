/**
 * VP8 payload descriptor (RFC 7741 section 4.2) with other numbers: PictureID and TL0PICIDX moved by the offsets of a virtual
 * stream so that they stay gap-free over a change of source. Field widths stay as they are.
 */

/** Copies `length` descriptor bytes from `source` to `target`, adding the offsets modulo their fields' widths. */
export function rewriteVp8Descriptor(
  source: Uint8Array,
  sourceOffset: number,
  length: number,
  pictureIdOffset: number,
  tl0Offset: number,
  target: Uint8Array,
  targetOffset: number,
): void {
  for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i];
  if (length < 2 || (source[sourceOffset] & 0x80) === 0) return;
  const present = source[sourceOffset + 1];
  let at = 2;
  if ((present & 0x80) !== 0 && at < length) {
    const first = source[sourceOffset + at];
    if ((first & 0x80) !== 0 && at + 1 < length) {
      const id = ((((first & 0x7f) << 8) | source[sourceOffset + at + 1]) + pictureIdOffset) & 0x7fff;
      target[targetOffset + at] = 0x80 | (id >> 8);
      target[targetOffset + at + 1] = id & 0xff;
      at += 2;
    } else {
      target[targetOffset + at] = (first + pictureIdOffset) & 0x7f;
      at += 1;
    }
  }
  if ((present & 0x40) !== 0 && at < length) {
    target[targetOffset + at] = (source[sourceOffset + at] + tl0Offset) & 0xff;
  }
}
