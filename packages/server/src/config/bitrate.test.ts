import { expect, test } from 'vitest';
import { parseBitrate } from './bitrate.js';

test('bit rates are written with k, m and g, or without', () => {
  expect(['1500k', '2.5m', '10G', '64000'].map(parseBitrate)).toEqual([1.5e6, 2.5e6, 1e10, 64_000]);
  expect(['', 'fast', '-1', '0', '1x', '1 k', '1e9'].map(parseBitrate)).toEqual(Array(7).fill(null));
});
