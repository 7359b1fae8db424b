import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LayersEvent, MAX_TILES, OverloadEvent, QualityEvent, ViewRequest } from './index.js';

const tile = { show: { track: 'ann/1' }, width: 320, height: 180 };

test('a view needs nothing but tiles; a tile is a thumbnail unless it says otherwise', () => {
  expect(ViewRequest.parse({ tiles: [tile] })).toEqual({
    tiles: [{ ...tile, role: 'thumbnail' }],
    audioOnly: false,
    maxBps: null,
  });
  expect(ViewRequest.safeParse({ tiles: [{ ...tile, show: { follow: 'speaker' }, role: 'stage' }] }).success).toBe(
    true,
  );
});

test('more tiles than any window has are refused before any of them is read', () => {
  expect(ViewRequest.safeParse({ tiles: Array(MAX_TILES).fill(tile) }).success).toBe(true);
  const trap = new Proxy(tile, {
    get: () => {
      throw new Error('read');
    },
  });
  const refused = ViewRequest.safeParse({ tiles: Array(10_000).fill(trap) });
  expect(refused.error?.issues.map(({ message }) => message)).toEqual(['is a list of 64 tiles at most']);
});

test('a tile that is no tile is refused', () => {
  for (const bad of [
    { ...tile, show: {} },
    { ...tile, show: { track: '' } },
    { ...tile, show: { track: 'x'.repeat(129) } },
    { ...tile, show: { follow: 'loudest' } },
    { ...tile, show: { track: 'ann/1', follow: 'speaker' } },
    { ...tile, width: -1 },
    { ...tile, height: 16_385 },
    { ...tile, height: Number.NaN },
    { ...tile, role: 'wall' },
    { ...tile, more: 1 },
  ]) {
    expect(ViewRequest.safeParse({ tiles: [bad] }).success).toBe(false);
  }
});

test('a bound on the rate is between 30 kbit/s and 1 Gbit/s, or none', () => {
  for (const maxBps of [30_000, 1_000_000_000, null])
    expect(ViewRequest.safeParse({ tiles: [], maxBps }).success).toBe(true);
  for (const maxBps of [0, -1, 29_999, 1e10, 30_000.5, '1000000']) {
    expect(ViewRequest.safeParse({ tiles: [], maxBps }).success).toBe(false);
  }
});

test('whatever comes instead of a view, reading it ends in a view or a refusal', () => {
  fc.assert(
    fc.property(fc.anything(), (anything) => {
      for (const sent of [
        anything,
        { tiles: anything },
        { tiles: [anything] },
        { tiles: [{ ...tile, show: anything }] },
      ]) {
        const { data } = ViewRequest.safeParse(sent);
        if (data) expect(data.tiles.length).toBeLessThanOrEqual(MAX_TILES);
      }
    }),
  );
});

test('what the server tells of quality has its bounds', () => {
  expect(LayersEvent.safeParse({ layers: [{ source: 'camera', spatial: -2 }] }).success).toBe(false);
  expect(OverloadEvent.safeParse({ level: 3 }).success).toBe(false);
  expect(QualityEvent.safeParse({ estimateBps: 1 }).success).toBe(false);
});
