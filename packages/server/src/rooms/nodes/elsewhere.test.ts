import { expect, test } from 'vitest';
import { Elsewhere } from './elsewhere.js';
import { type Person, Presence } from './presence.js';

const person = (id: string, more: Partial<Person> = {}): Person => ({
  ...{ id, name: id, joinedAt: 1, tag: 'x'.repeat(43), transport: `${id}.1`, transports: 1 },
  tracks: [{ mid: '1', kind: 'video', source: 'camera', muted: false }],
  ...more,
});
const says = (people: Person[], more: Partial<Presence> = {}): Presence => ({
  ...{ kind: 'call', people, untold: 0, viewers: 0, classic: 0 },
  ...more,
});
const nobody = (): boolean => false;
const names = (changes: object): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(changes as Record<string, (string | { id: string })[]>).flatMap(([name, list]) =>
      list.length > 0 ? [[name, list.map((one) => (typeof one === 'string' ? one : one.id))]] : [],
    ),
  );

test('who is new, other, and gone is found by comparison', () => {
  const elsewhere = new Elsewhere();
  expect(names(elsewhere.update('a', says([person('ann'), person('bob')]), nobody))).toEqual({
    joined: ['ann', 'bob'],
    republished: ['ann', 'bob'],
  });
  expect(names(elsewhere.update('a', says([person('ann'), person('bob')]), nobody))).toEqual({});
  const muted = person('ann', { tracks: person('ann').tracks.map((track) => ({ ...track, muted: true })) });
  expect(names(elsewhere.update('a', says([muted, person('bob')]), nobody))).toEqual({ updated: ['ann'] });
  expect(names(elsewhere.update('a', says([muted, person('bob', { transport: null })]), nobody))).toEqual({
    republished: ['bob'],
  });
  expect(names(elsewhere.update('a', null, nobody))).toEqual({ left: ['ann', 'bob'] });
  expect([elsewhere.size, elsewhere.nodes]).toEqual([0, []]);
});

test('who moves from one node to another stays, whichever of the two is heard first', () => {
  const elsewhere = new Elsewhere();
  elsewhere.update('a', says([person('ann')]), nobody);
  const moved = person('ann', { transport: 'ann.7', transports: 7 });
  expect(names(elsewhere.update('b', says([moved]), nobody))).toEqual({
    ...{ updated: ['ann'], republished: ['ann'], moved: ['a'] },
  });
  expect(names(elsewhere.update('a', says([person('ann', { name: 'before' })]), nobody))).toEqual({});
  expect(names(elsewhere.update('a', null, nobody))).toEqual({});
  expect(elsewhere.people.get('ann')).toMatchObject({ node: 'b', media: { transport: 'ann.7' } });
});

test('who is here is not elsewhere, whatever others say', () => {
  const elsewhere = new Elsewhere();
  expect(names(elsewhere.update('a', says([person('ann'), person('bob')]), (id) => id === 'ann'))).toEqual({
    ...{ joined: ['bob'], republished: ['bob'] },
  });
  elsewhere.cameOver('bob');
  expect(elsewhere.size).toBe(0);
});

test('nodes with viewers, classic clients or people beyond the list count', () => {
  const elsewhere = new Elsewhere();
  elsewhere.update('a', says([], { viewers: 3 }), nobody);
  elsewhere.update('b', says([person('ann', { tracks: [] })], { untold: 5, classic: 1 }), nobody);
  expect(elsewhere).toMatchObject({ size: 7, viewers: 3, classic: 1, nodes: ['a', 'b'] });
  expect([[...elsewhere.publishing], [...elsewhere.peopled]]).toEqual([[], ['b']]);
});

test('a node that lies about its people is not believed', () => {
  const good = says([person('ann')]);
  expect(Presence.safeParse(good).success).toBe(true);
  const lies: Partial<Person>[] = [
    { transport: 'bob.1' },
    { transport: 'ann' },
    { transport: 'ann.x' },
    { id: 'a b' },
    { name: '' },
    { name: 'x'.repeat(65) },
    { tracks: Array(17).fill(person('ann').tracks[0]) },
    { transports: -1 },
  ];
  for (const lie of lies) expect(Presence.safeParse(says([person('ann', lie)])).success).toBe(false);
  expect(Presence.safeParse({ ...good, more: 1 }).success).toBe(false);
});
