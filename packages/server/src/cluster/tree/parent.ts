/** Which node a node should pull a room from. Pure: all it looks at is handed in. */

export interface TreeFacts {
  /** Nodes that may pull from it at once. */
  fanOut: number;
  /** How busy it is, 0..1 and above. */
  load: number;
  draining: boolean;
  region: string | null;
}

export interface TreeOptions {
  /** Hops from the root at most. */
  maxDepth: number;
  /** What is known of a node now; null: nothing, so nobody is put under it. */
  facts(node: string): TreeFacts | null;
  /** Measured between two nodes, ms; null: not known. */
  roundTripMs(from: string, to: string): number | null;
}

export const MAX_DEPTH = 4;
/** As good a guess as any, until a link between two nodes measures it. */
const SAME_REGION_MS = 2;
const OTHER_REGION_MS = 80;
/** A hop more is worth so many ms of round trip, a full node so many. */
const HOP_MS = 20;
const LOAD_MS = 60;
const CHILDREN_MS = 20;
const DRAINING_MS = 100_000;
/** After a failure a node may have so many more children, as share of its fan-out; they are spread again after. */
const SPARE = 0.5;

export interface ParentCandidate {
  id: string;
  /** Hops from the root. */
  depth: number;
  children: number;
}

/**
 * Ms-like: the less the better. Infinite: it can't be the parent. `pressed`: somebody would be left without the room, so
 * more children than its fan-out are allowed, and a draining node is better than none.
 */
export function parentCost(
  node: string,
  candidate: ParentCandidate,
  options: TreeOptions,
  { pressed = false }: { pressed?: boolean } = {},
): number {
  const facts = options.facts(candidate.id);
  if (!facts || (facts.draining && !pressed)) return Number.POSITIVE_INFINITY;
  const most = pressed ? Math.ceil(facts.fanOut * (1 + SPARE)) : facts.fanOut;
  if (candidate.children >= most) return Number.POSITIVE_INFINITY;
  const load = Math.max(0, Math.min(2, facts.load));
  const crowd = candidate.children / Math.max(1, facts.fanOut);
  const away = roundTripMs(node, candidate.id, facts.region, options);
  const leaving = facts.draining ? DRAINING_MS : 0;
  return leaving + away + HOP_MS * (candidate.depth + 1) + LOAD_MS * load * load + CHILDREN_MS * crowd;
}

function roundTripMs(node: string, candidate: string, region: string | null, options: TreeOptions): number {
  const measured = options.roundTripMs(candidate, node);
  if (measured !== null && measured >= 0) return Math.min(measured, 10_000);
  const own = options.facts(node)?.region ?? null;
  return own !== null && region !== null && own !== region ? OTHER_REGION_MS : SAME_REGION_MS;
}
