import { ViewRequest } from '@efir/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Assignment } from './assignment.js';
import type { Track } from './participant.js';
import { planAll, planView, type View } from './plan.js';
import { Publications } from './publications.js';

const KINDS = { microphone: 'audio', 'screen-audio': 'audio', camera: 'video', screen: 'video' } as const;
const publisher = (id: string, ...sources: Track['source'][]) => ({
  id,
  gone: false,
  tracks: sources.map((source, mid) => ({ mid: String(mid), kind: KINDS[source], source, muted: false })),
  media: { transport: `${id}.1` } as never,
  trackId: (mid: string) => `${id}/${mid}`,
});
const room = (...publishers: ReturnType<typeof publisher>[]): Publications => {
  const publications = new Publications();
  for (const one of publishers) publications.update(one);
  return publications;
};
/** Microphone 0, camera 1. */
const people = (...ids: string[]) => ids.map((id) => publisher(id, 'microphone', 'camera'));
const view = (...tiles: View['tiles']): View => ViewRequest.parse({ tiles });
const tile = (track: string, more: Partial<View['tiles'][number]> = {}): View['tiles'][number] => ({
  show: { track },
  role: 'thumbnail',
  width: 320,
  height: 180,
  ...more,
});
const speakerTile = (): View['tiles'][number] => ({ show: { follow: 'speaker' }, role: 'stage', width: 9, height: 9 });
const ids = ({ planned }: { planned: { id: string }[] }): string[] => planned.map(({ id }) => id);

test('tiles are planned in their order, with their role and size', () => {
  const plan = planView(
    'me',
    view(tile('bob/1', { role: 'stage', height: 720 }), tile('ann/1')),
    sections(0, 9),
    crowd,
  );
  expect(plan.planned.map(({ id, want }) => [id, want])).toEqual([
    ['bob/1', { role: 'stage', height: 720, order: 0 }],
    ['ann/1', { role: 'thumbnail', height: 180, order: 1 }],
  ]);
});
const crowd = room(...people('ann', 'bob', 'cat', 'me'));
const sections = (audio: number, video: number) => ({ audio, video });

test('tiles beyond the sections are left out and counted', () => {
  const plan = planView('me', view(tile('ann/1'), tile('bob/1'), tile('cat/1')), sections(0, 2), crowd);
  expect(ids(plan)).toEqual(['ann/1', 'bob/1']);
  expect(plan.beyond).toEqual({ audio: 0, video: 1 });
});

test('a track that is not there, a sound, oneself and a second tile of the same take no section', () => {
  const tiles = view(
    tile('nobody/1'),
    tile('ann/9'),
    tile('ann/0'),
    tile('me/1'),
    tile('x'),
    tile('bob/1'),
    tile('bob/1'),
  );
  const plan = planView('me', tiles, sections(0, 9), crowd);
  expect(ids(plan)).toEqual(['bob/1']);
  expect(plan.planned[0]?.want?.order).toBe(0);
  // Whoever comes later under that name is to be shown.
  expect(plan.publishers).toEqual(new Set(['nobody', 'ann', 'x', 'bob']));
});

test('a track may be called by its source, as in a mesh', () => {
  expect(ids(planView('me', view(tile('ann/camera')), sections(0, 1), crowd))).toEqual(['ann/1']);
});

test('the speaker has one tile, which follows', () => {
  const plan = planView('me', view(speakerTile(), speakerTile(), tile('ann/1')), sections(0, 9), crowd);
  expect(plan.planned.map(({ id, follow }) => [id, follow])).toEqual([
    ['speaker', 'speaker'],
    ['ann/1', undefined],
  ]);
});

test('only a screen is shown as one', () => {
  const publications = room(publisher('ann', 'camera', 'screen'));
  const plan = planView(
    'me',
    view(tile('ann/0', { role: 'screen' }), tile('ann/1', { role: 'screen' })),
    sections(0, 2),
    publications,
  );
  expect(plan.planned.map(({ want }) => want?.role)).toEqual(['stage', 'screen']);
});

test('a tile without width or height is not seen', () => {
  const [one] = planView('me', view(tile('ann/1', { width: 0 })), sections(0, 1), crowd).planned;
  expect(one?.want?.height).toBe(0);
});

test('microphones that all find a section are carried each by itself', () => {
  const plan = planView('me', view(), sections(3, 0), crowd);
  expect(ids(plan)).toEqual(['ann/0', 'bob/0', 'cat/0']);
  expect(plan.hearing).toEqual({ direct: true, directUpTo: 4 });
});

test('with more microphones than sections each section carries one of the loudest', () => {
  const plan = planView('me', view(), sections(2, 0), crowd);
  expect(plan.planned.map(({ follow }) => follow)).toEqual(['loudest', 'loudest']);
  expect(plan.hearing).toEqual({ direct: false, directUpTo: 3 });
  expect(plan.beyond.audio).toBe(0);
});

test('of a crowd no more than three are heard at once, however many sections a client has from when the room was small', () => {
  const many = room(...people(...Array.from({ length: 12 }, (_, n) => `p${n}`)));
  const plan = planView('me', view(), sections(8, 0), many);
  expect(plan.planned.map(({ follow }) => follow)).toEqual(['loudest', 'loudest', 'loudest']);
  expect(plan.hearing).toEqual({ direct: false, directUpTo: 8 });
});

test("a shared screen's sound has a section of its own, that of the screen on show first", () => {
  const publications = room(
    ...people('ann', 'bob', 'cat'),
    publisher('dan', 'screen', 'screen-audio'),
    publisher('eve', 'screen', 'screen-audio'),
  );
  const plan = planView('me', view(tile('eve/0')), sections(3, 1), publications);
  expect(plan.planned.map(({ id, follow }) => follow ?? id)).toEqual(['loudest', 'loudest', 'eve/1', 'eve/0']);
  const roomy = planView('me', view(), sections(5, 0), publications);
  expect(ids(roomy)).toEqual(['ann/0', 'bob/0', 'cat/0', 'dan/1', 'eve/1']);
});

test('with one section for sound, microphones have it', () => {
  const publications = room(...people('ann', 'bob'), publisher('dan', 'screen', 'screen-audio'));
  expect(planView('me', view(), sections(1, 0), publications).planned.map(({ follow }) => follow)).toEqual(['loudest']);
});

test('without sections for sound no microphone concerns it', () => {
  expect(planView('me', view(), sections(0, 4), crowd).hearing).toBeNull();
});

test('without a view everything of the others is planned, without a wish', () => {
  const all = ['ann', 'me', 'bob'].flatMap((id) => crowd.of(id));
  const plan = planAll('me', all);
  expect(ids(plan)).toEqual(['ann/0', 'ann/1', 'bob/0', 'bob/1']);
  expect(plan.planned.every(({ want, follow }) => !want && !follow)).toBe(true);
  expect(plan.publishers).toBeNull();
});

test('whatever page follows whatever page: a picture that stays stays in its section, and the page is on show', () => {
  const everybody = Array.from({ length: 20 }, (_, n) => `p${n}`);
  const publications = room(...people(...everybody));
  const anyPage = fc.array(fc.oneof(fc.constantFrom(...everybody), fc.constant('speaker')), { maxLength: 14 });
  fc.assert(
    fc.property(fc.array(anyPage, { minLength: 2, maxLength: 8 }), (pages) => {
      const assignment = new Assignment();
      const mids = Array.from({ length: 9 }, (_, n) => ({ mid: String(n), kind: 'video' as const }));
      let before = new Map<string, string>();
      for (const page of pages) {
        const tiles = page.map((who) => (who === 'speaker' ? speakerTile() : tile(`${who}/1`)));
        const { planned } = planView('me', view(...tiles), sections(0, 9), publications);
        const { carried } = assignment.update(mids, planned);
        const now = new Map([...carried].flatMap(([mid, stream]) => (stream ? [[stream.id, mid] as const] : [])));
        const wanted = [...new Set(page)].slice(0, 9).map((who) => (who === 'speaker' ? who : `${who}/1`));
        expect([...now.keys()].sort()).toEqual(wanted.sort());
        for (const [id, mid] of now) if (before.has(id)) expect(mid).toBe(before.get(id));
        before = now;
      }
    }),
  );
});
