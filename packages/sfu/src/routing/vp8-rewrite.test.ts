import { expect, test } from 'vitest';
import { rewriteVp8Descriptor } from './vp8-rewrite.js';

function rewrite(descriptor: number[], pictureIdOffset: number, tl0Offset: number): number[] {
  const target = new Uint8Array(descriptor.length);
  rewriteVp8Descriptor(new Uint8Array(descriptor), 0, descriptor.length, pictureIdOffset, tl0Offset, target, 0);
  return [...target];
}

test('a 15-bit picture id wraps within its field', () => {
  expect(rewrite([0x90, 0x80, 0xff, 0xff], 2, 0)).toEqual([0x90, 0x80, 0x80, 0x01]);
});

test('a 7-bit picture id keeps its width', () => {
  expect(rewrite([0x90, 0x80, 0x7f], 1, 0)).toEqual([0x90, 0x80, 0x00]);
});

test('TL0PICIDX moves by its own offset; TID and KEYIDX stay', () => {
  expect(rewrite([0x90, 0xe0, 0x81, 0x00, 0xff, 0x5a], 1, 3)).toEqual([0x90, 0xe0, 0x81, 0x01, 0x02, 0x5a]);
});

test('a descriptor without extension is copied', () => {
  expect(rewrite([0x10], 5, 5)).toEqual([0x10]);
});
