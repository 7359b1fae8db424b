import { expect, test } from 'vitest';
import { VIDEO_PRESETS } from '../options.js';
import { encodingsIn, sendEncodings } from './layers.js';

const h720 = { quality: VIDEO_PRESETS.h720, codec: 'vp8' as const, weak: false };

test('a camera of 720 rows goes out in three sizes, the lowest first', () => {
  const encodings = sendEncodings('camera', h720);
  expect(encodings.map(({ rid }) => rid)).toEqual(['l', 'm', 'h']);
  expect(encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual([4, 2, 1]);
  expect(encodings.map(({ maxBitrate }) => maxBitrate)).toEqual([150_000, 500_000, 1_500_000]);
  expect(encodings.every(({ scalabilityMode }) => scalabilityMode === 'L1T3')).toBe(true);
});

test('small pictures and weak machines have fewer layers', () => {
  const scales = (preset: 'h180' | 'h360' | 'h720', weak: boolean) =>
    sendEncodings('camera', { ...h720, quality: VIDEO_PRESETS[preset], weak }).map(
      ({ scaleResolutionDownBy = 1 }) => scaleResolutionDownBy,
    );
  expect(scales('h360', false)).toEqual([2, 1]);
  expect(scales('h180', false)).toEqual([1]);
  expect(scales('h720', true)).toEqual([4, 1]);
});

test('VP9 and AV1 hold all layers in one stream', () => {
  for (const codec of ['vp9', 'av1'] as const) {
    expect(sendEncodings('camera', { ...h720, codec })).toMatchObject([{ scalabilityMode: 'L3T3_KEY' }]);
  }
});

test('a screen is sent in one size', () => {
  expect(sendEncodings('screen', h720)).toMatchObject([{ scalabilityMode: 'L1T3' }]);
});

test('layers above what is taken are off, and on again with it', () => {
  const encodings = sendEncodings('camera', h720);
  const active = (taken: number, dropped = 0) =>
    encodingsIn({ taken, dropped, frameRate: null }, encodings).map((encoding) => encoding.active);
  expect(active(2)).toEqual([true, true, true]);
  expect(active(0)).toEqual([true, false, false]);
  expect(active(-1)).toEqual([true, false, false]);
  expect(active(2, 1)).toEqual([true, true, false]);
  expect(active(0, 2)).toEqual([true, false, false]);
});

test('what nobody takes idles at a few pictures a second', () => {
  const encodings = sendEncodings('camera', h720);
  const [lowest] = encodingsIn({ taken: -1, dropped: 0, frameRate: null }, encodings);
  expect(lowest).toMatchObject({ active: true, maxFramerate: 4, maxBitrate: 60_000 });
  const [again] = encodingsIn({ taken: 1, dropped: 0, frameRate: null }, encodings);
  expect(again).toMatchObject({ maxFramerate: 30, maxBitrate: 150_000 });
});
