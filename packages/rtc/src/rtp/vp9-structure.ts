/** The scalability structure of a VP9 stream (RFC 9628 section 4.2.1): layers with their sizes, and a group of pictures. */

import type { Vp9Descriptor } from './vp9.js';

export const MAX_VP9_LAYERS = 8;
export const MAX_VP9_PICTURES = 255;
const MAX_GROUP_REFERENCES = 3;

/** Of a descriptor without structure. */
export const EMPTY_STRUCTURE_OFFSET = -1;

export class Vp9Structure {
  /** Spatial layers, 1..8. */
  layerCount = 0;
  /** Y: whether `widths` and `heights`, in pixels and by spatial layer, are told. */
  resolutions = false;
  readonly widths = new Uint16Array(MAX_VP9_LAYERS);
  readonly heights = new Uint16Array(MAX_VP9_LAYERS);
  /** G: N_G pictures whose pattern repeats; 0 when they aren't told. */
  pictureCount = 0;
  /** By picture of the group. */
  readonly tids = new Uint8Array(MAX_VP9_PICTURES);
  /** U, by picture: 1 where one may go up to its temporal layer. */
  readonly switchingUp = new Uint8Array(MAX_VP9_PICTURES);
  readonly referenceCounts = new Uint8Array(MAX_VP9_PICTURES);
  /** By picture, three each: how many pictures back. */
  readonly references = new Uint8Array(MAX_VP9_PICTURES * MAX_GROUP_REFERENCES);
}

/** Returns where the structure at `start` ends, or -1 when it goes beyond `end`. */
export function skipVp9Structure(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (at >= end) return -1;
  const head = bytes[at++];
  if (head & 0x10) at += ((head >> 5) + 1) * 4;
  if (head & 0x08) {
    if (at >= end) return -1;
    const pictures = bytes[at++];
    for (let i = 0; i < pictures; i++) {
      if (at >= end) return -1;
      at += 1 + ((bytes[at] >> 2) & 0x03);
    }
  }
  return at > end ? -1 : at;
}

/**
 * Reads the structure out of the payload at `offset`, which `descriptor` was read from. False, and `out` as it was, when there
 * is none.
 */
export function readVp9Structure(
  bytes: Uint8Array,
  offset: number,
  descriptor: Vp9Descriptor,
  out: Vp9Structure,
): boolean {
  if (descriptor.structureOffset === EMPTY_STRUCTURE_OFFSET) return false;
  let at = offset + descriptor.structureOffset;
  const head = bytes[at++];
  out.layerCount = (head >> 5) + 1;
  out.resolutions = (head & 0x10) !== 0;
  for (let layer = 0; layer < out.layerCount; layer++) {
    out.widths[layer] = out.resolutions ? (bytes[at] << 8) | bytes[at + 1] : 0;
    out.heights[layer] = out.resolutions ? (bytes[at + 2] << 8) | bytes[at + 3] : 0;
    if (out.resolutions) at += 4;
  }
  out.pictureCount = head & 0x08 ? bytes[at++] : 0;
  for (let picture = 0; picture < out.pictureCount; picture++) {
    const fields = bytes[at++];
    const count = (fields >> 2) & 0x03;
    out.tids[picture] = fields >> 5;
    out.switchingUp[picture] = (fields >> 4) & 1;
    out.referenceCounts[picture] = count;
    for (let i = 0; i < count; i++) out.references[picture * MAX_GROUP_REFERENCES + i] = bytes[at++];
  }
  return true;
}
