/** What estimates cost a worker: CPU per feedback and memory per subscriber, over many estimators in turn as a worker has them. */
import { BandwidthEstimator, SendHistory, TransportFeedbackGenerator } from '@efir/rtc';
import { median } from '../measure/median.js';

const PACKETS = 50;
const EVERY_MS = 100;
const HISTORY_ENTRIES = 512;

export interface EstimatorCost {
  estimators: number;
  packetsPerFeedback: number;
  /** CPU time of one feedback and a tick, median of rounds, over all estimators in turn. */
  usPerFeedback: number;
  /** Heap and typed arrays of an estimator, without its history. */
  bytesPerEstimator: number;
  bytesPerHistory: number;
}

export function measureCost(estimators = 1000, rounds = 60): EstimatorCost {
  const histories = new Array<SendHistory>(estimators);
  const all = new Array<BandwidthEstimator>(estimators);
  const before = memory();
  for (let i = 0; i < estimators; i++) histories[i] = new SendHistory({ entries: HISTORY_ENTRIES });
  const between = memory();
  for (let i = 0; i < estimators; i++) {
    all[i] = new BandwidthEstimator({ history: histories[i], startBps: 3e6, minBps: 50_000, maxBps: 20e6 });
  }
  const after = memory();

  const generator = new TransportFeedbackGenerator();
  const message = new Uint8Array(1200);
  const costs: number[] = [];
  let sequence = 0;
  for (let round = 0; round < rounds; round++) {
    const startMs = 1000 + round * EVERY_MS;
    for (let i = 0; i < PACKETS; i++) {
      const us = (startMs + (i * EVERY_MS) / PACKETS) * 1000;
      for (const history of histories) history.sent((sequence + i) & 0xffff, us, 1100);
      // Every twentieth gets lost, every third is a bit late, so that no branch is always the same.
      if (i % 20 !== 7) generator.received((sequence + i) & 0xffff, us + 40_000 + (i % 3) * 700);
    }
    sequence += PACKETS;
    const length = generator.build(startMs + EVERY_MS, 1, 2, message);
    const nowMs = startMs + EVERY_MS + 80;
    const begin = process.cpuUsage();
    for (const estimator of all) {
      estimator.feedback(message, 0, length, nowMs);
      estimator.tick(nowMs);
    }
    const spent = process.cpuUsage(begin);
    costs.push((spent.user + spent.system) / estimators);
  }
  return {
    estimators,
    packetsPerFeedback: PACKETS,
    // The first rounds are the compiler's.
    usPerFeedback: Math.round(median(costs.slice(rounds / 3)) * 10) / 10,
    bytesPerEstimator: Math.round((after - between) / estimators),
    bytesPerHistory: Math.round((between - before) / estimators),
  };
}

/** Exact only where garbage can be collected at will (`node --expose-gc`). */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
