/**
 * A node that is to end: it takes nobody new, hands over the broadcasts whose home it is, and those who are on it are told
 * where to go on. Only they can move without a gap, as they have both servers for a moment. Who doesn't understand is kept for
 * a while, and encoders until all else has gone, as they can only be cut off and come anew.
 */
import { z } from 'zod';
import type { Tokens } from '../auth/tokens.js';
import { addressOf, Elsewhere, viewerArrives } from '../broadcast/arrivals.js';
import { type Broadcasts, unreachable } from '../broadcast/broadcasts.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Dispatch } from '../cluster/dispatch.js';
import { ServerError } from '../errors.js';
import type { HttpMediaSession, HttpMediaSessions } from '../http/media-sessions.js';
import type { Calls } from '../rooms/nodes/calls.js';
import type { Participant } from '../rooms/participant.js';
import type { Room } from '../rooms/room.js';
import { invitation } from './invitation.js';
import { Turns } from './turns.js';

const DRAIN = 'drain';
const Drain = z.strictObject({ type: z.literal(DRAIN), draining: z.boolean() });

const STEP_MS = 50;
const AGAIN_MS = 8000;
/** For those that can't be told, or don't go. */
const KEEP_MS = 60_000;
/** Servers that a participant is told of. */
const MOST_TOLD = 3;

export interface DrainOptions {
  broadcasts: Broadcasts;
  calls: Calls;
  tokens: Tokens;
  dispatch: Dispatch;
  sessions: HttpMediaSessions;
}

/** Somebody of the app, in the room that they are in. */
type Person = { room: Room; participant: Participant };

export class DrainOfNode {
  readonly #options: DrainOptions;
  readonly #cluster: Cluster;
  #timer: NodeJS.Timeout | null = null;
  #sinceMs = 0;
  readonly #turns = new Turns<HttpMediaSession | Participant>({
    ...{ withinMs: 4000, stepMs: STEP_MS, againMs: AGAIN_MS },
  });
  /** Broadcasts whose home is here: when that was last offered to others. */
  readonly #homes = new Turns<Room>({ withinMs: 1000, stepMs: STEP_MS, againMs: 2000 });

  constructor(options: DrainOptions) {
    this.#options = options;
    this.#cluster = options.broadcasts.cluster;
    options.dispatch.on(DRAIN, Drain, ({ draining }) => {
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
    this.#timer = null;
  }

  #set(draining: boolean): void {
    this.#cluster.drain(draining);
    this.close();
    if (!draining) return;
    this.#sinceMs = performance.now();
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  #step(): void {
    const now = performance.now();
    const { broadcasts, sessions } = this.#options;
    const rooms = broadcasts.rooms.list();
    const homes = rooms.filter(({ id }) => broadcasts.home(id));
    for (const { id } of this.#homes.next(homes, now)) void broadcasts.handOver(id).catch(() => {});

    const players = sessions.list('whep');
    const people = new Map(rooms.flatMap((room) => this.#peopleOf(room)).map((one) => [one.participant, one]));
    const all = [...players.filter(({ tell }) => tell !== null), ...people.keys()];
    for (const one of this.#turns.next(all, now)) {
      const person = people.get(one as Participant);
      if (person) this.#tell(person);
      else void this.#invite(one as HttpMediaSession).catch(() => {});
    }

    const patient = now - this.#sinceMs < KEEP_MS;
    if (!patient) for (const player of players) this.#endIfNeedless(player);
    const last = homes.length + players.length + people.size === 0;
    if (last || !patient) for (const encoder of sessions.list('whip')) this.#endIfNeedless(encoder);
  }

  /** Those who can go: people of a mesh need this node only to speak to each other, and of a broadcast its home goes first. */
  #peopleOf(room: Room): Person[] {
    const { broadcasts } = this.#options;
    if (room.topology.current !== 'sfu' || room.topology.pending || room.topology.bound) return [];
    if (room.settings.kind === 'broadcast' && broadcasts.home(room.id)) return [];
    const app = [...room.participants.values()].filter(({ client, onMediaLost }) => client !== null && !onMediaLost);
    return app.map((participant) => ({ room, participant }));
  }

  #tell({ room, participant }: Person): void {
    const urls = this.#urls(room);
    if (urls.length > 0) participant.client?.send('move', { urls, from: this.#cluster.self.id });
  }

  #urls({ id, settings }: Room): string[] {
    const { broadcasts, calls } = this.#options;
    if (settings.kind === 'call')
      return calls
        .destinations(id, 'participant')
        .map(({ url }) => url)
        .slice(0, MOST_TOLD);
    const home = this.#cluster.node(broadcasts.edge(id)?.home ?? '');
    return home && !home.self ? [home.url] : [];
  }

  async #invite(session: HttpMediaSession): Promise<void> {
    const elsewhere = await this.#elsewhere(session.room);
    if (elsewhere) session.tell?.('move', { url: addressOf(elsewhere, `/whep/${session.room}`) });
  }

  /** As if they came just now. Null: they stay. */
  async #elsewhere(room: string): Promise<Elsewhere | null> {
    const { broadcasts, calls, tokens } = this.#options;
    if (broadcasts.home(room) || broadcasts.edge(room)) {
      try {
        await viewerArrives(broadcasts, room, true);
        return null;
      } catch (error) {
        if (error instanceof Elsewhere) return error;
        throw error;
      }
    }
    const node = calls.sendOn(room, 'viewer');
    return node && invitation(tokens, room, { publish: false, subscribe: true }, node);
  }

  /** A session whose client comes anew, unless it would have to come here. */
  #endIfNeedless(session: HttpMediaSession): void {
    const { broadcasts, calls, sessions } = this.#options;
    const { room, protocol } = session;
    const isBroadcast = broadcasts.home(room) ?? broadcasts.edge(room);
    const needed = isBroadcast
      ? protocol === 'whip' && broadcasts.home(room)
      : !calls.sendOn(room, protocol === 'whip' ? 'participant' : 'viewer');
    if (!needed) sessions.end(session, 'lost');
  }
}
