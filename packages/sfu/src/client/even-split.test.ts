import { expect, test } from 'vitest';
import { evenSplit } from './even-split.js';

test('a frame is cut into the fewest packets of nearly equal size, the larger ones last', () => {
  expect(evenSplit(10, 4)).toEqual([3, 3, 4]);
  expect(evenSplit(2400, 1200)).toEqual([1200, 1200]);
  expect(evenSplit(2401, 1200)).toEqual([800, 800, 801]);
  expect(evenSplit(6373, 1183)).toEqual([1062, 1062, 1062, 1062, 1062, 1063]);
});

test('the sizes add up and none is above the capacity', () => {
  for (let bytes = 0; bytes < 5000; bytes += 7) {
    const sizes = evenSplit(bytes, 1000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
    expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(1000);
    if (bytes > 0) expect(sizes.length).toBe(Math.ceil(bytes / 1000));
  }
});

test('a capacity of nothing is an error', () => {
  expect(() => evenSplit(5, 0)).toThrow(RangeError);
});
