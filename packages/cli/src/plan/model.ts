/**
 * How many servers a broadcast takes, from what a viewer was measured to cost. Pure arithmetic; every figure that was
 * measured or assumed is an input with its default here.
 */

export interface PlanInput {
  viewers: number;
  /** Media that a viewer gets, sound included, bit/s. */
  bitrateBps: number;
  cores: number;
  nicBps: number;
  /** Pictures a second. */
  fps: number;
  /** CPU of a forwarded frame (a picture, or 20 ms of sound) beside that of its packets, ns. */
  frameCostNs: number;
  /** CPU of a forwarded packet, ns. */
  packetCostNs: number;
  /** CPU of a viewer whatever they get, µs a second: feedback, reports, consent. */
  viewerCostUs: number;
  /** CPU of a worker that has the stream and no viewers, µs a second. */
  workerCostUs: number;
  /** How full CPU and network of a node may be, 0..1. */
  cpuFill: number;
  nicFill: number;
  /** Viewers of a node at most; null: as many as fit. */
  maxViewers: number | null;
  /** So many nodes, instead of as many as needed; null: as needed. */
  nodes: number | null;
  /** Nodes more than needed, as share: those that may fail at once. */
  spare: number;
  /** Nodes that pull from one node. */
  fanOut: number;
  /** One way between two nodes, ms. */
  linkMs: number;
  /** Through one node, ms. */
  forwardMs: number;
}

/**
 * Costs: `node bench/dist/main.js fan-out --viewer --subscribers 250 --seconds 3 --rounds 2`, time through a node:
 * `node bench/dist/main.js fan-out --subscribers 500` (docs/benchmarks.md).
 */
export const MEASURED = {
  frameCostNs: 5200,
  packetCostNs: 370,
  viewerCostUs: 60,
  workerCostUs: 39_000,
  forwardMs: 2,
} as const;

export const PLAN_DEFAULTS: Omit<PlanInput, 'viewers' | 'bitrateBps'> = {
  ...{ cores: 16, nicBps: 10e9, fps: 30, ...MEASURED, cpuFill: 0.7, nicFill: 0.8, maxViewers: null, nodes: null },
  ...{ spare: 0.1, fanOut: 16, linkMs: 10 },
};

export interface Plan {
  input: PlanInput;
  viewer: { framesPerSecond: number; packetsPerSecond: number; wireBps: number; cpuUsPerSecond: number };
  /** Viewers that one node carries, by what would end first. */
  capacity: { cpu: number; network: number; viewers: number; limit: 'cpu' | 'network' | 'max-viewers' };
  nodes: { needed: number; spare: number; total: number };
  /** A node with its share of the viewers, as many children as it may have, and the stream between its workers. */
  node: { viewers: number; sendBps: number; receiveBps: number; cpuCores: number; cpuShare: number };
  tree: { depth: number; meanHops: number; links: number; linkBps: number; trafficBps: number };
  /** Of all that is sent, the share that goes between nodes. */
  trafficShare: number;
  latency: { addedMaxMs: number; addedMeanMs: number };
  /** What doesn't work out. */
  problems: string[];
}

/** Opus in packets of 20 ms. */
const AUDIO_BPS = 40_000;
const AUDIO_PPS = 50;
/** A picture is whole packets, so on average its last one is half full. */
const LAST_PACKET = 0.5;
/** Payload of a full packet: 1,200 bytes less RTP header and extensions. */
const PAYLOAD_BYTES = 1150;
/** RTP header and extensions 28, SRTP tag 16, UDP 8, IPv4 20, Ethernet 18. */
const OVERHEAD_BYTES = 90;
export const MAX_HOPS = 4;

export function plan(input: PlanInput): Plan {
  const viewer = viewerOf(input);
  const workers = input.cores;
  // The stream goes to all other workers of the machine, and to the children, before it goes to anybody.
  const fixedStreams = workers - 1 + input.fanOut;
  const cpuBudgetUs = workers * (1e6 * input.cpuFill - input.workerCostUs) - fixedStreams * viewer.cpuUsPerSecond;
  const networkBudgetBps = input.nicBps * input.nicFill - input.fanOut * viewer.wireBps;
  const cpu = Math.max(0, Math.floor(cpuBudgetUs / viewer.cpuUsPerSecond));
  const network = Math.max(0, Math.floor(networkBudgetBps / viewer.wireBps));
  const most = input.maxViewers ?? Number.POSITIVE_INFINITY;
  const viewers = Math.min(cpu, network, most);
  const limit = viewers === most ? 'max-viewers' : viewers === cpu ? 'cpu' : 'network';

  const needed = Math.max(1, viewers > 0 ? Math.ceil(input.viewers / viewers) : 1);
  const total = input.nodes ?? Math.ceil(needed * (1 + input.spare));
  const shape = shapeOf(total, input.fanOut);
  const share = Math.ceil(input.viewers / total);
  const children = Math.min(input.fanOut, total - 1);
  const cpuUs = (share + workers - 1 + children) * viewer.cpuUsPerSecond + workers * input.workerCostUs;
  const cpuCores = cpuUs / 1e6;
  const links = total - 1;
  const trafficBps = links * viewer.wireBps;
  const hopMs = input.linkMs + input.forwardMs;
  return {
    input,
    viewer,
    capacity: { cpu, network, viewers, limit },
    nodes: { needed, spare: total - needed, total },
    node: {
      viewers: share,
      sendBps: (share + children) * viewer.wireBps,
      receiveBps: viewer.wireBps,
      cpuCores,
      cpuShare: cpuCores / input.cores,
    },
    tree: { depth: shape.depth, meanHops: shape.meanHops, links, linkBps: viewer.wireBps, trafficBps },
    trafficShare: trafficBps / (trafficBps + input.viewers * viewer.wireBps),
    latency: {
      // To the first node, and from one worker of the last to another.
      addedMaxMs: shape.depth * hopMs + 2 * input.forwardMs,
      addedMeanMs: shape.meanHops * hopMs + 2 * input.forwardMs,
    },
    problems: problemsOf(input, { viewers, needed, total, share, depth: shape.depth }),
  };
}

function viewerOf({ bitrateBps, fps, frameCostNs, packetCostNs, viewerCostUs }: PlanInput): Plan['viewer'] {
  const audio = Math.min(bitrateBps, AUDIO_BPS);
  const pictures = bitrateBps > audio ? fps : 0;
  const full = (bitrateBps - audio) / (8 * PAYLOAD_BYTES);
  const packetsPerSecond = (AUDIO_PPS * audio) / AUDIO_BPS + Math.max(pictures, full + pictures * LAST_PACKET);
  const framesPerSecond = (AUDIO_PPS * audio) / AUDIO_BPS + pictures;
  return {
    framesPerSecond,
    packetsPerSecond,
    wireBps: bitrateBps + packetsPerSecond * OVERHEAD_BYTES * 8,
    cpuUsPerSecond: (framesPerSecond * frameCostNs + packetsPerSecond * packetCostNs) / 1000 + viewerCostUs,
  };
}

/** A tree of so many nodes that is filled level by level. */
export function shapeOf(nodes: number, fanOut: number): { depth: number; meanHops: number } {
  let left = nodes - 1;
  let level = 1;
  let depth = 0;
  let hops = 0;
  while (left > 0) {
    level = Math.min(level * Math.max(1, fanOut), left);
    depth++;
    hops += level * depth;
    left -= level;
  }
  return { depth, meanHops: hops / nodes };
}

interface Outcome {
  viewers: number;
  needed: number;
  total: number;
  share: number;
  depth: number;
}

function problemsOf(input: PlanInput, { viewers, needed, total, share, depth }: Outcome): string[] {
  const problems: string[] = [];
  if (viewers === 0) problems.push('a node of this size carries no viewer beside what it passes on');
  else if (total < needed) problems.push(`${total} nodes are too few: ${needed} are needed`);
  if (viewers > 0 && share > viewers) problems.push(`each node would have ${share} viewers and can carry ${viewers}`);
  if (depth > MAX_HOPS) {
    problems.push(
      `the tree would be ${depth} hops deep, ${MAX_HOPS} are allowed: raise --fan-out above ${input.fanOut}`,
    );
  }
  return problems;
}
