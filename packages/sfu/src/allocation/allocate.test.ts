import { expect, test } from 'vitest';
import { allocate, type Demand, type LayerOption, leastBps, type StreamRole, wantedBps } from './allocate.js';

const THREE: LayerOption[] = [
  { spatial: 0, temporal: 2, bps: 100_000 },
  { spatial: 1, temporal: 2, bps: 400_000 },
  { spatial: 2, temporal: 2, bps: 1_500_000 },
];

function demand(role: StreamRole, order: number, options: readonly LayerOption[] = THREE, current = -1): Demand {
  return { role, order, options, current };
}

const page = () => Array.from({ length: 8 }, (_, i) => demand('thumbnail', i, THREE.slice(0, 1)));

test('with plenty, everybody gets the best', () => {
  expect([...allocate([demand('stage', 0), demand('thumbnail', 1)], 10_000_000)]).toEqual([2, 2]);
});

test('everybody gets the least before the stage gets more', () => {
  const demands = [demand('stage', 0), ...page()];
  expect([...allocate(demands, 1_100_000)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...allocate(demands, 1_400_000)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('what does not fit is paused from the last one on', () => {
  expect([...allocate([demand('stage', 0), ...page()], 460_000)]).toEqual([0, 0, 0, 0, -1, -1, -1, -1, -1]);
});

test('a shared screen comes before a stage, and a stage before thumbnails, whatever their order', () => {
  const demands = [demand('thumbnail', 0), demand('stage', 9), demand('screen', 99)];
  expect([...allocate(demands, 250_000)]).toEqual([-1, 0, 0]);
  expect([...allocate(demands, 2_200_000)]).toEqual([0, 1, 2]);
});

test('the most important picture is kept even if it does not fit', () => {
  expect([...allocate([demand('stage', 0), demand('thumbnail', 1)], 30_000)]).toEqual([0, -1]);
});

test('thumbnails are raised in turns, the first one first', () => {
  const two = THREE.slice(0, 2);
  const demands = [demand('thumbnail', 0, two), demand('thumbnail', 1, two), demand('thumbnail', 2, two)];
  expect([...allocate(demands, 800_000)]).toEqual([1, 0, 0]);
  expect([...allocate(demands, 1_000_000)]).toEqual([1, 1, 0]);
});

test('what is given already needs no margin to stay', () => {
  expect([...allocate([demand('stage', 0, THREE, 1)], 400_000)]).toEqual([1]);
  expect([...allocate([demand('stage', 0, THREE, 0)], 400_000)]).toEqual([0]);
  expect([...allocate([demand('stage', 0, THREE, 0)], 460_000)]).toEqual([1]);
});

test('while nothing may be raised, pictures stay as they are, and those without any begin with the least', () => {
  const demands = [demand('stage', 0, THREE, 0), demand('thumbnail', 1, THREE, -1)];
  expect([...allocate(demands, 10_000_000, { mayRaise: false })]).toEqual([0, 0]);
});

test('while nothing may be paused, what runs goes on with the least at worst, and nothing else begins', () => {
  const demands = [demand('stage', 0, THREE, 1), demand('thumbnail', 1, THREE, 2), demand('thumbnail', 2, THREE, -1)];
  expect([...allocate(demands, 50_000, { mayPause: false })]).toEqual([0, 0, -1]);
  expect([...allocate(demands, 50_000)]).toEqual([0, -1, -1]);
  expect(leastBps(demands)).toBe(200_000);
});

test('a source that is not there takes nothing', () => {
  expect([...allocate([demand('stage', 0, []), demand('thumbnail', 1)], 120_000)]).toEqual([-1, 0]);
});

test('what all would cost is the sum of their best', () => {
  expect(wantedBps([demand('stage', 0), demand('thumbnail', 0, THREE.slice(0, 1)), demand('stage', 1, [])])).toBe(
    1_600_000,
  );
});
