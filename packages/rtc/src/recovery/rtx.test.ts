import { expect, test } from 'vitest';
import { RTX_HEADER_BYTES, readOriginalSequence, writeOriginalSequence } from './rtx.js';

test('the original sequence number stands in front of the payload', () => {
  const bytes = new Uint8Array(8);
  expect(writeOriginalSequence(bytes, 3, 0xabcd)).toBe(RTX_HEADER_BYTES);
  expect([...bytes]).toEqual([0, 0, 0, 0xab, 0xcd, 0, 0, 0]);
  expect(readOriginalSequence(bytes, 3, 5)).toBe(0xabcd);
});

test('padding sent over RTX has no original', () => {
  expect(readOriginalSequence(new Uint8Array(20), 12, 0)).toBe(-1);
  expect(readOriginalSequence(new Uint8Array(20), 12, 1)).toBe(-1);
  expect(readOriginalSequence(new Uint8Array(13), 12, 2)).toBe(-1);
});
