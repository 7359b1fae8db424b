import { expect, test } from 'vitest';
import { seededRandom } from '../../netsim/random.js';
import { AudioJitterBuffer, type AudioJitterBufferOptions } from './audio-jitter-buffer.js';

const FRAME_MS = 20;
const SAMPLES = 960;
/** CELT, 20 ms: no FEC. SILK, 20 ms, with the FEC flag. DTX. */
const CELT = [31 << 3, 1, 2, 3, 4];
const SILK_FEC = [9 << 3, 0b0100_0000, 2, 3, 4];
const DTX = [9 << 3];

interface Arrival {
  atMs: number;
  n: number;
  payload?: number[];
  redundant?: boolean;
}

/** Plays arrivals at a steady pace; returns what was played, `n` or the kind, and the buffer. */
function play(arrivals: Arrival[], untilMs: number, options: AudioJitterBufferOptions = {}) {
  const buffer = new AudioJitterBuffer(options);
  const queue = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  const played: (number | string)[] = [];
  const speeds = { normal: 0, faster: 0, slower: 0 };
  let sinceMs = 0;
  for (let nowMs = 0; nowMs <= untilMs; nowMs++) {
    while (queue.length > 0 && queue[0].atMs <= nowMs) {
      const { n, payload = CELT, redundant = false } = queue.shift()!;
      const bytes = Uint8Array.from(payload);
      buffer.insert(redundant ? -1 : n & 0xffff, (n * SAMPLES) >>> 0, bytes, 0, bytes.length, nowMs, redundant);
    }
    sinceMs++;
    if (sinceMs < FRAME_MS) continue;
    sinceMs -= FRAME_MS;
    const output = buffer.next(nowMs);
    // A caller that stretches time by a quarter.
    if (output.speed === 'faster') sinceMs += 5;
    if (output.speed === 'slower') sinceMs -= 5;
    speeds[output.speed]++;
    played.push(output.kind === 'frame' ? output.timestamp / SAMPLES : output.kind);
  }
  return { buffer, played, speeds };
}

const steady = (count: number, delayMs: (n: number) => number = () => 0, first = 1000): Arrival[] =>
  Array.from({ length: count }, (_, i) => ({ atMs: 100 + i * FRAME_MS + delayMs(i), n: first + i }));

const frames = (played: (number | string)[]) => played.filter((item) => typeof item === 'number');
const count = (played: (number | string)[], kind: string) => played.filter((item) => item === kind).length;

test('an even stream is played whole and in order, with hardly a delay', () => {
  const { buffer, played } = play(steady(100), 2200);
  expect(frames(played)).toEqual(Array.from({ length: 100 }, (_, i) => 1000 + i));
  expect(buffer).toMatchObject({ received: 100, late: 0, discarded: 0 });
  expect(buffer.targetDelayMs).toBeLessThanOrEqual(25);
  expect(played.indexOf(1000)).toBeLessThan(8);
});

test('the delay grows with jitter until little is late, and falls again when it ends', () => {
  const random = seededRandom(5);
  const jittery = steady(1500, (i) => (i < 1000 ? random() * 120 : 0));
  const { buffer, played, speeds } = play(jittery, 30_500);
  const early = played.slice(played.indexOf(1100), played.indexOf(1900));
  expect(count(early, 'conceal') / early.length).toBeLessThan(0.05);
  expect(speeds.faster).toBeGreaterThan(5);
  expect(buffer.targetDelayMs).toBeLessThanOrEqual(30);
  const middle = new AudioJitterBuffer();
  for (let i = 0; i < 500; i++) middle.insert(i, i * SAMPLES, Uint8Array.from(CELT), 0, 5, i * 20 + random() * 120);
  expect(middle.targetDelayMs).toBeGreaterThan(100);
  expect(middle.targetDelayMs).toBeLessThanOrEqual(150);
});

test('a lost packet is concealed, once', () => {
  const { played, buffer } = play(
    steady(50).filter(({ n }) => n !== 1020),
    1080,
  );
  const at = played.indexOf(1019);
  // Either while waiting for it, or when the next one shows that it is lost.
  const around = played.slice(at, at + 4);
  expect(count(around, 'conceal')).toBe(1);
  expect(frames(around)).toEqual([1019, 1021, 1022]);
  expect(buffer.concealed).toBe(1);
});

test('with FEC in the packet behind it, a lost one is brought back', () => {
  const arrivals = steady(50, () => 0)
    .filter(({ n }) => n !== 1020)
    .map((arrival) => ({ ...arrival, payload: SILK_FEC }));
  const { played, buffer } = play(arrivals, 1000, { minDelayMs: 60 });
  expect(played.slice(played.indexOf(1019), played.indexOf(1019) + 3)).toEqual([1019, 'fec', 1021]);
  expect(buffer.recovered).toBe(1);
});

test('redundancy out of RED fills holes and is no duplicate', () => {
  const arrivals = steady(50).flatMap((arrival) => [
    { ...arrival, n: arrival.n - 1, redundant: true },
    ...(arrival.n % 7 === 0 ? [] : [arrival]),
  ]);
  const { played, buffer } = play(
    arrivals.filter(({ n, redundant }) => !(redundant && n % 7 === 6)),
    1300,
    { minDelayMs: 60 },
  );
  const [first] = frames(played) as number[];
  expect(frames(played).slice(1, 45)).toEqual(Array.from({ length: 44 }, (_, i) => first + 1 + i));
  expect(buffer.duplicates).toBe(0);
  expect(buffer.recovered).toBeGreaterThanOrEqual(7);
});

test('silence that was not encoded is silence, not loss, and speech behind it is whole', () => {
  const talk = (from: number, length: number, atMs: number): Arrival[] =>
    Array.from({ length }, (_, i) => ({ atMs: atMs + i * FRAME_MS, n: from + i }));
  const arrivals = [
    ...talk(1000, 20, 100),
    { atMs: 500, n: 1020, payload: DTX },
    // Sequence numbers go on while time jumps.
    ...talk(1070, 20, 1500 + 7),
  ];
  const { played, buffer } = play(arrivals, 2100);
  expect(buffer).toMatchObject({ concealed: expect.any(Number), late: 0 });
  const middle = played.slice(played.indexOf(1020) + 1, played.indexOf(1070));
  expect(middle.every((item) => item === 'silence')).toBe(true);
  expect(frames(played).slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 1070 + i));
});

test('when everything comes later from some moment on, nothing is lost by it', () => {
  const { played, buffer } = play(
    steady(300, (i) => (i < 100 ? 0 : 150)),
    6500,
  );
  expect(frames(played)).toHaveLength(300);
  expect(buffer.late).toBe(0);
  expect(count(played.slice(played.indexOf(1000)), 'conceal')).toBeLessThan(14);
});

test('a pause is silence after 200 ms of concealment', () => {
  const { played } = play(steady(10), 2000);
  const after = played.slice(played.indexOf(1009) + 1);
  expect(count(after, 'conceal')).toBe(10);
  expect(after.slice(10).every((item) => item === 'silence')).toBe(true);
});

test('more than the longest delay is thrown away', () => {
  const buffer = new AudioJitterBuffer({ maxDelayMs: 200 });
  for (let i = 0; i < 150; i++) buffer.insert(i, i * SAMPLES, Uint8Array.from(CELT), 0, 5, i === 0 ? 0 : 3000);
  for (let i = 0; i < 3; i++) buffer.next(4000 + i * 20);
  expect(buffer.bufferedMs).toBeLessThanOrEqual(200);
  expect(buffer.discarded).toBeGreaterThan(130);
});

test('sequence numbers and timestamps wrap, and a stream may begin anew', () => {
  const wrap = Math.floor(2 ** 32 / SAMPLES);
  const buffer = new AudioJitterBuffer();
  let nowMs = 0;
  const timestamps: number[] = [];
  const step = (timestamp: number, i: number) => {
    buffer.insert(i & 0xffff, timestamp >>> 0, Uint8Array.from(CELT), 0, 5, nowMs);
    nowMs += 20;
    const output = buffer.next(nowMs);
    if (output.kind === 'frame') timestamps.push(output.timestamp);
  };
  for (let i = 0; i < 40; i++) step((wrap - 20 + i) * SAMPLES, 65_520 + i);
  expect(timestamps.length).toBeGreaterThan(36);
  expect(buffer.late).toBe(0);
  for (let i = 0; i < 40; i++) step(123_456_789 + i * SAMPLES, i);
  expect(timestamps.filter((timestamp) => timestamp >= 123_456_789 && timestamp < 123_600_000).length).toBeGreaterThan(
    30,
  );
});

test('what is no Opus is left out, and memory stays bounded', () => {
  const buffer = new AudioJitterBuffer();
  buffer.insert(1, 0, new Uint8Array(0), 0, 0, 0);
  buffer.insert(1, 0, Uint8Array.of(3), 0, 1, 0);
  expect(buffer.received).toBe(0);
  for (let i = 0; i < 400; i++) buffer.insert(i, i * SAMPLES, Uint8Array.from(CELT), 0, 5, 0);
  expect(buffer.discarded).toBe(200);
});
