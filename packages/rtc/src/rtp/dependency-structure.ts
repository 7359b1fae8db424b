/**
 * The frame dependency structure of a coded video sequence (RTP Payload Format For AV1, v1.0, appendix A.8.2): templates that
 * later frames point at, decode targets (what one can choose to decode) and the chains that protect them. Comes with a key frame.
 */

import type { BitReader, BitWriter } from './bits.js';

export const MAX_TEMPLATES = 64;
export const MAX_DECODE_TARGETS = 32;
/** No codec has more layers; ids that need more are refused. */
export const MAX_SPATIAL_LAYERS = 8;
export const MAX_TEMPORAL_LAYERS = 8;
/** References of one frame; AV1 itself has 7. */
export const MAX_FRAME_DIFFS = 8;

/** Decode target indications (table A.1). */
export const NOT_PRESENT = 0;
/** Nothing in the decode target refers to the frame. */
export const DISCARDABLE = 1;
/** If this frame can be decoded, so can all later ones of the decode target: one may switch to it here. */
export const SWITCH = 2;
export const REQUIRED = 3;

export class DependencyStructure {
  /** The template id that stands for index 0. */
  templateIdOffset = 0;
  templateCount = 0;
  decodeTargetCount = 0;
  chainCount = 0;
  /** Whether `widths` and `heights` are given. */
  resolutions = false;
  /** Highest spatial id of a template. */
  maxSpatialId = 0;

  readonly spatialIds = new Uint8Array(MAX_TEMPLATES);
  readonly temporalIds = new Uint8Array(MAX_TEMPLATES);
  /** By template, `MAX_DECODE_TARGETS` each: `NOT_PRESENT`.. `REQUIRED`. */
  readonly indications = new Uint8Array(MAX_TEMPLATES * MAX_DECODE_TARGETS);
  readonly frameDiffCounts = new Uint8Array(MAX_TEMPLATES);
  /** By template, `MAX_FRAME_DIFFS` each: how many frames back. */
  readonly frameDiffs = new Uint8Array(MAX_TEMPLATES * MAX_FRAME_DIFFS);
  /** By template, `MAX_DECODE_TARGETS` each: how many frames back the chain's previous frame is; 0: the chain begins here. */
  readonly chainDiffs = new Uint8Array(MAX_TEMPLATES * MAX_DECODE_TARGETS);
  /** By decode target: its chain. Without chains, 0. */
  readonly protectedBy = new Uint8Array(MAX_DECODE_TARGETS);
  /** By decode target: its highest layers. */
  readonly targetSpatialIds = new Uint8Array(MAX_DECODE_TARGETS);
  readonly targetTemporalIds = new Uint8Array(MAX_DECODE_TARGETS);
  /** Pixels, by spatial id. */
  readonly widths = new Uint32Array(MAX_SPATIAL_LAYERS);
  readonly heights = new Uint32Array(MAX_SPATIAL_LAYERS);

  /** The template's index; -1 when the id belongs to another structure. */
  templateIndex(templateId: number): number {
    const index = (templateId - this.templateIdOffset) & 63;
    return index < this.templateCount ? index : -1;
  }

  /** All decode targets as a bitmask, target 0 in the lowest bit. */
  get allTargets(): number {
    return this.decodeTargetCount === 32 ? 0xffffffff : 2 ** this.decodeTargetCount - 1;
  }

  /**
   * The best decode target among `active` within these layers: the highest spatial one, of those the highest temporal one. -1
   * when there is none.
   */
  targetFor(maxSpatialId: number, maxTemporalId: number, active: number): number {
    let best = -1;
    let bestRank = -1;
    for (let target = 0; target < this.decodeTargetCount; target++) {
      const spatial = this.targetSpatialIds[target];
      const temporal = this.targetTemporalIds[target];
      if (((active >>> target) & 1) === 0 || spatial > maxSpatialId || temporal > maxTemporalId) continue;
      const rank = spatial * MAX_TEMPORAL_LAYERS + temporal;
      if (rank > bestRank) {
        best = target;
        bestRank = rank;
      }
    }
    return best;
  }
}

/** Reads `template_dependency_structure()`. False when it breaks a bound; running out of bits is left for the caller to see. */
export function readDependencyStructure(bits: BitReader, out: DependencyStructure): boolean {
  out.templateIdOffset = bits.read(6);
  out.decodeTargetCount = bits.read(5) + 1;
  if (!readLayers(bits, out)) return false;
  const { templateCount, decodeTargetCount } = out;
  for (let template = 0; template < templateCount; template++) {
    const row = template * MAX_DECODE_TARGETS;
    for (let target = 0; target < decodeTargetCount; target++) out.indications[row + target] = bits.read(2);
  }
  for (let template = 0; template < templateCount; template++) {
    let count = 0;
    while (bits.bit() === 1) {
      if (count === MAX_FRAME_DIFFS) return false;
      out.frameDiffs[template * MAX_FRAME_DIFFS + count++] = bits.read(4) + 1;
    }
    out.frameDiffCounts[template] = count;
  }
  readChains(bits, out);
  setTargetLayers(out);
  out.resolutions = bits.bit() === 1;
  for (let layer = 0; layer <= out.maxSpatialId; layer++) {
    out.widths[layer] = out.resolutions ? bits.read(16) + 1 : 0;
    out.heights[layer] = out.resolutions ? bits.read(16) + 1 : 0;
  }
  return true;
}

function readLayers(bits: BitReader, out: DependencyStructure): boolean {
  let spatial = 0;
  let temporal = 0;
  let count = 0;
  for (;;) {
    if (count === MAX_TEMPLATES || bits.overrun) return false;
    out.spatialIds[count] = spatial;
    out.temporalIds[count] = temporal;
    count++;
    const next = bits.read(2);
    if (next === 3) break;
    if (next === 1 && ++temporal === MAX_TEMPORAL_LAYERS) return false;
    if (next === 2) {
      temporal = 0;
      if (++spatial === MAX_SPATIAL_LAYERS) return false;
    }
  }
  out.templateCount = count;
  out.maxSpatialId = spatial;
  return true;
}

function readChains(bits: BitReader, out: DependencyStructure): void {
  const { templateCount, decodeTargetCount } = out;
  out.chainCount = bits.readBelow(decodeTargetCount + 1);
  for (let target = 0; target < decodeTargetCount; target++) {
    out.protectedBy[target] = out.chainCount === 0 ? 0 : bits.readBelow(out.chainCount);
  }
  for (let template = 0; template < templateCount; template++) {
    const row = template * MAX_DECODE_TARGETS;
    for (let chain = 0; chain < out.chainCount; chain++) out.chainDiffs[row + chain] = bits.read(4);
  }
}

function setTargetLayers(out: DependencyStructure): void {
  for (let target = 0; target < out.decodeTargetCount; target++) {
    let spatial = 0;
    let temporal = 0;
    for (let template = 0; template < out.templateCount; template++) {
      if (out.indications[template * MAX_DECODE_TARGETS + target] === NOT_PRESENT) continue;
      spatial = Math.max(spatial, out.spatialIds[template]);
      temporal = Math.max(temporal, out.temporalIds[template]);
    }
    out.targetSpatialIds[target] = spatial;
    out.targetTemporalIds[target] = temporal;
  }
}

/** Writes a structure as `readDependencyStructure` reads it. For senders that make descriptors themselves. */
export function writeDependencyStructure(bits: BitWriter, structure: DependencyStructure): void {
  const { templateCount, decodeTargetCount, chainCount } = structure;
  bits.write(6, structure.templateIdOffset);
  bits.write(5, decodeTargetCount - 1);
  for (let template = 1; template <= templateCount; template++) {
    if (template === templateCount) bits.write(2, 3);
    else if (structure.spatialIds[template] > structure.spatialIds[template - 1]) bits.write(2, 2);
    else bits.write(2, structure.temporalIds[template] - structure.temporalIds[template - 1]);
  }
  for (let template = 0; template < templateCount; template++) {
    for (let target = 0; target < decodeTargetCount; target++) {
      bits.write(2, structure.indications[template * MAX_DECODE_TARGETS + target]);
    }
  }
  for (let template = 0; template < templateCount; template++) {
    for (let i = 0; i < structure.frameDiffCounts[template]; i++) {
      bits.write(5, 0x10 | (structure.frameDiffs[template * MAX_FRAME_DIFFS + i] - 1));
    }
    bits.write(1, 0);
  }
  bits.writeBelow(decodeTargetCount + 1, chainCount);
  if (chainCount > 0) {
    for (let target = 0; target < decodeTargetCount; target++) {
      bits.writeBelow(chainCount, structure.protectedBy[target]);
    }
    for (let template = 0; template < templateCount; template++) {
      for (let chain = 0; chain < chainCount; chain++) {
        bits.write(4, structure.chainDiffs[template * MAX_DECODE_TARGETS + chain]);
      }
    }
  }
  bits.write(1, structure.resolutions ? 1 : 0);
  if (!structure.resolutions) return;
  for (let layer = 0; layer <= structure.maxSpatialId; layer++) {
    bits.write(16, structure.widths[layer] - 1);
    bits.write(16, structure.heights[layer] - 1);
  }
}
