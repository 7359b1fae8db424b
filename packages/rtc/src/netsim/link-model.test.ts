import { expect, test } from 'vitest';
import { RtcError } from '../errors.js';
import { LinkModel, type LinkOptions } from './link-model.js';
import { seededRandom } from './random.js';

const link = (options: Partial<LinkOptions>): LinkModel =>
  new LinkModel({ random: seededRandom(1), capacity: 1e6, ...options });

test('a packet takes its time on the wire and on the way', () => {
  // 1,250 bytes at 1 Mbps: 10 ms.
  expect(link({ propagationMs: 50 }).offer(100, 1250)).toBe(160);
});

test('packets offered together leave one after the other', () => {
  const path = link({});
  expect([path.offer(0, 1250), path.offer(0, 1250), path.offer(5, 1250), path.offer(100, 1250)]).toEqual([
    10, 20, 30, 110,
  ]);
});

test('a packet that would wait too long is dropped', () => {
  const path = link({ queueMs: 30 });
  const out = Array.from({ length: 6 }, () => path.offer(0, 1250));
  expect(out).toEqual([10, 20, 30, 40, null, null]);
  expect(path.dropped).toBe(2);
  expect(path.offer(20, 1250)).toBe(50);
});

test('or that finds too many bytes', () => {
  const path = link({ queueBytes: 3000 });
  expect([path.offer(0, 1250), path.offer(0, 1250), path.offer(0, 1250)]).toEqual([10, 20, null]);
});

test('a packet in service when the capacity changes takes both rates', () => {
  const path = link({
    capacity: [
      { atMs: 0, bps: 1e6 },
      { atMs: 5, bps: 0 },
      { atMs: 1000, bps: 0.5e6 },
    ],
  });
  expect(path.offer(0, 1250)).toBe(1010);
  expect(path.servedBytes(0, 1010)).toBe(1250);
});

test('nothing passes a link that is cut for good', () => {
  const path = link({
    capacity: [
      { atMs: 0, bps: 1e6 },
      { atMs: 5, bps: 0 },
    ],
  });
  expect(path.offer(0, 1250)).toBeNull();
  expect(path.dropped).toBe(1);
});

test('the capacity can be changed while it runs', () => {
  const path = link({
    capacity: [
      { atMs: 0, bps: 1e6 },
      { atMs: 500, bps: 9e6 },
    ],
  });
  path.offer(0, 1250);
  path.setCapacity(100, 0.5e6);
  expect(path.offer(100, 1250)).toBe(120);
  expect(path.offer(600, 1250)).toBe(620);
  expect(path.capacityAt(50)).toBe(1e6);
  expect(path.capacityAt(700)).toBe(0.5e6);
});

test('jitter keeps the order and its bound', () => {
  const path = link({ capacity: 1e9, jitter: { deviationMs: 10, maxMs: 20 } });
  let before = 0;
  let most = 0;
  for (let i = 0; i < 2000; i++) {
    const out = path.offer(i, 100)!;
    expect(out).toBeGreaterThanOrEqual(before);
    most = Math.max(most, out - i);
    before = out;
  }
  expect(most).toBeGreaterThan(19);
  expect(most).toBeLessThan(20.1);
});

test('random loss and reordering have their share', () => {
  const path = link({ capacity: 1e9, loss: 0.1, reordering: { share: 0.2, delayMs: 30 } });
  let lost = 0;
  let late = 0;
  for (let i = 0; i < 20_000; i++) {
    const out = path.offer(i, 100);
    if (out === null) lost++;
    else if (out > i + 29) late++;
  }
  expect(lost / 20_000).toBeCloseTo(0.1, 2);
  expect(late / (20_000 - lost)).toBeCloseTo(0.2, 1.5);
  expect(path.lost).toBe(lost);
});

test('bursty loss comes in bursts', () => {
  const path = link({ capacity: 1e9, burstLoss: { toBad: 0.02, toGood: 0.2, lossInBad: 1 } });
  const lost = Array.from({ length: 20_000 }, (_, i) => path.offer(i, 100) === null);
  const share = lost.filter(Boolean).length / lost.length;
  // toBad / (toBad + toGood)
  expect(share).toBeGreaterThan(0.075);
  expect(share).toBeLessThan(0.11);
  const bursts = lost.filter((now, i) => now && !lost[i - 1]).length;
  expect((share * lost.length) / bursts).toBeGreaterThan(4);
});

test('the same seed makes the same link', () => {
  const run = (): (number | null)[] => {
    const path = link({ loss: 0.1, jitter: { deviationMs: 5, maxMs: 20 } });
    return Array.from({ length: 100 }, (_, i) => path.offer(i * 10, 1000));
  };
  expect(run()).toEqual(run());
});

test('a capacity that makes no sense is refused', () => {
  const backwards = [
    { atMs: 10, bps: 1 },
    { atMs: 5, bps: 1 },
  ];
  for (const capacity of [[], -1, backwards]) expect(() => link({ capacity })).toThrow(RtcError);
  expect(() => link({}).setCapacity(0, Number.NaN)).toThrow(RtcError);
});
