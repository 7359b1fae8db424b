import { expect, test } from 'vitest';
import { fitViewerCost } from './viewer-cost.js';

test('a cost for each packet and one for each second are told apart', () => {
  const points = [50, 100, 200].map((packetsPerSecond) => ({ packetsPerSecond, usPerSecond: 80 + packetsPerSecond }));
  const { packetCostNs, viewerCostUs } = fitViewerCost(points);
  expect(packetCostNs).toBeCloseTo(1000);
  expect(viewerCostUs).toBeCloseTo(80);
});

test('what varies by accident gives no negative cost', () => {
  const points = [
    { packetsPerSecond: 50, usPerSecond: 100 },
    { packetsPerSecond: 200, usPerSecond: 90 },
  ];
  expect(fitViewerCost(points)).toEqual({ packetCostNs: 0, viewerCostUs: 95 });
});
