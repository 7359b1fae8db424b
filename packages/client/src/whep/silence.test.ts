import { expect, test } from 'vitest';
import { SILENCE_TIMES, Silence } from './silence.js';

test('a stream that stops is asked after, and then again from time to time', () => {
  const silence = new Silence(0);
  silence.read(10, 100);
  expect(silence.ask(100 + SILENCE_TIMES.suspect - 1)).toBe(false);
  expect(silence.ask(100 + SILENCE_TIMES.suspect)).toBe(true);
  expect(silence.ask(1_000)).toBe(false);
  expect(silence.ask(100 + SILENCE_TIMES.suspect + SILENCE_TIMES.askAgain)).toBe(true);
});

test('a stream that flows is neither quiet nor suspicious', () => {
  const silence = new Silence(0);
  for (let now = 0, packets = 1; now < 10_000; now += 200) {
    silence.read(packets++, now);
    expect(silence.ask(now)).toBe(false);
    expect(silence.quiet(now)).toBe(false);
  }
  expect(silence.quiet(9_800 + SILENCE_TIMES.quiet)).toBe(true);
});

test('with a broken connection beside it, the question comes earlier', () => {
  const silence = new Silence(0);
  silence.read(10, 100);
  silence.suspect();
  expect(silence.ask(200)).toBe(false);
  expect(silence.ask(100 + SILENCE_TIMES.suspectEarly)).toBe(true);
});
