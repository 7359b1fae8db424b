import { expect, test, vi } from 'vitest';
import { RtcError } from '../errors.js';
import { CAPACITY_JITTER, callOver } from '../netsim/testing.js';
import { BandwidthEstimator } from './estimator.js';
import { SendHistory } from './send-history.js';

// Simulated minutes can take seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const limits = { startBps: 300_000, minBps: 50_000, maxBps: 20_000_000 };

test('before anything is known the estimate is where it starts', () => {
  const estimator = new BandwidthEstimator({ history: new SendHistory(), ...limits });
  expect(estimator).toMatchObject({ targetBps: 300_000, rttMs: -1, ackedBps: 0, lossShare: 0, state: 'normal' });
});

test('limits that make no sense are refused', () => {
  for (const wrong of [{ minBps: 0 }, { startBps: 1 }, { maxBps: 200_000 }, { startBps: Number.NaN }]) {
    expect(() => new BandwidthEstimator({ history: new SendHistory(), ...limits, ...wrong })).toThrow(RtcError);
  }
});

test('the first probes find most of a wide link in seconds', () => {
  const { flow, link, time } = callOver({ capacity: 5e6, jitter: CAPACITY_JITTER });
  time.runUntil(5000);
  expect(flow.estimator.targetBps).toBeGreaterThan(3.5e6);
  expect(flow.estimator.targetBps).toBeLessThan(6e6);
  expect(flow.estimator.rttMs).toBeGreaterThan(100);
  time.runUntil(30_000);
  expect(link.utilisation(5000, 30_000)).toBeGreaterThan(0.75);
  expect(link.queueingDelayMs(0.95, 5000, 30_000)).toBeLessThan(100);
});

test('what nobody wants is not looked for', () => {
  const { flow, time } = callOver({ capacity: 10e6, encoder: { maxBps: 600_000 }, wantedBps: 600_000 });
  time.runUntil(20_000);
  expect(flow.estimator.targetBps).toBeGreaterThan(600_000);
  expect(flow.estimator.targetBps).toBeLessThan(1.5e6);
  expect(flow.probes).toBeLessThan(4);
});

test('more being wanted all of a sudden is answered by probes, though little is sent', () => {
  const { flow, time } = callOver({ capacity: 5e6, encoder: { maxBps: 300_000 }, wantedBps: 300_000 });
  time.runUntil(15_000);
  const before = flow.estimator.targetBps;
  expect(before).toBeLessThan(800_000);
  flow.estimator.wanted(3e6);
  time.runUntil(20_000);
  expect(flow.estimator.targetBps).toBeGreaterThan(2.5e6);
  expect(flow.estimator.applicationLimited).toBe(true);
});

test('the receiver’s own bound counts for ten seconds, whatever it says', () => {
  const { flow, time } = callOver({ capacity: 2e6 });
  time.runUntil(10_000);
  flow.estimator.remb(400_000, time.nowMs);
  expect(flow.estimator.targetBps).toBe(400_000);
  flow.estimator.remb(0, time.nowMs);
  expect(flow.estimator.targetBps).toBe(limits.minBps);
  flow.estimator.remb(10e9, time.nowMs);
  expect(flow.estimator.targetBps).toBeLessThan(2.5e6);
  flow.estimator.remb(Number.NaN, time.nowMs);
  flow.estimator.remb(-1, time.nowMs);
  flow.estimator.remb(300_000, time.nowMs);
  time.runUntil(15_000);
  expect(flow.estimator.targetBps).toBeLessThanOrEqual(300_000);
  time.runUntil(30_000);
  expect(flow.estimator.targetBps).toBeGreaterThan(1.2e6);
});

test('without feedback the estimate falls step by step, and comes back with it', () => {
  let cut = false;
  const { flow, time } = callOver({ capacity: 2e6, forge: (feedback) => (cut ? null : feedback) });
  time.runUntil(10_000);
  const before = flow.estimator.targetBps;
  cut = true;
  time.runUntil(13_000);
  expect(flow.estimator.targetBps).toBeLessThan(before / 2);
  time.runUntil(30_000);
  expect(flow.estimator.targetBps).toBe(limits.minBps);
  cut = false;
  time.runUntil(45_000);
  expect(flow.estimator.targetBps).toBeGreaterThan(1.4e6);
});

test('receiver reports alone bring the rate up slowly and down with loss', () => {
  const history = new SendHistory();
  const estimator = new BandwidthEstimator({ history, ...limits });
  let sequence = 0;
  let now = 0;
  const second = (loss: number): void => {
    const packets = Math.round(estimator.targetBps / 8000);
    for (let i = 0; i < packets; i++) {
      history.sent(sequence++ & 0xffff, Math.round((now + (i * 1000) / packets) * 1000), 1000);
    }
    now += 1000;
    estimator.receiverReport(loss, 80, now);
    estimator.tick(now);
  };
  for (let i = 0; i < 20; i++) second(0);
  const grown = estimator.targetBps;
  expect(grown).toBeGreaterThan(300_000 * 3);
  for (let i = 0; i < 5; i++) second(0.05);
  expect(estimator.targetBps).toBe(grown);
  second(0.2);
  expect(estimator.targetBps).toBeCloseTo(grown * 0.9, -3);
  estimator.receiverReport(7, 80, now);
  estimator.receiverReport(Number.NaN, 80, now);
  expect(estimator.lossShare).toBe(0.2);
});

test('reordering is not loss', () => {
  const { flow, time } = callOver({ capacity: 2e6, reordering: { share: 0.05, delayMs: 15 } });
  time.runUntil(20_000);
  expect(flow.estimator.lossShare).toBeLessThan(0.01);
  expect(flow.estimator.targetBps).toBeGreaterThan(1.4e6);
});
