import { expect, test } from 'vitest';
import { crc32 } from './crc32.js';
import { FrameReader, frame, MAX_FRAME_BYTES } from './tcp-framing.js';
import { seeded } from './testing.js';

function packets(random: () => number, count: number): Uint8Array[] {
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length: 1 + Math.floor(random() * 1_999) }, () => random() * 256),
  );
}

function concatenated(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function checksum(packet: Uint8Array): string {
  return `${packet.length} ${crc32(packet, 0, packet.length)}`;
}

test('packets come out as they went in, however the stream is cut', () => {
  const random = seeded(7);
  const sent = packets(random, 50);
  const stream = concatenated(sent.map(frame));
  for (const longest of [1, 2, 3, 100, 1_460, 70_000]) {
    const reader = new FrameReader();
    const received: Uint8Array[] = [];
    let intact = true;
    for (let at = 0; at < stream.length; ) {
      const size = 1 + Math.floor(random() * longest);
      intact &&= reader.push(stream.subarray(at, at + size), (packet) => received.push(packet.slice()));
      at += size;
    }
    expect(intact).toBe(true);
    expect(received.map(checksum)).toEqual(sent.map(checksum));
  }
});

test('a frame beyond the limit breaks the stream for good, whether its length comes in one piece or two', () => {
  const tooLong = [(MAX_FRAME_BYTES + 1) >> 8, (MAX_FRAME_BYTES + 1) & 0xff];
  const whole = new FrameReader();
  expect(whole.push(Uint8Array.from(tooLong), () => {})).toBe(false);
  const halves = new FrameReader();
  expect(halves.push(Uint8Array.from([tooLong[0]]), () => {})).toBe(true);
  expect(halves.push(Uint8Array.from([tooLong[1], 1, 2, 3]), () => {})).toBe(false);
  expect(halves.push(frame(Uint8Array.from([1])), () => expect.unreachable())).toBe(false);
});

test('packets before a broken frame are still delivered', () => {
  const reader = new FrameReader();
  const received: number[] = [];
  const chunk = concatenated([frame(Uint8Array.from([42])), Uint8Array.from([0xff, 0xff, 0])]);
  expect(reader.push(chunk, (packet) => received.push(packet[0]))).toBe(false);
  expect(received).toEqual([42]);
});

test('the longest frame passes, empty ones are skipped', () => {
  const reader = new FrameReader();
  const lengths: number[] = [];
  const chunk = concatenated([
    frame(new Uint8Array(0)),
    frame(new Uint8Array(MAX_FRAME_BYTES)),
    frame(new Uint8Array(0)),
  ]);
  expect(reader.push(chunk.subarray(0, 1), () => expect.unreachable())).toBe(true);
  expect(reader.push(chunk.subarray(1), (packet) => lengths.push(packet.length))).toBe(true);
  expect(lengths).toEqual([MAX_FRAME_BYTES]);
});
