import { expect, test } from 'vitest';
import { type CostPoint, fitViewerCost } from './viewer-cost.js';

const LOADS = [
  [50, 50],
  [100, 100],
  [10, 60],
  [50, 300],
];

function points(cost: (viewers: number, frames: number, packets: number) => number): CostPoint[] {
  return [60, 250].flatMap((viewers) =>
    LOADS.map(([framesPerSecond, packetsPerSecond]) => ({
      ...{ viewers, framesPerSecond, packetsPerSecond },
      usPerSecond: cost(viewers, framesPerSecond, packetsPerSecond),
    })),
  );
}

test('costs of a frame, of a packet, of a viewer and of a worker are told apart', () => {
  const measured = points((viewers, frames, packets) => 20_000 + viewers * (80 + frames * 3 + packets * 0.5));
  const { frameCostNs, packetCostNs, viewerCostUs, workerCostUs } = fitViewerCost(measured);
  expect(frameCostNs).toBeCloseTo(3000);
  expect(packetCostNs).toBeCloseTo(500);
  expect(viewerCostUs).toBeCloseTo(80);
  expect(workerCostUs).toBeCloseTo(20_000);
});

test('what varies by accident gives no negative cost, and the rest bears it', () => {
  // More packets cost less, as it were.
  const measured = points((viewers, frames, packets) => 10_000 + viewers * (300 + frames * 3 - packets * 0.2));
  const cost = fitViewerCost(measured);
  for (const part of Object.values(cost)) expect(part).toBeGreaterThanOrEqual(0);
  expect(cost.packetCostNs).toBe(0);
  expect(cost.workerCostUs).toBeGreaterThan(5_000);
});
