import { expect, test } from 'vitest';
import { Overload } from './overload.js';

const feed = (overload: Overload, ...shares: number[]) => {
  for (const share of shares) overload.sample(share);
  return overload.level;
};

test('a busy second or two shed nothing', () => {
  const overload = new Overload();
  expect(feed(overload, 1, 1, 0.5, 1, 1, 0.5)).toBe(0);
});

test('it sheds step by step while it stays at its limit, and no further than twice', () => {
  const overload = new Overload();
  expect(feed(overload, 1, 1, 1)).toBe(1);
  expect(feed(overload, 0.95, 0.95)).toBe(1);
  expect(feed(overload, 0.95)).toBe(2);
  expect(feed(overload, 1, 1, 1, 1, 1, 1)).toBe(2);
});

test('it comes back step by step, with room to spare', () => {
  const overload = new Overload();
  feed(overload, 1, 1, 1, 1, 1, 1);
  expect(feed(overload, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8)).toBe(2);
  expect(feed(overload, 0.5, 0.5, 0.5, 0.5)).toBe(2);
  expect(feed(overload, 0.5)).toBe(1);
  expect(feed(overload, 0.5, 0.5, 0.5, 0.5, 0.5)).toBe(0);
});
