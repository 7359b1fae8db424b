/** Figures for Prometheus. Every server has its own registry. */
import type { LoadFigures } from '@efir/sfu';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MediaWorkers } from './media/workers.js';
import type { Rooms } from './rooms/rooms.js';
import type { TopologyStep } from './topology/control.js';
import { type Thresholds, topologyBySize } from './topology/decision.js';

/** What a worker reports as it is now: name, help, value. */
const LOAD: readonly [string, string, (load: LoadFigures) => number][] = [
  ['cpu_ratio', 'Share of one core, last second', ({ cpu }) => cpu],
  ['loop_ratio', 'Share of the last second in which the loop was busy', ({ loop }) => loop],
  ['rss_bytes', 'Resident memory', ({ rssBytes }) => rssBytes],
  ['receive_bits_per_second', 'Media received', ({ receiveBps }) => receiveBps],
  ['send_bits_per_second', 'Media sent', ({ sendBps }) => sendBps],
  ['receive_packets_per_second', 'Packets received', ({ receivePps }) => receivePps],
  ['send_packets_per_second', 'Packets sent', ({ sendPps }) => sendPps],
  ['routers', 'Routers', ({ routers }) => routers],
  ['transports', 'Transports', ({ transports }) => transports],
  ['producers', 'Producers', ({ producers }) => producers],
  ['virtual_streams', 'Virtual streams', ({ virtualStreams }) => virtualStreams],
];
/** Counters of the workers beyond this many names are left out. */
const MAX_COUNTERS = 300;

export class Metrics {
  readonly registry = new Registry();
  readonly httpRequests = new Counter({
    name: 'efir_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers: [this.registry],
  });
  readonly httpSeconds = new Histogram({
    name: 'efir_http_request_seconds',
    help: 'Time to answer an HTTP request',
    labelNames: ['route'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers: [this.registry],
  });
  readonly signals = new Counter({
    name: 'efir_signaling_messages_total',
    help: 'Signalling messages of clients, by what came of them',
    labelNames: ['event', 'result'],
    registers: [this.registry],
  });
  readonly sockets = new Gauge({
    name: 'efir_signaling_connections',
    help: 'Signalling connections',
    labelNames: ['protocol'],
    registers: [this.registry],
  });
  readonly disconnects = new Counter({
    name: 'efir_signaling_disconnects_total',
    help: 'Signalling connections of the app that ended, by the reason that Socket.IO gives',
    labelNames: ['reason'],
    registers: [this.registry],
  });
  readonly limited = new Counter({
    name: 'efir_rate_limited_total',
    help: 'Requests refused by a rate limit',
    labelNames: ['limit'],
    registers: [this.registry],
  });
  readonly httpSessions = new Gauge({
    name: 'efir_http_media_sessions',
    help: 'WHIP and WHEP sessions',
    labelNames: ['protocol'],
    registers: [this.registry],
  });
  readonly workersLost = new Counter({
    name: 'efir_workers_lost_total',
    help: 'Media workers that ended unasked',
    registers: [this.registry],
  });

  readonly migrations = new Counter({
    name: 'efir_topology_migrations_total',
    help: 'Moves of rooms from one topology to another; the result is commit or why it was not',
    labelNames: ['from', 'to', 'result'],
    registers: [this.registry],
  });
  readonly migrationSeconds = new Histogram({
    name: 'efir_topology_migration_seconds',
    help: 'From the announcement of a move to its end',
    labelNames: ['from', 'to', 'result'],
    buckets: [0.1, 0.25, 0.5, 1, 2, 4, 8, 16],
    registers: [this.registry],
  });

  constructor(rooms: Rooms, workers: MediaWorkers, thresholds: Thresholds) {
    rooms.on('topology', (step) => this.#migrated(step));
    const topologies = new Gauge({
      name: 'efir_room_topology',
      help: 'Rooms by what they run on',
      labelNames: ['topology'],
      registers: [this.registry],
      collect: () => {
        for (const topology of ['mesh', 'sfu'] as const) {
          topologies.set(
            { topology },
            sum(rooms, (room) => Number(room.topology.current === topology)),
          );
        }
      },
    });
    this.#gauge('efir_rooms_beyond_sfu', 'Rooms of more participants than the SFU is good for', () =>
      sum(rooms, ({ participants }) => Number(topologyBySize(participants.size, thresholds) === 'mcu')),
    );
    workers.on('worker-lost', () => this.workersLost.inc());
    this.#gauge('efir_rooms', 'Rooms', () => rooms.size);
    this.#gauge('efir_participants', 'Participants in all rooms', () => sum(rooms, (room) => room.participants.size));
    this.#gauge('efir_viewers', 'Viewers in all rooms (WHEP)', () => sum(rooms, (room) => room.viewers.size));
    this.#gauge('efir_workers_up', 'Media workers that are up', () => workers.workers.length);
    this.#gauge('efir_process_rss_bytes', 'Resident memory of the server process', () => process.memoryUsage.rss());
    this.#gauge('efir_process_cpu_seconds', 'CPU time of the server process', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    for (const [name, help, read] of LOAD) {
      const gauge = new Gauge({
        name: `efir_worker_${name}`,
        help: `${help} (of a worker)`,
        labelNames: ['worker'],
        registers: [this.registry],
        collect: () => {
          gauge.reset();
          for (const { index, load } of workers.workers) if (load) gauge.set({ worker: index }, read(load));
        },
      });
    }
    this.#workers = workers;
  }

  readonly #workers: MediaWorkers;
  readonly #counters = new Map<string, Counter<'worker'>>();

  /** Text exposition. */
  async text(): Promise<string> {
    for (const counter of this.#counters.values()) counter.reset();
    for (const { index, load } of this.#workers.workers) {
      for (const [name, value] of Object.entries(load?.counters ?? {})) this.#count(name, index, value);
    }
    return this.registry.metrics();
  }

  /** Workers count under names of their own: each becomes a metric when it is first seen. */
  #count(name: string, worker: number, value: number): void {
    const metric = metricName(name);
    let counter = this.#counters.get(metric);
    if (!counter) {
      if (this.#counters.size >= MAX_COUNTERS) return;
      const help = 'Counted by a worker since its start';
      counter = new Counter({ name: metric, help, labelNames: ['worker'], registers: [this.registry] });
      this.#counters.set(metric, counter);
    }
    if (Number.isFinite(value) && value > 0) counter.inc({ worker }, value);
    else counter.inc({ worker }, 0);
  }

  #migrated({ event, from, to, prepared, tookMs }: TopologyStep): void {
    if (event.phase === 'prepare' || !prepared) return;
    const result = event.phase === 'commit' ? 'commit' : event.reason;
    this.migrations.inc({ from, to, result });
    this.migrationSeconds.observe({ from, to, result }, tookMs / 1000);
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) });
  }
}

/** `srtpAuthFailures` -> `efir_worker_srtp_auth_failures_total`. */
export function metricName(name: string): string {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
    .replace(/^efir_|^worker_|_total$/g, '');
  return `efir_worker_${snake}_total`;
}

function sum(rooms: Rooms, count: (room: ReturnType<Rooms['list']>[number]) => number): number {
  return rooms.list().reduce((total, room) => total + count(room), 0);
}
