/** Dependency descriptors for tests: spelled out bit by bit, or as structures by layers. */

import { BitWriter } from './bits.js';
import {
  DependencyStructure,
  DISCARDABLE,
  MAX_DECODE_TARGETS,
  MAX_FRAME_DIFFS,
  NOT_PRESENT,
  REQUIRED,
  SWITCH,
  writeDependencyStructure,
} from './dependency-structure.js';

/** Text of 0 and 1, everything else is left out; the last byte is filled with zeros. */
export function bitsToBytes(text: string): Uint8Array {
  const bits = text.replace(/[^01]/g, '');
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++) if (bits[i] === '1') bytes[i >> 3] |= 0x80 >> (i & 7);
  return bytes;
}

/** A row of a table as the specification prints them: spatial, temporal, references, chain differences, indications. */
export type TemplateRow = [spatial: number, temporal: number, diffs: number[], chains: number[], indications: string];

const SYMBOLS: Record<string, number> = { '-': NOT_PRESENT, D: DISCARDABLE, S: SWITCH, R: REQUIRED };

export function makeStructure(offset: number, protectedBy: number[], rows: TemplateRow[]): DependencyStructure {
  const structure = new DependencyStructure();
  structure.templateIdOffset = offset;
  structure.templateCount = rows.length;
  structure.decodeTargetCount = protectedBy.length;
  structure.chainCount = rows[0][3].length;
  structure.protectedBy.set(protectedBy);
  rows.forEach(([spatial, temporal, diffs, chains, indications], template) => {
    structure.spatialIds[template] = spatial;
    structure.temporalIds[template] = temporal;
    structure.maxSpatialId = Math.max(structure.maxSpatialId, spatial);
    structure.frameDiffCounts[template] = diffs.length;
    structure.frameDiffs.set(diffs, template * MAX_FRAME_DIFFS);
    structure.chainDiffs.set(chains, template * MAX_DECODE_TARGETS);
    [...indications].forEach((symbol, target) => {
      structure.indications[template * MAX_DECODE_TARGETS + target] = SYMBOLS[symbol];
      if (symbol === '-') return;
      structure.targetSpatialIds[target] = Math.max(structure.targetSpatialIds[target], spatial);
      structure.targetTemporalIds[target] = Math.max(structure.targetTemporalIds[target], temporal);
    });
  });
  return structure;
}

/** The specification's A.10.2.1, with template ids from `offset` on. */
export function l1t3(offset = 0): DependencyStructure {
  return makeStructure(
    offset,
    [0, 0, 0],
    [
      [0, 0, [], [0], 'SSS'],
      [0, 0, [4], [4], 'SSR'],
      [0, 1, [2], [2], 'SD-'],
      [0, 2, [1], [1], 'D--'],
      [0, 2, [1], [3], 'D--'],
    ],
  );
}

export interface FrameFields {
  start?: boolean;
  end?: boolean;
  template: number;
  frame: number;
  structure?: DependencyStructure;
  active?: number;
  /** Of the structure in force, for `active` without `structure`. */
  targets?: number;
  indications?: number[];
  diffs?: number[];
  chains?: number[];
}

export function makeDescriptor(fields: FrameFields): Uint8Array {
  const bytes = new Uint8Array(256);
  const bits = new BitWriter();
  bits.reset(bytes, 0, bytes.length);
  bits.write(1, fields.start === false ? 0 : 1);
  bits.write(1, fields.end === false ? 0 : 1);
  bits.write(6, fields.template);
  bits.write(16, fields.frame);
  const { structure, active, indications, diffs, chains } = fields;
  const present = [structure, active, indications, diffs, chains].map((field) => field !== undefined);
  if (present.includes(true)) {
    for (const flag of present) bits.write(1, flag ? 1 : 0);
    if (structure) writeDependencyStructure(bits, structure);
    if (active !== undefined) bits.write(structure?.decodeTargetCount ?? fields.targets ?? 0, active);
    for (const indication of indications ?? []) bits.write(2, indication);
    for (const diff of diffs ?? []) {
      const size = diff > 256 ? 3 : diff > 16 ? 2 : 1;
      bits.write(2, size);
      bits.write(4 * size, diff - 1);
    }
    if (diffs) bits.write(2, 0);
    for (const chain of chains ?? []) bits.write(8, chain);
  }
  return bytes.slice(0, bits.byteLength);
}
