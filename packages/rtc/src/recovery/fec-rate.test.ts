import { expect, test } from 'vitest';
import { type FecConditions, FecRate } from './fec-rate.js';
import { LossPattern } from './loss-pattern.js';

const PLENTY: FecConditions = { lossShare: 0, burstLength: 1, rttMs: 200, mediaBps: 1e6, spareBps: 1e6 };
const shareFor = (conditions: Partial<FecConditions>) => new FecRate().update(0, { ...PLENTY, ...conditions });

test('where a retransmission comes in time there is no redundancy', () => {
  expect(shareFor({ lossShare: 0.05, rttMs: 50 })).toBe(0);
  expect(shareFor({ lossShare: 0.1, rttMs: 30 })).toBe(0);
  expect(shareFor({ lossShare: 0.005 })).toBe(0);
  expect(shareFor({ lossShare: 0.01, rttMs: 100 })).toBe(0);
});

test('where retransmissions get lost as well there is, on a short way too', () => {
  expect(shareFor({ lossShare: 0.1, rttMs: 50 })).toBeCloseTo(0.38);
  expect(shareFor({ lossShare: 0.2, rttMs: 20 })).toBe(0.5);
});

test('the share follows the loss, more of it for bursts, half at most', () => {
  expect(shareFor({ lossShare: 0.01 })).toBeCloseTo(0.11);
  expect(shareFor({ lossShare: 0.05 })).toBeCloseTo(0.23);
  expect(shareFor({ lossShare: 0.05, burstLength: 3 })).toBeCloseTo(0.322);
  expect(shareFor({ lossShare: 0.3 })).toBe(0.5);
  expect(shareFor({ lossShare: 1, burstLength: 1e9, rttMs: 1e9 })).toBe(0.5);
});

test('it never takes more bandwidth than is left', () => {
  expect(shareFor({ lossShare: 0.1, spareBps: 120_000 })).toBeCloseTo(0.12);
  expect(shareFor({ lossShare: 0.1, spareBps: 10_000 })).toBe(0);
  expect(shareFor({ lossShare: 0.1, spareBps: -5 })).toBe(0);
  expect(shareFor({ lossShare: 0.1, mediaBps: 0 })).toBe(0);
  const rate = new FecRate();
  rate.update(0, { ...PLENTY, lossShare: 0.1 });
  expect(rate.update(1, { ...PLENTY, lossShare: 0.1, spareBps: 100_000 })).toBeCloseTo(0.1);
});

test('it goes up at once and down by five hundredths a second', () => {
  const rate = new FecRate();
  expect(rate.update(0, { ...PLENTY, lossShare: 0.05 })).toBeCloseTo(0.23);
  expect(rate.update(250, { ...PLENTY, lossShare: 0.1 })).toBeCloseTo(0.38);
  expect(rate.update(500, { ...PLENTY, lossShare: 0.05 })).toBeCloseTo(0.3675);
  expect(rate.update(1500, PLENTY)).toBeCloseTo(0.3175);
  let nowMs = 1500;
  while (rate.share > 0) {
    nowMs += 1000;
    rate.update(nowMs, PLENTY);
  }
  expect(nowMs).toBe(7500);
});

test('a long way gives blocks more time, bursts more repair packets', () => {
  const rate = new FecRate();
  const blockFor = (conditions: Partial<FecConditions>) => {
    rate.update(0, { ...PLENTY, ...conditions });
    return [rate.maxBlockMs, rate.minRepairs];
  };
  expect(blockFor({ rttMs: 100, burstLength: 1.1 })).toEqual([50, 1]);
  expect(blockFor({ rttMs: 20, burstLength: 2 })).toEqual([40, 3]);
  expect(blockFor({ rttMs: 900, burstLength: 50 })).toEqual([150, 6]);
});

test('single losses and bursts of the same share are told apart', () => {
  const single = new LossPattern();
  const bursts = new LossPattern();
  for (let i = 0; i < 1200; i++) {
    single.packet(i % 10 !== 0);
    bursts.packet(i % 40 >= 4);
  }
  expect(single.share).toBeCloseTo(0.1, 1);
  expect(bursts.share).toBeCloseTo(0.1, 1);
  expect(single.burstLength).toBeCloseTo(1, 5);
  expect(bursts.burstLength).toBeGreaterThan(3.5);
});

test('what was lost long ago is forgotten, and nothing is known at first', () => {
  const pattern = new LossPattern();
  expect([pattern.share, pattern.burstLength]).toEqual([0, 1]);
  for (let i = 0; i < 100; i++) pattern.packet(false);
  expect(pattern.share).toBeCloseTo(1, 5);
  for (let i = 0; i < 2000; i++) pattern.packet(true);
  expect(pattern.share).toBeLessThan(0.001);
  expect(pattern.burstLength).toBe(1);
});
