import { expect, test } from 'vitest';
import { isVp8KeyFrameData, Vp8Packetizer } from './vp8-packetizer.js';

const frame = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => i & 0xff);
const pictureId = (payload: Uint8Array) => ((payload[2] & 0x7f) << 8) | payload[3];

test('a frame that fits is one payload that starts a partition', () => {
  const [payload, ...more] = new Vp8Packetizer({ pictureId: 0x1234 }).packetize(frame(10));
  expect(more).toEqual([]);
  expect([...payload.subarray(0, 4)]).toEqual([0x90, 0x80, 0x92, 0x34]);
  expect(payload.subarray(4)).toEqual(frame(10));
});

test('a larger frame is cut evenly, and only the first payload starts a partition', () => {
  const payloads = new Vp8Packetizer({ maxPayloadBytes: 1004 }).packetize(frame(2500));
  expect(payloads.map((payload) => payload.length)).toEqual([837, 837, 838]);
  expect(payloads.map((payload) => payload[0])).toEqual([0x90, 0x80, 0x80]);
  expect(Buffer.concat(payloads.map((payload) => payload.subarray(4)))).toEqual(Buffer.from(frame(2500)));
});

test('the picture id counts frames and wraps at 15 bits', () => {
  const packetizer = new Vp8Packetizer({ pictureId: 0x7fff, maxPayloadBytes: 104 });
  const ids = [frame(150), new Uint8Array(0), frame(50)].map((data) => packetizer.packetize(data).map(pictureId));
  expect(ids).toEqual([[0x7fff, 0x7fff], [], [0]]);
});

test('a key frame is known by its first bit', () => {
  expect(isVp8KeyFrameData(Uint8Array.of(0x50))).toBe(true);
  expect(isVp8KeyFrameData(Uint8Array.of(0x51))).toBe(false);
  expect(isVp8KeyFrameData(new Uint8Array(0))).toBe(false);
});
