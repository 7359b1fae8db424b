/**
 * How much the worker forwards when it is offered more and more: steps of a quarter until what arrives at the subscribers
 * falls short of what was offered.
 */
import type { PublisherProcess } from '../stage/publisher-process.js';
import type { Stage } from '../stage/stage.js';

export interface Saturation {
  /** Most packets a second that subscribers received without loss. */
  packetsPerSecond: number;
  /** The same per second of the worker's CPU time, at the step where that was most. */
  packetsPerCpuSecond: number;
  /** Of the publisher at the best step. */
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
    packetsPerCpuSecond: 0,
    publishedPps: startPps,
    lossBeyond: 0,
    workerCpu: 0,
    generatorDrops: 0,
    steps: [],
  };
  let pps = startPps;
  for (let i = 0; i < MAX_STEPS; i++, pps *= STEP) {
    let step = await measure(stage, publisher, pps, probes);
    // A shortfall must show twice: the machine may have been busy with something else.
    if (!step.enough) step = await measure(stage, publisher, pps, probes);
    const { offeredPps, receivedPps, workerCpu } = step;
    best.steps.push({ offeredPps, receivedPps, workerCpu });
    best.packetsPerCpuSecond = Math.max(best.packetsPerCpuSecond, receivedPps / workerCpu);
    if (!step.enough) {
      best.lossBeyond = 1 - receivedPps / Math.max(1, offeredPps);
      best.generatorDrops = step.generatorDrops;
      break;
    }
    if (receivedPps > best.packetsPerSecond) {
      best.packetsPerSecond = receivedPps;
      best.publishedPps = pps;
      best.workerCpu = workerCpu;
    }
  }
  return best;
}

async function measure(stage: Stage, publisher: PublisherProcess, pps: number, probes: SaturationProbes) {
  const receivers = stage.subscribers.length;
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
  const received = stage.received() - receivedBefore;
  return {
    offeredPps: (published * receivers * 1000) / elapsedMs,
    receivedPps: (received * 1000) / elapsedMs,
    workerCpu: (probes.cpuNs() - cpuBefore) / 1e6 / elapsedMs,
    generatorDrops: probes.generatorDrops() - dropsBefore,
    enough: received >= Math.min(published * ENOUGH, published - UNDER_WAY) * receivers,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
