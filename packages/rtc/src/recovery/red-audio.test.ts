import { expect, test } from 'vitest';
import { parseRed, RedBlocks } from './red.js';
import { RedAudio, redDistance, redundantSequence } from './red-audio.js';

const FRAME = 960;
const frame = (sequence: number, length = 4) => new Uint8Array(length).fill(sequence & 0xff);

/** The RED payload of packet `sequence` as `offset: first byte x length`. */
function payload(red: RedAudio, distance: number, sequence: number, timestamp: number, length = 4, room = 1200) {
  const dst = new Uint8Array(1300).fill(0xee);
  const prefix = red.writePrefix(distance, 111, sequence, timestamp, length, dst, 3, room);
  if (prefix === 0) return null;
  expect(prefix + length).toBeLessThanOrEqual(room);
  expect(dst[3 + prefix]).toBe(0xee);
  dst.set(frame(sequence, length), 3 + prefix);
  const out = new RedBlocks();
  expect(parseRed(dst, 3, prefix + length, out)).toBe(true);
  return Array.from({ length: out.count }, (_, i) => {
    expect(out.payloadTypes[i]).toBe(111);
    return `${out.timestampOffsets[i]}: ${dst[out.offsets[i]]}x${out.lengths[i]}`;
  });
}

function after(sequences: number[], length = 4): RedAudio {
  const red = new RedAudio();
  for (const sequence of sequences) red.push(sequence & 0xffff, sequence * FRAME, frame(sequence, length), 0, length);
  return red;
}

test('a packet takes the frames before it along, as many as the distance says', () => {
  const red = after([7, 8, 9, 10]);
  expect(payload(red, 0, 10, 10 * FRAME)).toEqual(['0: 10x4']);
  expect(payload(red, 1, 10, 10 * FRAME)).toEqual(['960: 9x4', '0: 10x4']);
  expect(payload(red, 2, 10, 10 * FRAME)).toEqual(['1920: 8x4', '960: 9x4', '0: 10x4']);
  expect(payload(red, 9, 10, 10 * FRAME)).toHaveLength(3);
});

test('what the source lost is left out', () => {
  expect(payload(after([7, 8, 10]), 2, 10, 10 * FRAME)).toEqual(['1920: 8x4', '0: 10x4']);
  expect(payload(after([2, 3, 10]), 2, 10, 10 * FRAME)).toEqual(['0: 10x4']);
});

test('sequence numbers and timestamps wrap', () => {
  const red = after([65_534, 65_535]);
  red.push(0, 65_536 * FRAME, frame(0), 0, 4);
  expect(payload(red, 2, 0, (65_536 * FRAME) >>> 0)).toEqual(['1920: 254x4', '960: 255x4', '0: 0x4']);
});

test('a frame of 1,024 bytes or more than 16,383 samples ago goes alone', () => {
  expect(payload(after([9], 1023), 1, 10, 10 * FRAME, 4, 1100)).toEqual(['960: 9x1023', '0: 10x4']);
  expect(payload(after([9], 1024), 1, 10, 10 * FRAME)).toEqual(['0: 10x4']);
  const red = after([9]);
  expect(payload(red, 1, 10, 9 * FRAME + 16_383)).toHaveLength(2);
  expect(payload(red, 1, 10, 9 * FRAME + 16_384)).toHaveLength(1);
  expect(payload(red, 1, 10, 9 * FRAME)).toHaveLength(1);
});

test('without room for both, the nearer frame goes along', () => {
  const red = after([8, 9], 400);
  expect(payload(red, 2, 10, 10 * FRAME, 400, 1200)).toEqual(['960: 9x400', '0: 10x400']);
  expect(payload(red, 2, 10, 10 * FRAME, 900, 901)).toEqual(['0: 10x900']);
  expect(payload(red, 2, 10, 10 * FRAME, 900, 900)).toBeNull();
});

test('a late packet fills its place but takes no newer one’s', () => {
  const red = after([8, 10, 9]);
  expect(payload(red, 2, 10, 10 * FRAME)).toEqual(['1920: 8x4', '960: 9x4', '0: 10x4']);
  red.push(6, 6 * FRAME, frame(6), 0, 4);
  expect(payload(red, 2, 11, 11 * FRAME)).toEqual(['1920: 9x4', '960: 10x4', '0: 11x4']);
});

test('a redundant block’s sequence number follows from its time', () => {
  expect(redundantSequence(10, 960, 960)).toBe(9);
  expect(redundantSequence(1, 1920, 960)).toBe(65_535);
  expect(redundantSequence(10, 1000, 960)).toBe(-1);
  expect(redundantSequence(10, 0, 960)).toBe(-1);
  expect(redundantSequence(10, 960, 0)).toBe(-1);
});

test('redundancy begins at 1 % of loss and ends below 0.4 %, doubles at 8 % and halves below 5 %', () => {
  const losses = [0, 0.009, 0.01, 0.005, 0.079, 0.08, 0.05, 0.049, 0.004, 0.003, 0.5, 0];
  let distance = 0;
  expect(losses.map((loss) => (distance = redDistance(loss, distance)))).toEqual([0, 0, 1, 1, 1, 2, 2, 1, 1, 0, 2, 0]);
});

test('losses in a row double the distance at once', () => {
  expect(redDistance(0.02, 0, 3)).toBe(2);
  expect(redDistance(0.02, 2, 1)).toBe(1);
  expect(redDistance(0.005, 0, 3)).toBe(0);
});
