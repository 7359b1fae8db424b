import { expect, test } from 'vitest';
import { gaussian, seededRandom } from '../netsim/random.js';
import { ProbeResult } from './probe-result.js';

interface Cluster {
  bps?: number;
  packets?: number;
  linkBps?: number;
  jitterMs?: number;
  lost?: (i: number) => boolean;
  inherentLoss?: number;
  first?: number;
  clock?: (us: number) => number;
  seed?: number;
}

function measure(cluster: Cluster): { bps: number; full: boolean } {
  const { bps = 2e6, packets = 12, linkBps = 100e6, jitterMs = 0, lost = () => false } = cluster;
  const { first = 65_530, clock = (us) => us, seed = 1, inherentLoss = 0 } = cluster;
  const random = seededRandom(seed);
  const result = new ProbeResult();
  result.begin(1, bps, first);
  result.sent((first + packets - 1) & 0xffff);
  let freeMs = 0;
  let outMs = 0;
  for (let i = 0; i < packets; i++) {
    const sentMs = 4_294_960 + (i * 1200 * 8000) / bps;
    freeMs = Math.max(freeMs, sentMs) + (1200 * 8000) / linkBps;
    outMs = Math.max(outMs, freeMs + 50 + Math.abs(gaussian(random)) * jitterMs);
    const sequence = (first + i) & 0xffff;
    if (lost(i)) result.lost(sequence);
    else result.acknowledged(sequence, (sentMs * 1000) >>> 0, clock(outMs * 1000), 1200);
  }
  expect(result.complete).toBe(true);
  return { bps: result.take(inherentLoss), full: result.full };
}

test('a path that carries the probe is known to carry it', () => {
  const { bps, full } = measure({});
  expect(bps / 2e6).toBeCloseTo(1, 1);
  expect(full).toBe(false);
});

test('a path that is narrower shows its own rate', () => {
  const { bps, full } = measure({ linkBps: 1.2e6 });
  expect(bps / 1.2e6).toBeCloseTo(1, 1);
  expect(full).toBe(true);
});

test('jitter makes little of it', () => {
  let errors = 0;
  for (let seed = 0; seed < 100; seed++) {
    if (Math.abs(measure({ linkBps: 1.2e6, jitterMs: 5, seed }).bps / 1.2e6 - 1) > 0.25) errors++;
  }
  expect(errors).toBeLessThan(10);
});

test('loss is a narrower path, unless it is the path’s own', () => {
  const lost = (i: number): boolean => i % 3 === 1;
  expect(measure({ lost })).toMatchObject({ full: true });
  expect(measure({ lost }).bps).toBeLessThan(1.5e6);
  const radio = measure({ lost, inherentLoss: 0.33 });
  expect(radio.full).toBe(false);
  expect(radio.bps).toBeGreaterThan(1.7e6);
});

test('too little of it arriving tells nothing', () => {
  expect(measure({ lost: (i) => i % 4 !== 0 }).bps).toBe(0);
  expect(measure({ packets: 3 }).bps).toBe(0);
});

test('whatever the receiver’s clock says, the result is not more than was sent', () => {
  const origin = 4_294_960_000;
  const clocks = [
    () => 0,
    (us: number) => -us,
    (us: number) => origin + (us - origin) / 1000,
    (us: number) => us * 1e6,
  ];
  for (const clock of clocks) {
    const { bps } = measure({ clock });
    expect(bps).toBeGreaterThanOrEqual(0);
    expect(bps).toBeLessThanOrEqual(2.4e6);
  }
});

test('of packets before and after the cluster it takes no notice', () => {
  const result = new ProbeResult();
  result.begin(1, 2e6, 100);
  for (let i = 0; i < 10; i++) result.acknowledged(90 + i, i, i, 1200);
  result.sent(105);
  expect(result.complete).toBe(false);
  for (let i = 0; i < 6; i++) result.acknowledged(100 + i, 1e6 + i * 4800, 2e6 + i * 4800, 1200);
  for (let i = 6; i < 20; i++) result.acknowledged(100 + i, 9e6 + i, 9e6 + i, 1200);
  expect(result.complete).toBe(true);
  expect(result.take(0) / 2e6).toBeCloseTo(1, 1);
});
