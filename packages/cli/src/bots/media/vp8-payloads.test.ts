import { parseVp8Descriptor, Vp8Descriptor } from '@efir/rtc';
import { expect, test } from 'vitest';
import { packetize, Vp8Numbers } from './vp8-payloads.js';

const read = (payload: Uint8Array): Vp8Descriptor => {
  const descriptor = new Vp8Descriptor();
  expect(parseVp8Descriptor(payload, 0, payload.length, descriptor)).toBe(true);
  return descriptor;
};

test('a frame is cut into payloads whose descriptors tell its start and temporal layer', () => {
  const payloads = packetize(new Uint8Array(3000).fill(1), 2, true);
  expect(payloads.map(({ length }) => length)).toEqual([1006, 1006, 1006]);
  expect(payloads.map((payload) => read(payload).startOfPartition)).toEqual([true, false, false]);
  expect(payloads.map(read)).toMatchObject([1, 2, 3].map(() => ({ tid: 2, layerSync: true, descriptorLength: 6 })));
});

test('each sender stamps numbers of its own: pictures count, and base layers', () => {
  const [payload] = packetize(Uint8Array.of(1, 2), 1, false);
  const untouched = payload.slice();
  const numbers = new Vp8Numbers(0x7ffe);
  const heads = [0, 2, 0].map((temporal) => {
    numbers.frame(temporal);
    numbers.stamp(payload);
    return read(Uint8Array.from([...numbers.head, 1]));
  });
  expect(heads.map(({ pictureId }) => pictureId)).toEqual([0x7fff, 0, 1]);
  expect(heads.map(({ tl0PicIdx }) => tl0PicIdx)).toEqual([0xff, 0xff, 0]);
  expect(heads[0]).toMatchObject({ tid: 1, layerSync: false, pictureIdBits: 15 });
  expect(payload).toEqual(untouched);
});
