import { expect, test } from 'vitest';
import { ProbeController } from './probing.js';

const MAX = 20e6;
const ALL = Number.POSITIVE_INFINITY;

test('it starts with three times the estimate and doubles what gets through', () => {
  const probes = new ProbeController();
  const first = probes.next(300_000, ALL, MAX, true, 0)!;
  expect(first.bps).toBe(900_000);
  expect(probes.next(300_000, ALL, MAX, true, 50)).toBeNull();
  probes.result(first.id, true, 900_000, 150);
  const second = probes.next(900_000, ALL, MAX, true, 160)!;
  expect(second.bps).toBe(1_800_000);
  expect(probes.exploring).toBe(true);
  probes.result(second.id, false, 1_200_000, 300);
  expect(probes.next(1_200_000, ALL, MAX, true, 310)).toBeNull();
});

test('probes that fail come less and less often, every four and a half seconds at last', () => {
  const probes = new ProbeController();
  const times: number[] = [];
  for (let now = 0; now < 60_000; now += 25) {
    const cluster = probes.next(1e6, ALL, MAX, true, now);
    if (cluster === null) continue;
    times.push(now);
    probes.result(cluster.id, false, 1e6, now);
  }
  const waits = times.slice(1).map((at, i) => at - times[i]);
  expect(waits[0]).toBe(3000);
  expect(waits.at(-1)).toBe(4500);
  expect(waits.every((wait, i) => i === 0 || wait >= waits[i - 1])).toBe(true);
});

test('nothing is probed beyond what is wanted or allowed', () => {
  const probes = new ProbeController();
  const first = probes.next(300_000, 500_000, MAX, true, 0)!;
  expect(first.bps).toBe(600_000);
  probes.result(first.id, true, 600_000, 100);
  expect(probes.next(600_000, 500_000, MAX, true, 200)).toBeNull();
  expect(probes.next(600_000, 500_000, MAX, true, 60_000)).toBeNull();
  expect(probes.next(600_000, 5e6, 700_000, true, 60_025)!.bps).toBe(700_000);
});

test('a path in trouble is left alone', () => {
  const probes = new ProbeController();
  probes.result(probes.next(300_000, ALL, MAX, true, 0)!.id, true, 900_000, 100);
  for (let now = 200; now < 20_000; now += 25) expect(probes.next(300_000, ALL, MAX, false, now)).toBeNull();
});

test('after a fall it looks for what there was, and then for less', () => {
  const probes = new ProbeController();
  probes.result(probes.next(3e6, ALL, MAX, true, 0)!.id, false, 0, 100);
  const asked: number[] = [];
  for (let now = 5000; now < 25_000; now += 25) {
    const cluster = probes.next(500_000, ALL, MAX, true, now);
    if (cluster === null) continue;
    asked.push(cluster.bps);
    probes.result(cluster.id, false, 0, now);
  }
  expect(asked[0]).toBeGreaterThan(1.5e6);
  expect(asked[1]).toBeLessThan(asked[0]);
  expect(asked.at(-1)).toBe(750_000);
});

test('a cluster of which nothing is heard is given up', () => {
  const probes = new ProbeController();
  const lost = probes.next(1e6, ALL, MAX, true, 0)!;
  expect(probes.next(1e6, ALL, MAX, true, 1999)).toBeNull();
  for (let now = 2000; now < 20_000; now += 25) {
    const next = probes.next(1e6, ALL, MAX, true, now);
    if (next === null) continue;
    expect(next.id).not.toBe(lost.id);
    probes.result(lost.id, true, 5e6, now);
    expect(probes.next(1e6, ALL, MAX, true, now + 25)).toBeNull();
    return;
  }
  expect.unreachable('no other probe');
});

test('slow probes are padded with small packets', () => {
  const slow = new ProbeController().next(50_000, ALL, MAX, true, 0)!;
  expect(slow.paddingBytes).toBe(250);
  expect((slow.minPackets * slow.paddingBytes * 8000) / slow.bps).toBeLessThan(120);
  expect(new ProbeController().next(2e6, ALL, MAX, true, 0)!.paddingBytes).toBe(1200);
});
