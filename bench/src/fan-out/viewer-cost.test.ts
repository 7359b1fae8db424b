import { expect, test } from 'vitest';
import { fitViewerCost } from './viewer-cost.js';

const point = (framesPerSecond: number, packetsPerSecond: number, usPerSecond: number) => ({
  ...{ framesPerSecond, packetsPerSecond, usPerSecond },
});

test('costs of a frame, of a packet and of a second are told apart', () => {
  const loads = [
    [50, 50],
    [100, 100],
    [10, 60],
    [50, 300],
  ];
  const points = loads.map(([frames, packets]) => point(frames, packets, 80 + frames * 3 + packets * 0.5));
  const { frameCostNs, packetCostNs, viewerCostUs } = fitViewerCost(points);
  expect(frameCostNs).toBeCloseTo(3000);
  expect(packetCostNs).toBeCloseTo(500);
  expect(viewerCostUs).toBeCloseTo(80);
});

test('what varies by accident gives no negative cost, and the rest bears it', () => {
  const { frameCostNs, packetCostNs, viewerCostUs } = fitViewerCost([
    point(50, 50, 100),
    point(100, 100, 90),
    point(10, 60, 101),
    point(60, 360, 95),
  ]);
  for (const part of [frameCostNs, packetCostNs, viewerCostUs]) expect(part).toBeGreaterThanOrEqual(0);
  expect(viewerCostUs).toBeGreaterThan(90);
  expect(viewerCostUs).toBeLessThan(103);
});
