import { sourceTag } from '@efir/sfu';
import { expect, test } from 'vitest';
import type { PlannedStream } from './plan.js';
import type { PublishedTrack } from './publications.js';
import { type FindProducer, Subscription, type SubscriptionUpdate } from './subscription.js';

const video = (...mids: string[]) => mids.map((mid) => ({ mid, kind: 'video' as const }));
const camera = (participant: string, n = 1): PublishedTrack => ({
  id: `${participant}/0`,
  kind: 'video',
  source: 'camera',
  participant,
  producer: `${participant}.${n}/0`,
});
const shown = (track: PublishedTrack, want?: PlannedStream['want']): PlannedStream => ({
  id: track.id,
  kind: track.kind,
  source: track.source,
  track,
  ...(want && { want }),
});
const speaker: PlannedStream = { id: 'speaker', kind: 'video', source: 'camera', track: null, follow: 'speaker' };
const known: FindProducer = (producer) => (/^(ann|bob)\.1\/0$/.test(producer) ? camera(producer.slice(0, 3)) : null);
const carrying = (mid: string, participant: string, n = 1) => ({
  mid,
  participant,
  source: 'camera',
  track: `${participant}/0`,
  csrc: sourceTag(`${participant}.${n}/0`),
});
const nothing = (mid: string) => ({ mid, participant: null, source: null, track: null, csrc: null });

const update = (
  subscription: Subscription,
  planned: PlannedStream[],
  sections = video('1'),
  beyond = { audio: 0, video: 0 },
): SubscriptionUpdate => subscription.update(sections, { planned, beyond }, known);

test('a section is routed to the producer of its track, and the client is told whose packets they are', () => {
  const { routes, streams } = update(new Subscription(), [shown(camera('ann'))]);
  expect(routes).toEqual([{ mid: '1', source: { producer: 'ann.1/0' } }]);
  expect(streams).toEqual({ streams: [carrying('1', 'ann')], missing: { audio: 0, video: 0 } });
});

test('what has not changed is told to nobody', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann'))]);
  expect(update(subscription, [shown(camera('ann'))])).toEqual({ routes: [], streams: null });
});

test('a section whose track ends is routed to nothing', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann'))]);
  const { routes, streams } = update(subscription, []);
  expect(routes).toEqual([{ mid: '1', source: null }]);
  expect(streams?.streams).toEqual([nothing('1')]);
});

test('a publisher with a new transport keeps the section; the client is told of the new CSRC', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann', 1))]);
  const { routes, streams } = update(subscription, [shown(camera('ann', 2))]);
  expect(routes).toEqual([{ mid: '1', source: { producer: 'ann.2/0' } }]);
  expect(streams?.streams).toEqual([carrying('1', 'ann', 2)]);
});

test('a track whose transport is being replaced keeps its section and has no CSRC meanwhile', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann'))]);
  const { routes, streams } = update(subscription, [shown({ ...camera('ann'), producer: null })]);
  expect(routes).toEqual([{ mid: '1', source: null }]);
  expect(streams?.streams).toEqual([{ ...carrying('1', 'ann'), csrc: null }]);
});

test('a new transport of the subscriber has all its routes set again', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann'))]);
  subscription.forgetRoutes();
  expect(update(subscription, [shown(camera('ann'))]).routes).toHaveLength(1);
});

test('a subscriber without any section is told what is missing', () => {
  const { routes, streams } = update(new Subscription(), [shown(camera('ann')), shown(camera('bob'))], []);
  expect(routes).toEqual([]);
  expect(streams).toEqual({ streams: [], missing: { audio: 0, video: 2 } });
});

test('what the plan left out is missing as well', () => {
  const { streams } = update(new Subscription(), [shown(camera('ann'))], video('1'), { audio: 0, video: 3 });
  expect(streams?.missing).toEqual({ audio: 0, video: 3 });
});

test('a tile of another size is told to the worker alone', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann'), { role: 'thumbnail', height: 180, order: 0 })]);
  const want = { role: 'stage', height: 720, order: 0 } as const;
  expect(update(subscription, [shown(camera('ann'), want)])).toEqual({
    routes: [{ mid: '1', source: { producer: 'ann.1/0' }, want }],
    streams: null,
  });
});

test('a following section carries nobody until the worker says whom, then whom it says', () => {
  const subscription = new Subscription();
  const { routes, streams } = update(subscription, [speaker]);
  expect(routes).toEqual([{ mid: '1', source: { follow: 'speaker' } }]);
  expect(streams?.streams).toEqual([{ ...nothing('1'), follow: 'speaker' }]);

  expect(subscription.sourceChanged('1', 'ann.1/0')).toBe('speaker');
  expect(subscription.sourceChanged('1', 'ann.1/0')).toBeNull();
  expect(update(subscription, [speaker])).toMatchObject({
    routes: [],
    streams: { streams: [{ ...carrying('1', 'ann'), follow: 'speaker' }] },
  });
  subscription.sourceChanged('1', null);
  expect(update(subscription, [speaker]).streams?.streams).toEqual([{ ...nothing('1'), follow: 'speaker' }]);
});

test('a source that is not known, or of a section that follows nobody, is nobody', () => {
  const subscription = new Subscription();
  update(subscription, [speaker, shown(camera('ann'))], video('1', '2'));
  expect(subscription.sourceChanged('2', 'bob.1/0')).toBeNull();
  expect(subscription.sourceChanged('9', 'bob.1/0')).toBeNull();
  expect(subscription.sourceChanged('1', 'gone.1/0')).toBe('speaker');
  expect(update(subscription, [speaker, shown(camera('ann'))], video('1', '2')).streams).toBeNull();
});

test('a section that begins to follow carries whom it carried until the worker says otherwise', () => {
  const subscription = new Subscription();
  update(subscription, [shown(camera('ann'))]);
  expect(update(subscription, [speaker]).streams?.streams).toEqual([{ ...carrying('1', 'ann'), follow: 'speaker' }]);
});

test('routes that did not get through are set again, and who is followed is still known', () => {
  const subscription = new Subscription();
  update(subscription, [speaker]);
  subscription.sourceChanged('1', 'ann.1/0');
  update(subscription, [speaker]);
  subscription.routesFailed();
  expect(update(subscription, [speaker])).toEqual({
    routes: [{ mid: '1', source: { follow: 'speaker' } }],
    streams: null,
  });
});
