import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.js';

test('a burst at once, then the rate', () => {
  const bucket = new TokenBucket(100, 10);
  let taken = 0;
  for (let i = 0; i < 20; i++) if (bucket.take(1, 5_000)) taken++;
  expect(taken).toBe(10);
  expect(bucket.take(1, 5_005)).toBe(false);
  expect(bucket.take(1, 5_010)).toBe(true);
  expect(bucket.take(11, 9_000)).toBe(true); // more than fits, from a full bucket
  expect(bucket.take(1, 9_019)).toBe(false);
  expect(bucket.take(1, 9_021)).toBe(true);
});
