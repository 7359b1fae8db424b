/** The ends of pipes that send: opened when another node asks, there until that one leaves. Bounded, and refusals counted. */
import { ServerError } from '../../errors.js';
import type { MediaEngine } from '../../media/engine.js';
import { mediaError, newIceParameters, randomToken } from '../../media/session.js';
import type { MediaWorker } from '../../media/workers.js';
import type { Home } from '../../rooms/place.js';
import type { NodeRecord } from '../cluster.js';
import type { PipeOpen, PipeOpened } from './messages.js';

const MAX_SOURCES = 4096;
/** Of one room to one node: the one in use, its backup, and those that the other end has given up already. */
const MAX_SAME = 12;

/** Where the room is here, for `from` to pull it. Throws `ServerError`: it is not here, or not for that node. */
export type FindSource = (room: string, from: NodeRecord, relay: boolean) => Home | Promise<Home>;

export interface Source {
  pipe: string;
  room: string;
  /** The node that pulls. */
  to: string;
  worker: MediaWorker;
}

export class Sources {
  /** How often a node was refused, by the code. */
  readonly refusals = new Map<string, number>();
  readonly #engine: MediaEngine;
  readonly #find: FindSource;
  readonly #self: { id: string; url: string };
  readonly #sources = new Map<string, Source>();

  constructor(engine: MediaEngine, self: { id: string; url: string }, find: FindSource) {
    this.#engine = engine;
    this.#self = self;
    this.#find = find;
  }

  list(): Source[] {
    return [...this.#sources.values()];
  }

  /** Who pulls by it. */
  nodeOf(pipe: string): string | null {
    return this.#sources.get(pipe)?.to ?? null;
  }

  async open({ room, relay, ice, fingerprint }: PipeOpen, from: NodeRecord): Promise<PipeOpened> {
    try {
      this.#bound(room, from.id);
      const { worker, router } = await this.#find(room, from, relay);
      const localIce = newIceParameters();
      const pipe = `source-${randomToken(9)}`;
      this.#sources.set(pipe, { pipe, room, to: from.id, worker });
      try {
        await worker.request({
          type: 'openPipeSource',
          router,
          pipe,
          relay,
          localIce,
          remoteIce: ice,
          remoteFingerprints: [fingerprint],
          // Of a tree of pipes nobody sends files to others.
          ...(!relay && { node: from.id }),
        });
      } catch (error) {
        this.#sources.delete(pipe);
        throw mediaError(error);
      }
      const candidates =
        from.id === this.#self.id
          ? this.#engine.ownCandidates(worker)
          : this.#engine.candidates(worker, sameMachine(this.#self.url, from.url));
      return { ice: localIce, fingerprint: sha256(worker), candidates: candidates.slice(0, 64) };
    } catch (error) {
      const code = error instanceof ServerError ? error.code : 'internal';
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      throw error;
    }
  }

  ended(pipe: string): void {
    this.#sources.delete(pipe);
  }

  workerLost(worker: MediaWorker): void {
    for (const { pipe, worker: of } of this.#sources.values()) if (of === worker) this.#sources.delete(pipe);
  }

  /** The room is not for others any more: those who pull it are cut. */
  close(room: string, to?: string): void {
    for (const source of this.#sources.values()) {
      if (source.room !== room || (to !== undefined && source.to !== to)) continue;
      this.#sources.delete(source.pipe);
      if (source.worker.alive) source.worker.request({ type: 'closePipe', pipe: source.pipe }).catch(() => {});
    }
  }

  #bound(room: string, to: string): void {
    let same = 0;
    for (const source of this.#sources.values()) if (source.room === room && source.to === to) same++;
    // Of this node's own workers there are as many as there are.
    if (this.#sources.size < MAX_SOURCES && (same < MAX_SAME || to === this.#self.id)) return;
    throw new ServerError('rate-limited', 'too many pipes are open', 2);
  }
}

function sha256({ fingerprint }: MediaWorker): PipeOpened['fingerprint'] {
  return { algorithm: 'sha-256', value: fingerprint.value };
}

/** Loopback addresses are of use only where both nodes are on one machine. */
function sameMachine(one: string, other: string): boolean {
  return new URL(one).hostname === new URL(other).hostname;
}
