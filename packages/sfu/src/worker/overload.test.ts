import { expect, test } from 'vitest';
import { Overload } from './overload.js';

/** Seconds with this busy share and this lateness, ms. */
const feed = (overload: Overload, lateMs: number, ...shares: number[]) => {
  for (const share of shares) {
    for (let i = 0; i < 40; i++) overload.tick(lateMs);
    overload.sample(share);
  }
  return overload.level;
};

test('a busy second or two shed nothing', () => {
  expect(feed(new Overload(), 60, 1, 1, 0.5, 1, 1, 0.5)).toBe(0);
});

test('a loop that is full and in time sheds nothing', () => {
  expect(feed(new Overload(), 5, 1, 1, 1, 1, 1, 1, 1)).toBe(0);
});

test('a loop that is late and has time to spare waits for its turn on the machine, which shedding would not change', () => {
  expect(feed(new Overload(), 200, 0.4, 0.4, 0.4, 0.4, 0.4)).toBe(0);
});

test('it sheds step by step while it is at its limit, and the second step only when packets wait for long', () => {
  const overload = new Overload();
  expect(feed(overload, 40, 1, 1, 1)).toBe(1);
  expect(feed(overload, 40, 1, 1, 1, 1, 1, 1)).toBe(1);
  expect(feed(overload, 100, 0.95, 0.95)).toBe(1);
  expect(feed(overload, 100, 0.95)).toBe(2);
  expect(feed(overload, 1_000, 1, 1, 1, 1, 1, 1)).toBe(2);
});

test('a loop that never comes round is late', () => {
  const overload = new Overload();
  for (let i = 0; i < 3; i++) overload.sample(1);
  expect(overload.level).toBe(1);
});

test('it comes back step by step, with room to spare', () => {
  const overload = new Overload();
  feed(overload, 200, 1, 1, 1, 1, 1, 1);
  expect(feed(overload, 30, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8)).toBe(2);
  expect(feed(overload, 30, 0.5, 0.5, 0.5, 0.5)).toBe(2);
  expect(feed(overload, 30, 0.5)).toBe(1);
  expect(feed(overload, 2, 0.8, 0.8, 0.8, 0.8, 0.8)).toBe(0);
});
