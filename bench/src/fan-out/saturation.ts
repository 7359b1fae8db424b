/**
 * How much the worker forwards when it is offered more and more: steps of a quarter until what arrives at the subscribers
 * falls short of what was offered.
 */
import type { PublisherProcess } from '../stage/publisher-process.js';
import type { Stage } from '../stage/stage.js';

export interface Saturation {
  /** Most packets a second that subscribers received without loss. */
  packetsPerSecond: number;
  /** Of the publisher at that step. */
  publishedPps: number;
  /** Loss in the step after it. */
  lossBeyond: number;
  /** Busy share of the worker's CPU in the best step; well below 1 means that something else was the limit. */
  workerCpu: number;
  /** Packets that the kernel dropped at the subscribers' sockets in the step beyond: the load generator is the limit. */
  generatorDrops: number;
  steps: { offeredPps: number; receivedPps: number; workerCpu: number }[];
}

const STEP = 1.25;
const STEP_MS = 1500;
const SETTLE_MS = 500;
/** Steps where less than this share arrives are beyond saturation, but for two frames that may be under way. */
const ENOUGH = 0.985;
const UNDER_WAY = 16;
const MAX_STEPS = 24;

export interface SaturationProbes {
  cpuNs(): number;
  generatorDrops(): number;
}

export async function findSaturation(
  stage: Stage,
  publisher: PublisherProcess,
  startPps: number,
  probes: SaturationProbes,
): Promise<Saturation> {
  const best: Saturation = {
    packetsPerSecond: 0,
    publishedPps: startPps,
    lossBeyond: 0,
    workerCpu: 0,
    generatorDrops: 0,
    steps: [],
  };
  const receivers = stage.subscribers.length;
  let pps = startPps;
  for (let i = 0; i < MAX_STEPS; i++, pps *= STEP) {
    await publisher.rate(pps);
    await sleep(SETTLE_MS);
    const dropsBefore = probes.generatorDrops();
    const cpuBefore = probes.cpuNs();
    const receivedBefore = stage.received();
    const publishedBefore = await publisher.rate(pps);
    const startMs = performance.now();
    await sleep(STEP_MS - SETTLE_MS);
    const published = (await publisher.rate(pps)) - publishedBefore;
    const elapsedMs = performance.now() - startMs;
    const workerCpu = (probes.cpuNs() - cpuBefore) / 1e6 / elapsedMs;
    const received = stage.received() - receivedBefore;
    const offeredPps = (published * receivers * 1000) / elapsedMs;
    const receivedPps = (received * 1000) / elapsedMs;
    best.steps.push({ offeredPps, receivedPps, workerCpu });
    const enough = received >= Math.min(published * ENOUGH, published - UNDER_WAY) * receivers;
    if (enough && receivedPps > best.packetsPerSecond) {
      best.packetsPerSecond = receivedPps;
      best.publishedPps = pps;
      best.workerCpu = workerCpu;
    }
    if (!enough) {
      best.lossBeyond = 1 - received / Math.max(1, published * receivers);
      best.generatorDrops = probes.generatorDrops() - dropsBefore;
      break;
    }
  }
  return best;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
