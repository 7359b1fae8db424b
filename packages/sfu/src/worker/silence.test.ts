import { expect, test } from 'vitest';
import { Silence } from './silence.js';

test('silence lasts until something is heard', () => {
  const silence = new Silence(1_000);
  for (let now = 1_020; now <= 2_000; now += 20) silence.tick(now);
  expect(silence.ms).toBe(1_000);
  silence.heard();
  silence.tick(2_020);
  expect(silence.ms).toBe(20);
});

test('time in which we were held up ourselves does not count', () => {
  const silence = new Silence(0);
  silence.tick(5_000);
  expect(silence.ms).toBe(100);
  silence.tick(4_000);
  expect(silence.ms).toBe(100);
});
