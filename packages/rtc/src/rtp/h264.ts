/** H.264 payloads (RFC 6184 section 5): is a picture to start from in here? */

const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_STAP_A = 24;
const NAL_STAP_B = 25;
const NAL_MTAP16 = 26;
const NAL_MTAP24 = 27;
const NAL_FU_A = 28;
const NAL_FU_B = 29;

/**
 * Whether this packet holds a sequence parameter set or the first slice of an IDR picture: alone, in an aggregation packet,
 * or as the first fragment. Later slices and fragments of the same picture are not a start.
 */
export function isH264KeyFrame(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 2 || offset < 0 || offset + length > bytes.length) return false;
  const end = offset + length;
  const type = bytes[offset] & 0x1f;
  switch (type) {
    case NAL_STAP_A:
      return unitsStart(bytes, offset + 1, end, 0);
    case NAL_STAP_B:
      return unitsStart(bytes, offset + 3, end, 0);
    case NAL_MTAP16:
      return unitsStart(bytes, offset + 3, end, 3);
    case NAL_MTAP24:
      return unitsStart(bytes, offset + 3, end, 4);
    case NAL_FU_A:
    case NAL_FU_B: {
      const start = bytes[offset + 1];
      if ((start & 0x80) === 0) return false;
      return startsHere(start & 0x1f, bytes, offset + (type === NAL_FU_A ? 2 : 4), end);
    }
    default:
      return startsHere(type, bytes, offset + 1, end);
  }
}

/** Walks the 16-bit-sized units of an aggregation packet; `skip` bytes stand between each size and its unit. */
function unitsStart(bytes: Uint8Array, start: number, end: number, skip: number): boolean {
  let at = start;
  while (at + 2 + skip < end) {
    const size = (bytes[at] << 8) | bytes[at + 1];
    at += 2 + skip;
    if (size === 0 || at + size > end) return false;
    if (startsHere(bytes[at] & 0x1f, bytes, at + 1, at + size)) return true;
    at += size;
  }
  return false;
}

/** `at` is the first byte after the unit's header. */
function startsHere(type: number, bytes: Uint8Array, at: number, end: number): boolean {
  if (type === NAL_SPS) return true;
  // A slice begins with first_mb_in_slice as ue(v): a leading 1 bit is 0, the picture's first macroblock.
  return type === NAL_IDR && at < end && (bytes[at] & 0x80) !== 0;
}
