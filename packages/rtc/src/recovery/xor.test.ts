import { expect, test } from 'vitest';
import { XorBuffer } from './xor.js';

test('ranges of every alignment and length come out the same as byte by byte', () => {
  const source = Uint8Array.from({ length: 203 }, (_, i) => (i * 37 + 11) & 0xff);
  for (let start = 0; start < 4; start++) {
    // A view into a larger buffer, up to its very end.
    const view = source.subarray(start, start === 3 ? source.length : source.length - 3);
    for (let at = 0; at < 9; at++) {
      for (const length of [0, 1, 3, 15, 16, 17, 18, 19, 20, 63, 64, 65, 100, view.length - 5]) {
        for (const offset of [0, 1, 2, 3, 5]) {
          const buffer = new XorBuffer(256);
          for (let i = 0; i < 256; i++) buffer.bytes[i] = i;
          const expected = Array.from(buffer.bytes, (byte, i) =>
            i >= at && i < at + length ? byte ^ view[offset + i - at] : byte,
          );
          buffer.xor(at, view, offset, length);
          expect(String(buffer.bytes)).toBe(String(expected));
        }
      }
    }
  }
});
