import { expect, test } from 'vitest';
import { parseVp9Descriptor, Vp9Descriptor, writeVp9Descriptor } from './vp9.js';
import { readVp9Structure, Vp9Structure } from './vp9-structure.js';

// 3 layers with sizes; 4 pictures: TID 0 refers to 4 back, TID 2 to 1, TID 1 (U) to 2, TID 2 (U) to 1 and 3.
const STRUCTURE = [
  ...[0b010_11_000, 0, 160, 0, 90, 1, 64, 0, 180, 2, 128, 1, 104],
  ...[4, 0b000_0_01_00, 4, 0b010_0_01_00, 1, 0b001_1_01_00, 2, 0b010_1_10_00, 1, 3],
];

function parse(bytes: number[]): Vp9Descriptor {
  const out = new Vp9Descriptor();
  expect(parseVp9Descriptor(Uint8Array.from(bytes), 0, bytes.length, out)).toBe(true);
  return out;
}

test('the structure tells each layer’s size and each picture of the group', () => {
  // I L B V; id 5; TID 0 SID 0; TL0 9.
  const bytes = Uint8Array.from([0xaa, 5, 0, 9, ...STRUCTURE, 0x82]);
  const descriptor = parse([...bytes]);
  expect(descriptor).toMatchObject({ structure: true, structureOffset: 4, width: 640, height: 360 });
  const structure = new Vp9Structure();
  expect(readVp9Structure(bytes, 0, descriptor, structure)).toBe(true);
  expect(structure).toMatchObject({ layerCount: 3, resolutions: true, pictureCount: 4 });
  expect([...structure.widths.subarray(0, 3)]).toEqual([160, 320, 640]);
  expect([...structure.heights.subarray(0, 3)]).toEqual([90, 180, 360]);
  expect([...structure.tids.subarray(0, 4)]).toEqual([0, 2, 1, 2]);
  expect([...structure.switchingUp.subarray(0, 4)]).toEqual([0, 0, 1, 1]);
  expect([...structure.referenceCounts.subarray(0, 4)]).toEqual([1, 1, 1, 2]);
  expect([...structure.references.subarray(0, 12)]).toEqual([4, 0, 0, 1, 0, 0, 2, 0, 0, 1, 3, 0]);
});

test('a structure may tell layers only, and a packet without one leaves the old one alone', () => {
  const structure = new Vp9Structure();
  const bytes = Uint8Array.from([0x0a, 0b001_00_000, 0x82]);
  expect(readVp9Structure(bytes, 0, parse([...bytes]), structure)).toBe(true);
  expect(structure).toMatchObject({ layerCount: 2, resolutions: false, pictureCount: 0 });
  expect(readVp9Structure(bytes, 0, parse([0x08, 0x82]), structure)).toBe(false);
  expect(structure.layerCount).toBe(2);
});

test('a structure that goes on behind the packet is refused at every cut', () => {
  const bytes = Uint8Array.from([0x0a, ...STRUCTURE, 0x82]);
  for (let length = 0; length < bytes.length; length++) {
    expect(parseVp9Descriptor(bytes, 0, length, new Vp9Descriptor())).toBe(false);
  }
});

test('references of flexible mode are told as differences', () => {
  // I P L F E; id 5; TID 1 U SID 2 D; references 1, 2, 127.
  const out = parse([0xf4, 5, 0b001_1_010_1, 3, 5, 254, 0x99]);
  expect(out).toMatchObject({ tid: 1, switchingUp: true, sid: 2, interLayer: true, endOfFrame: true });
  expect([...out.references.subarray(0, out.referenceCount)]).toEqual([1, 2, 127]);
});

test('picture id and TL0PICIDX are written into fields of the width there is, all else stays', () => {
  const copy = (bytes: number[]) => {
    const dst = new Uint8Array(40).fill(0xee);
    const length = writeVp9Descriptor(Uint8Array.from(bytes), 0, parse(bytes), 0x5432, 0xab, dst, 2);
    expect(dst[length + 2]).toBe(0xee);
    return [...dst.slice(2, 2 + length)];
  };
  const end = 0x82;
  expect(copy([0xaa, 0x92, 0x34, 0x30, 7, ...STRUCTURE, end])).toEqual([0xaa, 0xd4, 0x32, 0x30, 0xab, ...STRUCTURE]);
  expect(copy([0xa8, 0x12, 0x30, 7, end])).toEqual([0xa8, 0x32, 0x30, 0xab]);
  // Flexible mode has no TL0PICIDX.
  expect(copy([0xf4, 5, 0x30, 3, 4, end])).toEqual([0xf4, 0x32, 0x30, 3, 4]);
  expect(copy([0x08, end])).toEqual([0x08]);
  expect(copy([0x28, 0x30, 7, end])).toEqual([0x28, 0x30, 0xab]);
  const small = new Uint8Array(3);
  expect(writeVp9Descriptor(Uint8Array.of(0xa8, 1, 0, 7, end), 0, parse([0xa8, 1, 0, 7, end]), 1, 1, small, 0)).toBe(0);
});
