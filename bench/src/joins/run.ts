/**
 * The joins bench: all subscribers join at one moment a call that is running. Joined means: the first packet is there. Beside
 * it, what somebody who was in the call before felt of it.
 */
import { ClientHub, DelayHistogram } from '@efir/sfu';
import { describeMachine, GENERATOR_CPU, pinSelf, raisePriority, WORKER_CPU } from '../measure/machine.js';
import { round } from '../measure/median.js';
import { cpuNs } from '../measure/process-cost.js';
import type { JoinsOptions } from '../options.js';
import { PublisherProcess } from '../stage/publisher-process.js';
import { Stage } from '../stage/stage.js';

/** 180 packets a second: a 1.5 Mbps picture. */
const PUBLISHED_PPS = 180;
const TIMEOUT_MS = 60_000;

export interface JoinsResult {
  joinsPerSecond: number;
  firstPacketP50Ms: number;
  firstPacketP99Ms: number;
  firstPacketMaxMs: number;
  [more: string]: unknown;
}

export async function joins(options: JoinsOptions, log: (line: string) => void): Promise<JoinsResult> {
  const machine = describeMachine();
  const pinned = machine.cores >= 2 && pinSelf(GENERATOR_CPU);
  const hub = new ClientHub({ datapath: { maxPeers: options.subscribers + 16 } });
  const delays = new DelayHistogram();
  const watchersHub = new ClientHub({ delays });
  const stage = await Stage.open(pinned ? WORKER_CPU : undefined);
  const publisher = await PublisherProcess.start(stage, 'equal');
  const pids = [process.pid, stage.worker.pid, publisher.pid];
  const restorePriority = options.priority ? raisePriority(pids) : null;
  try {
    await publisher.rate(PUBLISHED_PPS);
    // Somebody who watches while the others come. Times are the kernel's: this process is busy with handshakes.
    const watcher = await stage.addSubscriber(watchersHub);
    const watched = watcher.incoming[0];
    const video = watched.video!;
    await sleep(2500);
    const quietGapMs = video.longestGapMs;
    const quietDelayMs = delays.maxUs / 1000;
    delays.clear();
    video.longestGapMs = 0;

    log(`${options.subscribers} subscribers join at once`);
    const framesBefore = video.frames;
    const freezesBefore = video.freezes;
    const cpuBefore = cpuNs(stage.worker.pid);
    const startMs = performance.now();
    const joining = Array.from({ length: options.subscribers }, () => stage.addSubscriber(hub));
    const failures = (await Promise.allSettled(joining)).filter((join) => join.status === 'rejected').length;
    const connectedMs = performance.now() - startMs;
    const joined = () => stage.subscribers.filter(({ incoming }) => incoming[0].firstPacketMs >= 0).length - 1;
    while (joined() < options.subscribers - failures && performance.now() - startMs < TIMEOUT_MS) await sleep(10);
    const elapsedMs = performance.now() - startMs;
    const joinCpuMs = (cpuNs(stage.worker.pid) - cpuBefore) / 1e6;
    // What they disturbed shows within the second after.
    await sleep(1000);

    const firsts = stage.subscribers
      .slice(1)
      .map(({ incoming }) => incoming[0].firstPacketMs - startMs)
      .filter((ms) => ms >= 0)
      .sort((a, b) => a - b);
    const quantile = (q: number) => round(firsts[Math.max(0, Math.ceil(q * firsts.length) - 1)] ?? Number.NaN);
    return {
      joinsPerSecond: round((firsts.length * 1000) / (firsts.at(-1) ?? Number.NaN), 1),
      firstPacketP50Ms: quantile(0.5),
      firstPacketP99Ms: quantile(0.99),
      firstPacketMaxMs: quantile(1),
      bench: 'joins',
      subscribers: options.subscribers,
      joined: firsts.length,
      failures,
      allConnectedMs: round(connectedMs),
      workerCpuMsPerJoin: round(joinCpuMs / options.subscribers, 2),
      workerCpu: round(joinCpuMs / elapsedMs, 2),
      runningCall: {
        frames: video.frames - framesBefore,
        freezes: video.freezes - freezesBefore,
        lost: watched.stats().lost,
        longestGapMs: round(video.longestGapMs, 1),
        longestGapBeforeMs: round(quietGapMs, 1),
        forwardDelayP99Ms: delays.quantileMs(0.99),
        forwardDelayMaxMs: round(delays.maxUs / 1000, 1),
        forwardDelayMaxBeforeMs: round(quietDelayMs, 1),
      },
      machine,
      pinned,
      prioritized: restorePriority !== null,
    };
  } finally {
    restorePriority?.();
    publisher.close();
    await stage.close();
    hub.close();
    watchersHub.close();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
