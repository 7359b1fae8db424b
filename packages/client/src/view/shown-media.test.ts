import type { TrackSource } from '@efir/protocol';
import { expect, test } from 'vitest';
import { Participant } from '../participant.js';
import { fakeMedia } from '../testing/fake-media.js';
import { sameSounds, soundsOf, stageOf } from './shown-media.js';

function person(id: string, source: TrackSource, media: MediaStreamTrack | null): Participant {
  const participant = new Participant({ id, name: id, joinedAt: 0 });
  const kind = source === 'camera' ? 'video' : 'audio';
  participant.update({ id, name: id, joinedAt: 0, tracks: [{ id: `${id}/1`, source, kind, muted: false }] });
  participant.track(source)?.setMedia(media);
  return participant;
}

test('a voice plays on in its element, whoever it belongs to', () => {
  const voice = fakeMedia('audio');
  const path = { voices: () => [voice] };
  const anns = soundsOf([person('ann', 'microphone', voice)], path);
  const nobodys = soundsOf([], path);
  const bobs = soundsOf([person('bob', 'microphone', voice)], path);
  for (const sounds of [anns, nobodys, bobs]) expect(sounds).toMatchObject([{ key: 'voice 0', media: voice }]);
  expect([anns, nobodys, bobs].map(([sound]) => sound?.participant)).toEqual(['ann', null, 'bob']);
  expect(sameSounds(anns, bobs)).toBe(false);
});

test('somebody with a section of their own is one sound through all paths', () => {
  const keys = [fakeMedia('audio'), fakeMedia('audio')].map(
    (media) => soundsOf([person('ann', 'microphone', media)], null)[0]?.key,
  );
  expect(keys).toEqual(['ann/microphone', 'ann/microphone']);
});

test('on stage is whom the section follows, else who spoke last', () => {
  const picture = fakeMedia('video');
  const ann = person('ann', 'camera', null);
  const bob = person('bob', 'camera', picture);
  const find = (id: string) => (id === 'ann' ? ann : bob);
  expect(stageOf({ stage: () => ({ participant: 'ann', media: null }) }, find, bob)).toEqual({
    participant: ann,
    media: null,
  });
  expect(stageOf({ stage: () => ({ participant: null, media: null }) }, find, bob)).toEqual({
    participant: bob,
    media: picture,
  });
  expect(stageOf(null, find, null)).toBeNull();
});
