/** `MediaWorkers` without media: records what it is asked, and does what a test tells it to. */
import { EventEmitter } from 'node:events';
import { type LoadFigures, WorkerError, type WorkerReplies, type WorkerRequest } from '@efir/sfu';
import type { MediaWorker, MediaWorkers, MediaWorkersEvents } from '../media/workers.js';

type RequestOf<T extends WorkerRequest['type']> = Extract<WorkerRequest, { type: T }>;

export class FakeWorker implements MediaWorker {
  readonly port: number;
  readonly families = [4, 6] as const;
  readonly fingerprint = { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') };
  load: LoadFigures | null = null;
  alive = true;
  readonly requests: WorkerRequest[] = [];
  /** Called for each request first; what it throws is the answer. */
  before: (request: WorkerRequest) => void | Promise<void> = () => {};

  constructor(readonly index: number) {
    this.port = 40_000 + index;
  }

  async request<R extends WorkerRequest>(request: R): Promise<WorkerReplies[R['type']]> {
    if (!this.alive) throw new WorkerError('gone', 'it is gone');
    this.requests.push(structuredClone(request));
    await this.before(request);
    if (!this.alive) throw new WorkerError('gone', 'it is gone');
    return {} as WorkerReplies[R['type']];
  }

  of<T extends WorkerRequest['type']>(type: T): RequestOf<T>[] {
    return this.requests.filter((request): request is RequestOf<T> => request.type === type);
  }

  /** The transports that are there now. */
  get transports(): string[] {
    const closed = new Set(this.of('closeTransport').map(({ transport }) => transport));
    return [...new Set(this.of('configureTransport').map(({ transport }) => transport))].filter(
      (id) => !closed.has(id),
    );
  }

  /** What each section of a transport carries, by all routes so far. */
  routes(transport: string): Record<string, unknown> {
    const requests = this.of('route').filter((request) => request.transport === transport);
    return Object.fromEntries(requests.flatMap(({ routes }) => routes.map(({ mid, source }) => [mid, source])));
  }
}

export class FakeWorkers extends EventEmitter<MediaWorkersEvents> implements MediaWorkers {
  workers: FakeWorker[];
  readonly size: number;
  closed = false;
  #next = 0;

  constructor(size = 1) {
    super();
    this.size = size;
    this.workers = Array.from({ length: size }, (_, index) => new FakeWorker(index));
  }

  choose(): FakeWorker {
    const worker = this.workers[this.#next++ % this.workers.length];
    if (!worker) throw new WorkerError('no-worker', 'no media worker is up');
    return worker;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  crash(worker: FakeWorker): void {
    worker.alive = false;
    this.workers = this.workers.filter((other) => other !== worker);
    this.emit('worker-lost', worker);
  }

  restart(index: number): FakeWorker {
    const worker = new FakeWorker(index);
    this.workers.push(worker);
    this.emit('worker-ready', worker);
    return worker;
  }
}
