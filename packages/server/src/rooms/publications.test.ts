import { expect, test } from 'vitest';
import { Publications } from './publications.js';

const ann = (more: object = {}) => ({
  id: 'ann',
  gone: false,
  tracks: [
    { mid: '0', kind: 'audio' as const, source: 'microphone' as const, muted: false },
    { mid: '1', kind: 'video' as const, source: 'camera' as const, muted: false },
  ],
  media: { transport: 'ann.1' } as never,
  trackId: (mid: string) => `ann/${mid}`,
  ...more,
});

test('tracks are found by id, by source and by producer', () => {
  const publications = new Publications();
  expect(publications.update(ann())).toEqual({
    ...{ publisher: 'ann', microphones: true, screenSounds: false, successions: [] },
  });
  expect(publications.find('ann/1')).toMatchObject({ source: 'camera', producer: 'ann.1/1' });
  expect(publications.find('ann/microphone')?.id).toBe('ann/0');
  for (const name of ['', '/', 'ann', 'ann/', 'ann/2', 'bob/1']) expect(publications.find(name)).toBeNull();
  expect(publications.byProducer('ann', 'ann.1/0')?.id).toBe('ann/0');
  expect(publications.byProducer('ann', 'ann.0/0')).toBeNull();
  expect([...publications.microphones.keys()]).toEqual(['ann/0']);
});

test('what is as before, and being muted, is no change', () => {
  const publications = new Publications();
  publications.update(ann());
  const muted = ann().tracks.map((track) => ({ ...track, muted: true }));
  expect(publications.update(ann({ tracks: muted }))).toBeNull();
});

test('a camera that comes or goes does not concern microphones', () => {
  const publications = new Publications();
  publications.update(ann());
  expect(publications.update(ann({ tracks: ann().tracks.slice(0, 1) }))).toMatchObject({ microphones: false });
});

test('another transport changes every producer, none takes them away for now', () => {
  const publications = new Publications();
  publications.update(ann());
  expect(publications.update(ann({ media: null }))).toMatchObject({ microphones: true });
  expect(publications.find('ann/1')?.producer).toBeNull();
  publications.update(ann({ media: { transport: 'ann.2' } }));
  expect(publications.microphones.get('ann/0')?.producer).toBe('ann.2/0');
});

test('who has gone publishes nothing', () => {
  const publications = new Publications();
  publications.update(ann());
  publications.update(ann({ gone: true }));
  expect(publications.of('ann')).toEqual([]);
  expect(publications.microphones.size).toBe(0);
});

test('of two cameras each is followed by itself on another transport, and neither by the other', () => {
  const camera = (mid: string) => ({ mid, kind: 'video' as const, source: 'camera' as const, muted: false });
  const publications = new Publications();
  publications.update(ann({ tracks: [camera('0'), camera('1')] }));
  const microphone = { mid: '2', kind: 'audio' as const, source: 'microphone' as const, muted: false };
  const tracks = [camera('0'), camera('1'), microphone];
  expect(publications.update(ann({ tracks }))).toMatchObject({ successions: [] });
  expect(publications.update(ann({ tracks, media: { transport: 'ann.2' } }))?.successions).toEqual([
    { from: 'ann.1/0', to: 'ann.2/0' },
    { from: 'ann.1/1', to: 'ann.2/1' },
    { from: 'ann.1/2', to: 'ann.2/2' },
  ]);
});
