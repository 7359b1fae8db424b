import { expect, test } from 'vitest';
import { remaining } from './drain.js';

const node = (id: string, draining: boolean, load: { viewers: number; participants: number } | null) => ({
  ...{ id, draining, load },
});

test('whoever watches and whoever takes part is waited for', () => {
  const nodes = [node('a', true, { viewers: 0, participants: 2 }), node('b', false, { viewers: 9, participants: 9 })];
  expect(remaining({ nodes }, 'a')).toEqual({ viewers: 0, participants: 2 });
});

test('nothing is said of a node that has not reported, or does not drain yet; one that is gone is empty', () => {
  const nodes = [node('a', true, null), node('b', false, { viewers: 0, participants: 0 })];
  expect([remaining({ nodes }, 'a'), remaining({ nodes }, 'b')]).toEqual([null, null]);
  expect(remaining({ nodes }, 'c')).toEqual({ viewers: 0, participants: 0 });
});
