import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isVp8KeyFrame, parseVp8Descriptor, Vp8Descriptor, writeVp8Descriptor } from './vp8.js';

/** Frame tag of a key frame, the start code, 640 x 480 with scaling bits set. */
const KEY_FRAME = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0xe0, 0x81];
const DELTA_FRAME = [0x11, 0x02, 0x00];

function parse(bytes: number[], length = bytes.length): Vp8Descriptor | null {
  const out = new Vp8Descriptor();
  return parseVp8Descriptor(Uint8Array.from(bytes), 0, length, out) ? out : null;
}

test('the shortest descriptor', () => {
  expect(parse([0x10, ...DELTA_FRAME])).toMatchObject({
    descriptorLength: 1,
    pictureId: -1,
    pictureIdBits: 0,
    tl0PicIdx: -1,
    tid: -1,
    keyIdx: -1,
    startOfPartition: true,
    partitionIndex: 0,
    keyFrame: false,
    width: 0,
  });
});

test('all fields, as browsers send them with temporal layers', () => {
  // X S; I L T K; 15-bit picture id; TL0PICIDX; TID 2, Y, KEYIDX 9
  expect(parse([0x90, 0xf0, 0x92, 0x34, 0xab, 0b10_1_01001, ...DELTA_FRAME])).toMatchObject({
    descriptorLength: 6,
    pictureId: 0x1234,
    pictureIdBits: 15,
    tl0PicIdx: 0xab,
    tid: 2,
    layerSync: true,
    keyIdx: 9,
    nonReference: false,
    keyFrame: false,
  });
});

test('a 7-bit picture id', () => {
  expect(parse([0xb0, 0x80, 0x7f, ...DELTA_FRAME])).toMatchObject({
    descriptorLength: 3,
    pictureId: 127,
    pictureIdBits: 7,
    nonReference: true,
  });
});

test('TID without KEYIDX, and KEYIDX without TID', () => {
  expect(parse([0x90, 0x20, 0b01_0_11111, ...DELTA_FRAME])).toMatchObject({ tid: 1, layerSync: false, keyIdx: -1 });
  expect(parse([0x90, 0x10, 0b11_1_00011, ...DELTA_FRAME])).toMatchObject({ tid: -1, layerSync: false, keyIdx: 3 });
});

test('a key frame tells its size', () => {
  expect(parse([0x90, 0x80, 5, ...KEY_FRAME])).toMatchObject({ keyFrame: true, width: 640, height: 480 });
  expect(parse([0x10, 0x10, 0, 0])).toMatchObject({ keyFrame: true, width: 0, height: 0 });
});

test('only the first packet of partition 0 is a key frame’s start', () => {
  expect(parse([0x00, ...KEY_FRAME])?.keyFrame).toBe(false);
  expect(parse([0x11, ...KEY_FRAME])?.keyFrame).toBe(false);
  expect(isVp8KeyFrame(Uint8Array.from([0x00, ...KEY_FRAME]), 0, 11)).toBe(false);
  expect(isVp8KeyFrame(Uint8Array.from([0x10, ...KEY_FRAME]), 0, 11)).toBe(true);
});

test('a descriptor that is cut off is refused at every length', () => {
  const whole = [0x90, 0xf0, 0x92, 0x34, 0xab, 0x29, 0x11];
  for (let length = 0; length < whole.length; length++) expect(parse(whole, length)).toBeNull();
  expect(parse(whole)).not.toBeNull();
});

test('a used descriptor keeps nothing of the packet before', () => {
  const out = new Vp8Descriptor();
  parseVp8Descriptor(Uint8Array.from([0xb7, 0xf0, 0x92, 0x34, 0xab, 0x29, ...KEY_FRAME]), 0, 16, out);
  parseVp8Descriptor(Uint8Array.from([0x10, ...KEY_FRAME]), 0, 11, out);
  parseVp8Descriptor(Uint8Array.from([0x00, 1, 2, 3]), 0, 4, out);
  expect(out).toEqual(Object.assign(new Vp8Descriptor(), { descriptorLength: 1 }));
});

const descriptors = fc
  .record({
    pictureId: fc.option(fc.oneof(fc.nat(127), fc.integer({ min: 128, max: 32_767 })), { nil: -1 }),
    wide: fc.boolean(),
    tl0PicIdx: fc.option(fc.nat(255), { nil: -1 }),
    tid: fc.option(fc.nat(3), { nil: -1 }),
    sync: fc.boolean(),
    keyIdx: fc.option(fc.nat(31), { nil: -1 }),
    nonReference: fc.boolean(),
  })
  .map((d) => {
    const present = (d.pictureId >= 0 ? 0x80 : 0) | (d.tl0PicIdx >= 0 ? 0x40 : 0) | (d.tid >= 0 ? 0x20 : 0);
    const extended = present | (d.keyIdx >= 0 ? 0x10 : 0);
    const bytes = [0x10 | (d.nonReference ? 0x20 : 0) | (extended ? 0x80 : 0)];
    if (extended) bytes.push(extended);
    if (d.pictureId >= 0) {
      if (d.wide || d.pictureId > 127) bytes.push(0x80 | (d.pictureId >> 8), d.pictureId & 0xff);
      else bytes.push(d.pictureId);
    }
    if (d.tl0PicIdx >= 0) bytes.push(d.tl0PicIdx);
    if (extended & 0x30) {
      bytes.push((Math.max(0, d.tid) << 6) | (d.tid >= 0 && d.sync ? 0x20 : 0) | Math.max(0, d.keyIdx));
    }
    return bytes;
  });

test('a rewritten descriptor has the new numbers, the old widths and all else as it was', () => {
  fc.assert(
    fc.property(
      descriptors,
      fc.nat(0x7fff),
      fc.nat(255),
      fc.option(fc.nat(31), { nil: -1 }),
      (bytes, pictureId, tl0PicIdx, keyIdx) => {
        const source = Uint8Array.from([7, 7, ...bytes, ...DELTA_FRAME]);
        const before = new Vp8Descriptor();
        expect(parseVp8Descriptor(source, 2, source.length - 2, before)).toBe(true);
        expect(before.descriptorLength).toBe(bytes.length);
        const target = new Uint8Array(20).fill(0xcc);
        const length = writeVp8Descriptor(source, 2, before, pictureId, tl0PicIdx, target, 3, keyIdx);
        expect(length).toBe(bytes.length);
        expect(target[2]).toBe(0xcc);
        expect(target[3 + length]).toBe(0xcc);
        target.set(DELTA_FRAME, 3 + length);
        const after = new Vp8Descriptor();
        expect(parseVp8Descriptor(target, 3, length + 3, after)).toBe(true);
        const mask = before.pictureIdBits === 7 ? 0x7f : 0x7fff;
        expect(after).toEqual({
          ...before,
          pictureId: before.pictureIdBits > 0 ? pictureId & mask : -1,
          tl0PicIdx: before.tl0PicIdx >= 0 ? tl0PicIdx : -1,
          keyIdx: before.keyIdx >= 0 && keyIdx >= 0 ? keyIdx : before.keyIdx,
        });
        // With its own numbers it is the same, byte by byte.
        writeVp8Descriptor(source, 2, before, before.pictureId, before.tl0PicIdx, target, 3);
        expect([...target.subarray(3, 3 + length)]).toEqual(bytes);
      },
    ),
    { numRuns: 1000, seed: 2 },
  );
});

test('a descriptor that finds no room is not written', () => {
  const source = Uint8Array.from([0x90, 0x80, 5, ...DELTA_FRAME]);
  const descriptor = new Vp8Descriptor();
  parseVp8Descriptor(source, 0, source.length, descriptor);
  const target = new Uint8Array(4);
  expect(writeVp8Descriptor(source, 0, descriptor, 1, 1, target, 2)).toBe(0);
  expect([...target]).toEqual([0, 0, 0, 0]);
});
