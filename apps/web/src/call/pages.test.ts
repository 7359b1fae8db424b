import { expect, test } from 'vitest';
import { pageCapacity, pageOf, peoplePage } from './pages.js';

const people = (count: number) => [
  ...Array.from({ length: count - 1 }, (_, n) => ({ name: `p${n}`, isLocal: false })),
  { name: 'me', isLocal: true },
];

test('a page has as many tiles as fit well, and never more than 25', () => {
  expect(pageCapacity({ width: 1252, height: 640, gap: 12 })).toBe(9);
  expect(pageCapacity({ width: 374, height: 690, gap: 8 })).toBe(6);
  expect(pageCapacity({ width: 300, height: 150, gap: 8 })).toBe(1);
  expect(pageCapacity({ width: 0, height: 0, gap: 8 })).toBe(1);
  expect(pageCapacity({ width: 3_800, height: 2_100, gap: 12 })).toBe(25);
});

test('few people are shown all together, whatever the window', () => {
  expect(peoplePage(people(6), 2, 0)).toMatchObject({ pages: 1, shown: people(6) });
});

test('a large room is shown by the page, and oneself on each', () => {
  const first = peoplePage(people(100), 9, 0);
  expect(first.pages).toBe(13);
  expect(first.shown.map(({ name }) => name)).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'me']);
  expect(peoplePage(people(100), 9, 12).shown.map(({ name }) => name)).toEqual(['p96', 'p97', 'p98', 'me']);
});

test('everybody is on exactly one page', () => {
  for (const capacity of [1, 2, 3, 6, 9, 25]) {
    const seen: string[] = [];
    const { pages } = peoplePage(people(60), capacity, 0);
    for (let page = 0; page < pages; page++) {
      const { shown } = peoplePage(people(60), capacity, page);
      expect(shown.length).toBeLessThanOrEqual(capacity);
      seen.push(...shown.filter(({ isLocal }) => !isLocal).map(({ name }) => name));
    }
    expect(seen).toEqual(
      people(60)
        .slice(0, -1)
        .map(({ name }) => name),
    );
  }
});

test('when people leave, a page that is gone gives way to the last', () => {
  expect(pageOf([1, 2, 3], 2, 7)).toEqual({ shown: [3], page: 1, pages: 2 });
  expect(pageOf([], 2, 7)).toEqual({ shown: [], page: 0, pages: 1 });
});
