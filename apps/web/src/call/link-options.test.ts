import { expect, test } from 'vitest';
import { readLinkOptions } from './link-options.js';

test('a bare link asks for the lobby and the usual quality', () => {
  expect(readLinkOptions('')).toEqual({
    name: null,
    camera: true,
    microphone: true,
    relay: false,
    playout: 'interactive',
    quality: { width: 640, height: 360, frameRate: 30, maxBitrateBps: 1_200_000 },
  });
});

test('a link may name the guest, the codec, the quality and what to leave off', () => {
  const options = readLinkOptions('?name=%20Ann%20&codec=AV1&quality=h720&fps=15&video=0');
  expect(options).toMatchObject({ name: 'Ann', codec: 'av1', camera: false, microphone: true });
  expect(options.quality).toMatchObject({ width: 1280, frameRate: 15 });
});

test('nonsense in a link is passed over', () => {
  const options = readLinkOptions('?name=%20&codec=mpeg2&quality=toString&fps=-3');
  expect(options.name).toBeNull();
  expect(options.codec).toBeUndefined();
  expect(options.quality).toMatchObject({ width: 640, frameRate: 30 });
});

test('a link may hold back what is received, within bounds', () => {
  const playout = (text: string) => readLinkOptions(`?playout=${text}`).playout;
  expect(['broadcast', '500', '99999', '-1', 'soon'].map(playout)).toEqual([
    'broadcast',
    500,
    'interactive',
    'interactive',
    'interactive',
  ]);
});
