import { BATCHES_ABOVE, type ServerEvents } from '@efir/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Announcements } from './announcements.js';
import { Participant } from './participant.js';

type Batch = ServerEvents['participants'];
type Told = [event: string, payload: unknown][];

let members: Map<string, Participant>;
let announcements: Announcements;
beforeEach(() => {
  vi.useFakeTimers();
  members = new Map();
  announcements = new Announcements({ participants: members, infoOf: (one) => one.info('sfu', false) });
});
afterEach(() => void vi.useRealTimers());

const join = (id: string, batches = true): { one: Participant; told: Told } => {
  const one = new Participant({ id, name: id, permissions: { publish: true, subscribe: true } });
  const told: Told = [];
  members.set(id, one);
  announcements.joined(one);
  one.client = { batches, send: (event, payload) => void told.push([event, payload]), close: () => {} };
  announcements.entered(one);
  return { one, told };
};
const leave = (one: Participant): void => {
  members.delete(one.id);
  announcements.left(one, 'left');
};
/** As many as may be before batches begin, who know of each other. */
const crowd = (): void => {
  for (let n = 0; n < BATCHES_ABOVE; n++) join(`crowd${n}`);
};
const ids = ({ joined, updated, left }: Batch): Record<string, string[]> => ({
  joined: joined.map(({ id }) => id),
  updated: updated.map(({ id }) => id),
  left: left.map(({ participant }) => participant),
});
const batches = (told: Told): Record<string, string[]>[] =>
  told.map(([event, payload]) => {
    expect(event).toBe('participants');
    return ids(payload as Batch);
  });

test('in a small room everything is told at once and by itself', () => {
  const { one: ann, told } = join('ann');
  const { one: bob } = join('bob');
  announcements.updated(bob);
  announcements.updated(ann);
  leave(bob);
  expect(told.map(([event]) => event)).toEqual(['participant-joined', 'participant-updated', 'participant-left']);
  expect(told[2]).toEqual(['participant-left', { participant: 'bob', reason: 'left' }]);
});

test('in a large room, what happens in 100 ms is one event', () => {
  crowd();
  const { told } = join('ann');
  vi.advanceTimersByTime(100);
  told.length = 0;
  const others = ['a', 'b', 'c'].map((id) => join(id));
  announcements.updated(others[1].one);
  leave(members.get('crowd7')!);
  announcements.updated(members.get('crowd8')!);
  vi.advanceTimersByTime(99);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(batches(told)).toEqual([{ joined: ['a', 'b', 'c'], updated: ['crowd8'], left: ['crowd7'] }]);
});

test('nobody is told of themselves, or of what their list of participants has', () => {
  crowd();
  const first = join('first');
  const second = join('second');
  announcements.updated(first.one);
  const third = join('third');
  leave(second.one);
  vi.advanceTimersByTime(100);
  expect(batches(first.told)).toEqual([{ joined: ['third'], updated: [], left: [] }]);
  expect(batches(third.told)).toEqual([{ joined: [], updated: [], left: ['second'] }]);
});

test('who came and went within a batch was never there, and nothing is no event', () => {
  crowd();
  const { told } = join('ann');
  vi.advanceTimersByTime(100);
  told.length = 0;
  leave(join('moth').one);
  vi.advanceTimersByTime(100);
  expect(told).toEqual([]);
});

test('who comes back has a new list, and hears what happens after it', () => {
  crowd();
  const ann = join('ann');
  vi.advanceTimersByTime(100);
  const bob = join('bob');
  ann.told.length = 0;
  announcements.entered(ann.one);
  announcements.updated(bob.one);
  vi.advanceTimersByTime(100);
  expect(batches(ann.told)).toEqual([{ joined: [], updated: ['bob'], left: [] }]);
});

test('a client that does not know batches gets the same in single events, at the same time', () => {
  crowd();
  const { told } = join('old', false);
  vi.advanceTimersByTime(100);
  told.length = 0;
  const { one } = join('new');
  announcements.updated(one);
  leave(members.get('crowd0')!);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(told.map(([event]) => event)).toEqual(['participant-joined', 'participant-left']);
});

test('a room that shrinks within a batch ends it first: nothing is told out of order', () => {
  crowd();
  const { one: ann } = join('ann');
  const { told } = join('bob');
  leave(ann);
  leave(members.get('crowd0')!);
  announcements.updated(members.get('crowd1')!);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(batches(told)).toEqual([{ joined: [], updated: ['crowd1'], left: ['ann', 'crowd0'] }]);
});

test('of a room that is closed nothing more is told', () => {
  crowd();
  const { told } = join('ann');
  announcements.close();
  join('bob');
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([]);
});
