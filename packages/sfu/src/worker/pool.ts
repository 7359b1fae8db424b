/**
 * The workers of one machine: one process each, worker `i` on port `port + i`. A worker that crashes is started again, at
 * once at first, then after 0.5 s, 1 s, 2 s … 30 s; half a minute of life forgives. New routers go to the least loaded.
 */
import { EventEmitter } from 'node:events';
import { WorkerError } from './channel.js';
import type { WorkerOptions } from './control.js';
import { type SpawnOptions, type WorkerExit, WorkerProcess } from './process.js';

export interface WorkerPoolOptions extends Omit<WorkerOptions, 'index'> {
  /** How many processes. */
  workers: number;
  spawn?: SpawnOptions;
  /** Worker `i` is pinned to CPU `pinFrom + i`; default: the kernel decides. */
  pinFrom?: number;
  /** Wait before the second attempt of a restart, ms; default 500. The first is at once. */
  backOffMs?: number;
}

interface WorkerPoolEvents {
  /** It ended without being asked. Whatever was on it is lost. */
  'worker-lost': [index: number, exit: WorkerExit];
  /** A new process has taken the place of a lost one. */
  'worker-ready': [worker: WorkerProcess];
  /** A restart failed; another will be tried. */
  'restart-failed': [index: number, error: WorkerError];
}

interface Place {
  worker: WorkerProcess | null;
  /** Restarts tried in a row. */
  failures: number;
  startedAtMs: number;
  retry: NodeJS.Timeout | null;
  /** Times at which `choose()` gave it, within the last `RECENT_MS`. */
  chosenAtMs: number[];
}

const MAX_BACK_OFF_MS = 30_000;
/** A process that lived as long as this has no past. */
const FORGIVEN_AFTER_MS = 30_000;
/** What a choice will cost is not in the load figures for this long … */
const RECENT_MS = 5000;
/** … so each recent choice counts as this share of a core. */
const PREDICTED_COST = 0.01;

export class WorkerPool extends EventEmitter<WorkerPoolEvents> {
  readonly #options: WorkerPoolOptions;
  readonly #places: Place[];
  #closed = false;

  private constructor(options: WorkerPoolOptions) {
    super();
    this.#options = options;
    this.#places = Array.from({ length: options.workers }, () => ({
      worker: null,
      failures: 0,
      startedAtMs: 0,
      retry: null,
      chosenAtMs: [],
    }));
  }

  /** Resolves when all are ready; rejects with the first failure, none left behind. */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    const started = await Promise.allSettled(pool.#places.map((_, index) => pool.#spawn(index)));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) {
      await pool.close();
      throw failed.reason;
    }
    return pool;
  }

  /** Those that are up. */
  get workers(): WorkerProcess[] {
    return this.#places.flatMap((place) => (place.worker ? [place.worker] : []));
  }

  /** By place; null while it is down. */
  worker(index: number): WorkerProcess | null {
    return this.#places[index]?.worker ?? null;
  }

  /** The one with the least load, counting what was put on it just now. Throws `no-worker` if all are down. */
  choose(nowMs: number = performance.now()): WorkerProcess {
    let best: Place | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const place of this.#places) {
      if (!place.worker) continue;
      place.chosenAtMs = place.chosenAtMs.filter((at) => nowMs - at < RECENT_MS);
      const cost = (place.worker.load?.cpu ?? 0) + place.chosenAtMs.length * PREDICTED_COST;
      if (cost < bestCost) {
        best = place;
        bestCost = cost;
      }
    }
    if (!best?.worker) throw new WorkerError('no-worker', 'no media worker is up');
    best.chosenAtMs.push(nowMs);
    return best.worker;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const place of this.#places) if (place.retry) clearTimeout(place.retry);
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  async #spawn(index: number): Promise<WorkerProcess> {
    const { workers: _, spawn, pinFrom, backOffMs: __, ...common } = this.#options;
    const place = this.#places[index];
    const worker = await WorkerProcess.spawn(
      { ...common, index, port: common.port === 0 ? 0 : common.port + index },
      { ...spawn, pin: pinFrom === undefined ? spawn?.pin : pinFrom + index },
    );
    if (this.#closed) {
      await worker.close();
      throw new WorkerError('gone', 'the pool is closed');
    }
    place.worker = worker;
    place.startedAtMs = performance.now();
    place.chosenAtMs = [];
    worker.once('exit', (exit) => this.#lost(index, exit));
    return worker;
  }

  #lost(index: number, exit: WorkerExit): void {
    const place = this.#places[index];
    place.worker = null;
    if (this.#closed) return;
    if (performance.now() - place.startedAtMs > FORGIVEN_AFTER_MS) place.failures = 0;
    this.emit('worker-lost', index, exit);
    this.#restart(index);
  }

  #restart(index: number): void {
    const place = this.#places[index];
    const first = this.#options.backOffMs ?? 500;
    const waitMs = place.failures === 0 ? 0 : Math.min(MAX_BACK_OFF_MS, first * 2 ** (place.failures - 1));
    place.failures++;
    place.retry = setTimeout(() => {
      place.retry = null;
      this.#spawn(index).then(
        (worker) => this.emit('worker-ready', worker),
        (error: WorkerError) => {
          if (this.#closed) return;
          this.emit('restart-failed', index, error);
          this.#restart(index);
        },
      );
    }, waitMs);
  }
}
