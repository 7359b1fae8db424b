import { expect, test } from 'vitest';
import { ReportBased } from './report-based.js';

test('little loss lets it grow by 8 % a second, some holds it, much brings it down by half of the loss', () => {
  const reports = new ReportBased();
  expect(reports.update(1e6, 0, 50, false, 0)).toBe(1e6);
  expect(reports.update(1e6, 0.01, 50, false, 1000)).toBeCloseTo(1.08e6);
  expect(reports.update(1e6, 0.05, 50, false, 2000)).toBe(1e6);
  expect(reports.update(1e6, 0.4, 50, false, 3000)).toBeCloseTo(0.8e6);
});

test('reports right after one another are about the same loss', () => {
  const reports = new ReportBased();
  reports.update(1e6, 0.4, 200, false, 0);
  expect(reports.update(8e5, 0.4, 200, false, 450)).toBe(8e5);
  expect(reports.update(8e5, 0.4, 200, false, 550)).toBeCloseTo(6.4e5);
});

test('who sends less than it may doesn’t grow by it, and a long silence isn’t made up for', () => {
  const reports = new ReportBased();
  reports.update(1e6, 0, 50, false, 0);
  expect(reports.update(1e6, 0, 50, true, 1000)).toBe(1e6);
  expect(reports.update(1e6, 0, 50, false, 600_000)).toBeCloseTo(1.08e6 * 1.08);
});
