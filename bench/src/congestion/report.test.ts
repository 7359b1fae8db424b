import { LINK_CUT, RFC8867, runScenario } from '@efir/rtc';
import { expect, test, vi } from 'vitest';
import { BenchError } from '../errors.js';
import { beginMark, END, insert } from '../measure/docs-page.js';
import { measureCost } from './cost.js';
import { plot } from './plot.js';

// Simulated minutes can take seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const BEGIN = beginMark('congestion');
const report = { markdown: '| a | b |', images: new Map([['x.svg', '<svg/>']]) };

test('a report goes between its marks, and another one takes its place', () => {
  const page = `# Title\n\n${BEGIN}\n\nold\n\n${END}\n\nmore\n`;
  const once = insert(page, 'congestion', report);
  expect(once).toBe(`# Title\n\n${BEGIN}\n\n| a | b |\n\n${END}\n\nmore\n`);
  expect(insert(once, 'congestion', report)).toBe(once);
});

test('a page without the marks is left alone', () => {
  for (const page of ['', BEGIN, END, `${END} ${BEGIN}`])
    expect(() => insert(page, 'congestion', report)).toThrow(BenchError);
});

test('a plot is the same each time, and all in its frame', () => {
  const first = plot(LINK_CUT, runScenario(LINK_CUT, 1));
  expect(plot(LINK_CUT, runScenario(LINK_CUT, 1))).toBe(first);
  expect(first).not.toMatch(/NaN|Infinity|undefined/);
  const points = [...first.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  expect(points.length).toBeGreaterThan(400);
  for (const [x, y] of points) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(760);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(350);
  }
});

test('each flow has its line and name', () => {
  const scenario = RFC8867.find(({ name }) => name === '5.6')!;
  const svg = plot(scenario, runScenario(scenario, 1));
  expect(svg.match(/<polyline/g)).toHaveLength(3);
  expect(svg).toContain('>TCP<');
});

test('a feedback of fifty packets costs microseconds', () => {
  const cost = measureCost(50, 15);
  // Far above what docs/congestion.md measures: the machine may be busy.
  expect(cost.usPerFeedback).toBeLessThan(200);
  expect(cost.usPerFeedback).toBeGreaterThan(0);
});
