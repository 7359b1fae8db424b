import { expect, test } from 'vitest';
import { AckedBitrate } from './acked-bitrate.js';

function feed(acked: AckedBitrate, bps: number, fromMs: number, toMs: number): void {
  for (let ms = fromMs; ms < toMs; ms += 10) acked.add(ms * 1000, (bps * 10) / 8000, false);
}

test('nothing is known before half a second', () => {
  const acked = new AckedBitrate();
  feed(acked, 1e6, 0, 490);
  expect(acked.bps).toBe(0);
  feed(acked, 1e6, 490, 520);
  expect(acked.bps).toBeCloseTo(1e6, -4);
});

test('a rate that changed is believed within a second or two', () => {
  const acked = new AckedBitrate();
  feed(acked, 3e6, 0, 5000);
  feed(acked, 5e5, 5000, 5320);
  expect(acked.latestBps).toBeLessThan(6e5);
  expect(acked.bps).toBeGreaterThan(1e6);
  feed(acked, 5e5, 5320, 7000);
  expect(acked.bps).toBeLessThan(6e5);
});

test('one odd window hardly counts', () => {
  const acked = new AckedBitrate();
  feed(acked, 1e6, 0, 5000);
  feed(acked, 3e6, 5000, 5160);
  expect(acked.bps).toBeLessThan(1.5e6);
});

test('after a pause or a jump of the clock the window begins anew', () => {
  for (const jump of [10_000, -10_000]) {
    const acked = new AckedBitrate();
    feed(acked, 1e6, 100_000, 105_000);
    feed(acked, 1e6, 105_000 + jump, 106_000 + jump);
    expect(acked.bps).toBeCloseTo(1e6, -4.5);
  }
});

test('arrivals all at one time make no endless rate', () => {
  const acked = new AckedBitrate();
  for (let i = 0; i < 10_000; i++) acked.add(1e6, 1200, false);
  expect(acked.bps).toBe(0);
});
