/**
 * What a viewer costs at the rates that viewers have: so much a frame (a picture, or 20 ms of sound: its packets go out
 * together), so much a packet, and so much a second whatever is sent. The last is feedback, reports and consent; a thin stream is
 * many frames of one packet, so a figure per packet alone would mislead.
 */
export interface CostPoint {
  /** To each viewer. */
  framesPerSecond: number;
  packetsPerSecond: number;
  /** CPU of the whole worker for each viewer, µs a second. */
  usPerSecond: number;
}

export interface ViewerCost {
  frameCostNs: number;
  packetCostNs: number;
  viewerCostUs: number;
}

/** What is measured: sound alone, sound and a small picture, pictures of half and of a whole megabit and of three. */
export const VIEWER_LOADS = {
  single: [50, 100],
  equal: [60, 150, 350],
} as const;

type Vector = [number, number, number];

/** Least squares; no part is negative. */
export function fitViewerCost(points: readonly CostPoint[]): ViewerCost {
  const rows = points.map(({ framesPerSecond, packetsPerSecond }): Vector => [framesPerSecond, packetsPerSecond, 1]);
  const costs = points.map(({ usPerSecond }) => usPerSecond);
  let parts = [0, 1, 2];
  for (;;) {
    const fitted = solve(rows, costs, parts);
    const negative = parts.filter((_, i) => !(fitted[i] >= 0));
    if (negative.length === 0 || parts.length === 1) {
      const [frame, packet, viewer] = [0, 1, 2].map((part) => Math.max(0, fitted[parts.indexOf(part)] ?? 0));
      return { frameCostNs: frame * 1000, packetCostNs: packet * 1000, viewerCostUs: viewer };
    }
    // What comes out below nothing is nothing; the others are fitted without it.
    parts = parts.filter((part) => !negative.includes(part));
    if (parts.length === 0) parts = [2];
  }
}

/** Normal equations of some of the parts, by elimination. */
function solve(rows: readonly Vector[], costs: readonly number[], parts: readonly number[]): number[] {
  const matrix = parts.map((a) => [
    ...parts.map((b) => rows.reduce((sum, row) => sum + row[a] * row[b], 0)),
    rows.reduce((sum, row, i) => sum + row[a] * costs[i], 0),
  ]);
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j < matrix.length; j++) {
      if (j === i) continue;
      const factor = matrix[j][i] / matrix[i][i];
      matrix[j] = matrix[j].map((value, k) => value - factor * matrix[i][k]);
    }
  }
  return matrix.map((row, i) => row[matrix.length] / row[i]);
}
