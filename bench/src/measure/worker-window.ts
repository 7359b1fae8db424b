/**
 * A window of a worker's life, from one of its load notices to another: what it forwarded, and what that cost the whole
 * process, handshake and garbage-collector threads included.
 */
import { once } from 'node:events';
import type { LoadFigures, WorkerNotice, WorkerProcess } from '@efir/sfu';
import { cpuNs, rssBytes } from './process-cost.js';

export interface WorkerWindow {
  elapsedMs: number;
  /** CPU time of all threads. */
  cpuNs: number;
  /** Packets written to subscribers. */
  forwarded: number;
  /** All packets sent, reports and retransmissions too. */
  sent: number;
  packetsPerSecond: number;
  nsPerPacket: number;
  /** Share of the window in which the loop was busy, by its last notice. */
  loop: number;
  /** At its end. */
  rssBytes: number;
  /** Growth of the worker's counters. */
  counters: Record<string, number>;
}

interface Mark {
  atMs: number;
  cpuNs: number;
  load: LoadFigures;
}

/** Waits for the next notice, then for those of `seconds` more. */
export async function workerWindow(worker: WorkerProcess, seconds: number): Promise<WorkerWindow> {
  const start = await nextMark(worker);
  let end = start;
  for (let i = 0; i < seconds; i++) end = await nextMark(worker);
  return between(start, end, rssBytes(worker.pid));
}

async function nextMark(worker: WorkerProcess): Promise<Mark> {
  for (;;) {
    const [notice] = (await once(worker, 'notice')) as [WorkerNotice];
    if (notice.type === 'load') return { atMs: performance.now(), cpuNs: cpuNs(worker.pid), load: notice.load };
  }
}

function between(start: Mark, end: Mark, rss: number): WorkerWindow {
  const counters: Record<string, number> = {};
  for (const [name, value] of Object.entries(end.load.counters)) {
    counters[name] = value - (start.load.counters[name] ?? 0);
  }
  const elapsedMs = end.atMs - start.atMs;
  const cpu = end.cpuNs - start.cpuNs;
  const sent = counters.txPackets ?? 0;
  const forwarded = counters.forwarded ?? sent;
  return {
    elapsedMs,
    cpuNs: cpu,
    forwarded,
    sent,
    packetsPerSecond: (forwarded * 1000) / elapsedMs,
    nsPerPacket: forwarded === 0 ? Number.NaN : cpu / forwarded,
    loop: end.load.loop,
    rssBytes: rss,
    counters,
  };
}
