/** What this node tells the others of its load, each second: the workers' figures, and who is here. */
import type { MediaWorkers } from '../media/workers.js';
import type { Rooms } from '../rooms/rooms.js';
import type { Cluster } from './cluster.js';
import type { NodeReport } from './schema.js';

const REPORT_MS = 1000;

export function startReports(cluster: Cluster, workers: MediaWorkers, rooms: Rooms): { stop(): void } {
  const report = (): void => cluster.report(reportOf(workers, rooms));
  report();
  const timer = setInterval(report, REPORT_MS);
  return { stop: () => clearInterval(timer) };
}

export function reportOf({ workers, size }: Pick<MediaWorkers, 'workers' | 'size'>, rooms: Rooms): NodeReport {
  const loads = workers.map((worker) => ({ worker, load: worker.load }));
  const sum = (read: (load: NonNullable<(typeof loads)[number]['load']>) => number): number =>
    loads.reduce((total, { load }) => total + (load ? read(load) : 0), 0);
  const list = rooms.list();
  return {
    load: {
      cpu: Math.min(8, sum(({ cpu }) => cpu) / Math.max(1, size)),
      loop: Math.min(1.5, Math.max(0, ...loads.map(({ load }) => load?.loop ?? 0))),
      receiveBps: sum(({ receiveBps }) => receiveBps),
      sendBps: sum(({ sendBps }) => sendBps),
      viewers: list.reduce((total, room) => total + room.viewers.size, 0),
      participants: list.reduce((total, room) => total + room.participants.size, 0),
      streams: sum(({ virtualStreams }) => virtualStreams),
      rooms: list.length,
      rssBytes: process.memoryUsage.rss() + sum(({ rssBytes }) => rssBytes),
      arrivals: rooms.arrivals,
    },
    workers: loads.slice(0, 256).map(({ worker: { index, port }, load }) => ({
      ...{ index, port, cpu: Math.min(16, load?.cpu ?? 0), loop: Math.min(1.5, load?.loop ?? 0) },
      ...{ sendBps: load?.sendBps ?? 0, receiveBps: load?.receiveBps ?? 0, transports: load?.transports ?? 0 },
    })),
  };
}
