import { expect, test } from 'vitest';
import { OveruseDetector } from './overuse.js';

test('one high trend is no overuse, one that stays is', () => {
  const detector = new OveruseDetector();
  expect(detector.update(20, 10)).toBe('normal');
  expect(detector.update(21, 10)).toBe('overuse');
  // However long the gap before it was.
  expect(new OveruseDetector().update(20, 500)).toBe('normal');
});

test('a trend that falls again is no overuse yet', () => {
  const detector = new OveruseDetector();
  detector.update(26, 10);
  expect(detector.update(25, 10)).toBe('normal');
  expect(detector.update(24, 10)).toBe('normal');
});

test('a draining queue is underuse', () => {
  const detector = new OveruseDetector();
  expect(detector.update(-20, 10)).toBe('underuse');
  expect(detector.update(0, 10)).toBe('normal');
});

test('the threshold follows trends that stay over it, and falls back', () => {
  const detector = new OveruseDetector();
  for (let i = 0; i < 500; i++) detector.update(20, 10);
  expect(detector.thresholdMs).toBeGreaterThan(18);
  for (let i = 0; i < 500; i++) detector.update(0, 10);
  expect(detector.thresholdMs).toBe(6);
});

test('a sudden change of the path teaches the threshold nothing', () => {
  const detector = new OveruseDetector();
  for (let i = 0; i < 500; i++) detector.update(100, 10);
  expect(detector.thresholdMs).toBe(12.5);
});
