import { expect, test } from 'vitest';
import { DependencyDescriptor, parseDependencyDescriptor } from './dependency-descriptor.js';
import { isKeyFrameStart } from './payload.js';
import { parseVp9Descriptor, Vp9Descriptor } from './vp9.js';

function starts(codec: string, bytes: number[]): boolean {
  const framed = Uint8Array.from([0xff, 0xff, ...bytes, 0xff, 0xff]);
  return isKeyFrameStart(codec, framed, 2, bytes.length);
}

test('every Opus packet is a start, no packet of an unknown codec is', () => {
  expect(starts('opus', [0xfc])).toBe(true);
  expect(starts('h263', [0x80, 0])).toBe(false);
});

test('VP8: the inverse key frame bit after a descriptor of any length', () => {
  expect(starts('vp8', [0x10, 0x00])).toBe(true);
  expect(starts('vp8', [0x10, 0x01])).toBe(false);
  expect(starts('vp8', [0x90, 0xf0, 0x92, 0x34, 0xab, 0x29, 0x10])).toBe(true);
  expect(starts('vp8', [0x90, 0xf0, 0x12, 0xab, 0x29, 0x11])).toBe(false);
  expect(starts('vp8', [0x90, 0xf0, 0x92, 0x34, 0xab, 0x29])).toBe(false);
  expect(starts('vp8', [0x10])).toBe(false);
});

test('VP9: not inter-predicted, start of frame, lowest spatial layer', () => {
  expect(starts('vp9', [0x08, 0x82])).toBe(true);
  expect(starts('vp9', [0x88, 0x92, 0x34, 0x82])).toBe(true);
  // P; no B.
  expect(starts('vp9', [0x48, 0x82])).toBe(false);
  expect(starts('vp9', [0x00, 0x82])).toBe(false);
  // I, L, B: SID 0, then SID 1, after a 15-bit and a 7-bit id.
  expect(starts('vp9', [0xa8, 0x92, 0x34, 0x00, 0x07, 0x82])).toBe(true);
  expect(starts('vp9', [0xa8, 0x92, 0x34, 0x02, 0x07, 0x82])).toBe(false);
  expect(starts('vp9', [0xa8, 0x12, 0x03, 0x07, 0x82])).toBe(false);
  expect(starts('vp9', [0xa8, 0x92, 0x34])).toBe(false);
});

test('VP9: the whole descriptor in non-flexible mode with a scalability structure', () => {
  const out = new Vp9Descriptor();
  // I L B V; id 0x1234; TID 1 U SID 0; TL0 7; SS: 2 layers with sizes, one picture of the group with two references
  const ss = [0b001_11_000, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 1, 0b000_0_10_00, 1, 2];
  const bytes = Uint8Array.from([0xaa, 0x92, 0x34, 0x30, 7, ...ss, 0x82]);
  expect(parseVp9Descriptor(bytes, 0, bytes.length, out)).toBe(true);
  expect(out).toMatchObject({
    descriptorLength: bytes.length - 1,
    pictureId: 0x1234,
    pictureIdBits: 15,
    tid: 1,
    switchingUp: true,
    sid: 0,
    interLayer: false,
    tl0PicIdx: 7,
    startOfFrame: true,
    endOfFrame: false,
    structure: true,
    width: 640,
    height: 360,
  });
  for (let length = 0; length < bytes.length; length++) {
    expect(parseVp9Descriptor(bytes, 0, length, out)).toBe(false);
  }
});

test('VP9: references of flexible mode, three at most', () => {
  const out = new Vp9Descriptor();
  const three = Uint8Array.from([0xf4, 5, 0x00, 3, 3, 2, 0x99]);
  expect(parseVp9Descriptor(three, 0, three.length, out)).toBe(true);
  expect(out).toMatchObject({ descriptorLength: 6, flexible: true, interPredicted: true, tl0PicIdx: -1, sid: 0 });
  expect(parseVp9Descriptor(Uint8Array.from([0xf4, 5, 0x00, 3, 3, 3, 2, 0x99]), 0, 8, out)).toBe(false);
});

test('H.264: a parameter set or the first slice of an IDR picture alone', () => {
  expect(starts('h264', [0x67, 0x42, 0xe0, 0x1f])).toBe(true);
  expect(starts('h264', [0x65, 0x88, 0x84])).toBe(true);
  // A later slice: first_mb_in_slice is not 0.
  expect(starts('h264', [0x65, 0x04, 0x84])).toBe(false);
  expect(starts('h264', [0x41, 0x9a])).toBe(false);
  expect(starts('h264', [0x68, 0xce])).toBe(false);
  expect(starts('h264', [0x67])).toBe(false);
});

test('H.264: in an aggregation packet, wherever it stands', () => {
  expect(starts('h264', [0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce])).toBe(true);
  expect(starts('h264', [0x78, 0, 2, 0x09, 0x10, 0, 3, 0x67, 0x42, 1])).toBe(true);
  expect(starts('h264', [0x78, 0, 2, 0x06, 0x10, 0, 3, 0x41, 0x9a, 1])).toBe(false);
  // STAP-B with its decoding order number, MTAP16 and MTAP24 with theirs and times.
  expect(starts('h264', [0x79, 0, 1, 0, 2, 0x67, 0x42])).toBe(true);
  expect(starts('h264', [0x7a, 0, 1, 0, 2, 9, 9, 9, 0x67, 0x42])).toBe(true);
  expect(starts('h264', [0x7b, 0, 1, 0, 2, 9, 9, 9, 9, 0x67, 0x42])).toBe(true);
  // A unit longer than the packet, an empty one.
  expect(starts('h264', [0x78, 0, 9, 0x67, 0x42])).toBe(false);
  expect(starts('h264', [0x78, 0, 0, 0x67, 0x42])).toBe(false);
});

test('H.264: as the first fragment, not the following ones', () => {
  expect(starts('h264', [0x7c, 0x85, 0x88])).toBe(true);
  expect(starts('h264', [0x7c, 0x05, 0x88])).toBe(false);
  expect(starts('h264', [0x7c, 0x45, 0x88])).toBe(false);
  expect(starts('h264', [0x7c, 0x81, 0x88])).toBe(false);
  expect(starts('h264', [0x7c, 0x85])).toBe(false);
});

test('AV1: the bit for a new sequence, or a sequence header', () => {
  expect(starts('av1', [0x18, 0x0a, 0x0b])).toBe(true);
  // N together with Z contradicts itself.
  expect(starts('av1', [0x98, 0x30, 0x0b])).toBe(false);
  // W=1: one element, without length; W=2: the first with length; W=0: all with length.
  expect(starts('av1', [0x10, 0x0a, 0x0b])).toBe(true);
  expect(starts('av1', [0x10, 0x32, 0x0b])).toBe(false);
  expect(starts('av1', [0x20, 0x02, 0x12, 0x00, 0x0a, 0x0b])).toBe(true);
  expect(starts('av1', [0x00, 0x01, 0x12, 0x02, 0x0a, 0x0b])).toBe(true);
  expect(starts('av1', [0x00, 0x01, 0x32])).toBe(false);
  // The continued element of another packet only looks like a header.
  expect(starts('av1', [0x90, 0x0a, 0x0b])).toBe(false);
  expect(starts('av1', [0xa0, 0x01, 0x0a, 0x0a, 0x0b])).toBe(true);
  // Lengths that are too long, or no end of one.
  expect(starts('av1', [0x00, 0x05, 0x0a])).toBe(false);
  expect(starts('av1', [0x00, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0a])).toBe(false);
});

test('the dependency descriptor’s mandatory fields, and whether a structure follows', () => {
  const out = new DependencyDescriptor();
  expect(parseDependencyDescriptor(Uint8Array.from([0, 0x85, 0x12, 0x34, 0x80, 0]), 1, 5, out)).toBe(true);
  expect(out).toEqual({ startOfFrame: true, endOfFrame: false, templateId: 5, frameNumber: 0x1234, structure: true });
  expect(parseDependencyDescriptor(Uint8Array.from([0x7f, 0, 1]), 0, 3, out)).toBe(true);
  expect(out).toEqual({ startOfFrame: false, endOfFrame: true, templateId: 63, frameNumber: 1, structure: false });
  expect(parseDependencyDescriptor(Uint8Array.from([0x7f, 0]), 0, 2, out)).toBe(false);
});
