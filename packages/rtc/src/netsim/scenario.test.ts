/** Bounds are looser than what docs/congestion.md measures, and hold for any seed. */

import { expect, test, vi } from 'vitest';
import { BURST_LOSS, LINK_CUT, POLICER, RFC8867, randomLoss } from './rfc8867.js';
import { jain, meanBps, runScenario, type ScenarioRun } from './scenario.js';

// Each takes a fraction of a second of CPU, which a busy machine may not give at once.
vi.setConfig({ testTimeout: 60_000 });

const SEEDS = [1, 2, 3];

function rfc(name: string, seed: number): ScenarioRun {
  return runScenario(RFC8867.find((scenario) => scenario.name === name)!, seed);
}

test('Jain’s index', () => {
  expect(jain([5, 5, 5])).toBe(1);
  expect(jain([9, 0, 0])).toBeCloseTo(1 / 3);
  expect(jain([0, 0])).toBe(1);
});

test('RFC 8867, 5.1: one flow follows a changing capacity', () => {
  for (const seed of SEEDS) {
    const run = rfc('5.1', seed);
    expect(run.utilisation).toBeGreaterThan(0.75);
    expect(run.queueP95Ms).toBeLessThan(120);
    expect(run.lossShare).toBeLessThan(0.02);
    expect(run.longestOverMs).toBeLessThan(2000);
  }
});

test('RFC 8867, 5.2: two flows follow a changing capacity and share it', () => {
  for (const seed of SEEDS) {
    const run = rfc('5.2', seed);
    expect(run.utilisation).toBeGreaterThan(0.8);
    expect(run.queueP95Ms).toBeLessThan(200);
    expect(run.fairness).toBeGreaterThan(0.9);
  }
});

test('RFC 8867, 5.3: feedback that has to queue doesn’t stop either direction', () => {
  for (const seed of SEEDS) {
    const run = rfc('5.3', seed);
    expect(run.utilisation).toBeGreaterThan(0.75);
    expect(run.queueP95Ms).toBeLessThan(150);
    expect(run.flows[1].meanBps).toBeGreaterThan(1.1e6);
  }
});

test('RFC 8867, 5.4: late comers get their share', () => {
  for (const seed of SEEDS) {
    const run = rfc('5.4', seed);
    expect(run.fairness).toBeGreaterThan(0.85);
    expect(run.utilisation).toBeGreaterThan(0.85);
    expect(run.queueP95Ms).toBeLessThan(200);
  }
});

test('RFC 8867, 5.5: the longest way gets its share, too', () => {
  const run = rfc('5.5', 1);
  expect(run.fairness).toBeGreaterThan(0.85);
  expect(run.flows[4].meanBps).toBeGreaterThan(300_000);
  expect(run.utilisation).toBeGreaterThan(0.85);
});

test('RFC 8867, 5.6: beside TCP that fills the queue a picture remains', () => {
  for (const seed of SEEDS) {
    const run = rfc('5.6', seed);
    expect(run.flows[0].meanBps).toBeGreaterThan(150_000);
    const seconds = Array.from({ length: 20 }, (_, i) =>
      meanBps(run.flows[0].samples, 20_000 + i * 5000, 25_000 + i * 5000),
    );
    expect(Math.min(...seconds)).toBeGreaterThan(80_000);
  }
});

test('two flows share a link fairly, begun together or one late', () => {
  for (const seed of SEEDS) {
    for (const startMs of [0, 10_000]) {
      const flows = [{}, { startMs }];
      const path = { name: 'two', title: '', durationMs: 120_000, capacity: 2e6, propagationMs: 50 };
      const run = runScenario({ ...path, flows, assessFromMs: 60_000 }, seed);
      expect(run.fairness).toBeGreaterThanOrEqual(0.9);
      expect(run.utilisation).toBeGreaterThan(0.85);
    }
  }
});

test('3 Mbps, 500 kbps, 3 Mbps: not over it for 2 s, queues short after 3 s, back in 10 s', () => {
  for (const seed of [...SEEDS, 4, 5, 6, 7, 8]) {
    const run = runScenario(LINK_CUT, seed);
    expect(run.longestOverMs).toBeLessThanOrEqual(2000);
    expect(run.link.queueingDelayMs(0.95, 33_000, 60_000)).toBeLessThan(200);
    const { samples } = run.flows[0];
    const back = samples.find((sample) => sample.atMs > 60_000 && sample.targetBps! >= 0.85 * 3e6);
    expect(back?.atMs).toBeLessThanOrEqual(70_000);
    expect(meanBps(samples, 10_000, 30_000)).toBeGreaterThan(2.2e6);
    expect(meanBps(samples, 35_000, 60_000)).toBeGreaterThan(380_000);
  }
});

test('random loss doesn’t bring the rate down', () => {
  for (const roundTripMs of [50, 200]) {
    for (const loss of [0.01, 0.05, 0.1, 0.2]) {
      const run = runScenario(randomLoss(loss, roundTripMs), 1);
      expect(run.utilisation).toBeGreaterThan(0.7);
      expect(run.queueP95Ms).toBeLessThan(100);
    }
  }
});

test('a fifth of all packets lost by chance still leaves four fifths of the link to use', () => {
  for (const roundTripMs of [50, 200]) {
    const runs = [1, 2, 3, 4, 5, 6].map((seed) => runScenario(randomLoss(0.2, roundTripMs), seed).utilisation);
    expect(runs.reduce((a, b) => a + b, 0) / runs.length).toBeGreaterThan(0.8);
  }
});

test('in front of a queue of two seconds the cut doesn’t fill it for long', () => {
  for (const seed of SEEDS) {
    const run = runScenario({ ...LINK_CUT, queueMs: 2000 }, seed);
    expect(run.link.queueingDelayMs(0.95, 33_000, 60_000)).toBeLessThan(300);
    expect(meanBps(run.flows[0].samples, 33_000, 60_000)).toBeGreaterThan(380_000);
  }
});

test('bursts of loss don’t bring the rate down', () => {
  expect(runScenario(BURST_LOSS).utilisation).toBeGreaterThan(0.7);
});

test('the loss of a policer brings it down to the policer’s rate', () => {
  for (const seed of SEEDS) {
    const run = runScenario(POLICER, seed);
    expect(run.lossShare).toBeLessThan(0.12);
    expect(run.utilisation).toBeGreaterThan(0.8);
  }
});
