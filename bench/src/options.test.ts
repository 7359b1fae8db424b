import { expect, test } from 'vitest';
import { BenchError } from './errors.js';
import { parseFanOut, parseJoins, parseMass } from './options.js';

test('benches have sensible defaults', () => {
  expect(parseFanOut([])).toEqual({
    subscribers: 500,
    trace: false,
    flatness: false,
    viewer: false,
    seconds: 4,
    rounds: 3,
    priority: false,
    json: false,
  });
  expect(parseJoins(['--subscribers', '50', '--json'])).toEqual({ subscribers: 50, priority: false, json: true });
});

test('the mass bench runs all of its parts, or one', () => {
  expect(parseMass([])).toEqual({
    ...{ parts: ['pages', 'storm', 'cost'], publishers: 100, viewers: 4, page: 9, seconds: 24, json: false },
  });
  expect(parseMass(['--part', 'storm', '--publishers', '20'])).toMatchObject({ parts: ['storm'], publishers: 20 });
  expect(() => parseMass(['--part', 'quiet'])).toThrow('pages, storm, cost');
});

test.each([['--subscribers', '0'], ['--subscribers', 'x'], ['--speed']])('%j is refused', (...args) => {
  expect(() => parseFanOut(args)).toThrow(BenchError);
});
