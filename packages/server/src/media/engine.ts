/** The media side as rooms see it: opens sessions on workers and brings each worker's notices to whom they concern. */
import type { OverloadEvent } from '@efir/protocol';
import type { HostCandidate } from '@efir/rtc';
import type { WorkerNotice } from '@efir/sfu';
import { hostCandidates, ownAddresses } from './candidates.js';
import { MediaSession, type MediaSessionOptions } from './session.js';
import type { MediaWorker, MediaWorkers } from './workers.js';

export class MediaEngine {
  readonly workers: MediaWorkers;
  readonly #addresses: { announced: readonly string[]; listen: readonly string[] };
  readonly #sessions = new Map<string, MediaSession>();
  readonly #overload = new WeakMap<MediaWorker, OverloadEvent['level']>();

  constructor(workers: MediaWorkers, addresses: { announced: readonly string[]; listen: readonly string[] }) {
    this.workers = workers;
    this.#addresses = addresses;
    // Every room that looks for a worker listens.
    workers.setMaxListeners(0);
    workers.on('notice', (worker, notice) => this.#noticed(worker, notice));
  }

  /** Those that are open. */
  get sessions(): Iterable<MediaSession> {
    return this.#sessions.values();
  }

  /** How much the worker sheds because it can't keep up, 0 to 2. */
  overloadOf(worker: MediaWorker): OverloadEvent['level'] {
    return this.#overload.get(worker) ?? 0;
  }

  openSession(options: MediaSessionOptions): MediaSession {
    const session = new MediaSession(options);
    this.#sessions.set(session.transport, session);
    return session;
  }

  closeSession(session: MediaSession): void {
    session.close();
    this.#sessions.delete(session.transport);
  }

  candidates(worker: MediaWorker, loopback: boolean): HostCandidate[] {
    const { families, port } = worker;
    return hostCandidates({ ...this.#addresses, own: ownAddresses(), families, port, loopback });
  }

  /** For this node's other workers: what is announced to others need not lead back here. */
  ownCandidates({ families, port }: MediaWorker): HostCandidate[] {
    const { listen } = this.#addresses;
    return hostCandidates({ announced: [], listen, own: ownAddresses(), families, port, loopback: true });
  }

  #noticed(worker: MediaWorker, notice: WorkerNotice): void {
    switch (notice.type) {
      case 'transportState': {
        const session = this.#sessions.get(notice.transport);
        session?.stateChanged(notice.state, notice.reason ?? 'the media path was lost');
        if (session?.ended) this.#sessions.delete(notice.transport);
        return;
      }
      case 'quality':
      case 'source':
        this.#sessions.get(notice.transport)?.noticed(notice);
        return;
      case 'layers':
        this.#sessions.get(transportOf(notice.producer))?.noticed(notice);
        return;
      case 'overload':
        this.#overload.set(worker, notice.level);
    }
  }
}

function transportOf(producer: string): string {
  return producer.slice(0, producer.indexOf('/'));
}
