/**
 * Where a room's media is: one router on one worker, opened when it is first needed. A worker is looked for until there is
 * one or the room is closed; who asks meanwhile waits a little.
 */
import { ServerError } from '../errors.js';
import type { MediaWorker, MediaWorkers } from '../media/workers.js';

export interface Home {
  worker: MediaWorker;
  router: string;
}

/** Longest wait of a request for a room's home; a worker is back in less. */
const WAIT_MS = 5000;
/** Between attempts, unless a worker gets ready before. */
const RETRY_MS = 500;

export class Place {
  readonly #workers: MediaWorkers;
  readonly #room: string;
  #home: Home | null = null;
  #closed = false;
  #opening: Promise<void> | null = null;
  #waiting: (() => void)[] = [];

  constructor(workers: MediaWorkers, room: string) {
    this.#workers = workers;
    this.#room = room;
  }

  /** Null while there is none. */
  get home(): Home | null {
    return this.#home;
  }

  /** Opens one if there is none. Throws `ServerError` `unavailable` if there is none in time. */
  async find(): Promise<Home> {
    if (!this.#home && !this.#closed) {
      void this.open();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, WAIT_MS);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (this.#home) return this.#home;
    throw new ServerError('unavailable', 'media is not available at the moment', 2);
  }

  /** Resolves when a router is open, or the room is closed. */
  open(): Promise<void> {
    this.#opening ??= this.#search().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Not needed for now. */
  release(): void {
    if (this.#home) close(this.#home);
    this.#home = null;
  }

  /** The worker is gone. */
  lost(): void {
    this.#home = null;
  }

  close(): void {
    this.#closed = true;
    this.release();
    this.#wake();
  }

  async #search(): Promise<void> {
    while (!this.#closed && !this.#home) {
      const home = await this.#tryOpen();
      if (!home) await this.#retryTime();
      else if (this.#closed) close(home);
      else this.#home = home;
    }
    this.#wake();
  }

  async #tryOpen(): Promise<Home | null> {
    try {
      const worker = this.#workers.choose();
      const router = routerId(this.#room);
      await worker.request({ type: 'openRouter', router });
      return worker.alive ? { worker, router } : null;
    } catch {
      return null;
    }
  }

  #retryTime(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#workers.off('worker-ready', done);
        resolve();
      };
      const timer = setTimeout(done, RETRY_MS);
      this.#workers.on('worker-ready', done);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

let routers = 0;

/** A room of the same name may have been closed a moment ago: no id is used twice. */
export function routerId(room: string): string {
  return `${room}#${process.hrtime.bigint().toString(36)}.${++routers}`;
}

/** Of a router's id. */
export function roomOfRouter(router: string): string {
  return router.slice(0, router.indexOf('#'));
}

function close({ worker, router }: Home): void {
  if (worker.alive) worker.request({ type: 'closeRouter', router }).catch(() => {});
}
