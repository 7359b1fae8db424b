/**
 * The VP9 payload descriptor (RFC 9628 section 4.2).
 *
 * For choosing layers: a packet belongs to spatial layer `sid` and temporal layer `tid`. One may go up to a temporal layer
 * where `switchingUp` is set, and up to a spatial layer where its frame isn't `interPredicted`; down always, at the start of
 * a picture. Whoever leaves out the upper spatial layers sets the RTP marker on the last packet of the highest one left:
 * `endOfFrame` marks it.
 */

import { EMPTY_STRUCTURE_OFFSET, skipVp9Structure } from './vp9-structure.js';

/** P_DIFF fields of one frame in flexible mode. */
export const MAX_VP9_REFERENCES = 3;

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
  /** P_DIFF: how many pictures back each reference is, in flexible mode. */
  readonly references = new Uint8Array(MAX_VP9_REFERENCES);
  referenceCount = 0;
  /** V: a scalability structure came along. */
  structure = false;
  /** Where it begins, from the payload's start; for `readVp9Structure`. */
  structureOffset = EMPTY_STRUCTURE_OFFSET;
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
  out.referenceCount = 0;
  out.structureOffset = EMPTY_STRUCTURE_OFFSET;
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
    // Each says whether another follows.
    let more = true;
    while (more) {
      if (out.referenceCount === MAX_VP9_REFERENCES || at >= end) return false;
      const reference = bytes[at++];
      out.references[out.referenceCount++] = reference >> 1;
      more = (reference & 0x01) !== 0;
    }
  }
  if (out.structure) {
    out.structureOffset = at - offset;
    const structureEnd = skipVp9Structure(bytes, at, end);
    if (structureEnd < 0) return false;
    const head = bytes[at];
    if (head & 0x10) {
      const top = at + 1 + (head >> 5) * 4;
      out.width = (bytes[top] << 8) | bytes[top + 1];
      out.height = (bytes[top + 2] << 8) | bytes[top + 3];
    }
    at = structureEnd;
  }
  if (at >= end) return false;
  out.descriptorLength = at - offset;
  return true;
}

/**
 * Copies the descriptor that `descriptor` was read from, with other numbers: `pictureId15` (its low 7 bits where the field has
 * 7) and `tl0PicIdx`. A field that isn't there stays away; references are differences and stay. Returns the descriptor's
 * length, the same as before; 0 when `dst` has no room.
 */
export function writeVp9Descriptor(
  src: Uint8Array,
  srcOffset: number,
  descriptor: Vp9Descriptor,
  pictureId15: number,
  tl0PicIdx: number,
  dst: Uint8Array,
  dstOffset: number,
): number {
  const length = descriptor.descriptorLength;
  if (dstOffset + length > dst.length) return 0;
  for (let i = 0; i < length; i++) dst[dstOffset + i] = src[srcOffset + i];
  let at = dstOffset + 1;
  if (descriptor.pictureIdBits === 15) {
    dst[at++] = 0x80 | ((pictureId15 >> 8) & 0x7f);
    dst[at++] = pictureId15;
  } else if (descriptor.pictureIdBits === 7) {
    dst[at++] = pictureId15 & 0x7f;
  }
  if (descriptor.tl0PicIdx >= 0) dst[at + 1] = tl0PicIdx;
  return length;
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
