import { expect, test } from 'vitest';
import { isOpusDtx, opusDuration, opusHasFec } from './opus.js';

const duration = (...bytes: number[]) => opusDuration(Uint8Array.from(bytes), 0, bytes.length) / 48;
const hasFec = (...bytes: number[]) => opusHasFec(Uint8Array.from(bytes), 0, bytes.length);
const toc = (config: number, code = 0, stereo = 0) => (config << 3) | (stereo << 2) | code;

test('the TOC byte tells how long a frame lasts', () => {
  const expected = [
    ...[10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60],
    ...[10, 20, 10, 20],
    ...[2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20],
  ];
  expect(expected.map((_, config) => duration(toc(config), 0))).toEqual(expected);
});

test('one, two or any number of frames make a packet of 120 ms at most', () => {
  expect(duration(toc(9, 1), 0, 0)).toBe(40);
  expect(duration(toc(9, 2), 1, 0, 0)).toBe(40);
  expect(duration(toc(9, 3), 6, 0)).toBe(120);
  expect(duration(toc(9, 3), 7, 0)).toBe(0);
  expect(duration(toc(9, 3))).toBe(0);
  expect(duration(toc(28, 3), 0xc0 | 48, 0)).toBe(120);
  expect(opusDuration(new Uint8Array(4), 2, 3)).toBe(0);
  expect(opusDuration(new Uint8Array(4), 0, 0)).toBe(0);
});

test('a packet of one or two bytes is silence', () => {
  expect([1, 2, 3].map(isOpusDtx)).toEqual([true, true, false]);
});

test('FEC is told by the flag after the voice activity flags, in SILK and hybrid frames only', () => {
  // 20 ms: VAD, LBRR.
  expect(hasFec(toc(9), 0b0100_0000)).toBe(true);
  expect(hasFec(toc(9), 0b1011_1111)).toBe(false);
  // 40 ms: two VAD flags; 60 ms: three.
  expect(hasFec(toc(10), 0b0010_0000)).toBe(true);
  expect(hasFec(toc(10), 0b0100_0000)).toBe(false);
  expect(hasFec(toc(11), 0b0001_0000)).toBe(true);
  // Stereo: mid's flags, then side's.
  expect(hasFec(toc(9, 0, 1), 0b0001_0000)).toBe(true);
  expect(hasFec(toc(9, 0, 1), 0b0010_0000)).toBe(false);
  // Hybrid; CELT.
  expect(hasFec(toc(15), 0b0100_0000)).toBe(true);
  expect(hasFec(toc(31), 0xff)).toBe(false);
});

test('the first frame is found behind counts, lengths and padding', () => {
  expect(hasFec(toc(9, 1), 0b0100_0000, 0)).toBe(true);
  expect(hasFec(toc(9, 2), 1, 0b0100_0000, 0)).toBe(true);
  expect(hasFec(toc(9, 2), 252, 0, 0b0100_0000, 0)).toBe(true);
  expect(hasFec(toc(9, 3), 2, 0b0100_0000, 0)).toBe(true);
  expect(hasFec(toc(9, 3), 0x42, 255, 1, 0b0100_0000, 0)).toBe(true);
  expect(hasFec(toc(9, 3), 0x83, 1, 1, 0b0100_0000, 0, 0)).toBe(true);
  for (const cut of [[9], [9, 1], [9, 2], [9, 3]]) expect(hasFec(toc(cut[0], cut[1] ?? 0))).toBe(false);
  expect(hasFec(toc(9, 2), 0, 0b0100_0000)).toBe(false);
  expect(hasFec(toc(9, 2), 252)).toBe(false);
  expect(hasFec(toc(9, 3), 0x42, 255)).toBe(false);
  expect(hasFec(toc(9, 3), 0x83, 1)).toBe(false);
});
