import { expect, test } from 'vitest';
import { gaussian, seededRandom } from '../netsim/random.js';
import { Trendline } from './trendline.js';

/** A group each 10 ms, whose delay grows by `share` of the time. */
function grow(share: number, groups: number, jitterMs = 0): Trendline {
  const random = seededRandom(3);
  const trendline = new Trendline();
  let before = 0;
  for (let i = 0; i < groups; i++) {
    const jitter = jitterMs * gaussian(random);
    trendline.add(share * 10 + jitter - before, 1e9 + i * 10_000);
    before = jitter;
  }
  return trendline;
}

test('a queue that grows by a tenth of the time has that slope', () => {
  expect(grow(0.1, 100).slope).toBeCloseTo(0.1, 3);
  expect(grow(-0.1, 100).slope).toBeCloseTo(-0.1, 3);
  expect(grow(0, 100).slope).toBe(0);
});

test('nothing is said before twenty groups', () => {
  expect(grow(0.5, 19).slope).toBe(0);
  expect(grow(0.5, 20).slope).toBeGreaterThan(0);
});

test('jitter of a few ms is far from a growing queue', () => {
  expect(Math.abs(grow(0, 300, 3).slope)).toBeLessThan(0.03);
});

test('the trend gains confidence with the number of groups, up to sixty', () => {
  const ratio = (groups: number): number => grow(0.1, groups).trendMs / grow(0.1, groups).slope;
  expect(ratio(30)).toBeCloseTo(120);
  expect(ratio(60)).toBeCloseTo(240);
  expect(ratio(200)).toBeCloseTo(240);
});

test('after a reset it begins anew', () => {
  const trendline = grow(0.5, 100);
  trendline.reset();
  expect(trendline).toMatchObject({ slope: 0, trendMs: 0 });
});
