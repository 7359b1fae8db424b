import { expect, test } from 'vitest';
import { applyPlayout, playoutTarget } from './playout.js';

test('a conversation leaves the delay to the browser, a broadcast holds a second', () => {
  expect(playoutTarget('interactive')).toBeNull();
  expect(playoutTarget('broadcast')).toBe(1_000);
  expect(playoutTarget(99_999)).toBe(4_000);
  expect(playoutTarget(Number.NaN)).toBeNull();
});

test('it is told in the way that the browser knows', () => {
  const newer = { jitterBufferTarget: null };
  const older = { playoutDelayHint: null };
  const none = {};
  applyPlayout([newer, older, none] as never[], 'broadcast');
  expect([newer, older, none]).toEqual([{ jitterBufferTarget: 1_000 }, { playoutDelayHint: 1 }, {}]);
});
