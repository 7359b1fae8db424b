import { expect, test } from 'vitest';
import { findExtension, readAudioLevel, readMid, readRid, readTransportSequence } from './extensions.js';

const ONE_BYTE = [0xbe, 0xde];
const TWO_BYTE = [0x10, 0x00];

/** An RTP header at offset 5 with this extension block and one CSRC. */
function packet(profile: number[], block: number[]): { bytes: Uint8Array; headerLength: number } {
  const header = [0x91, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, ...profile, 0, block.length / 4, ...block];
  return { bytes: Uint8Array.from([1, 2, 3, 4, 5, ...header, 0x33, 0x33]), headerLength: header.length };
}

function find(profile: number[], block: number[], id: number): number[] | null {
  const { bytes, headerLength } = packet(profile, block);
  const found = findExtension(bytes, 5, headerLength, id);
  if (found < 0) return null;
  const at = 5 + (found >> 8);
  return [...bytes.subarray(at, at + (found & 0xff))];
}

test('one-byte elements are found, with padding between them', () => {
  const block = [0x10, 0xaa, 0, 0, 0x31, 1, 2, 0xe0, 0xee, 0, 0, 0];
  expect(find(ONE_BYTE, block, 1)).toEqual([0xaa]);
  expect(find(ONE_BYTE, block, 3)).toEqual([1, 2]);
  expect(find(ONE_BYTE, block, 14)).toEqual([0xee]);
  expect(find(ONE_BYTE, block, 2)).toBeNull();
});

test('id 15 of the one-byte form ends the block', () => {
  expect(find(ONE_BYTE, [0xf0, 1, 0x20, 5], 2)).toBeNull();
  expect(find(ONE_BYTE, [0xf0, 1, 0x20, 5], 15)).toBeNull();
});

test('two-byte elements are found, empty ones and any id included', () => {
  const block = [200, 3, 1, 2, 3, 0, 7, 0, 15, 1, 9, 0];
  expect(find(TWO_BYTE, block, 200)).toEqual([1, 2, 3]);
  expect(find(TWO_BYTE, block, 7)).toEqual([]);
  expect(find(TWO_BYTE, block, 15)).toEqual([9]);
  expect(find([0x10, 0x0f], block, 15)).toEqual([9]);
});

test('elements that reach past the block, other profiles and no extension at all are nothing', () => {
  expect(find(ONE_BYTE, [0x1f, 1, 2, 3], 1)).toBeNull();
  expect(find(TWO_BYTE, [1, 3, 1, 2], 1)).toBeNull();
  expect(find(TWO_BYTE, [0, 0, 0, 1], 1)).toBeNull();
  expect(find([0x12, 0x34], [0x10, 0xaa, 0, 0], 1)).toBeNull();
  expect(findExtension(new Uint8Array(40).fill(0x80, 0, 1), 0, 40, 1)).toBe(-1);
  const { bytes, headerLength } = packet(ONE_BYTE, [0x10, 0xaa, 0, 0]);
  expect(findExtension(bytes, 5, headerLength, 0)).toBe(-1);
  expect(findExtension(bytes, 5, headerLength + 100, 1)).toBe(-1);
});

test('the place is counted from the header, so that it fits far up in a large arena', () => {
  const { bytes, headerLength } = packet(ONE_BYTE, [0x51, 0x12, 0x34, 0]);
  const arena = new Uint8Array(1 << 25);
  const slot = arena.length - 2048;
  arena.set(bytes.subarray(5), slot);
  const found = findExtension(arena, slot, headerLength, 5);
  expect(found & 0xff).toBe(2);
  expect(readTransportSequence(arena, slot + (found >> 8))).toBe(0x1234);
});

test('the audio level byte is voice and level', () => {
  expect(readAudioLevel(Uint8Array.from([0, 0x80 | 30]), 1)).toBe((1 << 7) | 30);
});

test('mids and rids are short visible ASCII or nothing', () => {
  const text = new Uint8Array([...'mid-17é \0'].map((c) => c.charCodeAt(0)));
  expect(readMid(text, 0, 6)).toBe('mid-17');
  expect(readRid(text, 4, 2)).toBe('17');
  expect(readMid(text, 0, 7)).toBe('');
  expect(readMid(text, 7, 1)).toBe('');
  expect(readMid(text, 8, 1)).toBe('');
  expect(readMid(text, 0, 0)).toBe('');
  expect(readMid(new Uint8Array(20).fill(65), 0, 16)).toBe('A'.repeat(16));
  expect(readMid(new Uint8Array(20).fill(65), 0, 17)).toBe('');
  expect(readMid(text, 5, 10)).toBe('');
});
