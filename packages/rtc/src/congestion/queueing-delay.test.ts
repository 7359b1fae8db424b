import { expect, test } from 'vitest';
import { QueueingDelay } from './queueing-delay.js';

const OTHER_CLOCK_US = 77e9;

/** A packet each 10 ms and a feedback each 50. */
function run(queue: QueueingDelay, fromMs: number, toMs: number, delayMs: (ms: number) => number): void {
  for (let ms = fromMs; ms < toMs; ms += 10) {
    queue.packet((ms * 1000) >>> 0, (ms + delayMs(ms)) * 1000 + OTHER_CLOCK_US);
    if (ms % 50 === 40) queue.finish(ms);
  }
}

test('delay over the smallest is a queue, whatever the clocks show', () => {
  const queue = new QueueingDelay();
  run(queue, 0, 5000, () => 40);
  expect(queue.ms).toBeCloseTo(0);
  run(queue, 5000, 8000, () => 140);
  expect(queue.ms).toBeCloseTo(100, 1);
});

test('a path that got longer for good is no queue after twenty seconds', () => {
  const queue = new QueueingDelay();
  run(queue, 0, 5000, () => 40);
  run(queue, 5000, 30_000, () => 90);
  expect(queue.ms).toBeCloseTo(0, 1);
});

test('a queue that empties now and then stays known', () => {
  const queue = new QueueingDelay();
  run(queue, 0, 60_000, (ms) => (ms % 8000 < 500 ? 40 : 140));
  expect(queue.ms).toBeGreaterThan(99);
});

test('the sender’s clock may wrap and a receiver’s may be set', () => {
  const queue = new QueueingDelay();
  run(queue, 2 ** 32 / 1000 - 5000, 2 ** 32 / 1000 + 5000, () => 40);
  expect(queue.ms).toBeCloseTo(0, 1);
  run(queue, 2 ** 32 / 1000 + 5000, 2 ** 32 / 1000 + 6000, () => 60_000);
  expect(queue.ms).toBeLessThan(1);
  run(queue, 2 ** 32 / 1000 + 6000, 2 ** 32 / 1000 + 16_000, () => 40);
  expect(queue.ms).toBeLessThan(1);
});

test('a whole day gives finite figures', () => {
  const queue = new QueueingDelay();
  for (let ms = 0; ms < 86_400_000; ms += 20_000) {
    queue.packet((ms * 1000) >>> 0, ms * 1000);
    queue.finish(ms);
  }
  expect(queue.ms).toBeCloseTo(0, 3);
});
