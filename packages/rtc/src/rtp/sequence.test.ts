import { expect, test } from 'vitest';
import { SequenceUnwrapper, sequenceDelta, sequenceNewer, timestampDelta } from './sequence.js';

test('distances go the short way round', () => {
  expect(sequenceDelta(5, 3)).toBe(2);
  expect(sequenceDelta(3, 5)).toBe(-2);
  expect(sequenceDelta(0, 65_535)).toBe(1);
  expect(sequenceDelta(65_535, 0)).toBe(-1);
  expect(sequenceDelta(32_767, 0)).toBe(32_767);
  expect(sequenceDelta(32_768, 0)).toBe(-32_768);
  expect(timestampDelta(1, 0xffffffff)).toBe(2);
  expect(timestampDelta(0xffffffff, 1)).toBe(-2);
});

test('newer is ahead by less than half the circle', () => {
  expect(sequenceNewer(1, 65_535)).toBe(true);
  expect(sequenceNewer(65_535, 1)).toBe(false);
  expect(sequenceNewer(7, 7)).toBe(false);
  expect(sequenceNewer(32_768, 0)).toBe(false);
});

test('unwrapping counts on over wraps and puts late packets in their place', () => {
  const unwrapper = new SequenceUnwrapper();
  const first = unwrapper.unwrap(65_534);
  expect(unwrapper.unwrap(1) - first).toBe(3);
  expect(unwrapper.unwrap(65_535) - first).toBe(1);
  expect(unwrapper.unwrap(2) - first).toBe(4);
  let last = unwrapper.unwrap(3);
  for (let i = 4; i < 200_000; i += 7) {
    const next = unwrapper.unwrap(i & 0xffff);
    expect(next - last).toBe(i === 4 ? 1 : 7);
    last = next;
  }
});

test('packets from before the first are below it and not negative', () => {
  const unwrapper = new SequenceUnwrapper();
  expect(unwrapper.unwrap(2) - unwrapper.unwrap(65_000)).toBe(538);
  expect(unwrapper.unwrap(65_000)).toBeGreaterThan(0);
});
