import { expect, test } from 'vitest';
import { Turns } from './turns.js';

const options = { withinMs: 4000, stepMs: 50, againMs: 8000 };
const crowd = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

test('all are told within the time, a few at each step, nobody twice', () => {
  const turns = new Turns<{ n: number }>(options);
  const all = crowd(200);
  const told: number[] = [];
  for (let now = 0; now < 4000; now += 50) {
    const some = turns.next(all, now);
    expect(some.length).toBeLessThanOrEqual(3);
    told.push(...some.map(({ n }) => n));
  }
  expect(told.sort((a, b) => a - b)).toEqual(all.map(({ n }) => n));
});

test('who is still there is told again, who has gone is forgotten', () => {
  const turns = new Turns<{ n: number }>(options);
  const [one, other] = crowd(2);
  expect(turns.next([one, other], 0)).toEqual([one]);
  expect(turns.next([one, other], 50)).toEqual([other]);
  expect(turns.next([one, other], 7999)).toEqual([]);
  expect(turns.next([other], 8000)).toEqual([]);
  expect(turns.next([one, other], 8050)).toEqual([one]);
  expect(turns.next([one, other], 8100)).toEqual([other]);
});

test('the pace stays while those who were told leave', () => {
  const turns = new Turns<{ n: number }>(options);
  let there = crowd(300);
  let now = 0;
  for (; there.length > 0; now += 50) {
    const gone = new Set(turns.next(there, now));
    there = there.filter((one) => !gone.has(one));
  }
  expect(now).toBeLessThanOrEqual(4000);
});
