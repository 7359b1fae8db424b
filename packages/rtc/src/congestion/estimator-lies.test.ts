/** A receiver may say what it likes: the estimate stays within its limits, and what is impossible is counted. */

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { callOver } from '../netsim/testing.js';
import { BandwidthEstimator } from './estimator.js';
import { SendHistory } from './send-history.js';

// Simulated minutes can take seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const MIN = 50_000;
const MAX = 20e6;

/** Changes the 24 bits of reference time. */
function shifted(feedback: Uint8Array, steps: number): Uint8Array {
  const reference = ((feedback[16] << 16) | (feedback[17] << 8) | feedback[18]) + steps;
  feedback.set([reference >> 16, reference >> 8, reference], 16);
  return feedback;
}

test('a receiver whose clock jumps is counted and served all the same', () => {
  let n = 0;
  const { flow, link, time } = callOver({
    capacity: 2e6,
    forge: (feedback) => shifted(feedback, n++ % 100 < 50 ? 0 : 100_000),
  });
  time.runUntil(30_000);
  expect(flow.estimator.lies).toBeGreaterThan(5);
  expect(flow.estimator.targetBps).toBeGreaterThan(3e5);
  expect(link.queueingDelayMs(0.95, 5000, 30_000)).toBeLessThan(301);
});

test('feedback about packets never sent is refused', () => {
  let lying = false;
  const { flow, time } = callOver({
    capacity: 2e6,
    forge: (feedback) => {
      if (lying) feedback[12] ^= 0x40;
      return feedback;
    },
  });
  time.runUntil(10_000);
  expect(flow.estimator.lies).toBe(0);
  const before = flow.estimator.targetBps;
  lying = true;
  time.runUntil(20_000);
  expect(flow.estimator.lies).toBeGreaterThan(50);
  // As good as no feedback.
  expect(flow.estimator.targetBps).toBeLessThan(before / 4);
});

test('who claims that all arrives at once and in time gets no more than its limit', () => {
  const { flow, time } = callOver({
    capacity: 1e6,
    // Every delta is zero: no packet ever took longer than another.
    forge: (feedback) => feedback.fill(0, feedback.length - Math.floor((feedback.length - 20) * 0.6)),
  });
  time.runUntil(20_000);
  expect(flow.estimator.targetBps).toBeLessThanOrEqual(MAX);
  expect(flow.estimator.targetBps).toBeGreaterThanOrEqual(MIN);
});

test('the same feedback again and again counts once', () => {
  const seen: Uint8Array[] = [];
  const { flow, time } = callOver({
    capacity: 2e6,
    forge: (feedback) => {
      if (time.nowMs > 5000) return seen[0];
      seen.push(feedback);
      return feedback;
    },
  });
  time.runUntil(5000);
  const before = flow.estimator.targetBps;
  time.runUntil(20_000);
  // As good as no feedback.
  expect(flow.estimator.targetBps).toBeLessThan(before / 4);
});

test('garbage is refused and changes nothing', () => {
  const estimator = new BandwidthEstimator({ history: new SendHistory(), startBps: 3e5, minBps: MIN, maxBps: MAX });
  expect(estimator.feedback(new Uint8Array(100), 0, 100, 10)).toBe(false);
  expect(estimator.feedback(new Uint8Array(0), 0, 0, 10)).toBe(false);
  expect(estimator).toMatchObject({ targetBps: 3e5, lies: 2 });
});

const step = fc.record({
  sent: fc.nat(60),
  afterMs: fc.oneof(fc.nat(200), fc.nat(100_000)),
  base: fc.integer({ min: -200, max: 60 }),
  count: fc.integer({ min: 1, max: 80 }),
  reference: fc.oneof(fc.nat(20), fc.nat(0xffffff)),
  chunks: fc.uint8Array({ minLength: 24, maxLength: 24 }),
  deltas: fc.uint8Array({ minLength: 160, maxLength: 160 }),
  cut: fc.nat(40),
  report: fc.option(fc.double(), { freq: 5 }),
  remb: fc.option(fc.double(), { freq: 5 }),
  wanted: fc.option(fc.double({ noNaN: true }), { freq: 5 }),
});

test('whatever a receiver says, every figure is finite and the estimate within its limits', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const history = new SendHistory({ entries: 256 });
      const estimator = new BandwidthEstimator({ history, startBps: 3e5, minBps: MIN, maxBps: MAX });
      let sequence = 65_400;
      let now = 0;
      for (const { sent, afterMs, base, count, reference, chunks, deltas, cut, report, remb, wanted } of steps) {
        for (let i = 0; i < sent; i++, sequence++) history.sent(sequence & 0xffff, (now + i) * 1000, 1000);
        now += afterMs;
        const first = sequence + base;
        const packet = new Uint8Array(204 - cut);
        const words = Math.floor(packet.length / 4) - 1;
        packet.set([0x8f, 205, 0, words, 0, 0, 0, 1, 0, 0, 0, 2, first >> 8, first, 0, count]);
        packet.set([reference >> 16, reference >> 8, reference, 0], 16);
        packet.set(chunks, 20);
        packet.set(deltas.subarray(0, packet.length - 44), 44);
        estimator.feedback(packet, 0, packet.length, now);
        if (report !== null) estimator.receiverReport(report, report * 1e5, now);
        if (remb !== null) estimator.remb(remb, now);
        if (wanted !== null) estimator.wanted(wanted);
        estimator.tick(now);
        const cluster = estimator.probe(now);
        if (cluster !== null) {
          expect(cluster.bps).toBeLessThanOrEqual(MAX);
          expect(cluster.bps).toBeGreaterThan(0);
          estimator.probeSent(cluster.id, (sequence + 5) & 0xffff);
        }
        expect(estimator.targetBps).toBeGreaterThanOrEqual(MIN);
        expect(estimator.targetBps).toBeLessThanOrEqual(MAX);
        const { lossShare, rttMs, ackedBps, queueingDelayMs, inherentLoss } = estimator;
        for (const figure of [lossShare, rttMs, ackedBps, queueingDelayMs, inherentLoss]) {
          expect(Number.isFinite(figure)).toBe(true);
        }
        expect(lossShare).toBeGreaterThanOrEqual(0);
        expect(lossShare).toBeLessThanOrEqual(1);
        expect(queueingDelayMs).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 300, seed: 4 },
  );
});
