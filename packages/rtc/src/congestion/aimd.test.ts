import { expect, test } from 'vitest';
import { Aimd } from './aimd.js';

function run(aimd: Aimd, seconds: number, acked: () => number, from = 0, limited = false): number {
  let now = from;
  for (; now < from + seconds * 1000; now += 100) aimd.update('normal', acked(), 100, limited, now);
  return now;
}

test('before the capacity is known it grows by 8 % a second', () => {
  const aimd = new Aimd(1e6);
  run(aimd, 10, () => aimd.bps);
  expect(aimd.bps).toBeGreaterThan(2.05e6);
  expect(aimd.bps).toBeLessThan(2.17e6);
});

test('overuse brings it to 0.85 of what arrives, and growth is slow from there', () => {
  const aimd = new Aimd(2e6);
  run(aimd, 1, () => 2e6);
  aimd.update('overuse', 1.5e6, 100, false, 1100);
  expect(aimd.bps).toBeCloseTo(1.275e6);
  expect(aimd.capacityBps).toBeCloseTo(1.5e6);
  run(aimd, 10, () => aimd.bps, 1200);
  expect(aimd.bps).toBeGreaterThan(1.275e6 + 200_000);
  expect(aimd.bps).toBeLessThan(1.275e6 + 260_000);
});

test('of one overuse that several feedbacks tell of, one decrease counts', () => {
  const aimd = new Aimd(2e6);
  run(aimd, 1, () => 2e6);
  aimd.update('overuse', 1.5e6, 150, false, 1100);
  aimd.update('overuse', 1.2e6, 150, false, 1150);
  expect(aimd.bps).toBeCloseTo(1.275e6);
  aimd.update('overuse', 1.2e6, 150, false, 1300);
  expect(aimd.bps).toBeCloseTo(1.02e6);
  // Less than half of it arrives: no waiting.
  aimd.update('overuse', 0.4e6, 150, false, 1310);
  expect(aimd.bps).toBeCloseTo(0.34e6);
});

test('while a queue drains it stays', () => {
  const aimd = new Aimd(1e6);
  for (let now = 0; now < 5000; now += 100) aimd.update('underuse', 1e6, 100, false, now);
  expect(aimd.bps).toBe(1e6);
});

test('it grows to 1.5 times what arrives and not beyond', () => {
  const aimd = new Aimd(1e6);
  run(aimd, 60, () => 1e6);
  expect(aimd.bps).toBe(1.51e6);
});

test('an application that sends less teaches nothing', () => {
  const aimd = new Aimd(1e6);
  run(aimd, 10, () => 9e5, 0, true);
  expect(aimd.bps).toBe(1e6);
});

test('more arriving than the path was thought to carry makes growth fast again', () => {
  const aimd = new Aimd(2e6);
  run(aimd, 1, () => 2e6);
  aimd.update('overuse', 1e6, 100, false, 1100);
  const now = run(aimd, 1, () => 2e6, 1200);
  const before = aimd.bps;
  run(aimd, 10, () => 2e6, now);
  expect(aimd.bps / before).toBeGreaterThan(1.9);
});

test('overuse with nothing known to arrive halves it', () => {
  const aimd = new Aimd(1e6);
  aimd.update('overuse', 0, -1, false, 0);
  expect(aimd.bps).toBe(5e5);
});

test('beside somebody who keeps the queue full it gives way only a little', () => {
  const aimd = new Aimd(2e6);
  run(aimd, 1, () => 2e6);
  aimd.update('overuse', 1e6, 100, false, 1100, 'contested');
  expect(aimd.bps).toBeCloseTo(0.97e6);
});

test('a thin path is not filled by a jump', () => {
  const aimd = new Aimd(60_000);
  aimd.update('overuse', 60_000, 100, false, 0);
  const before = aimd.bps;
  run(aimd, 1.2, () => aimd.bps, 100);
  expect(aimd.bps).toBeGreaterThan(before * 1.1);
  expect(aimd.bps).toBeLessThan(before * 1.25);
});

test('an overuse that is noticed early costs a small step, a long queue a larger one', () => {
  const after = (queue: 'short' | 'usual') => {
    const aimd = new Aimd(1e6);
    aimd.update('overuse', 1e6, 100, false, 1000, queue);
    return aimd.bps;
  };
  expect(after('short')).toBeCloseTo(920_000, -3);
  expect(after('usual')).toBeCloseTo(850_000, -3);
});
