/**
 * What a forwarder may change in a dependency descriptor (RTP Payload Format For AV1, v1.0, appendix A.4, A.8.3).
 *
 * Leaving frames out needs no change: frame numbers stay, since references and chains are counted in them, and a hole is told
 * from a loss by the chains. What a forwarder *must* tell is which decode targets are left. Where one outgoing stream changes
 * its source, frame numbers and template ids get the new source's constant offset; these stand in fixed places:
 *
 *     byte 0      start, end, template id (6)
 *     bytes 1-2   frame number (16)
 *     byte 3      structure, active targets, custom indications, references, chains (1 each), then with a structure
 *                 template_id_offset (6, over bytes 3 and 4), number of decode targets - 1 (5), ...
 */

import { BitReader, BitWriter } from './bits.js';
import type { FrameDependencies } from './frame-dependencies.js';

const reader = new BitReader();
const writer = new BitWriter();

/**
 * Writes other numbers over those at `offset`, in place. `templateIdShift` (0..63) is added to the template's id and, where a
 * structure came along, to its offset, so that structures of different sources don't share ids. The range must have been
 * read well before.
 */
export function renumberDependencyDescriptor(
  bytes: Uint8Array,
  offset: number,
  length: number,
  frameNumber: number,
  templateIdShift: number,
): void {
  const first = bytes[offset];
  bytes[offset] = (first & 0xc0) | ((first + templateIdShift) & 0x3f);
  bytes[offset + 1] = frameNumber >>> 8;
  bytes[offset + 2] = frameNumber;
  if (length < 5 || (bytes[offset + 3] & 0x80) === 0) return;
  const high = bytes[offset + 3];
  const low = bytes[offset + 4];
  const shifted = ((((high & 7) << 3) | (low >> 5)) + templateIdShift) & 0x3f;
  bytes[offset + 3] = (high & 0xf8) | (shifted >> 3);
  bytes[offset + 4] = ((shifted & 7) << 5) | (low & 0x1f);
}

/**
 * Copies the descriptor that `frame` was read from, with `activeTargets` (target 0 in the lowest bit) told in it. Returns its
 * length: as before when it told them already, else up to 5 bytes more; 0 when `dst` has no `room`, `dst` then is undefined.
 *
 * It has to be in every packet until one is known to have come, or in those of a key frame (A.4). `dst` must not be `src`'s
 * own place.
 */
export function writeActiveTargets(
  src: Uint8Array,
  srcOffset: number,
  length: number,
  frame: FrameDependencies,
  activeTargets: number,
  dst: Uint8Array,
  dstOffset: number,
  room: number,
): number {
  reader.reset(src, srcOffset, length);
  writer.reset(dst, dstOffset, room);
  writer.write(24, reader.read(24));
  const flags = length > 3 ? reader.read(5) : 0;
  writer.write(5, flags | 0x08);
  if (length > 3) copy(frame.activeTargetsBit - 29);
  writer.write(frame.decodeTargetCount, activeTargets);
  if (frame.activeTargetsPresent) reader.read(frame.decodeTargetCount);
  if (length > 3) copy(frame.bitLength - reader.position);
  return writer.overrun || reader.overrun ? 0 : writer.byteLength;
}

function copy(count: number): void {
  for (let left = count; left > 0; left -= 32) {
    const part = Math.min(left, 32);
    writer.write(part, reader.read(part));
  }
}
