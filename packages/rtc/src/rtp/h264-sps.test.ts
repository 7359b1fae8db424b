import fc from 'fast-check';
import { expect, test } from 'vitest';
import { h264Height } from './h264-sps.js';

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const heightOf = (bytes: Uint8Array) => h264Height(bytes, 0, bytes.length);

/** As x264 writes them. */
const SPS = {
  'baseline, 320x180, cropped': ['6742c00bd901419f9f0110000003001000000300a0f142a480', 180],
  'main, 1280x720': ['674d401feca02802dd80880000030008000003005078c18cb0', 720],
  'high, 640x360, cropped': ['67640016acd940a02ff970110000030001000003000a0f162d96', 360],
  'high, 1920x1080, cropped': ['67640028acd940780227e5c044000003000400000300283c60c658', 1080],
  'high, 640x360, interlaced': ['67640016acd940a063f3e022000003000400000300143e28532c', 360],
} as const;

for (const [name, [hex, height]] of Object.entries(SPS)) {
  test(`the height is read from a parameter set: ${name}`, () => {
    expect(heightOf(bytesOf(hex))).toBe(height);
  });
}

test('it is found in an aggregation packet, wherever it stands', () => {
  const sps = bytesOf(SPS['main, 1280x720'][0]);
  const packet = Uint8Array.from([0x78, 0, 2, 0x68, 0xce, 0, sps.length, ...sps, 0, 1, 0x65]);
  expect(heightOf(packet)).toBe(720);
});

test('packets without one say nothing, and nor do parameter sets that are cut short', () => {
  expect(heightOf(bytesOf('65b8000000'))).toBe(0);
  expect(heightOf(bytesOf('7c85b80000'))).toBe(0);
  expect(heightOf(bytesOf('78ffff67'))).toBe(0);
  const whole = bytesOf(SPS['high, 1920x1080, cropped'][0]);
  for (let length = 0; length < 9; length++) expect(h264Height(whole, 0, length)).toBe(0);
});

test('whatever bytes come, it is a height in bounds or none, and nothing around them is read', () => {
  const body = fc.uint8Array({ minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(body, fc.constantFrom(0x67, 0x78), fc.nat(255), (bytes, type, filling) => {
      const packet = Uint8Array.from([type, ...bytes]);
      const height = heightOf(packet);
      expect(height).toBeGreaterThanOrEqual(0);
      expect(height).toBeLessThanOrEqual(16_384);
      const framed = new Uint8Array(packet.length + 20).fill(filling);
      framed.set(packet, 10);
      expect(h264Height(framed, 10, packet.length)).toBe(height);
      expect(h264Height(packet, 1, packet.length)).toBe(0);
    }),
    { numRuns: 5000, seed: 23 },
  );
});
