import type { SectionParameters } from '@efir/rtc';
import { expect, test } from 'vitest';
import { type PublishedTrack, Subscription } from './subscription.js';

const section = (mid: string, receives = true): SectionParameters => ({
  mid,
  kind: 'video',
  codecs: [],
  extensions: {},
  ...(receives ? { downlink: { ssrc: 1, cname: 'c', streamId: 's', trackId: 't' } } : {}),
});
const camera = (participant: string, n = 1): PublishedTrack => ({
  id: `${participant}/0`,
  kind: 'video',
  source: 'camera',
  participant,
  producer: `${participant}.${n}/0`,
});

test('only sections with a downlink receive', () => {
  const { routes, streams } = new Subscription().update([section('0', false), section('1')], [camera('ann')]);
  expect(routes).toEqual([{ mid: '1', source: { producer: 'ann.1/0' } }]);
  expect(streams).toEqual({
    streams: [{ mid: '1', participant: 'ann', source: 'camera', track: 'ann/0' }],
    missing: { audio: 0, video: 0 },
  });
});

test('what has not changed is told to nobody', () => {
  const subscription = new Subscription();
  subscription.update([section('1')], [camera('ann')]);
  expect(subscription.update([section('1')], [camera('ann')])).toEqual({ routes: [], streams: null });
});

test('a section whose track ends is routed to nothing', () => {
  const subscription = new Subscription();
  subscription.update([section('1')], [camera('ann')]);
  const { routes, streams } = subscription.update([section('1')], []);
  expect(routes).toEqual([{ mid: '1', source: null }]);
  expect(streams?.streams).toEqual([{ mid: '1', participant: null, source: null, track: null }]);
});

test('a publisher with a new transport keeps the section: the worker is told, the client is not', () => {
  const subscription = new Subscription();
  subscription.update([section('1')], [camera('ann', 1)]);
  const update = subscription.update([section('1')], [camera('ann', 2)]);
  expect(update).toEqual({ routes: [{ mid: '1', source: { producer: 'ann.2/0' } }], streams: null });
});

test('a new transport of the subscriber has all its routes set again', () => {
  const subscription = new Subscription();
  subscription.update([section('1')], [camera('ann')]);
  subscription.forgetRoutes();
  expect(subscription.update([section('1')], [camera('ann')]).routes).toHaveLength(1);
});

test('a subscriber without any section is told what is missing', () => {
  const { routes, streams } = new Subscription().update([], [camera('ann'), camera('bob')]);
  expect(routes).toEqual([]);
  expect(streams).toEqual({ streams: [], missing: { audio: 0, video: 2 } });
});
