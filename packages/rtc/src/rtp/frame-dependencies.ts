/**
 * Whole dependency descriptors of one received stream, read against the structure that came last (RTP Payload Format For AV1,
 * v1.0, appendix A.8): the frame's layers, what each decode target makes of it, its references, and its chains.
 */

import { BitReader } from './bits.js';
import { DependencyDescriptor, parseDependencyDescriptor } from './dependency-descriptor.js';
import {
  DependencyStructure,
  MAX_DECODE_TARGETS,
  MAX_FRAME_DIFFS,
  NOT_PRESENT,
  readDependencyStructure,
  SWITCH,
} from './dependency-structure.js';
import { SequenceUnwrapper } from './sequence.js';

/** A structure from further behind the newest frame isn't a late one, but of a sender that began anew. */
const MAX_LATE_FRAMES = 1000;

/** Of one packet; packets of one frame say the same but for its start and end. */
export class FrameDependencies extends DependencyDescriptor {
  spatialId = 0;
  temporalId = 0;
  decodeTargetCount = 0;
  chainCount = 0;
  /** By decode target: `NOT_PRESENT`, `DISCARDABLE`, `SWITCH`, `REQUIRED`. */
  readonly indications = new Uint8Array(MAX_DECODE_TARGETS);
  frameDiffCount = 0;
  /** How many frames back each reference is, 1..4,096. */
  readonly frameDiffs = new Uint16Array(MAX_FRAME_DIFFS);
  /** By chain: how many frames back its previous frame is; 0 when it begins here. */
  readonly chainDiffs = new Uint8Array(MAX_DECODE_TARGETS);
  /** Decode targets that are there to choose, target 0 in the lowest bit. It holds until another is told. */
  activeTargets = 0;
  /** Whether this very packet told it. */
  activeTargetsPresent = false;
  /** Pixels of the frame's spatial layer; 0 when the structure doesn't tell. */
  width = 0;
  height = 0;
  /** Bits before `active_decode_targets_bitmask`, or before where it would stand. */
  activeTargetsBit = 0;
  /** Bits in use; the rest is padding. */
  bitLength = 0;
}

/**
 * - `read`: `out` is filled.
 * - `unknown`: well-formed as far as one can tell, but its structure hasn't come (or another has come since). Only
 *   `DependencyDescriptor`'s fields of `out` are.
 * - `malformed`: cut short or out of bounds; `out` is undefined.
 */
export type DependencyReading = 'read' | 'unknown' | 'malformed';

export class DependencyReader {
  /** What later packets are read against; null before the first key frame. Another object after each change. */
  structure: DependencyStructure | null = null;
  /** Grows with each change of `structure`. */
  structureVersion = 0;

  private spare = new DependencyStructure();
  private readonly bits = new BitReader();
  private readonly frames = new SequenceUnwrapper();
  /** Unwrapped numbers of the frame that brought the structure, and of a late one that wasn't kept. */
  private structureFrame = -1;
  private lateFrame = -1;
  private active = 0;
  private activeFrame = -1;

  /** Reads `length` bytes of extension data at `offset`. */
  read(bytes: Uint8Array, offset: number, length: number, out: FrameDependencies): DependencyReading {
    if (!parseDependencyDescriptor(bytes, offset, length, out)) return 'malformed';
    const { bits } = this;
    bits.reset(bytes, offset, length);
    bits.read(24);
    // Structure, active targets, then custom indications, references and chains.
    const flags = length > 3 ? bits.read(5) : 0;
    let structure = this.structure;
    if (flags & 0x10) {
      structure = this.spare;
      if (!readDependencyStructure(bits, structure) || bits.overrun) return 'malformed';
    }
    if (!structure) return 'unknown';
    const template = structure.templateIndex(out.templateId);
    if (template < 0) return flags & 0x10 ? 'malformed' : 'unknown';

    out.activeTargetsPresent = (flags & 0x08) !== 0;
    out.activeTargetsBit = bits.position;
    const told = flags & 0x08 ? bits.read(structure.decodeTargetCount) : structure.allTargets;
    out.decodeTargetCount = structure.decodeTargetCount;
    out.chainCount = structure.chainCount;
    out.spatialId = structure.spatialIds[template];
    out.temporalId = structure.temporalIds[template];
    const width = structure.widths[out.spatialId];
    out.width = structure.resolutions ? width : 0;
    out.height = structure.resolutions ? structure.heights[out.spatialId] : 0;
    if (!readFrame(bits, flags, structure, template, out)) return 'malformed';
    if (bits.overrun) return 'malformed';
    out.bitLength = bits.position;

    const frame = this.frames.unwrap(out.frameNumber);
    const kept = structure === this.structure || this.keep(frame);
    out.activeTargets = kept ? this.updateActive(frame, flags, told) : told;
    return 'read';
  }

  /** Takes the structure in `spare` for this and later frames, unless it came late. */
  private keep(frame: number): boolean {
    const behind = this.structureFrame - frame;
    const late = this.structure !== null && behind > 0 && behind <= MAX_LATE_FRAMES;
    // Two of them in a row that follow each other are a sender that began anew a little further back.
    if (late && !(this.lateFrame >= 0 && frame > this.lateFrame)) {
      this.lateFrame = frame;
      return false;
    }
    const before = this.structure;
    this.structure = this.spare;
    this.spare = before ?? new DependencyStructure();
    this.structureFrame = frame;
    this.lateFrame = -1;
    this.activeFrame = -1;
    this.structureVersion++;
    return true;
  }

  private updateActive(frame: number, flags: number, told: number): number {
    if ((flags & 0x18) !== 0 && frame >= this.activeFrame) {
      this.active = told;
      this.activeFrame = frame;
    }
    return this.active;
  }
}

/** `frame_dependency_definition()`: the template's, or the packet's own. */
function readFrame(
  bits: BitReader,
  flags: number,
  structure: DependencyStructure,
  template: number,
  out: FrameDependencies,
): boolean {
  const row = template * MAX_DECODE_TARGETS;
  const ownIndications = (flags & 0x04) !== 0;
  for (let target = 0; target < structure.decodeTargetCount; target++) {
    out.indications[target] = ownIndications ? bits.read(2) : structure.indications[row + target];
  }
  if (flags & 0x02) {
    let count = 0;
    for (let size = bits.read(2); size !== 0; size = bits.read(2)) {
      if (count === MAX_FRAME_DIFFS) return false;
      out.frameDiffs[count++] = bits.read(4 * size) + 1;
    }
    out.frameDiffCount = count;
  } else {
    const count = structure.frameDiffCounts[template];
    for (let i = 0; i < count; i++) out.frameDiffs[i] = structure.frameDiffs[template * MAX_FRAME_DIFFS + i];
    out.frameDiffCount = count;
  }
  const ownChains = (flags & 0x01) !== 0;
  for (let chain = 0; chain < structure.chainCount; chain++) {
    out.chainDiffs[chain] = ownChains ? bits.read(8) : structure.chainDiffs[row + chain];
  }
  return true;
}

/**
 * Whether the frame belongs to the chain (A.6): all that the chain protects needs it. A receiver of a decode target has all it
 * needs as long as, with each frame, `(frameNumber - chainDiffs[chain]) & 0xffff` is the last frame of that chain it got: one
 * number for each receiver is enough to know that it may switch to a decode target of the chain at any frame.
 */
export function isPartOfChain(frame: FrameDependencies, structure: DependencyStructure, chain: number): boolean {
  let protects = false;
  for (let target = 0; target < structure.decodeTargetCount; target++) {
    if (structure.protectedBy[target] !== chain) continue;
    if (((frame.activeTargets >>> target) & 1) === 1) protects = true;
    if (frame.indications[target] < SWITCH) return false;
  }
  return protects && chain < structure.chainCount;
}

/** Whether a receiver of this decode target gets the frame. */
export function isInTarget(frame: FrameDependencies, target: number): boolean {
  return target < frame.decodeTargetCount && frame.indications[target] !== NOT_PRESENT;
}
