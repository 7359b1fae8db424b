import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AssignableTrack, Assignment, type ReceivingSection } from './assignment.js';

const track = (id: string, source: AssignableTrack['source'] = 'camera'): AssignableTrack => ({
  id,
  source,
  kind: source === 'camera' || source === 'screen' ? 'video' : 'audio',
});
const video = (...mids: string[]): ReceivingSection[] => mids.map((mid) => ({ mid, kind: 'video' }));
const ids = (carried: Map<string, AssignableTrack | null>): (string | null)[] =>
  [...carried.values()].map((carriedTrack) => carriedTrack?.id ?? null);

test('sections are filled in the order of joining', () => {
  const { carried, missing } = new Assignment().update(video('1', '2', '3'), [track('a'), track('b')]);
  expect(ids(carried)).toEqual(['a', 'b', null]);
  expect(missing).toEqual({ audio: 0, video: 0 });
});

test('what finds no section is counted as missing, by kind', () => {
  const tracks = [track('a'), track('b'), track('m', 'microphone')];
  const { carried, missing } = new Assignment().update(video('1'), tracks);
  expect(ids(carried)).toEqual(['a']);
  expect(missing).toEqual({ audio: 1, video: 1 });
});

test('a screen share goes before cameras that still wait', () => {
  const { carried } = new Assignment().update(video('1'), [track('a'), track('s', 'screen')]);
  expect(ids(carried)).toEqual(['s']);
});

test('a screen share that starts later takes no section away', () => {
  const assignment = new Assignment();
  assignment.update(video('1'), [track('a')]);
  const { carried, missing } = assignment.update(video('1'), [track('a'), track('s', 'screen')]);
  expect(ids(carried)).toEqual(['a']);
  expect(missing.video).toBe(1);
});

test('when someone leaves, the others stay where they are and the section goes to who waits', () => {
  const assignment = new Assignment();
  assignment.update(video('1', '2', '3'), [track('a'), track('b'), track('c'), track('d')]);
  const { carried } = assignment.update(video('1', '2', '3'), [track('a'), track('c'), track('d')]);
  expect(ids(carried)).toEqual(['a', 'd', 'c']);
});

test('a track whose section is gone moves to another', () => {
  const assignment = new Assignment();
  assignment.update(video('1', '2'), [track('a'), track('b')]);
  const { carried, missing } = assignment.update(video('2', '3'), [track('a'), track('b')]);
  expect(Object.fromEntries([...carried].map(([mid, t]) => [mid, t?.id]))).toEqual({ 2: 'b', 3: 'a' });
  expect(missing.video).toBe(0);
});

const anyTracks = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 0, max: 30 }).map((n) => `t${n}`),
    source: fc.constantFrom<AssignableTrack['source']>('camera', 'screen', 'microphone', 'screen-audio'),
  }),
  // An id's source is fixed by the id: a track does not change its kind.
  { selector: ({ id }) => id, maxLength: 20 },
);
const SOURCES = ['camera', 'microphone', 'screen', 'screen-audio'] as const;
const normal = (list: { id: string }[]): AssignableTrack[] =>
  list.map(({ id }) => track(id, SOURCES[Number(id.slice(1)) % SOURCES.length]));
const anySections = fc
  .uniqueArray(fc.integer({ min: 0, max: 15 }), { maxLength: 12 })
  .map((mids) => mids.map((mid): ReceivingSection => ({ mid: String(mid), kind: mid % 2 ? 'audio' : 'video' })));
const anyHistory = fc.array(fc.tuple(anySections, anyTracks), { minLength: 1, maxLength: 12 });

test('whatever comes and goes: nothing twice, kinds match, no track waits beside a free section, none moves without need', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const assignment = new Assignment();
      let before = new Map<string, string>();
      for (const [sections, list] of history) {
        const tracks = normal(list);
        const { carried, missing } = assignment.update(sections, tracks);
        expect([...carried.keys()]).toEqual(sections.map(({ mid }) => mid));

        const given = [...carried.values()].filter((t) => t !== null);
        expect(new Set(given.map(({ id }) => id)).size).toBe(given.length);
        for (const { mid, kind } of sections) expect([kind, undefined]).toContain(carried.get(mid)?.kind);
        for (const kind of ['audio', 'video'] as const) {
          const wanted = tracks.filter((t) => t.kind === kind).length;
          const there = sections.filter((s) => s.kind === kind).length;
          expect(given.filter((t) => t.kind === kind)).toHaveLength(Math.min(wanted, there));
          expect(missing[kind]).toBe(Math.max(0, wanted - there));
        }
        for (const [mid, id] of before) {
          const stillThere = carried.has(mid) && tracks.some((t) => t.id === id);
          if (stillThere) expect(carried.get(mid)?.id).toBe(id);
        }
        before = new Map([...carried].flatMap(([mid, t]) => (t ? [[mid, t.id] as const] : [])));
      }
    }),
  );
});
