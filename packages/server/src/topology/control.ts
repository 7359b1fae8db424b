/**
 * A room's topology over time: asks the decision whenever something changes, runs the migration that it calls for, and
 * says what everybody is to be told. No clock and no timers: the caller passes `now` (ms) and comes back at `nextAtMs`.
 */
import type { LiveTopology, PendingMigration, TopologyEvent } from '@efir/protocol';
import { decideTopology, fitsMesh, type RoomShape, type Thresholds } from './decision.js';
import { Migration } from './migration.js';

/** After a move that failed, unless somebody comes or goes before. */
export const RETRY_MS = 30_000;

export interface TopologyOptions extends Thresholds {
  /** See `MigrationOptions`. */
  timeoutMs: number;
}

/** Everybody in the room is to be told `event`. */
export interface TopologyStep {
  event: TopologyEvent;
  from: LiveTopology;
  to: LiveTopology;
  /** False: nobody was there to be moved. */
  prepared: boolean;
  /** Since the `prepare`. */
  tookMs: number;
}

export class TopologyControl {
  readonly #options: TopologyOptions;
  #shape: RoomShape;
  #members: ReadonlySet<string> = new Set();
  #current: LiveTopology;
  #migration: Migration | null = null;
  #epoch = 0;
  #fitsSinceMs: number | null = null;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #nextAtMs: number | null = null;

  constructor(options: TopologyOptions, setting: RoomShape['setting']) {
    this.#options = options;
    this.#shape = { participants: 0, classic: 0, sfuOnly: 0, viewers: 0, apart: 0, setting };
    this.#current = decideTopology({ ...this.#shape, current: 'mesh', fitsSinceMs: null }, options, 0).topology;
  }

  get current(): LiveTopology {
    return this.#current;
  }

  get pending(): PendingMigration | null {
    return this.#migration && { epoch: this.#migration.epoch, topology: this.#migration.to };
  }

  /** What everybody was told of the move under way. */
  get preparing(): TopologyEvent | null {
    if (!this.#migration) return null;
    const { epoch, to, reason } = this.#migration;
    return { epoch, topology: to, phase: 'prepare', reason };
  }

  /** When `tick` is due. */
  get nextAtMs(): number | null {
    return this.#nextAtMs;
  }

  /** `members`: those who are connected and move with the room. */
  changed(shape: RoomShape, members: ReadonlySet<string>, now: number): TopologyStep[] {
    if (isAnother(shape, this.#shape)) this.#retryAtMs = now;
    this.#shape = shape;
    this.#members = members;
    this.#fitsSinceMs = fitsMesh(shape, this.#options) ? (this.#fitsSinceMs ?? now) : null;
    this.#migration?.setMembers(members, now);
    return this.#proceed(now);
  }

  /** A member's page is another one, and has no path yet. */
  renewed(member: string, now: number): TopologyStep[] {
    this.#migration?.renewed(member, now);
    return this.#proceed(now);
  }

  /** What a member said by `migrated`. */
  report(member: string, epoch: number, ok: boolean, now: number): TopologyStep[] {
    if (this.#migration?.epoch === epoch) this.#migration.report(member, ok);
    return this.#proceed(now);
  }

  /** The path that is being built can't be: there is no media worker. */
  unavailable(now: number): TopologyStep[] {
    if (this.#migration?.to !== 'sfu') return [];
    this.#retryAtMs = now + RETRY_MS;
    return [this.#abort(this.#migration, 'unavailable', now), ...this.#proceed(now)];
  }

  /** Somebody asks for it: a move that failed is tried again at once. */
  retry(now: number): TopologyStep[] {
    this.#retryAtMs = now;
    return this.#proceed(now);
  }

  tick(now: number): TopologyStep[] {
    return this.#proceed(now);
  }

  #proceed(now: number): TopologyStep[] {
    const steps: TopologyStep[] = [];
    let step = this.#next(now);
    while (step) {
      steps.push(step);
      step = this.#next(now);
    }
    return steps;
  }

  /** Null when there is nothing to do before `nextAtMs`. */
  #next(now: number): TopologyStep | null {
    const input = { ...this.#shape, current: this.#current, fitsSinceMs: this.#fitsSinceMs };
    const decision = decideTopology(input, this.#options, now);
    const migration = this.#migration;
    if (migration) {
      if (decision.topology !== migration.to) return this.#abort(migration, 'room-changed', now);
      const outcome = migration.outcome(now);
      if (outcome.type === 'commit') return this.#commit(migration, now);
      if (outcome.type === 'abort') {
        this.#retryAtMs = now + RETRY_MS;
        return this.#abort(migration, outcome.reason, now, outcome.participant);
      }
      this.#nextAtMs = outcome.untilMs;
      return null;
    }
    if (decision.topology === this.#current) {
      this.#nextAtMs = decision.changesAtMs;
      return null;
    }
    if (now < this.#retryAtMs) {
      this.#nextAtMs = this.#retryAtMs;
      return null;
    }
    const { timeoutMs } = this.#options;
    const next = new Migration(
      { epoch: ++this.#epoch, from: this.#current, to: decision.topology, reason: decision.reason, timeoutMs },
      this.#members,
      now,
    );
    // Nobody is there to be interrupted.
    if (this.#members.size === 0) return { ...this.#commit(next, now), prepared: false };
    this.#migration = next;
    return stepOf(next, 'prepare', next.to, next.reason, now);
  }

  #commit(migration: Migration, now: number): TopologyStep {
    this.#migration = null;
    this.#current = migration.to;
    return stepOf(migration, 'commit', migration.to, migration.reason, now);
  }

  #abort(
    migration: Migration,
    reason: TopologyEvent['reason'],
    now: number,
    participant?: TopologyEvent['participant'],
  ): TopologyStep {
    this.#migration = null;
    return stepOf(migration, 'abort', migration.from, reason, now, participant);
  }
}

function stepOf(
  { epoch, from, to, startedAt }: Migration,
  phase: TopologyEvent['phase'],
  topology: LiveTopology,
  reason: TopologyEvent['reason'],
  now: number,
  participant?: string,
): TopologyStep {
  const event = { epoch, topology, phase, reason, ...(participant !== undefined && { participant }) };
  return { event, from, to, prepared: true, tookMs: now - startedAt };
}

/** Others are in it, or it is to be something else: a move that failed may be tried again. */
function isAnother(a: RoomShape, b: RoomShape): boolean {
  const names = ['participants', 'classic', 'sfuOnly', 'apart', 'setting'] as const;
  return names.some((name) => a[name] !== b[name]);
}
