import { expect, test } from 'vitest';
import { Encoder } from './encoder.js';
import { gaussian, seededRandom } from './random.js';
import { SimulatedLink } from './simulated-link.js';
import { TcpFlow } from './tcp-flow.js';
import { CAPACITY_JITTER, callOver } from './testing.js';
import { VirtualTime } from './virtual-time.js';

test('seeded numbers spread evenly and repeat', () => {
  const a = seededRandom(7);
  const b = seededRandom(7);
  const bins = new Array(10).fill(0);
  let sum = 0;
  let square = 0;
  for (let i = 0; i < 10_000; i++) {
    const value = a();
    expect(b()).toBe(value);
    bins[Math.floor(value * 10)]++;
  }
  for (let i = 0; i < 10_000; i++) {
    const value = gaussian(a);
    sum += value;
    square += value * value;
  }
  expect(Math.min(...bins)).toBeGreaterThan(900);
  expect(Math.abs(sum / 10_000)).toBeLessThan(0.05);
  expect(square / 10_000).toBeCloseTo(1, 1);
});

test('an encoder keeps its target on average, key frames included, and follows a new one', () => {
  const encoder = new Encoder({ random: seededRandom(1), keyFrameEveryMs: 3000 });
  const mean = (targetBps: number, fromMs: number, toMs: number): number => {
    let bytes = 0;
    for (let ms = fromMs; ms < toMs; ms += encoder.frameMs) bytes += encoder.frame(targetBps, ms);
    return (bytes * 8000) / (toMs - fromMs);
  };
  expect(mean(1e6, 0, 30_000) / 1e6).toBeCloseTo(1, 1);
  mean(2e6, 30_000, 31_000);
  expect(mean(2e6, 31_000, 60_000) / 2e6).toBeCloseTo(1, 1);
});

test('TCP alone fills the link and its queue, and comes back after an outage', () => {
  const time = new VirtualTime();
  const capacity = [
    { atMs: 0, bps: 2e6 },
    { atMs: 30_000, bps: 0 },
    { atMs: 33_000, bps: 2e6 },
  ];
  const link = new SimulatedLink(time, { capacity, propagationMs: 50, random: seededRandom(1) });
  const flow = new TcpFlow({ time, forward: link, returnMs: 50 });
  time.runUntil(60_000);
  expect(link.utilisation(5000, 30_000)).toBeGreaterThan(0.95);
  expect(link.queueingDelayMs(0.95, 5000, 30_000)).toBeGreaterThan(200);
  expect(link.utilisation(40_000, 60_000)).toBeGreaterThan(0.9);
  expect(flow.losses).toBeGreaterThan(0);
});

test('two TCP flows share', () => {
  const time = new VirtualTime();
  const link = new SimulatedLink(time, { capacity: 4e6, propagationMs: 50, queueMs: 100, random: seededRandom(1) });
  const flows = [0, 5000].map((startMs) => new TcpFlow({ time, forward: link, returnMs: 50, startMs }));
  time.runUntil(120_000);
  const ratio = flows[0].receivedBytes / flows[1].receivedBytes;
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test('a call is the same each time it is simulated', () => {
  const run = (seed: number): unknown => {
    const { time, flow } = callOver({ capacity: 1e6, loss: 0.02, jitter: CAPACITY_JITTER, seed });
    time.runUntil(10_000);
    return flow.samples;
  };
  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
});

test('media stops when it is told to', () => {
  const { time, flow, link } = callOver({ capacity: 1e6, stopMs: 5000 });
  time.runUntil(6000);
  const { offered } = link.model;
  time.runUntil(20_000);
  expect(link.model.offered).toBe(offered);
  expect(flow.receivedBytes).toBeGreaterThan(100_000);
});
