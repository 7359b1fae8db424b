/**
 * What the process costs: CPU of all its threads as a share of one core, time in which the event loop was busy, resident
 * memory. Shares are over the time since the last sample.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';

export interface LoadSample {
  /** Share of one core, 0..1; above 1 when other threads (handshakes) work as well. */
  cpu: number;
  /** Share of the time in which the loop was busy, 0..1. */
  loop: number;
  rssBytes: number;
}

/** What is read from the process; handed in by tests. */
export interface LoadSources {
  nowMs(): number;
  cpuUsage(): { user: number; system: number };
  eventLoopUtilization(last?: EventLoopUtilization): EventLoopUtilization;
  rssBytes(): number;
}

const PROCESS_SOURCES: LoadSources = {
  nowMs: () => performance.now(),
  cpuUsage: () => process.cpuUsage(),
  eventLoopUtilization: (last) => performance.eventLoopUtilization(last),
  rssBytes: () => process.memoryUsage.rss(),
};

export class LoadMeter {
  readonly #sources: LoadSources;
  #atMs: number;
  #cpuUs: number;
  #loop: EventLoopUtilization;
  #last: LoadSample = { cpu: 0, loop: 0, rssBytes: 0 };

  constructor(sources: LoadSources = PROCESS_SOURCES) {
    this.#sources = sources;
    this.#atMs = sources.nowMs();
    this.#cpuUs = totalUs(sources.cpuUsage());
    this.#loop = sources.eventLoopUtilization();
  }

  /** Figures since the last call (or since creation). Called twice within the same millisecond it repeats itself. */
  sample(): LoadSample {
    const nowMs = this.#sources.nowMs();
    const elapsedMs = nowMs - this.#atMs;
    const rssBytes = this.#sources.rssBytes();
    if (elapsedMs < 1) return { ...this.#last, rssBytes };

    const cpuUs = totalUs(this.#sources.cpuUsage());
    const loop = this.#sources.eventLoopUtilization();
    // The utilization of the interval is the difference of two cumulative readings.
    const busyMs = loop.active - this.#loop.active;
    const loopMs = busyMs + loop.idle - this.#loop.idle;
    this.#last = {
      cpu: Math.max(0, (cpuUs - this.#cpuUs) / 1000 / elapsedMs),
      loop: loopMs > 0 ? Math.min(1, Math.max(0, busyMs / loopMs)) : 0,
      rssBytes,
    };
    this.#atMs = nowMs;
    this.#cpuUs = cpuUs;
    this.#loop = loop;
    return { ...this.#last };
  }
}

function totalUs(usage: { user: number; system: number }): number {
  return usage.user + usage.system;
}
