import { expect, test } from 'vitest';
import { ReceptionStatistics } from './reception.js';

function receive(statistics: ReceptionStatistics, sequences: number[]): void {
  for (const sequence of sequences) statistics.received(sequence & 0xffff, 0, 0);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test('a stream without loss reports none', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, range(100, 200));
  expect(statistics.block(0)).toEqual({
    ssrc: 7,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 199,
    jitter: 0,
    lastSr: 0,
    delaySinceLastSr: 0,
  });
});

test('the fraction is of the interval, the sum of all time (A.3)', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  // 10 packets, 2 of them lost; then 20, 5 of them lost; then none lost.
  receive(statistics, [0, 1, 2, 4, 5, 7, 8, 9]);
  expect(statistics.block(0)).toMatchObject({ fractionLost: Math.floor((2 * 256) / 10), cumulativeLost: 2 });
  receive(statistics, range(15, 30));
  expect(statistics.block(0)).toMatchObject({ fractionLost: (5 * 256) / 20, cumulativeLost: 7, highestSequence: 29 });
  receive(statistics, range(30, 40));
  expect(statistics.block(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 7 });
  expect(statistics.block(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 7 });
});

test('duplicates make the loss negative, and the fraction zero (A.3)', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, [0, 1, 1, 2, 2, 3]);
  expect(statistics.block(0)).toMatchObject({ fractionLost: 0, cumulativeLost: -2 });
});

test('a late packet takes its loss back', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, [0, 1, 3, 4]);
  expect(statistics.block(0).cumulativeLost).toBe(1);
  receive(statistics, [2, 5]);
  expect(statistics.block(0)).toMatchObject({ cumulativeLost: 0, fractionLost: 0 });
});

test('wraps are counted in the upper half (A.1)', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, range(65_530, 65_546));
  expect(statistics.block(0)).toMatchObject({ highestSequence: 0x10009, cumulativeLost: 0 });
  // A late one from before the wrap isn't another wrap.
  receive(statistics, [65_535]);
  expect(statistics.highestSequence).toBe(0x10009);
  for (let n = 65_546; n < 200_000; n++) receive(statistics, [n]);
  expect(statistics.block(0)).toMatchObject({ highestSequence: 199_999, cumulativeLost: -1 });
});

test('a jump is believed when the next packet follows it (A.1)', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, range(0, 10));
  expect(statistics.received(40_000, 0, 0)).toBe(false);
  expect(statistics.received(10, 0, 0)).toBe(true);
  expect(statistics.received(50_000, 0, 0)).toBe(false);
  expect(statistics.received(50_001, 0, 0)).toBe(true);
  receive(statistics, [50_002, 50_003]);
  expect(statistics.block(0)).toMatchObject({ highestSequence: 50_003, cumulativeLost: 0, fractionLost: 0 });
  expect(statistics.packets).toBe(16);
});

test('a gap below 3,000 is loss', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, [0, 2999]);
  expect(statistics.block(0)).toMatchObject({ cumulativeLost: 2998, fractionLost: 255 });
});

test('evenly spaced packets have no jitter, whatever the two clocks show (A.8)', () => {
  const statistics = new ReceptionStatistics(7, 48_000);
  for (let i = 0; i < 500; i++) statistics.received(i, (0xffff0000 + i * 960) >>> 0, 1.7e12 + i * 20);
  expect(statistics.block(0).jitter).toBe(0);
});

test('jitter moves a sixteenth of the way to each difference (A.8)', () => {
  const statistics = new ReceptionStatistics(7, 8000);
  // Transit times differ by 40, then 40 the other way, then 0 units of 1/8000 s: 5 ms.
  const arrivals = [0, 25, 40, 60];
  const expected: number[] = [];
  let jitter = 0;
  for (const d of [0, 40, 40, 0]) {
    jitter += (d - jitter) / 16;
    expected.push(Math.floor(jitter));
  }
  arrivals.forEach((ms, i) => {
    statistics.received(i, i * 160, ms);
    expect(statistics.block(0).jitter).toBe(expected[i]);
  });
  expect(statistics.jitterMs).toBeCloseTo(jitter / 8);
});

test('the last Sender Report and the time since then', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, [1, 2]);
  statistics.senderReport(0x12345678, 0x9abcdef0, 1000);
  expect(statistics.block(1500)).toMatchObject({ lastSr: 0x56789abc, delaySinceLastSr: 32_768 });
  expect(statistics.block(900).delaySinceLastSr).toBe(0);
  expect(statistics.block(1e12).delaySinceLastSr).toBe(0xffffffff);
});

test('a stream of which nothing came reports nothing lost', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  expect(statistics.block(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 0, highestSequence: 0 });
});

test('a given block is filled, not a new one made', () => {
  const statistics = new ReceptionStatistics(7, 90_000);
  receive(statistics, [1]);
  const block = statistics.block(0);
  expect(statistics.block(0, block)).toBe(block);
});
