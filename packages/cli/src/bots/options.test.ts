import { expect, test } from 'vitest';
import { BotsUsageError, parseBotsOptions } from './options.js';

test('a command line becomes options, with defaults for what it leaves out', () => {
  expect(
    parseBotsOptions(['--publishers', '3', '--subscribers', '200', '--room', 'demo', '--duration', '60s']),
  ).toEqual({
    url: 'http://localhost:3000',
    urls: ['http://localhost:3000'],
    ...{ whep: false, whip: false },
    room: 'demo',
    rooms: 1,
    publishers: 3,
    subscribers: 200,
    page: null,
    publisherPage: null,
    flipMs: null,
    link: null,
    layers: 3,
    talkers: null,
    turnMs: 5000,
    durationMs: 60_000,
    joinsPerSecond: 20,
    insecure: false,
    json: false,
    token: undefined,
  });
});

test('publishers show as large a page as subscribers, unless they have one of their own', () => {
  expect(parseBotsOptions(['--page', '9'])).toMatchObject({ page: 9, publisherPage: 9 });
  expect(parseBotsOptions(['--page', '9', '--publisher-page', '0'])).toMatchObject({ page: 9, publisherPage: 0 });
  expect(parseBotsOptions(['--publisher-page', '4'])).toMatchObject({ page: null, publisherPage: 4 });
});

test('a crowd talks in turns, and its viewers turn pages over a poor path', () => {
  const args = ['--page', '9', '--flip-seconds', '4', '--link', '3g', '--talkers', '2', '--turn-seconds', '2.5'];
  expect(parseBotsOptions([...args, '--layers', '2'])).toMatchObject({
    ...{ flipMs: 4000, link: '3g', talkers: 2, turnMs: 2500, layers: 2 },
  });
});

test('times have units', () => {
  const duration = (text: string) => (parseBotsOptions(['--duration', text]) as { durationMs: number }).durationMs;
  expect(['5', '5s', '2m', '1h', '250ms', '1.5s'].map(duration)).toEqual([5000, 5000, 120_000, 3_600_000, 250, 1500]);
});

test.each([
  [['--publishers', 'many'], '--publishers'],
  [['--url', 'ftp://x'], '--url'],
  [['--room', 'a/b'], '--room'],
  [['--duration', '0s'], '--duration'],
  [['--publishers', '0'], 'nobody'],
  [['--subscribers', '99999'], 'at most'],
  [['--page', '64'], '--page'],
  [['--publisher-page', '-1'], '--publisher-page'],
  [['--layers', '4'], '--layers'],
  [['--rooms', '0'], '--rooms'],
  [['--flip-seconds', '0', '--page', '9'], '--flip-seconds'],
  [['--flip-seconds', '5'], 'needs a --page'],
  [['--turn-seconds', 'long'], '--turn-seconds'],
  [['--link', 'dsl'], '3mbps, lossy, 3g, cut'],
  [['--colour', 'red'], '--colour'],
])('%j is refused with a reason', (args, reason) => {
  expect(() => parseBotsOptions(args)).toThrow(BotsUsageError);
  expect(() => parseBotsOptions(args)).toThrow(reason);
});

test('help is help', () => {
  expect(parseBotsOptions(['-h'])).toBe('help');
});
