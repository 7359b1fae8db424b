import { expect, test } from 'vitest';
import { seededRandom } from '../netsim/random.js';
import { LossBased } from './loss-based.js';

interface Path {
  seconds: number;
  sendingBps: (loss: LossBased, second: number) => number;
  /** Share lost of what is sent at a rate. */
  loses: (bps: number) => number;
  delayBps?: number;
  queueMs?: number;
  limited?: boolean;
}

const PACKET = 1000;

/** Feedback each 50 ms about packets of 1,000 bytes. */
function run(path: Path, loss = new LossBased(), fromMs = 0): LossBased {
  const random = seededRandom(5);
  const { delayBps = 3e6, queueMs = 10, limited = false } = path;
  let carry = 0;
  for (let ms = fromMs; ms < fromMs + path.seconds * 1000; ms += 50) {
    const bps = path.sendingBps(loss, (ms - fromMs) / 1000);
    carry += (bps * 0.05) / 8 / PACKET;
    const packets = Math.floor(carry);
    carry -= packets;
    let acked = 0;
    for (let i = 0; i < packets; i++) {
      const lost = random() < path.loses(bps);
      if (!lost) acked++;
      loss.packet(((ms + (i * 50) / packets) * 1000) >>> 0, PACKET, lost);
    }
    loss.update(delayBps, (acked * PACKET * 8) / 0.05, queueMs, limited, ms);
  }
  return loss;
}

/** Sends what it may, a bit more or less each time, as encoders do. */
const follow = (loss: LossBased, second: number): number => Math.min(loss.bps, 3e6) * (1 + 0.1 * Math.sin(second * 7));

test('without loss it limits nothing', () => {
  expect(run({ seconds: 10, sendingBps: follow, loses: () => 0 }).bps).toBe(Number.POSITIVE_INFINITY);
});

test('loss that is the same at any rate doesn’t bring the rate down', () => {
  for (const share of [0.05, 0.1, 0.2]) {
    const loss = run({ seconds: 30, sendingBps: follow, loses: () => share });
    expect(loss.bps).toBeGreaterThan(2.2e6);
    expect(Math.abs(loss.share - share)).toBeLessThan(0.05);
  }
});

test('loss of what is over a rate brings it down to that rate, though no queue shows', () => {
  const capacity = 1.5e6;
  const loss = run({ seconds: 30, sendingBps: follow, loses: (bps) => Math.max(0, 1 - capacity / bps) });
  expect(loss.bps).toBeGreaterThan(1.2e6);
  expect(loss.bps).toBeLessThan(1.9e6);
});

test('the same much loss with a queue is congestion', () => {
  const path = { seconds: 15, sendingBps: () => 2.8e6, loses: () => 0.2 };
  expect(run({ ...path, queueMs: 200 }).bps).toBeLessThan(1e6);
  expect(run({ ...path, queueMs: 10 }).bps).toBeGreaterThan(2.2e6);
});

test('half of everything lost is never only the radio’s', () => {
  const loss = run({ seconds: 15, sendingBps: follow, loses: () => 0.6 });
  expect(loss.bps).toBeLessThan(1e6);
});

test('when the loss is over the limit goes', () => {
  const loss = run({ seconds: 20, sendingBps: follow, loses: (bps) => Math.max(0, 1 - 1e6 / bps) });
  expect(loss.bps).toBeLessThan(1.5e6);
  run({ seconds: 20, sendingBps: follow, loses: () => 0 }, loss, 20_000);
  expect(loss.bps).toBeGreaterThan(2.5e6);
});

test('while little is sent nothing is learnt of more', () => {
  const loss = run({ seconds: 20, sendingBps: follow, loses: (bps) => Math.max(0, 1 - 1e6 / bps) });
  const before = loss.bps;
  run({ seconds: 3, sendingBps: () => 3e5, loses: () => 0, limited: true, delayBps: 3e6 }, loss, 20_000);
  expect(loss.bps).toBeLessThan(before * 1.35);
});

test('a packet that came after all was not lost', () => {
  const loss = new LossBased();
  for (let i = 0; i < 100; i++) loss.packet(i * 5000, 1000, i % 2 === 0);
  for (let i = 0; i < 50; i++) {
    loss.recovered();
    loss.packet(i * 10_000, 1000, false);
  }
  loss.update(1e6, 1e6, 0, false, 500);
  expect(loss.share).toBe(0);
});
