import { expect, test } from 'vitest';
import { awaitedTracks } from './awaited.js';
import type { ExpectedTrack } from './readiness.js';

const people = ['ann', 'bob', 'cleo', 'dan'];
const live = people.flatMap((participant): ExpectedTrack[] => [
  { participant, source: 'microphone' },
  { participant, source: 'camera' },
]);
const names = (tracks: ExpectedTrack[], source: string) =>
  tracks.filter((track) => track.source === source).map(({ participant }) => participant);
const tile = { show: { participant: 'ann', source: 'camera' as const }, width: 320, height: 180 };
const view = { tiles: [tile], audioOnly: false, hidden: false };
const sfu = (voices: number, own: string[]) => ({
  assigned: true,
  voices: () => Array<MediaStreamTrack>(voices),
  receiver: (participant: string) => (own.includes(participant) ? ({} as RTCRtpReceiver) : undefined),
});

test('without a view everything is awaited', () => {
  expect(awaitedTracks(live, null, null)).toEqual(live);
});

test('of pictures only those that are shown are awaited', () => {
  expect(names(awaitedTracks(live, view, null), 'camera')).toEqual(['ann']);
  expect(names(awaitedTracks(live, { ...view, audioOnly: true }, null), 'camera')).toEqual([]);
});

test('voices are awaited as long as each has a section', () => {
  expect(names(awaitedTracks(live, view, sfu(0, people)), 'microphone')).toEqual(people);
  expect(names(awaitedTracks(live, view, sfu(3, ['ann', 'bob', 'cleo'])), 'microphone')).toEqual([]);
});
