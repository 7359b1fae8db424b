/**
 * What a viewer costs at the rates that viewers have: so much a packet and so much a second, whatever is sent. The second part
 * is feedback, reports and consent, and outweighs the first for thin streams, so one figure per packet would mislead.
 */
export interface CostPoint {
  /** Packets a second to each viewer. */
  packetsPerSecond: number;
  /** CPU of the whole worker for each viewer, µs a second. */
  usPerSecond: number;
}

export interface ViewerCost {
  packetCostNs: number;
  viewerCostUs: number;
}

/** Packets a second to each viewer at which it is measured: sound alone, a small picture, 1.5 and 3 Mbit/s. */
export const VIEWER_RATES = [50, 100, 200, 350];

/** Least squares; neither part is negative. */
export function fitViewerCost(points: readonly CostPoint[]): ViewerCost {
  const n = points.length;
  const mean = (of: (point: CostPoint) => number): number => points.reduce((sum, point) => sum + of(point), 0) / n;
  const x = mean(({ packetsPerSecond }) => packetsPerSecond);
  const y = mean(({ usPerSecond }) => usPerSecond);
  const covariance = mean((point) => (point.packetsPerSecond - x) * (point.usPerSecond - y));
  const variance = mean((point) => (point.packetsPerSecond - x) ** 2);
  const slope = variance === 0 ? 0 : Math.max(0, covariance / variance);
  return { packetCostNs: slope * 1000, viewerCostUs: Math.max(0, y - slope * x) };
}
