import type { ClusterLink } from '@efir/protocol';
import { expect, test } from 'vitest';
import { bundle, linkWidth, lossLevel } from './bundles.js';

const link = (from: string, to: string, more: Partial<ClusterLink> = {}): ClusterLink => ({
  ...{ id: `${from}${to}`, room: 'demo', from, to, bitrateBps: 1e6, streams: 2, rttMs: null, lossShare: 0 },
  state: 'connected',
  ...more,
});

test('links of several rooms between two nodes are one: rates add up, the worst loss and round trip count', () => {
  const bundles = bundle([link('a', 'b', { rttMs: 5 }), link('b', 'a'), link('a', 'b', { lossShare: 0.02, rttMs: 9 })]);
  expect(bundles).toHaveLength(2);
  expect(bundles[0]).toMatchObject({
    ...{ from: 'a', to: 'b', bitrateBps: 2e6, streams: 4, rooms: 2, lossShare: 0.02, rttMs: 9, state: 'connected' },
  });
});

test('one that is down shows in the whole', () => {
  const state = (...states: string[]) => bundle(states.map((state) => link('a', 'b', { state })))[0]?.state;
  expect(state('connected', 'waiting')).toBe('waiting');
  expect(state('opening', 'connected')).toBe('opening');
  expect(state('standby')).toBe('standby');
  expect(state('standby', 'connected')).toBe('connected');
  expect(state('connected', 'standby')).toBe('connected');
});

test('thickness grows with the rate and ends, loss has three levels', () => {
  expect(linkWidth(0)).toBe(1.5);
  expect(linkWidth(1e6)).toBeLessThan(linkWidth(1e7));
  expect(linkWidth(1e12)).toBe(9);
  expect([0, 0.02, 0.2].map(lossLevel)).toEqual(['none', 'some', 'much']);
});
