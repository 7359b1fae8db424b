/** The media side as rooms see it: opens sessions on workers and brings each worker's notices to whom they concern. */
import type { HostCandidate } from '@efir/rtc';
import { hostCandidates, ownAddresses } from './candidates.js';
import { MediaSession, type MediaSessionOptions } from './session.js';
import type { MediaWorker, MediaWorkers } from './workers.js';

export class MediaEngine {
  readonly workers: MediaWorkers;
  readonly #addresses: { announced: readonly string[]; listen: readonly string[] };
  readonly #sessions = new Map<string, MediaSession>();

  constructor(workers: MediaWorkers, addresses: { announced: readonly string[]; listen: readonly string[] }) {
    this.workers = workers;
    this.#addresses = addresses;
    // Every room that looks for a worker listens.
    workers.setMaxListeners(0);
    workers.on('notice', (_, notice) => {
      if (notice.type !== 'transportState') return;
      const session = this.#sessions.get(notice.transport);
      session?.stateChanged(notice.state, notice.reason ?? 'the media path was lost');
      if (session?.ended) this.#sessions.delete(notice.transport);
    });
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
}
