import { expect, test } from 'vitest';
import { Strain } from './strain.js';

const looks = (strain: Strain, strained: boolean, times: number) => {
  for (let i = 0; i < times; i++) strain.look(strained);
  return strain.level;
};

test('one bad moment is no strain', () => {
  const strain = new Strain({ rise: 3, fall: 5, maximum: 2 });
  for (let i = 0; i < 10; i++) {
    looks(strain, true, 2);
    looks(strain, false, 1);
  }
  expect(strain.level).toBe(0);
});

test('it rises step by step, no further than its maximum, and falls when at ease', () => {
  const strain = new Strain({ rise: 3, fall: 5, maximum: 2 });
  expect(looks(strain, true, 3)).toBe(1);
  expect(looks(strain, true, 30)).toBe(2);
  expect(looks(strain, false, 5)).toBe(1);
  expect(looks(strain, false, 5)).toBe(0);
});

test('after a relapse it waits longer before it falls again', () => {
  const strain = new Strain({ rise: 2, fall: 5, maximum: 1 });
  looks(strain, true, 2);
  looks(strain, false, 5);
  expect(looks(strain, true, 2)).toBe(1);
  expect(looks(strain, false, 5)).toBe(1);
  expect(looks(strain, false, 5)).toBe(0);
});
