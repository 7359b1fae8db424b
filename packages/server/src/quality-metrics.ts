/**
 * Figures of what clients get, for Prometheus: sums over all of them, taken when they are asked for. Their number doesn't
 * grow with rooms or participants.
 */
import { Gauge, type Registry } from 'prom-client';
import type { MediaEngine } from './media/engine.js';
import type { MediaSession } from './media/session.js';
import type { Rooms } from './rooms/rooms.js';

/** Spatial layers beyond this one are counted with it. */
const TOP_LAYER = 3;

/** Of a path, bit/s. */
const RATES = { estimate: 'estimateBps', sent: 'sentBps', wanted: 'wantedBps' } as const;

interface Measured {
  engine: MediaEngine;
  rooms: Rooms;
}

export function measureQuality(registry: Registry, { engine, rooms }: Measured): void {
  const registers = [registry];
  const overload: Gauge<'worker'> = new Gauge({
    name: 'efir_worker_overload_level',
    help: 'What a worker sheds: 0 nothing, 1 all but stages get the least, 2 thumbnails are paused',
    labelNames: ['worker'],
    registers,
    collect() {
      overload.reset();
      for (const worker of engine.workers.workers) overload.set({ worker: worker.index }, engine.overloadOf(worker));
    },
  });
  const layers: Gauge<'spatial'> = new Gauge({
    name: 'efir_layers_taken',
    help: `Published video tracks by the highest spatial layer that somebody takes; -1: none, ${TOP_LAYER}: and above`,
    labelNames: ['spatial'],
    registers,
    collect() {
      const counts = new Map(Array.from({ length: TOP_LAYER + 2 }, (_, n) => [n - 1, 0]));
      for (const { takenLayers } of engine.sessions) {
        for (const spatial of takenLayers.values()) {
          const label = Math.min(TOP_LAYER, spatial);
          counts.set(label, (counts.get(label) ?? 0) + 1);
        }
      }
      for (const [spatial, count] of counts) layers.set({ spatial }, count);
    },
  });
  const rates: Gauge<'rate'> = new Gauge({
    name: 'efir_paths_bits_per_second',
    help: 'Over all paths to clients: what they are estimated to carry, what is sent, and what would be sent on any path',
    labelNames: ['rate'],
    registers,
    collect() {
      for (const [rate, field] of Object.entries(RATES)) {
        rates.set(
          { rate },
          total(engine, ({ quality }) => quality?.[field] ?? 0),
        );
      }
    },
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  };
  gauge('efir_weak_participants', 'Clients whose path cannot carry what they show', () =>
    total(engine, ({ quality }) => Number(quality?.weak ?? false)),
  );
  gauge('efir_paused_streams', 'Video streams that would be sent if the path carried more', () =>
    total(engine, ({ quality }) => quality?.streams.filter(({ paused }) => paused).length ?? 0),
  );
  gauge('efir_participants_with_view', 'Participants who said what they show', () =>
    rooms.list().reduce((sum, room) => {
      let views = 0;
      for (const { view } of room.participants.values()) if (view) views++;
      return sum + views;
    }, 0),
  );
  gauge('efir_subscription_updates', 'Participants whose streams were planned anew, since their rooms began', () =>
    rooms.list().reduce((sum, { distribution }) => sum + distribution.updates, 0),
  );
}

function total(engine: MediaEngine, read: (session: MediaSession) => number): number {
  let sum = 0;
  for (const session of engine.sessions) sum += read(session);
  return sum;
}
