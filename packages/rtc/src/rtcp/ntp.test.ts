import { expect, test } from 'vitest';
import { ntpHigh, ntpLow, ntpMiddle, roundTripMs, unixMsFromNtp } from './ntp.js';

test('1970 is 2,208,988,800 seconds after 1900', () => {
  expect(ntpHigh(0)).toBe(2_208_988_800);
  expect(ntpLow(0)).toBe(0);
  expect(ntpHigh(1999)).toBe(2_208_988_801);
  expect(ntpLow(1500)).toBe(0x80000000);
});

test('there and back is the same to a microsecond', () => {
  for (const ms of [0, 1.5, 1_763_769_600_123.25, 1_763_769_600_999.999]) {
    expect(Math.abs(unixMsFromNtp(ntpHigh(ms), ntpLow(ms)) - ms)).toBeLessThan(0.001);
  }
});

test('the round trip of the example in RFC 3550 section 6.4.1', () => {
  // Figure 2: A = 0xb710:8000 (46864.500 s), DLSR = 0x0005:4000 (5.250 s), LSR = 0xb705:2000 (46853.125 s).
  expect(roundTripMs(0xb7108000, 0xb7052000, 0x00054000)).toBe(6125);
});

test('a report that knows no Sender Report, or lies, has no round trip', () => {
  expect(roundTripMs(0xb7108000, 0, 0)).toBe(-1);
  expect(roundTripMs(0xb7108000, 0xb7108000, 0x00010000)).toBe(-1);
  expect(roundTripMs(0xb7108000, 0xb7108000, 10)).toBe(0);
  expect(roundTripMs(0xb7108000, 0xb6008000, 0)).toBe(-1);
});

test('the middle of a timestamp wraps with it', () => {
  expect(ntpMiddle(0x12345678, 0x9abcdef0)).toBe(0x56789abc);
  expect(roundTripMs(0x00000100, 0xffffff00, 0)).toBeCloseTo((512 / 65_536) * 1000);
});
