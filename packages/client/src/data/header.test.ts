import { expect, test } from 'vitest';
import { splitAddress, withAddress } from './header.js';

test('a message to somebody begins with their id and its length', () => {
  expect(withAddress('ann', 'hi')).toBe('\u0003annhi');
  expect(withAddress(null, 'hi')).toBe('\u0000hi');
  expect(withAddress('ann', new Uint8Array([9, 8]))).toEqual(new Uint8Array([3, 97, 110, 110, 9, 8]));
});

test('what comes names its sender, text or not', () => {
  expect(splitAddress('\u0003bobпривет')).toEqual({ from: 'bob', data: 'привет' });
  const { from, data } = splitAddress(new Uint8Array([3, 98, 111, 98, 7])) ?? {};
  expect([from, [...(data as Uint8Array)]]).toEqual(['bob', [7]]);
});

test('a message without a proper sender is none', () => {
  for (const bad of ['', '\u0000x', '\u0005ab', `\u0041${'x'.repeat(80)}`]) expect(splitAddress(bad)).toBeNull();
  expect(splitAddress(new Uint8Array([200, 1]))).toBeNull();
});
