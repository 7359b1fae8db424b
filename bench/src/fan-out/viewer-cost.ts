/**
 * What viewers cost at the rates that viewers have: so much a frame (a picture, or 20 ms of sound: its packets go out together), so
 * much a packet, so much a second whatever is sent (feedback, reports, consent), and so much a second for a worker, however many
 * it has. A thin stream is many frames of one packet, and few viewers share a turn of the loop less well than many, so a figure
 * per packet alone would mislead.
 */
export interface CostPoint {
  viewers: number;
  /** To each viewer. */
  framesPerSecond: number;
  packetsPerSecond: number;
  /** CPU of the whole worker, µs a second. */
  usPerSecond: number;
}

export interface ViewerCost {
  frameCostNs: number;
  packetCostNs: number;
  viewerCostUs: number;
  workerCostUs: number;
}

/** Packets a second to each viewer: sound alone, sound and a small picture; pictures of half a megabit, of one and of three. */
export const VIEWER_LOADS = {
  single: [50, 100],
  equal: [60, 150, 350],
} as const;

type Parts = [frame: number, packet: number, viewer: number, worker: number];
const PARTS = [0, 1, 2, 3];

/** Least squares of relative errors; no part is negative. */
export function fitViewerCost(points: readonly CostPoint[]): ViewerCost {
  const rows = points.map(({ viewers, framesPerSecond, packetsPerSecond, usPerSecond }): Parts => {
    const weight = 1 / usPerSecond;
    return [viewers * framesPerSecond * weight, viewers * packetsPerSecond * weight, viewers * weight, weight];
  });
  let parts = PARTS;
  for (;;) {
    const fitted = solve(rows, parts);
    const negative = parts.filter((_, i) => !(fitted[i] >= 0));
    if (negative.length === 0 || negative.length === parts.length) {
      const [frame, packet, viewer, worker] = PARTS.map((part) => Math.max(0, fitted[parts.indexOf(part)] ?? 0));
      return { frameCostNs: frame * 1000, packetCostNs: packet * 1000, viewerCostUs: viewer, workerCostUs: worker };
    }
    // What comes out below nothing is nothing; the others are fitted without it.
    parts = parts.filter((part) => !negative.includes(part));
  }
}

/** Normal equations of some of the parts for a sum of 1, by elimination. */
function solve(rows: readonly Parts[], parts: readonly number[]): number[] {
  const matrix = parts.map((a) => [
    ...parts.map((b) => rows.reduce((sum, row) => sum + row[a] * row[b], 0)),
    rows.reduce((sum, row) => sum + row[a], 0),
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
