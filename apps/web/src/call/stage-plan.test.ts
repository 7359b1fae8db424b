import { Participant } from '@efir/client';
import { expect, test } from 'vitest';
import { focusOf, type Sized, viewTiles } from './stage-plan.js';

const person = (id: string, isLocal = false) => new Participant({ id, name: id, joinedAt: 0 }, isLocal);
const [ann, bob, me] = [person('ann'), person('bob'), person('me', true)];
const participants = [ann, bob, me];
const gallery = { layout: 'gallery', pinned: null } as const;
const tile = (participant: Participant): Sized => ({ participant, source: 'camera', width: 320, height: 180 });

test('pinned goes before a screen, and a screen before who speaks', () => {
  const speaking = { layout: 'speaker', pinned: null } as const;
  const pinned = { layout: 'speaker', pinned: { participant: ann, source: 'camera' } } as const;
  const seen = { participants, speaker: bob };
  expect(focusOf({ ...seen, screens: [bob], viewing: pinned })).toMatchObject({ participant: ann, why: 'pinned' });
  expect(focusOf({ ...seen, screens: [ann], viewing: speaking })).toMatchObject({ source: 'screen' });
  expect(focusOf({ ...seen, screens: [], viewing: speaking })).toMatchObject({ participant: bob, why: 'speaker' });
  expect(focusOf({ ...seen, screens: [], viewing: gallery })).toBeNull();
});

test('before anybody spoke somebody else than oneself is large', () => {
  const viewing = { layout: 'speaker', pinned: null } as const;
  expect(focusOf({ participants: [me, bob], screens: [], speaker: null, viewing })?.participant).toBe(bob);
  expect(focusOf({ participants: [me], screens: [], speaker: null, viewing })).toBeNull();
});

test('one is told of what others show, who speaks first, in pixels of the device', () => {
  const tiles = [ann, bob, me].map(tile);
  expect(viewTiles({ focus: null, tiles, speaker: bob, pixelRatio: 2 })).toEqual([
    { show: { participant: 'bob', source: 'camera' }, role: 'stage', width: 640, height: 360 },
    { show: { participant: 'ann', source: 'camera' }, role: 'thumbnail', width: 640, height: 360 },
  ]);
});

test('the large tile of the speaker view follows, whoever that is', () => {
  const focus = { participant: bob, source: 'camera', why: 'speaker', width: 1_000, height: 600 } as const;
  const [first, ...more] = viewTiles({ focus, tiles: [tile(ann)], speaker: bob, pixelRatio: 1 });
  expect(first).toEqual({ show: { follow: 'speaker' }, role: 'stage', width: 1_000, height: 600 });
  expect(more).toMatchObject([{ role: 'thumbnail' }]);
});
