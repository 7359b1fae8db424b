import { expect, test } from 'vitest';
import { KeyFrameAllowance, KeyFrameRequests, MAX_TRIES, MIN_PIPED_INTERVAL_MS } from './key-frame-requests.js';

test('nothing is sent while nobody asks', () => {
  expect(new KeyFrameRequests().due(1_000)).toBe(false);
});

test('many requests make one, and never more than two a second', () => {
  const requests = new KeyFrameRequests();
  let sent = 0;
  for (let now = 0; now < 1_000; now += 10) {
    requests.request();
    if (requests.due(now)) sent++;
  }
  expect(sent).toBe(2);
});

test('behind a pipe the next request is not kept for long', () => {
  const requests = new KeyFrameRequests();
  requests.request();
  expect(requests.due(0, MIN_PIPED_INTERVAL_MS)).toBe(true);
  requests.keyFrame();
  requests.request();
  expect(requests.due(90, MIN_PIPED_INTERVAL_MS)).toBe(false);
  expect(requests.due(100, MIN_PIPED_INTERVAL_MS)).toBe(true);
});

test('a request is repeated until a key frame comes', () => {
  const requests = new KeyFrameRequests();
  requests.request();
  expect(requests.due(0)).toBe(true);
  expect(requests.due(900)).toBe(false);
  expect(requests.due(1_000)).toBe(true);
  requests.keyFrame();
  expect(requests.due(5_000)).toBe(false);
});

test('a publisher that never answers is left alone after a while', () => {
  const requests = new KeyFrameRequests();
  requests.request();
  let sent = 0;
  for (let now = 0; now < 120_000; now += 100) if (requests.due(now)) sent++;
  expect(sent).toBe(MAX_TRIES);
});

test('who asks now and then is always heard, who asks on and on is heard less', () => {
  const calm = new KeyFrameAllowance();
  for (let now = 0; now < 60_000; now += 2_000) expect(calm.take(now)).toBe(true);
  const loud = new KeyFrameAllowance();
  let heard = 0;
  for (let now = 0; now < 60_000; now += 100) if (loud.take(now)) heard++;
  expect(heard).toBeLessThanOrEqual(6 + 40);
  expect(heard).toBeGreaterThan(35);
});
