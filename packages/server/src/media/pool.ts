/** `MediaWorkers` on real processes. */
import { EventEmitter } from 'node:events';
import { WorkerPool, type WorkerPoolOptions, type WorkerProcess } from '@efir/sfu';
import type { Logger } from 'pino';
import type { MediaWorker, MediaWorkers, MediaWorkersEvents } from './workers.js';

export class PoolWorkers extends EventEmitter<MediaWorkersEvents> implements MediaWorkers {
  readonly size: number;
  readonly #pool: WorkerPool;
  readonly #byIndex = new Map<number, WorkerProcess>();

  private constructor(pool: WorkerPool, size: number, log: Logger) {
    super();
    this.#pool = pool;
    this.size = size;
    for (const worker of pool.workers) this.#watch(worker);
    pool.on('worker-lost', (index, exit) => {
      const worker = this.#byIndex.get(index);
      if (!worker) return;
      this.#byIndex.delete(index);
      log.error({ worker: index, code: exit.code, signal: exit.signal }, 'a media worker ended unexpectedly');
      this.emit('worker-lost', worker);
    });
    pool.on('worker-ready', (worker) => {
      this.#watch(worker);
      log.info({ worker: worker.index, pid: worker.pid, port: worker.port }, 'media worker restarted');
      this.emit('worker-ready', worker);
    });
    pool.on('restart-failed', (index, error) => {
      log.error({ worker: index, reason: error.message }, 'a media worker could not be restarted');
    });
  }

  static async start(options: WorkerPoolOptions, log: Logger): Promise<PoolWorkers> {
    const pool = await WorkerPool.start({
      ...options,
      spawn: { ...options.spawn, log: (line, worker) => log.warn({ worker }, line) },
    });
    return new PoolWorkers(pool, options.workers, log);
  }

  get workers(): readonly MediaWorker[] {
    return this.#pool.workers;
  }

  choose(): MediaWorker {
    return this.#pool.choose();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #watch(worker: WorkerProcess): void {
    this.#byIndex.set(worker.index, worker);
    worker.on('notice', (notice) => this.emit('notice', worker, notice));
  }
}
