import { expect, test } from 'vitest';
import { parseRed, RedBlocks, writeRedBlockHeader, writeRedPrimaryHeader } from './red.js';

/** [payload type, timestamp offset, bytes] of each block. */
function blocks(payload: number[]): [number, number, number[]][] | null {
  const framed = Uint8Array.from([9, 9, ...payload, 9]);
  const out = new RedBlocks();
  if (!parseRed(framed, 2, payload.length, out)) return null;
  return Array.from({ length: out.count }, (_, i) => [
    out.payloadTypes[i],
    out.timestampOffsets[i],
    [...framed.subarray(out.offsets[i], out.offsets[i] + out.lengths[i])],
  ]);
}

// RFC 2198 section 4 by hand: F=1 PT=111 offset=1920 length=2, F=1 PT=111 offset=960 length=3, F=0 PT=111.
const TWO = [0xef, 0x1e, 0x00, 0x02, 0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 4, 5, 6, 7];

test('blocks come oldest first, the packet’s own last', () => {
  expect(blocks(TWO)).toEqual([
    [111, 1920, [1, 2]],
    [111, 960, [3, 4, 5]],
    [111, 0, [6, 7]],
  ]);
  expect(blocks([0x60, 1, 2])).toEqual([[96, 0, [1, 2]]]);
  // The largest length and offset.
  const long = blocks([0xff, 0xff, 0xff, 0xff, 0x7f, ...new Array(1024).fill(7)])!;
  expect([long[0][1], long[0][2].length, long[1][2].length]).toEqual([16_383, 1023, 1]);
});

test('an empty redundant block is a block, an empty primary is none', () => {
  expect(blocks([0xef, 0x0f, 0x00, 0x00, 0x6f, 6])).toEqual([
    [111, 960, []],
    [111, 0, [6]],
  ]);
  expect(blocks([0x6f])).toBeNull();
  expect(blocks([0xef, 0x0f, 0x00, 0x01, 0x6f, 6])).toBeNull();
});

test('every cut is refused while it touches headers or redundancy', () => {
  for (let length = 0; length < TWO.length - 1; length++) expect(blocks(TWO.slice(0, length))).toBeNull();
});

test('headers without end are refused', () => {
  expect(blocks(new Array(1200).fill(0x80))).toBeNull();
  const header = [0xef, 0, 4, 0];
  const many = (count: number) => [...new Array(count).fill(header).flat(), 0x6f, 1];
  expect(blocks(many(31))).toHaveLength(32);
  expect(blocks(many(32))).toBeNull();
});

test('what is written is read', () => {
  const bytes = new Uint8Array(9);
  expect(writeRedBlockHeader(bytes, 0, 111, 1920, 2)).toBe(4);
  expect(writeRedBlockHeader(bytes, 4, 111, 960, 3)).toBe(4);
  expect(writeRedPrimaryHeader(bytes, 8, 111)).toBe(1);
  expect([...bytes]).toEqual(TWO.slice(0, 9));
});
