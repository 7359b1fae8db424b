import { expect, test } from 'vitest';
import { VIDEO_PRESETS } from '../options.js';
import { isWeak, MESH_VIDEO_BPS, meshEncoding } from './encoding.js';

const { h720, h180 } = VIDEO_PRESETS;

test('all cameras together stay within the uplink’s share, and never above what was asked for', () => {
  for (let peers = 1; peers <= 12; peers++) {
    const { maxBitrate } = meshEncoding('camera', peers, h720);
    expect(maxBitrate * peers).toBeLessThanOrEqual(MESH_VIDEO_BPS + peers);
    expect(maxBitrate).toBeLessThanOrEqual(h720.maxBitrateBps);
  }
});

const steps = (weak: boolean) =>
  [1, 2, 3, 4, 8].map((peers) => {
    const { scaleResolutionDownBy = 1, maxFramerate = 0 } = meshEncoding('camera', peers, h720, { weak });
    return `${Math.round(h720.height / scaleResolutionDownBy)}@${maxFramerate}`;
  });

test('more peers, smaller and rarer pictures', () => {
  expect(steps(false)).toEqual(['720@30', '360@24', '270@20', '240@15', '240@15']);
});

test('a weak machine sends fewer', () => {
  expect(steps(true)).toEqual(['720@24', '360@15', '270@12', '240@8', '240@8']);
  expect([isWeak(2), isWeak(4)]).toEqual([true, false]);
});

test('pictures that are small already are not made smaller', () => {
  expect(meshEncoding('camera', 4, h180).scaleResolutionDownBy).toBe(1);
});

test('while the room moves there are fewer pictures', () => {
  expect(meshEncoding('camera', 4, h180, { moving: true }).maxFramerate).toBeLessThan(10);
});

test('a screen keeps its size, and sound its rate', () => {
  expect(meshEncoding('screen', 4, h720).scaleResolutionDownBy).toBe(1);
  expect(meshEncoding('microphone', 4, h720)).toEqual({ maxBitrate: 48_000 });
});
