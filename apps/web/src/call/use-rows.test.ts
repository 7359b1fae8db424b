import { expect, test } from 'vitest';
import { rowsInSight } from './use-rows.js';

test('a short list is there as a whole', () => {
  expect(rowsInSight(40, 12, 10)).toEqual({ first: 0, last: 40 });
});

test('of a long list there is what is in sight and a little more', () => {
  expect(rowsInSight(500, 0, 12)).toEqual({ first: 0, last: 24 });
  expect(rowsInSight(500, 100, 12)).toEqual({ first: 94, last: 118 });
  expect(rowsInSight(500, 488, 12)).toEqual({ first: 482, last: 500 });
});

test('when people have left, the end of the list is still in sight', () => {
  const { first, last } = rowsInSight(60, 400, 12);
  expect(last).toBe(60);
  expect(first).toBeLessThanOrEqual(48);
});
