import { expect, test } from 'vitest';
import { BenchError } from './errors.js';
import { parseFanOut, parseJoins } from './options.js';

test('benches have sensible defaults', () => {
  expect(parseFanOut([])).toEqual({
    subscribers: 500,
    trace: false,
    flatness: false,
    seconds: 4,
    rounds: 3,
    priority: false,
    json: false,
  });
  expect(parseJoins(['--subscribers', '50', '--json'])).toEqual({ subscribers: 50, priority: false, json: true });
});

test.each([['--subscribers', '0'], ['--subscribers', 'x'], ['--speed']])('%j is refused', (...args) => {
  expect(() => parseFanOut(args)).toThrow(BenchError);
});
