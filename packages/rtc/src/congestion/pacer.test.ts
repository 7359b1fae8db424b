import { expect, test } from 'vitest';
import { Pacer } from './pacer.js';

/** Sends 1,200-byte packets whenever it may, asking each ms; returns bytes. */
function send(pacer: Pacer, fromMs: number, toMs: number): number {
  let bytes = 0;
  for (let now = fromMs; now < toMs; now++) {
    while (pacer.mayNow(now)) {
      pacer.spend(now, 1200);
      bytes += 1200;
    }
  }
  return bytes;
}

test('over a second it lets through 2.5 times the estimate', () => {
  expect((send(new Pacer(1e6), 0, 1000) * 8) / 2.5e6).toBeCloseTo(1, 1);
});

test('at once only a few ms’ worth goes', () => {
  const pacer = new Pacer(1e6);
  let packets = 0;
  for (; pacer.mayNow(0); packets++) pacer.spend(0, 1200);
  // 5 ms at 2.5 Mbps are 1,562 bytes.
  expect(packets).toBe(2);
  expect(pacer.debt(0)).toBe(2400);
  expect(pacer.waitMs(0)).toBeCloseTo(2.68);
  expect(pacer.mayNow(2)).toBe(false);
  expect(pacer.mayNow(3)).toBe(true);
});

test('a silence saves up nothing', () => {
  const pacer = new Pacer(1e6);
  send(pacer, 0, 100);
  expect(send(pacer, 60_000, 60_010)).toBeLessThan(6000);
});

test('what didn’t wait is paid back, but not for more than half a second', () => {
  const pacer = new Pacer(1e6);
  for (let i = 0; i < 10_000; i++) pacer.spend(0, 1200);
  expect(pacer.waitMs(0)).toBeCloseTo(495);
  expect(pacer.mayNow(500)).toBe(true);
});

test('another estimate counts from then on', () => {
  const pacer = new Pacer(1e6);
  pacer.spend(0, 31_250);
  pacer.setTarget(2e6, 50);
  expect(pacer.debt(50)).toBe(15_625);
  expect(pacer.debt(75)).toBe(0);
});
