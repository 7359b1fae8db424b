import type { CodecParameters } from '@efir/rtc';
import { expect, test } from 'vitest';
import { DelayHistogram } from './delay-histogram.js';
import { FrameWatch } from './frame-watch.js';
import { IncomingStream } from './incoming-stream.js';
import { SEND_STAMP_BYTES, stampUs, writeSendStamp } from './send-stamp.js';

const feedback = { nack: true, pli: true, fir: true, transportCc: true };
const VP8: CodecParameters = {
  name: 'vp8',
  payloadType: 96,
  clockRate: 90_000,
  fmtp: {},
  rtxPayloadType: 97,
  feedback,
};
const KEY = [0x90, 0x80, 0x80, 0, 0x00, 0, 0];
const DELTA = [0x90, 0x80, 0x80, 0, 0x01, 0, 0];

function receive(stream: IncomingStream, sequence: number, payload: ArrayLike<number>, ms: number, marker = true) {
  stream.received(Uint8Array.from(payload), 0, payload.length, (marker ? 0x80 : 0) | 96, sequence, ms * 90, ms * 1000);
}

function repair(stream: IncomingStream, sequence: number, payload: number[], ms: number) {
  const bytes = Uint8Array.from([sequence >> 8, sequence & 0xff, ...payload]);
  stream.repair(bytes, 0, bytes.length, 97, ms * 1000);
}

const video = (delays?: DelayHistogram) =>
  new IncomingStream({ mid: '1', kind: 'video', ssrc: 7, rtxSsrc: 8, codecs: [VP8], delays });

test('packets, frames and key frames are counted, other payload types are not', () => {
  const stream = video();
  receive(stream, 10, KEY, 0, false);
  receive(stream, 11, [0x80, 1, 2], 1);
  receive(stream, 12, DELTA, 66);
  stream.received(Uint8Array.of(1), 0, 1, 111, 13, 0, 70_000);
  expect(stream.stats()).toMatchObject({ codec: 'vp8', packets: 3, bytes: 17, frames: 2, keyFrames: 1, lost: 0 });
});

test('a stream that starts within a picture asks for a key frame, not too often, until one comes', () => {
  const stream = video();
  receive(stream, 10, DELTA, 0);
  expect([stream.pliDue(1, 500), stream.pliDue(100, 500), stream.pliDue(600, 500)]).toEqual([true, false, true]);
  receive(stream, 11, KEY, 700);
  expect(stream.pliDue(2000, 500)).toBe(false);
  expect(stream.stats()).toMatchObject({ plis: 2, keyFrameWaits: 1, keyFrameWaitMs: 700 });
});

test('a missing packet is asked for and its repair makes it good', () => {
  const stream = video();
  const out = new Uint16Array(10);
  receive(stream, 10, KEY, 0);
  for (const sequence of [12, 13, 14]) receive(stream, sequence, DELTA, sequence * 10);
  expect(stream.missing).toBe(1);
  expect([stream.due(150, 30, out), out[0]]).toEqual([1, 11]);
  expect(stream.stats().lost).toBe(1);
  repair(stream, 11, DELTA, 180);
  expect(stream.stats()).toMatchObject({ lost: 0, repaired: 1, nacked: 1 });
  repair(stream, 11, DELTA, 190);
  expect(stream.stats().repaired).toBe(1);
});

test('a packet that nobody repairs ends in a request for a key frame', () => {
  const stream = video();
  const out = new Uint16Array(10);
  receive(stream, 10, KEY, 0);
  receive(stream, 12, DELTA, 10);
  for (let now = 20; now < 2500; now += 20) stream.due(now, 30, out);
  expect(stream.pliDue(2500, 500)).toBe(true);
  receive(stream, 13, KEY, 2600);
  expect(stream.pliDue(4000, 500)).toBe(false);
});

test('an RTX packet without an original in it is nothing', () => {
  const stream = video();
  stream.repair(Uint8Array.of(1), 0, 1, 97, 0);
  receive(stream, 1, KEY, 0);
  stream.repair(new Uint8Array(0), 0, 0, 97, 0);
  expect(stream.stats().repaired).toBe(0);
});

test('send stamps give delays', () => {
  const delays = new DelayHistogram();
  const stream = video(delays);
  const payload = new Uint8Array(40);
  payload.set(KEY);
  writeSendStamp(payload, payload.length, stampUs(9_000_000) - 1500);
  receive(stream, 1, payload, 9_000_000);
  receive(stream, 2, new Uint8Array(SEND_STAMP_BYTES), 9_000_001);
  expect(delays.count).toBe(1);
  expect(delays.quantileMs(0.5)).toBeCloseTo(1.5, 1);
});

test('quantiles of delays are within a step of the truth', () => {
  const delays = new DelayHistogram();
  expect(delays.quantileMs(0.5)).toBeNaN();
  for (let us = 1; us <= 100_000; us++) delays.add(us);
  expect(delays.quantileMs(0.5)).toBeCloseTo(50, 1);
  expect(delays.quantileMs(0.99)).toBeCloseTo(99, 1);
  for (const us of [-5, 500_000, 60_000_000]) delays.add(us);
  expect(delays.quantileMs(1)).toBeGreaterThan(10_000);
  delays.clear();
  expect([delays.count, delays.maxUs]).toEqual([0, 0]);
});

test('a gap far above the average between frames is a freeze', () => {
  const watch = new FrameWatch();
  let now = 0;
  const after = (ms: number) => {
    now += ms;
    watch.frame(now);
  };
  for (let i = 0; i < 30; i++) after(66);
  after(190);
  expect(watch.freezes).toBe(0);
  after(400);
  after(66);
  expect([watch.freezes, watch.freezeMs, watch.longestGapMs]).toEqual([1, 400, 400]);
});
