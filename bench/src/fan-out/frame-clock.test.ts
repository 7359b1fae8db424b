import { expect, test } from 'vitest';
import { FrameClock } from './frame-clock.js';
import { EQUAL_FRAMES, PACKET_BYTES, recordedFrames, TRACE_FIXTURE } from './frame-shape.js';

function packetsIn(clock: FrameClock, shape: { frames(h: number): number[][] }, fromMs: number, toMs: number): number {
  const frames = shape.frames(32);
  let packets = 0;
  for (let now = fromMs; now <= toMs; now++) {
    for (let due = clock.due(now); due >= 0; due = clock.due(now)) packets += frames[due].length;
  }
  return packets;
}

test('equal frames have four to eight packets of 1,200 bytes, header and all', () => {
  const frames = EQUAL_FRAMES.frames(32);
  expect(new Set(frames.map((frame) => frame.length))).toEqual(new Set([4, 5, 6, 7, 8]));
  expect(frames.flat().every((size) => size + 32 === PACKET_BYTES)).toBe(true);
});

test('the wanted packet rate is kept, also after it was changed', () => {
  const clock = new FrameClock(EQUAL_FRAMES, 32);
  clock.setRate(600, 0);
  expect(packetsIn(clock, EQUAL_FRAMES, 0, 1000)).toBeGreaterThan(590);
  clock.setRate(1200, 1000);
  const second = packetsIn(clock, EQUAL_FRAMES, 1001, 2000);
  expect(Math.abs(second - 1200)).toBeLessThan(20);
  clock.setRate(0, 2000);
  expect(packetsIn(clock, EQUAL_FRAMES, 2001, 3000)).toBe(0);
});

test('a pause does not become a burst', () => {
  const clock = new FrameClock(EQUAL_FRAMES, 32);
  clock.setRate(600, 0);
  packetsIn(clock, EQUAL_FRAMES, 0, 100);
  expect(packetsIn(clock, EQUAL_FRAMES, 5000, 5000)).toBeLessThan(80);
});

test('a recorded trace keeps its sizes, and plays at the wanted rate', () => {
  const trace = recordedFrames(TRACE_FIXTURE);
  const frames = trace.frames(32);
  expect(frames.length).toBe(300);
  expect(Math.max(...frames.flat()) + 32).toBeLessThanOrEqual(PACKET_BYTES);
  // Browsers cut evenly: sizes within a frame differ by a byte.
  expect(frames.every((frame) => Math.max(...frame) - Math.min(...frame) <= 1)).toBe(true);
  const clock = new FrameClock(trace, 32);
  expect(clock.naturalPps).toBeGreaterThan(150);
  clock.setRate(clock.naturalPps * 2, 0);
  const packets = packetsIn(clock, trace, 0, 5000);
  expect(packets / 5 / clock.naturalPps).toBeCloseTo(2, 1);
});
