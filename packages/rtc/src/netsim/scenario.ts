/** A scenario is data: a path, and who sends over it when. Running it gives figures and series to plot. */

import type { BurstLoss, CapacityStep } from './link-model.js';
import { type FlowSample, MediaFlow } from './media-flow.js';
import { seededRandom } from './random.js';
import { SimulatedLink } from './simulated-link.js';
import { TcpFlow } from './tcp-flow.js';
import { VirtualTime } from './virtual-time.js';

export interface ScenarioFlow {
  startMs?: number;
  /** One way, on top of the path's. */
  extraDelayMs?: number;
  /** Sends against the direction of the others, over the way of their feedback. */
  reverse?: boolean;
  tcp?: boolean;
}

export interface Scenario {
  name: string;
  title: string;
  durationMs: number;
  capacity: readonly CapacityStep[] | number;
  /** Default: 100 Mbps. */
  backwardCapacity?: readonly CapacityStep[] | number;
  propagationMs: number;
  queueMs?: number;
  queueBytes?: number;
  loss?: number;
  burstLoss?: BurstLoss;
  flows: readonly ScenarioFlow[];
  /** Figures are of the time from here to the end. */
  assessFromMs: number;
}

export interface FlowRun {
  label: string;
  meanBps: number;
  /** Of a media flow; of TCP only what was received is known. */
  samples: readonly (Pick<FlowSample, 'atMs' | 'receivedBps'> & { targetBps?: number })[];
}

export interface ScenarioRun {
  flows: FlowRun[];
  /** Share of the forward capacity used, 0..1. */
  utilisation: number;
  queueP50Ms: number;
  queueP95Ms: number;
  /** Of all packets offered, dropped by the queue or lost on the way. */
  lossShare: number;
  /** Jain's index of the forward media flows' rates; 1 when there is one. */
  fairness: number;
  /** The longest time that the one forward estimate stayed over 110 % of the capacity. */
  longestOverMs: number;
  link: SimulatedLink;
}

/** Jitter of the RFC's default path: truncated Gaussian, at most 30 ms. */
const JITTER = { deviationMs: 5, maxMs: 30 };
const WIDE_BPS = 100_000_000;

export function runScenario(scenario: Scenario, seed = 1): ScenarioRun {
  const { capacity, backwardCapacity = WIDE_BPS, propagationMs, queueMs, durationMs, assessFromMs } = scenario;
  const time = new VirtualTime();
  const way = { propagationMs, queueMs, jitter: JITTER };
  const { queueBytes, loss, burstLoss } = scenario;
  const link = new SimulatedLink(time, {
    ...way,
    ...{ capacity, queueBytes, loss, burstLoss, random: seededRandom(seed * 1000) },
  });
  const back = new SimulatedLink(time, { ...way, capacity: backwardCapacity, random: seededRandom(seed * 1000 + 1) });
  const flows = scenario.flows.map((flow, i) => {
    const forward = flow.reverse ? back : link;
    if (flow.tcp) return new TcpFlow({ time, forward, returnMs: propagationMs, startMs: flow.startMs });
    const random = seededRandom(seed * 1000 + 10 + i);
    const { startMs, extraDelayMs } = flow;
    return new MediaFlow({ time, random, forward, backward: flow.reverse ? link : back, startMs, extraDelayMs });
  });
  time.runUntil(durationMs);

  const runs = flows.map((flow, i): FlowRun => {
    const { reverse, tcp } = scenario.flows[i];
    const name = tcp ? 'TCP' : reverse ? 'backward' : `flow ${i + 1}`;
    return { label: name, samples: flow.samples, meanBps: meanBps(flow.samples, assessFromMs) };
  });
  const media = runs.filter((_, i) => !scenario.flows[i].reverse && !scenario.flows[i].tcp);
  const { offered, dropped, lost } = link.model;
  return {
    flows: runs,
    utilisation: link.utilisation(assessFromMs, durationMs),
    queueP50Ms: link.queueingDelayMs(0.5, assessFromMs, durationMs),
    queueP95Ms: link.queueingDelayMs(0.95, assessFromMs, durationMs),
    lossShare: (dropped + lost) / offered,
    fairness: jain(media.map((run) => run.meanBps)),
    longestOverMs: media.length === 1 ? longestOver(media[0], link, assessFromMs) : 0,
    link,
  };
}

/** 1: all the same; 1/n: one has it all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  const squares = shares.reduce((a, b) => a + b * b, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}

/** Of what was received from then on. */
export function meanBps(
  samples: readonly { atMs: number; receivedBps: number }[],
  fromMs: number,
  toMs = 1e12,
): number {
  const within = samples.filter((sample) => sample.atMs > fromMs && sample.atMs <= toMs);
  return within.reduce((sum, sample) => sum + sample.receivedBps, 0) / Math.max(1, within.length);
}

function longestOver(run: FlowRun, link: SimulatedLink, fromMs: number): number {
  let longest = 0;
  let sinceMs = -1;
  for (const { atMs, targetBps = 0 } of run.samples) {
    const over = atMs >= fromMs && targetBps > 1.1 * link.model.capacityAt(atMs);
    if (!over) sinceMs = -1;
    else if (sinceMs < 0) sinceMs = atMs;
    if (over) longest = Math.max(longest, atMs - sinceMs);
  }
  return longest;
}
