import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FrameNumbers, VideoCodecName } from './picture-numbers.js';
import { VideoJitterBuffer, type VideoJitterBufferOptions } from './video-jitter-buffer.js';

const INTERVAL_MS = 33;

interface Packet {
  sequence: number;
  timestamp: number;
  marker: boolean;
  payload: number[];
  numbers?: FrameNumbers;
}

/** Three packets for each frame; `frames` say whether it is a key frame. */
function stream(codec: VideoCodecName, frames: boolean[], first = 65_530): Packet[] {
  return frames.flatMap((key, n) =>
    [0, 1, 2].map((part) => ({
      sequence: (first + n * 3 + part) & 0xffff,
      timestamp: (n * 3000 + 0xffff_f000) >>> 0,
      marker: part === 2,
      payload: payload(codec, key, n, part),
    })),
  );
}

function payload(codec: VideoCodecName, key: boolean, n: number, part: number): number[] {
  switch (codec) {
    case 'vp8': {
      // X; I and L and T; 15-bit id; TL0; TID 0.
      const start = part === 0 ? 0x90 : 0x80;
      return [start, 0xe0, 0x80 | (n >> 8), n & 0xff, n & 0xff, 0, part === 0 && key ? 0x10 : 0x11, n];
    }
    case 'vp9':
      // I, P, F, B; 7-bit id; one reference, the picture before.
      return [0x90 | (key ? 0 : 0x40) | (part === 0 ? 0x08 : 0), n & 0x7f, ...(key ? [] : [1 << 1]), n];
    case 'h264':
      return part === 0 && key ? [0x67, 0x42, n] : [key ? 0x65 : 0x41, 0x9a, n];
    case 'av1':
      return part === 0 && key ? [0x18, 0x0a, n] : [0x10, 0x32, n];
  }
}

function make(codec: VideoCodecName, options: Partial<VideoJitterBufferOptions> = {}): VideoJitterBuffer {
  return new VideoJitterBuffer({ codec, ...options });
}

function insert(buffer: VideoJitterBuffer, packet: Packet, nowMs: number): void {
  const { sequence, timestamp, marker, payload: bytes, numbers } = packet;
  buffer.insert(sequence, timestamp, marker, Uint8Array.from(bytes), 0, bytes.length, nowMs, numbers ?? null);
}

/** The last byte of each picture's payloads: the number of its frame. */
function pull(buffer: VideoJitterBuffer, nowMs: number): number[] {
  const numbers: number[] = [];
  for (let frame = buffer.pull(nowMs); frame; frame = buffer.pull(nowMs)) {
    const of = new Set(frame.payloads.map((bytes) => bytes[bytes.length - 1]));
    expect(of.size).toBe(1);
    numbers.push(...of);
  }
  return numbers;
}

/** Sends frame by frame, at the pace of the frames; returns what came out. */
function run(
  buffer: VideoJitterBuffer,
  packets: Packet[],
  lost: (sequence: number) => boolean = () => false,
): number[] {
  const out: number[] = [];
  packets.forEach((packet, i) => {
    const nowMs = Math.floor(i / 3) * INTERVAL_MS;
    if (!lost(i)) insert(buffer, packet, nowMs);
    out.push(...pull(buffer, nowMs));
  });
  return out;
}

const CODECS: VideoCodecName[] = ['vp8', 'vp9', 'h264', 'av1'];
const KEY_THEN_DELTAS = [true, ...new Array<boolean>(9).fill(false)];
const UP_TO_9 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

for (const codec of CODECS) {
  test(`${codec}: pictures come out whole and in order, over wrapping numbers`, () => {
    const buffer = make(codec);
    expect(buffer.keyFrameNeeded).toBe(true);
    expect(run(buffer, stream(codec, KEY_THEN_DELTAS))).toEqual(UP_TO_9);
    expect(buffer).toMatchObject({ keyFrameNeeded: false, delivered: 10, dropped: 0, late: 0, waiting: 0 });
  });

  test(`${codec}: in any order within the delay, nothing is lost`, () => {
    const packets = stream(codec, KEY_THEN_DELTAS);
    fc.assert(
      fc.property(fc.shuffledSubarray(packets, { minLength: packets.length }), (shuffled) => {
        const buffer = make(codec);
        for (const packet of shuffled) insert(buffer, packet, 0);
        expect(pull(buffer, 1000)).toEqual(UP_TO_9);
      }),
      { numRuns: 100, seed: 41 },
    );
  });

  test(`${codec}: a packet that comes by retransmission holds up what needs it, and no longer`, () => {
    const buffer = make(codec);
    const packets = stream(codec, KEY_THEN_DELTAS);
    expect(run(buffer, packets.slice(0, 21), (i) => i === 10)).toEqual([0, 1, 2]);
    insert(buffer, packets[10], 250);
    expect(pull(buffer, 1000)).toEqual([3, 4, 5, 6]);
    expect(buffer.dropped).toBe(0);
  });

  test(`${codec}: without a packet that never comes it asks for a key frame, and goes on there`, () => {
    const buffer = make(codec, { maxDelayMs: 200 });
    const packets = stream(codec, [...KEY_THEN_DELTAS, true, false]);
    expect(run(buffer, packets.slice(0, 30), (i) => i === 10)).toEqual([0, 1, 2]);
    pull(buffer, 600);
    expect(buffer.keyFrameNeeded).toBe(true);
    for (const packet of packets.slice(30)) insert(buffer, packet, 700);
    expect(pull(buffer, 1200)).toEqual([10, 11]);
    expect(buffer).toMatchObject({ keyFrameNeeded: false, waiting: 0, dropped: 6 });
    insert(buffer, packets[10], 1300);
    expect(buffer.late).toBe(1);
  });

  test(`${codec}: pictures before the first key frame are of no use`, () => {
    const buffer = make(codec, { maxDelayMs: 100 });
    const packets = stream(codec, [false, false, true, false]);
    expect(run(buffer, packets.slice(2))).toEqual([2, 3]);
    expect(buffer.keyFrameNeeded).toBe(false);
  });
}

test('a late key frame packet still counts while pictures behind it wait', () => {
  const buffer = make('vp8');
  const packets = stream('vp8', KEY_THEN_DELTAS);
  expect(run(buffer, packets.slice(0, 9), (i) => i === 1)).toEqual([]);
  insert(buffer, packets[1], 120);
  expect(pull(buffer, 400)).toEqual([0, 1, 2]);
});

test('a lost picture of an upper temporal layer holds up nobody (VP8)', () => {
  // TIDs 0 2 1 2 of L1T3, one packet each; Y on the first of layers 1 and 2.
  const tids = [0, 2, 1, 2, 0, 2, 1, 2];
  const packets = tids.map((tid, n) => ({
    sequence: n,
    timestamp: n * 3000,
    marker: true,
    payload: [
      0x90,
      0xe0,
      0x80,
      n,
      n >> 2,
      (tid << 6) | (n % 4 === 1 || n % 4 === 2 ? 0x20 : 0),
      n === 0 ? 0x10 : 0x11,
      n,
    ],
  }));
  const without = (lost: number) => {
    const buffer = make('vp8', { maxDelayMs: 300 });
    const out: number[] = [];
    packets.forEach((packet, n) => {
      if (n !== lost) insert(buffer, packet, n * INTERVAL_MS);
      out.push(...pull(buffer, n * INTERVAL_MS));
    });
    out.push(...pull(buffer, 2000));
    return [out, buffer.keyFrameNeeded];
  };
  expect(without(1)).toEqual([[0, 2, 4, 5, 6, 7], false]);
  expect(without(3)).toEqual([[0, 1, 2, 4, 5, 6, 7], false]);
  // Without the base layer nothing goes on.
  expect(without(4)).toEqual([[0, 1, 2, 3], true]);
});

test('references named by the dependency descriptor decide what can go on (AV1)', () => {
  // 0 <- 1, 0 <- 2 <- 3: frame 1 is needed by nobody.
  const diffs = [[], [1], [2], [1]];
  const packets = diffs.map((references, n) => ({
    sequence: n,
    timestamp: n * 3000,
    marker: true,
    payload: payload('av1', n === 0, n, 0),
    numbers: { frameNumber: (65_535 + n) & 0xffff, diffs: references, begins: true },
  }));
  const buffer = make('av1');
  packets.forEach((packet, n) => {
    if (n !== 1) insert(buffer, packet, n * INTERVAL_MS);
  });
  expect(pull(buffer, 2000)).toEqual([0, 2, 3]);
  expect(buffer.skipped).toBe(1);
});

test('spatial layers of one moment are one picture (AV1)', () => {
  const DIFFS = [
    [[], [1]],
    [[2], [1, 2]],
  ];
  const buffer = make('av1');
  const layers = [0, 1].flatMap((n) =>
    [0, 1].map((layer) => ({
      sequence: n * 2 + layer,
      timestamp: n * 3000,
      marker: layer === 1,
      payload: payload('av1', n === 0 && layer === 0, n, 0),
      numbers: { frameNumber: n * 2 + layer, diffs: DIFFS[n][layer], begins: layer === 0 },
    })),
  );
  for (const packet of layers) insert(buffer, packet, packet.timestamp / 90);
  const first = buffer.pull(1000);
  expect(first?.payloads).toHaveLength(2);
  expect(buffer.pull(1000)?.payloads).toHaveLength(2);
});

test('packets without media between pictures are no gap', () => {
  const buffer = make('h264');
  const packets = stream('h264', [true, false, false], 100);
  for (const [i, packet] of packets.entries()) {
    insert(buffer, { ...packet, sequence: packet.sequence + Math.floor(i / 3) }, 0);
    if (packet.marker) buffer.insertEmpty(packet.sequence + Math.floor(i / 3) + 1, packet.timestamp, 0);
  }
  expect(pull(buffer, 1000)).toEqual([0, 1, 2]);
});

test('the delay follows how late pictures are complete, within its bounds', () => {
  const buffer = make('vp8', { minDelayMs: 20, maxDelayMs: 400 });
  const packets = stream('vp8', [true, ...new Array<boolean>(299).fill(false)]);
  packets.forEach((packet, i) => {
    const n = Math.floor(i / 3);
    insert(buffer, packet, n * 33.333 + (n % 5 === 0 ? 100 : 0));
    buffer.pull(n * 33.333 + 100);
  });
  expect(buffer.targetDelayMs).toBeGreaterThanOrEqual(100);
  expect(buffer.targetDelayMs).toBeLessThan(130);
  expect(make('vp8', { minDelayMs: 20 }).targetDelayMs).toBe(20);
  expect(make('vp8').nextMs).toBe(Number.POSITIVE_INFINITY);
});

test('a sender that begins anew far away is followed', () => {
  const buffer = make('vp8');
  expect(run(buffer, stream('vp8', [true, false], 100))).toEqual([0, 1]);
  for (const packet of stream('vp8', [true, false], 30_000)) insert(buffer, packet, 5000);
  expect(buffer.keyFrameNeeded).toBe(true);
  expect(pull(buffer, 9000)).toEqual([0, 1]);
});

test('anything may come: nothing throws, and what waits stays bounded', () => {
  for (const codec of CODECS) {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            sequence: fc.oneof(fc.nat(40), fc.nat(0xffff)),
            timestamp: fc.oneof(fc.nat(10), fc.nat(0xffffffff)),
            marker: fc.boolean(),
            payload: fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0x10, 0x90, 0x67, 0x18)), { maxLength: 8 }),
            numbers: fc.option(
              fc.record({
                frameNumber: fc.nat(0xffff),
                diffs: fc.array(fc.nat(4096), { maxLength: 4 }),
                begins: fc.boolean(),
              }),
              { nil: undefined },
            ),
          }),
          { maxLength: 150 },
        ),
        (packets) => {
          const buffer = make(codec);
          packets.forEach((packet, i) => {
            insert(buffer, packet, i * 20);
            expect(buffer.waiting).toBeLessThanOrEqual(60);
            const frame = buffer.pull(i * 20);
            if (frame) expect(frame.payloads.length).toBeGreaterThan(0);
          });
        },
      ),
      { numRuns: 150, seed: 43 },
    );
  }
});
