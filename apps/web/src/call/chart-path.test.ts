import { expect, test } from 'vitest';
import { type Sample, scaleTop, stepPath, within } from './chart-path.js';

const sample = (at: number, estimate: number): Sample => ({ at, estimate, sent: 0, wanted: 0 });
const frame = { width: 100, height: 50, spanMs: 1_000, now: 1_000, top: 1_000 };

test('values hold until the next one, and the last until now', () => {
  expect(stepPath([sample(0, 0), sample(500, 1_000)], 'estimate', frame)).toBe('M0.0 50.0H50.0V0.0H100');
});

test('what is out of the frame stays at its edges', () => {
  expect(stepPath([sample(-900, 5_000)], 'estimate', frame)).toBe('M0.0 0.0H100');
  expect(stepPath([], 'estimate', frame)).toBe('');
});

test('the scale ends at a round number above all', () => {
  expect(scaleTop([sample(0, 1_300_000)])).toBe(2_000_000);
  expect(scaleTop([])).toBe(100_000);
});

test('the last value before the span is kept: it holds at its edge', () => {
  const samples = [sample(0, 1), sample(10, 2), sample(20, 3)];
  expect(within(samples, 15).map(({ at }) => at)).toEqual([10, 20]);
  expect(within(samples, 99).map(({ at }) => at)).toEqual([20]);
});
