import { expect, test } from 'vitest';
import { LoadMeter } from './load.js';

test('a sample is the share of the time since the one before', () => {
  let nowMs = 0;
  let user = 0;
  let active = 0;
  let idle = 0;
  const meter = new LoadMeter({
    nowMs: () => nowMs,
    cpuUsage: () => ({ user, system: 100_000 }),
    eventLoopUtilization: () => ({ active, idle, utilization: 0 }),
    rssBytes: () => 1234,
  });
  [nowMs, user, active, idle] = [1000, 250_000, 200, 800];
  expect(meter.sample()).toEqual({ cpu: 0.25, loop: 0.2, rssBytes: 1234 });
  [nowMs, user, active, idle] = [1500, 1_000_000, 700, 800];
  expect(meter.sample()).toEqual({ cpu: 1.5, loop: 1, rssBytes: 1234 });
});

test('samples within one millisecond repeat the last figures', () => {
  const meter = new LoadMeter({
    nowMs: () => 5,
    cpuUsage: () => ({ user: 1, system: 1 }),
    eventLoopUtilization: () => ({ active: 1, idle: 1, utilization: 0.5 }),
    rssBytes: () => 7,
  });
  expect(meter.sample()).toEqual({ cpu: 0, loop: 0, rssBytes: 7 });
});

test('the real process has a plausible load', () => {
  const meter = new LoadMeter();
  const until = performance.now() + 30;
  while (performance.now() < until);
  const { cpu, rssBytes } = meter.sample();
  expect(cpu).toBeGreaterThan(0);
  expect(rssBytes).toBeGreaterThan(1e6);
});
