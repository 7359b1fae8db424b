/**
 * A node that is to end: it takes nobody new, and those who watch on it are told where to go on. Only a player can move
 * itself, without a gap, as it has both sessions for a moment; those that don't understand are kept for a while.
 */
import { z } from 'zod';
import type { Cluster } from '../cluster/cluster.js';
import type { Dispatch } from '../cluster/dispatch.js';
import { ServerError } from '../errors.js';
import type { HttpMediaSession, HttpMediaSessions } from '../http/media-sessions.js';
import { Elsewhere, viewerArrives } from './arrivals.js';
import { type Broadcasts, unreachable } from './broadcasts.js';

const DRAIN = 'drain';
const Drain = z.strictObject({ type: z.literal(DRAIN), draining: z.boolean() });

/** All are told within this time, so that the others are not run over. */
const TELL_WITHIN_MS = 4000;
const STEP_MS = 50;
/** Who did not move, because there was no place or the player failed, is told again. */
const AGAIN_MS = 8000;
/** For players that can't be told. */
const KEEP_MS = 60_000;

export interface DrainOptions {
  broadcasts: Broadcasts;
  dispatch: Dispatch;
  sessions: HttpMediaSessions;
}

export class DrainOfNode {
  readonly #cluster: Cluster;
  readonly #broadcasts: Broadcasts;
  readonly #sessions: HttpMediaSessions;
  #timer: NodeJS.Timeout | null = null;
  #deadline: NodeJS.Timeout | null = null;
  /** When each was told last. */
  readonly #told = new Map<HttpMediaSession, number>();

  constructor({ broadcasts, dispatch, sessions }: DrainOptions) {
    this.#broadcasts = broadcasts;
    this.#cluster = broadcasts.cluster;
    this.#sessions = sessions;
    dispatch.on(DRAIN, Drain, ({ draining }) => {
      this.#set(draining);
      return {};
    });
  }

  /** Has a node drained, or used again. Throws `not-found`. */
  async ask(node: string, draining: boolean): Promise<void> {
    if (node === this.#cluster.self.id) return this.#set(draining);
    if (!this.#cluster.node(node)) throw new ServerError('not-found', `there is no node ${node.slice(0, 64)}`);
    try {
      await this.#cluster.request(node, { type: DRAIN, draining });
    } catch (error) {
      throw unreachable(error);
    }
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#deadline) clearTimeout(this.#deadline);
    this.#timer = null;
    this.#deadline = null;
  }

  #set(draining: boolean): void {
    this.#cluster.drain(draining);
    this.close();
    this.#told.clear();
    if (!draining) return;
    this.#timer = setInterval(() => this.#step(), STEP_MS);
    this.#deadline = setTimeout(() => {
      for (const session of this.#viewers()) this.#sessions.end(session, 'lost');
    }, KEEP_MS);
  }

  /** Some of those who are still to be told. */
  #step(): void {
    const now = performance.now();
    const viewers = this.#viewers();
    const waiting = viewers.filter(({ tell }) => tell !== null).filter((session) => this.#due(session, now));
    const some = Math.ceil(viewers.length / (TELL_WITHIN_MS / STEP_MS));
    for (const session of waiting.slice(0, some)) {
      this.#told.set(session, now);
      void this.#move(session);
    }
  }

  #due(session: HttpMediaSession, now: number): boolean {
    const told = this.#told.get(session);
    return told === undefined || now - told >= AGAIN_MS;
  }

  async #move(session: HttpMediaSession): Promise<void> {
    const { room } = session;
    try {
      // As if they came just now; a node that drains has no place.
      await viewerArrives(this.#broadcasts, room, true);
    } catch (error) {
      if (!(error instanceof Elsewhere)) return;
      session.tell?.('move', { url: `${error.url}/whep/${room}?ticket=${error.ticket}` });
    }
  }

  #viewers(): HttpMediaSession[] {
    const all = this.#sessions.list('whep');
    for (const session of this.#told.keys()) if (!all.includes(session)) this.#told.delete(session);
    return all.filter(({ room }) => this.#broadcasts.home(room) || this.#broadcasts.edge(room));
  }
}
