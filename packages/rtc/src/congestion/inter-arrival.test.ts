import { expect, test } from 'vitest';
import { InterArrival } from './inter-arrival.js';

/** Feeds [sent ms, arrived ms] and returns what each completed pair of groups told. */
function deltas(packets: [number, number][], arrivals = new InterArrival()): [number, number][] {
  const told: [number, number][] = [];
  for (const [sent, arrived] of packets) {
    if (arrivals.packet((sent * 1000) >>> 0, arrived * 1000)) {
      told.push([arrivals.sendDeltaUs / 1000, arrivals.arrivalDeltaUs / 1000]);
    }
  }
  return told;
}

test('packets sent within 5 ms are one group, measured at its last packet', () => {
  const told = deltas([
    [0, 50],
    [5, 55],
    [20, 70],
    [24, 76],
    [40, 95],
  ]);
  expect(told).toEqual([[19, 21]]);
});

test('a burst that the path held up is one group, though it was sent over a longer time', () => {
  const held: [number, number][] = [0, 10, 20, 30, 40].map((sent) => [sent, 100 + sent / 20]);
  const told = deltas([[-30, 20], [-20, 30], ...held, [60, 110], [80, 130]]);
  // From -20 to the burst's last, then to the next.
  expect(told).toEqual([
    [10, 10],
    [60, 72],
    [20, 8],
  ]);
});

test('a burst is cut after 100 ms of arrivals', () => {
  const endless: [number, number][] = Array.from({ length: 100 }, (_, i) => [i * 10, 100 + i * 4]);
  // 400 ms of arrivals are four groups; a pair needs the group after it.
  expect(deltas(endless)).toHaveLength(2);
});

test('reordered packets are no edge of a group', () => {
  const told = deltas([
    [0, 50],
    [20, 70],
    [10, 80],
    [40, 90],
    [60, 110],
  ]);
  expect(told).toEqual([
    [20, 20],
    [20, 20],
  ]);
});

test('the sender’s clock may wrap', () => {
  const wrap = 2 ** 32 / 1000;
  const told = deltas([
    [wrap - 30, 10],
    [wrap - 10, 30],
    [wrap + 10, 50],
    [wrap + 30, 70],
  ]);
  expect(told).toHaveLength(2);
  for (const [sent, arrived] of told) {
    expect(sent).toBeCloseTo(20, 2);
    expect(arrived).toBeCloseTo(20, 5);
  }
});

test('after a pause it begins anew; a clock that jumps is counted', () => {
  const arrivals = new InterArrival();
  expect(
    deltas(
      [
        [0, 50],
        [20, 70],
        [5000, 5050],
        [5020, 5070],
      ],
      arrivals,
    ),
  ).toEqual([]);
  expect(arrivals.implausible).toBe(0);
  deltas([[5040, 900_000]], arrivals);
  expect(arrivals.implausible).toBe(1);
  deltas([[5060, 20]], arrivals);
  expect(arrivals.implausible).toBe(2);
});
