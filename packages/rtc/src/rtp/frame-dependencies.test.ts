import { expect, test } from 'vitest';
import { bitsToBytes, type FrameFields, l1t3, makeDescriptor, makeStructure } from './dependency-testing.js';
import { DependencyReader, FrameDependencies, isInTarget, isPartOfChain } from './frame-dependencies.js';

/** L1T3 of the specification's A.10.2.1, written out after the syntax tables of A.8.2. */
const L1T3_BITS = [
  '1 1 000000 0000000001100100', // start, end, template 0, frame 100
  '1 0 0 0 0', // structure only
  '000000 00010', // offset 0, 3 decode targets
  '00 01 01 00 11', // layers: T0, T0, T1, T2, T2
  '101010 101011 100100 010000 010000', // S S S; S S R; S D -; D - -; D - -
  '0 1 0011 0 1 0001 0 1 0000 0 1 0000 0', // references: none; 4; 2; 1; 1
  '01', // one chain: ns(4)
  // ns(1) for each decode target takes no bits
  '0000 0100 0010 0001 0011', // chain differences
  '1 0000001001111111 0000000101100111', // 640x360
].join('');

function read(reader: DependencyReader, fields: FrameFields): FrameDependencies {
  const out = new FrameDependencies();
  const bytes = makeDescriptor(fields);
  expect(reader.read(bytes, 0, bytes.length, out)).toBe('read');
  return out;
}

test('a key frame’s descriptor tells templates, decode targets, chains and resolution', () => {
  const bytes = bitsToBytes(L1T3_BITS);
  const reader = new DependencyReader();
  const out = new FrameDependencies();
  expect(reader.read(bytes, 0, bytes.length, out)).toBe('read');
  expect(out).toMatchObject({
    startOfFrame: true,
    endOfFrame: true,
    structure: true,
    frameNumber: 100,
    spatialId: 0,
    temporalId: 0,
    decodeTargetCount: 3,
    chainCount: 1,
    frameDiffCount: 0,
    activeTargets: 0b111,
    activeTargetsPresent: false,
    width: 640,
    height: 360,
    bitLength: L1T3_BITS.replace(/[^01]/g, '').length,
  });
  expect([...out.indications.subarray(0, 3)]).toEqual([2, 2, 2]);
  const { structure } = reader;
  expect(structure).toMatchObject({ templateCount: 5, maxSpatialId: 0, chainCount: 1 });
  expect([...structure!.targetTemporalIds.subarray(0, 3)]).toEqual([2, 1, 0]);
  expect(structure!.targetFor(0, 1, 0b111)).toBe(1);
  expect(structure!.targetFor(7, 7, 0b110)).toBe(1);
  expect(structure!.targetFor(0, 0, 0b011)).toBe(-1);
});

test('three bytes are enough for a frame that follows a template', () => {
  const reader = new DependencyReader();
  read(reader, { template: 0, frame: 0xffff, structure: l1t3() });
  const out = read(reader, { template: 2, frame: 1, end: false });
  expect(out).toMatchObject({ startOfFrame: true, endOfFrame: false, temporalId: 1, frameDiffCount: 1, bitLength: 24 });
  expect([...out.indications.subarray(0, 3)]).toEqual([2, 1, 0]);
  expect(out.frameDiffs[0]).toBe(2);
  expect(out.chainDiffs[0]).toBe(2);
  expect([0, 1, 2, 3].map((target) => isInTarget(out, target))).toEqual([true, true, false, false]);
  expect(isPartOfChain(out, reader.structure!, 0)).toBe(false);
  expect(isPartOfChain(read(reader, { template: 1, frame: 3 }), reader.structure!, 0)).toBe(true);
});

test('a packet may have its own indications, references and chains', () => {
  const reader = new DependencyReader();
  read(reader, { template: 0, frame: 1, structure: l1t3() });
  const fields = { template: 4, frame: 5, indications: [3, 0, 1], diffs: [1, 17, 4096], chains: [200] };
  const out = read(reader, fields);
  expect([...out.indications.subarray(0, 3)]).toEqual([3, 0, 1]);
  expect([...out.frameDiffs.subarray(0, out.frameDiffCount)]).toEqual([1, 17, 4096]);
  expect(out.chainDiffs[0]).toBe(200);
  expect(read(reader, { template: 4, frame: 6 }).chainDiffs[0]).toBe(3);
});

test('before its structure came a packet is unknown, but its mandatory fields are read', () => {
  const reader = new DependencyReader();
  const out = new FrameDependencies();
  const bytes = makeDescriptor({ template: 9, frame: 77, end: false });
  expect(reader.read(bytes, 0, bytes.length, out)).toBe('unknown');
  expect(out).toMatchObject({ startOfFrame: true, endOfFrame: false, templateId: 9, frameNumber: 77 });
  read(reader, { template: 0, frame: 80, structure: l1t3() });
  expect(reader.read(bytes, 0, bytes.length, out)).toBe('unknown');
});

test('template ids wrap at 64', () => {
  const reader = new DependencyReader();
  read(reader, { template: 62, frame: 1, structure: l1t3(62) });
  expect(read(reader, { template: 0, frame: 2 }).temporalId).toBe(1);
  expect(read(reader, { template: 2, frame: 3 }).chainDiffs[0]).toBe(3);
});

test('active decode targets hold until others are told, whatever comes late', () => {
  const reader = new DependencyReader();
  expect(read(reader, { template: 0, frame: 1, structure: l1t3(), active: 0b110 }).activeTargets).toBe(0b110);
  expect(read(reader, { template: 1, frame: 5, active: 0b100, targets: 3 }).activeTargets).toBe(0b100);
  expect(read(reader, { template: 3, frame: 6 }).activeTargets).toBe(0b100);
  expect(read(reader, { template: 3, frame: 4, active: 0b111, targets: 3 }).activeTargets).toBe(0b100);
  expect(read(reader, { template: 0, frame: 7, structure: l1t3() }).activeTargets).toBe(0b111);
});

test('a chain with no active decode target has no parts', () => {
  const two = makeStructure(
    0,
    [0, 1],
    [
      [0, 0, [], [0, 0], 'SS'],
      [1, 0, [1], [1, 1], '-S'],
    ],
  );
  const reader = new DependencyReader();
  const key = read(reader, { template: 0, frame: 1, structure: two, active: 0b01 });
  expect([0, 1, 2].map((chain) => isPartOfChain(key, reader.structure!, chain))).toEqual([true, false, false]);
});

test('a structure that comes late serves its own packet only', () => {
  const reader = new DependencyReader();
  read(reader, { template: 0, frame: 100, structure: l1t3() });
  read(reader, { template: 10, frame: 200, structure: l1t3(10) });
  const before = reader.structure;
  expect(read(reader, { template: 0, frame: 100, structure: l1t3() }).frameNumber).toBe(100);
  expect(reader.structure).toBe(before);
  expect(read(reader, { template: 12, frame: 201 }).temporalId).toBe(1);
});

test('a sender that begins anew with lower frame numbers is followed', () => {
  const reader = new DependencyReader();
  read(reader, { template: 0, frame: 5000, structure: l1t3() });
  read(reader, { template: 10, frame: 100, structure: l1t3(10) });
  expect(reader.structureVersion).toBe(2);
  read(reader, { template: 20, frame: 50, structure: l1t3(20) });
  read(reader, { template: 30, frame: 60, structure: l1t3(30) });
  expect(reader.structureVersion).toBe(3);
  expect(reader.structure!.templateIdOffset).toBe(30);
});

test('every cut of a descriptor is refused or shorter by whole fields, and a bad one leaves the structure alone', () => {
  const bytes = bitsToBytes(L1T3_BITS);
  for (let length = 0; length < bytes.length; length++) {
    const reader = new DependencyReader();
    const reading = reader.read(bytes, 0, length, new FrameDependencies());
    expect(reading).toBe(length === 3 ? 'unknown' : 'malformed');
    expect(reader.structure).toBeNull();
  }
});

test('a structure without its own template, and more layers or references than there can be, are refused', () => {
  const out = new FrameDependencies();
  const refused = (bytes: Uint8Array) => new DependencyReader().read(bytes, 0, bytes.length, out);
  expect(refused(makeDescriptor({ template: 5, frame: 1, structure: l1t3() }))).toBe('malformed');
  const long = '0'.repeat(2000);
  // Temporal ids up to 8; spatial ids up to 8; templates without end.
  for (const layers of ['01'.repeat(8), '10'.repeat(8), '00'.repeat(64)]) {
    expect(refused(bitsToBytes(`11000000 ${'0'.repeat(16)} 10000 000000 00000 ${layers} 11 ${long}`))).toBe(
      'malformed',
    );
  }
  // Nine references in a template; nine of a frame's own.
  expect(refused(bitsToBytes(`11000000 ${'0'.repeat(16)} 10000 000000 00000 11 10 ${'10000'.repeat(9)} ${long}`))).toBe(
    'malformed',
  );
  const reader = new DependencyReader();
  read(reader, { template: 0, frame: 1, structure: l1t3() });
  const nine = makeDescriptor({ template: 1, frame: 2, diffs: [1, 2, 3, 4, 5, 6, 7, 8, 9] });
  expect(reader.read(nine, 0, nine.length, out)).toBe('malformed');
  const eight = makeDescriptor({ template: 1, frame: 2, diffs: [1, 2, 3, 4, 5, 6, 7, 8] });
  expect(reader.read(eight, 0, eight.length, out)).toBe('read');
});
