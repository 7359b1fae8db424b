/** The VP9 payload descriptor (RFC 9628 section 4.2). */

/** Lengths in bytes; -1 stands for a field that isn't there. */
export class Vp9Descriptor {
  descriptorLength = 0;
  pictureId = -1;
  /** 7 or 15; 0 without a picture id. */
  pictureIdBits = 0;
  /** P: refers to earlier pictures. */
  interPredicted = false;
  /** F: references are named one by one. */
  flexible = false;
  startOfFrame = false;
  endOfFrame = false;
  /** Z: no higher spatial layer of this picture refers to it. */
  notForInterLayer = false;
  tid = -1;
  /** U: one may go up to this temporal layer here. */
  switchingUp = false;
  sid = -1;
  /** D: refers to the spatial layer below of the same picture. */
  interLayer = false;
  tl0PicIdx = -1;
  /** V: a scalability structure came along. */
  structure = false;
  /** Pixels, of the highest spatial layer the structure tells; 0 when it doesn't. */
  width = 0;
  height = 0;
}

/**
 * Reads the descriptor at the start of the RTP payload into `out`. False when it is cut off, breaks the rules or nothing
 * follows it; `out` then is undefined.
 */
export function parseVp9Descriptor(bytes: Uint8Array, offset: number, length: number, out: Vp9Descriptor): boolean {
  const end = offset + length;
  if (length < 1 || offset < 0 || end > bytes.length) return false;
  let at = offset;
  const first = bytes[at++];
  out.pictureId = -1;
  out.pictureIdBits = 0;
  out.interPredicted = (first & 0x40) !== 0;
  out.flexible = (first & 0x10) !== 0;
  out.startOfFrame = (first & 0x08) !== 0;
  out.endOfFrame = (first & 0x04) !== 0;
  out.structure = (first & 0x02) !== 0;
  out.notForInterLayer = (first & 0x01) !== 0;
  out.tid = -1;
  out.switchingUp = false;
  out.sid = -1;
  out.interLayer = false;
  out.tl0PicIdx = -1;
  out.width = 0;
  out.height = 0;
  if (first & 0x80) {
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
  if (first & 0x20) {
    if (at >= end) return false;
    const layers = bytes[at++];
    out.tid = layers >> 5;
    out.switchingUp = (layers & 0x10) !== 0;
    out.sid = (layers >> 1) & 0x07;
    out.interLayer = (layers & 0x01) !== 0;
    if (!out.flexible) {
      if (at >= end) return false;
      out.tl0PicIdx = bytes[at++];
    }
  }
  if (out.flexible && out.interPredicted) {
    // Up to three references, each saying whether another follows.
    let more = true;
    for (let references = 0; more; references++) {
      if (references === 3 || at >= end) return false;
      more = (bytes[at++] & 0x01) !== 0;
    }
  }
  if (out.structure) {
    at = readStructure(bytes, at, end, out);
    if (at < 0) return false;
  }
  if (at >= end) return false;
  out.descriptorLength = at - offset;
  return true;
}

/** Returns where the structure ends, or -1. */
function readStructure(bytes: Uint8Array, start: number, end: number, out: Vp9Descriptor): number {
  let at = start;
  if (at >= end) return -1;
  const head = bytes[at++];
  const layers = (head >> 5) + 1;
  if (head & 0x10) {
    if (at + layers * 4 > end) return -1;
    const top = at + (layers - 1) * 4;
    out.width = (bytes[top] << 8) | bytes[top + 1];
    out.height = (bytes[top + 2] << 8) | bytes[top + 3];
    at += layers * 4;
  }
  if (head & 0x08) {
    if (at >= end) return -1;
    const pictures = bytes[at++];
    for (let i = 0; i < pictures; i++) {
      if (at >= end) return -1;
      at += 1 + ((bytes[at] >> 2) & 0x03);
    }
    if (at > end) return -1;
  }
  return at;
}

/** Whether this packet begins a picture that refers to nothing before it, at the lowest spatial layer. */
export function isVp9KeyFrame(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 1 || offset < 0 || offset + length > bytes.length) return false;
  const first = bytes[offset];
  if ((first & 0x48) !== 0x08) return false;
  if ((first & 0x20) === 0) return true;
  let at = 1;
  if (first & 0x80) {
    if (length < 2) return false;
    at += bytes[offset + 1] & 0x80 ? 2 : 1;
  }
  return at < length && ((bytes[offset + at] >> 1) & 0x07) === 0;
}
