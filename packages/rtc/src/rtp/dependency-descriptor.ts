/** The dependency descriptor header extension (RTP Payload Format For AV1, v1.0, appendix A.8): the fields every packet has. */

export class DependencyDescriptor {
  startOfFrame = false;
  endOfFrame = false;
  /** 0..63. */
  templateId = 0;
  /** 16 bits, wraps. */
  frameNumber = 0;
  /** A template structure came along: this frame is a key frame. */
  structure = false;
}

/** Reads `length` bytes of extension data at `offset` into `out`. False when the mandatory three bytes aren't there. */
export function parseDependencyDescriptor(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: DependencyDescriptor,
): boolean {
  if (length < 3 || offset < 0 || offset + length > bytes.length) return false;
  const first = bytes[offset];
  out.startOfFrame = (first & 0x80) !== 0;
  out.endOfFrame = (first & 0x40) !== 0;
  out.templateId = first & 0x3f;
  out.frameNumber = (bytes[offset + 1] << 8) | bytes[offset + 2];
  out.structure = length > 3 && (bytes[offset + 3] & 0x80) !== 0;
  return true;
}
