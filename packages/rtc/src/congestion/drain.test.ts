import { expect, test } from 'vitest';
import { Drain, flightShare } from './drain.js';

/** Feedback each 50 ms about a queue; the path is overused in the first. */
function run(drain: Drain, fromMs: number, toMs: number, queueMs: (ms: number) => number): void {
  for (let now = fromMs; now < toMs; now += 50) drain.update(now === fromMs, queueMs(now - fromMs), now);
}

test('a queue that overuse made is drained until little is left', () => {
  const drain = new Drain();
  expect(drain.share).toBe(1);
  run(drain, 0, 500, (ms) => 200 - ms / 5);
  expect(drain.share).toBe(0.8);
  run(drain, 500, 1000, (ms) => 100 - ms / 5);
  expect(drain.share).toBe(1);
  expect(drain.contested(1000)).toBe(false);
});

test('a long queue is drained faster', () => {
  const drain = new Drain();
  drain.update(true, 400, 0);
  expect(drain.share).toBe(0.5);
  drain.update(false, 200, 500);
  expect(drain.share).toBe(0.8);
});

test('neither a short queue nor a long one without overuse is drained', () => {
  const drain = new Drain();
  drain.update(true, 60, 0);
  drain.update(false, 300, 100);
  expect(drain.active).toBe(false);
});

test('a queue that doesn’t get shorter is somebody else’s, and isn’t given way to for ten seconds', () => {
  const drain = new Drain();
  run(drain, 0, 1600, () => 200);
  expect(drain.active).toBe(false);
  expect(drain.contested(2000)).toBe(true);
  drain.update(true, 200, 5000);
  expect(drain.active).toBe(false);
  drain.update(true, 200, 12_000);
  expect(drain.active).toBe(true);
  expect(drain.contested(12_000)).toBe(false);
});

test('as long as it gets shorter it goes on', () => {
  const drain = new Drain();
  run(drain, 0, 20_000, (ms) => 2000 - ms / 11);
  expect(drain.active).toBe(true);
});

test('what is in flight is kept within the path and some queue', () => {
  // 100 ms of path, 300 of queue: 50,000 bytes at 1 Mbps.
  expect(flightShare(50_000, 1e6, 100)).toBe(1);
  expect(flightShare(100_000, 1e6, 100)).toBeCloseTo(0.5);
  expect(flightShare(10_000_000, 1e6, 100)).toBe(0.3);
  expect(flightShare(0, 1e6, 100)).toBe(1);
});
