import { expect, test } from 'vitest';
import { gridLayout } from './grid-layout.js';

const desktop = { width: 1240, height: 660, gap: 12 };
const phone = { width: 366, height: 680, gap: 8 };

test('tiles never leave the space, for any number of people', () => {
  for (const space of [desktop, phone]) {
    for (let count = 1; count <= 60; count++) {
      const { columns, rows, width, height, scrolls } = gridLayout(count, space);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns * width + (columns - 1) * space.gap).toBeLessThanOrEqual(space.width);
      if (!scrolls) expect(rows * height + (rows - 1) * space.gap).toBeLessThanOrEqual(space.height);
    }
  }
});

test('on a desktop two sit side by side, four in a square', () => {
  expect(gridLayout(2, desktop)).toMatchObject({ columns: 2, rows: 1 });
  expect(gridLayout(4, desktop)).toMatchObject({ columns: 2, rows: 2 });
});

test('on a phone two are one above the other', () => {
  expect(gridLayout(2, phone)).toMatchObject({ columns: 1, rows: 2 });
});

test('on a phone five share two columns', () => {
  expect(gridLayout(5, phone)).toMatchObject({ columns: 2, rows: 3 });
});

test('25 people fill most of a desktop', () => {
  const { width, height, scrolls } = gridLayout(25, desktop);
  expect(scrolls).toBe(false);
  expect((25 * width * height) / (desktop.width * desktop.height)).toBeGreaterThan(0.75);
});

test('25 people on a phone scroll in two columns rather than shrink to stamps', () => {
  expect(gridLayout(25, phone)).toMatchObject({ columns: 2, scrolls: true });
});

test('no space yet is no error', () => {
  expect(gridLayout(3, { width: 0, height: 0, gap: 8 })).toMatchObject({ width: 0 });
});
