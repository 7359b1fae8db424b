/**
 * Who goes to which node. A policy says how loaded each node is, with those who are on their way; among nodes that are
 * loaded about the same, the one with the fewest people is taken, so that what a measurement varies by decides nothing.
 * No clock, no randomness of its own. One room is best placed by one of these, at its home: who is on the way is known
 * only to whoever sent them.
 */
import { type Demand, emptyForeseen, type Foreseen, type PlacementNode } from './demand.js';
import { Expected } from './expected.js';
import type { RuleSet } from './rules.js';

export const PLACEMENT_POLICIES = ['mix', 'cpu', 'bandwidth', 'streams', 'rules'] as const;
export type PlacementPolicy = (typeof PLACEMENT_POLICIES)[number];

export interface PlacementOptions {
  policy: PlacementPolicy;
  /** With the policy `rules`. */
  rules?: RuleSet;
  /** 0..1; between nodes that are the same. */
  random(): number;
}

export type Placed =
  | { node: string; retryAfterSeconds: null; reason: null }
  /** `none`: there is no node that takes anybody; `full`: those that do have no place. */
  | { node: null; retryAfterSeconds: number; reason: 'none' | 'full' };

/** Above that a node's CPU is full. */
const CPU_FULL = 0.9;
/** A call stays on nodes that have it until they are as full as this. */
const NEAR_FULL = 0.8;
/** Differences of load that are none. */
const ABOUT_THE_SAME = 0.05;
/** How much more loaded a node of the client's own region may be. */
const ELSEWHERE = 0.25;
/** More than any load: calls stay together. */
const TOGETHER = 10;
const MIX = { cpu: 0.4, bandwidth: 0.25, streams: 0.15, viewers: 0.2 };
const RETRY_SECONDS = 5;

export class Placement {
  readonly #options: PlacementOptions;
  readonly #expected = new Map<string, Expected>();
  readonly #foreseen = emptyForeseen();
  #scores = new Float64Array(16);
  #people = new Float64Array(16);

  constructor(options: PlacementOptions) {
    if (options.policy === 'rules' && !options.rules) throw new RangeError('the policy `rules` needs rules');
    this.#options = options;
  }

  /** `now`: ms of one clock. From here on the newcomer is counted where they were sent. */
  place(demand: Demand, nodes: readonly PlacementNode[], now: number): Placed {
    if (this.#scores.length < nodes.length) {
      this.#scores = new Float64Array(nodes.length * 2);
      this.#people = new Float64Array(nodes.length * 2);
    }
    let least = Number.POSITIVE_INFINITY;
    let open = false;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      this.#scores[i] = Number.POSITIVE_INFINITY;
      if (!takesAnybody(node, demand)) continue;
      open = true;
      const foreseen = this.#foreseen;
      this.#expectedAt(node.id).foresee(node, now, foreseen);
      if (!fits(demand, node, foreseen)) continue;
      const score = this.#score(demand, node, foreseen);
      this.#scores[i] = score;
      this.#people[i] = (foreseen.viewers + foreseen.participants) / Math.max(1, node.limits.viewers);
      if (score < least) least = score;
    }
    const chosen = least === Number.POSITIVE_INFINITY ? null : this.#fewest(nodes, least + ABOUT_THE_SAME);
    if (!chosen) {
      const retryAfterSeconds = RETRY_SECONDS + Math.floor(this.#options.random() * (RETRY_SECONDS + 1));
      return { node: null, retryAfterSeconds, reason: open ? 'full' : 'none' };
    }
    this.#expectedAt(chosen.id).add(demand, chosen, now);
    return { node: chosen.id, retryAfterSeconds: null, reason: null };
  }

  /** Of a node that is gone. */
  forget(node: string): void {
    this.#expected.delete(node);
  }

  #expectedAt(node: string): Expected {
    let expected = this.#expected.get(node);
    if (!expected) {
      expected = new Expected();
      this.#expected.set(node, expected);
    }
    return expected;
  }

  #score(demand: Demand, node: PlacementNode, foreseen: Foreseen): number {
    const { policy, rules } = this.#options;
    if (policy === 'rules') return rules!.score({ node, foreseen, demand });
    let score = loadOf(policy, foreseen);
    if (demand.region !== null && node.region !== null && node.region !== demand.region) score += ELSEWHERE;
    if (demand.kind === 'call' && demand.carriers.has(node.id) && fullness(foreseen, node) < NEAR_FULL) {
      score -= TOGETHER;
    }
    return score;
  }

  #fewest(nodes: readonly PlacementNode[], most: number): PlacementNode | null {
    let chosen: PlacementNode | null = null;
    let least = Number.POSITIVE_INFINITY;
    let same = 0;
    for (let i = 0; i < nodes.length; i++) {
      if (!(this.#scores[i] <= most)) continue;
      const people = this.#people[i];
      if (people > least) continue;
      same = people < least ? 1 : same + 1;
      least = people;
      if (same === 1 || this.#options.random() * same < 1) chosen = nodes[i];
    }
    return chosen;
  }
}

/** Whether a node has a place; the node itself asks so when somebody comes who was sent by another. */
export function fits(demand: Demand, node: PlacementNode, foreseen: Foreseen): boolean {
  const { viewers, bandwidthBps, streams } = node.limits;
  if (demand.role === 'viewer' && foreseen.viewers >= viewers) return false;
  if (bandwidthBps !== null && foreseen.sendBps + demand.bitrateBps > bandwidthBps) return false;
  if (streams !== null && foreseen.streams + demand.streams > streams) return false;
  return foreseen.cpu < CPU_FULL;
}

function takesAnybody(node: PlacementNode, demand: Demand): boolean {
  return node.load !== null && node.isolated === null && !node.draining && demand.except?.has(node.id) !== true;
}

function loadOf(policy: Exclude<PlacementPolicy, 'rules'>, foreseen: Foreseen): number {
  const { cpu, sendShare, streamShare, viewerShare } = foreseen;
  if (policy === 'cpu') return cpu;
  if (policy === 'bandwidth') return sendShare;
  if (policy === 'streams') return streamShare;
  return MIX.cpu * cpu + MIX.bandwidth * sendShare + MIX.streams * streamShare + MIX.viewers * viewerShare;
}

function fullness({ cpu, sendShare, streamShare }: Foreseen, { limits }: PlacementNode): number {
  const bandwidth = limits.bandwidthBps === null ? 0 : sendShare;
  const streams = limits.streams === null ? 0 : streamShare;
  return Math.max(cpu / CPU_FULL, bandwidth, streams);
}
