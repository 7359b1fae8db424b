/**
 * Calls in a cluster: what a node has to know and to say before it has a room that others may have, too. Each room has a home,
 * which keeps its settings; they are the same on all nodes. Serves what other nodes ask about rooms.
 */
import { ParticipantId, RoomId, RoomInfo, RoomSettings } from '@efir/protocol';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Cluster, HomeRecord, NodeRecord } from '../../cluster/cluster.js';
import type { Dispatch } from '../../cluster/dispatch.js';
import { ClusterError } from '../../cluster/errors.js';
import type { HomeFacts } from '../../cluster/schema.js';
import { type ErrorCode, HTTP_STATUS, ServerError } from '../../errors.js';
import type { Home } from '../place.js';
import type { Room } from '../room.js';
import { liveSetting } from '../room-topology.js';
import type { Rooms } from '../rooms.js';
import { destinations } from './destinations.js';
import { CALL_SAID, CallSaid } from './outbox.js';
import { SecretTag } from './presence.js';
import { CALL_YIELD } from './room-nodes.js';

const ROOM_PUT = 'room-put';
const ROOM_REMOVE = 'room-remove';
const ROOM_INFO = 'room-info';

const CallYield = z.strictObject({
  type: z.literal(CALL_YIELD),
  room: RoomId,
  participant: ParticipantId,
  tag: SecretTag,
});
const RoomPut = z.strictObject({ type: z.literal(ROOM_PUT), room: RoomId, settings: RoomSettings });
const RoomRemove = z.strictObject({ type: z.literal(ROOM_REMOVE), room: RoomId });
const RoomAsk = z.strictObject({ type: z.literal(ROOM_INFO), room: RoomId });
const PutReply = z.object({ info: RoomInfo, created: z.boolean() });

/** What the home of a call tells of it. */
const CallFacts = z.looseObject({
  kind: z.literal('call'),
  settings: RoomSettings,
  /** ms since the epoch, the clock of its first home. */
  createdAt: z.number(),
  /** It stays while nobody is in it. */
  kept: z.boolean(),
});
type CallFacts = z.infer<typeof CallFacts>;

export interface CallsOptions {
  rooms: Rooms;
  cluster: Cluster;
  dispatch: Dispatch;
  log: Logger;
}

export class Calls {
  readonly #rooms: Rooms;
  readonly #cluster: Cluster;
  readonly #log: Logger;
  /** Nodes, of the rooms that are here. */
  readonly #homes = new Map<string, string>();
  readonly #opening = new Map<string, Promise<Room>>();
  #closed = false;

  constructor({ rooms, cluster, dispatch, log }: CallsOptions) {
    this.#rooms = rooms;
    this.#cluster = cluster;
    this.#log = log;
    dispatch.on(CALL_SAID, CallSaid, (message, { id }) => this.#said(message, id));
    dispatch.on(CALL_YIELD, CallYield, ({ room, participant, tag }) => this.#yield(room, participant, tag));
    dispatch.on(ROOM_PUT, RoomPut, ({ room, settings }) => this.#putHere(room, settings));
    dispatch.on(ROOM_REMOVE, RoomRemove, ({ room }) => {
      if (rooms.find(room)) rooms.remove(room);
    });
    dispatch.on(ROOM_INFO, RoomAsk, ({ room }) => rooms.get(room).info());
    cluster.on('home-changed', (room, home) => this.#homeChanged(room, home));
    cluster.on('available', () => void this.#reconverge(() => true));
    cluster.on('node-down', ({ id }, reason) => {
      if (reason === 'left') for (const room of rooms.list()) room.nodes.nodeLeft(id);
      void this.#reconverge((room) => this.#homes.get(room.id) === id);
    });
    rooms.on('closed', ({ id, settings }) => {
      this.#homes.delete(id);
      if (settings.kind === 'call') this.#cluster.releaseHome(id).catch(() => {});
    });
  }

  /** As `Rooms.enter`; waits for what other nodes know of the room. Throws `unavailable` if that can't be known now. */
  enter(id: string): Promise<Room> {
    let opening = this.#opening.get(id);
    const room = this.#rooms.find(id);
    if (!opening && room) return Promise.resolve(room);
    opening ??= this.#open(id).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  /** Null: there is no such room on any node. */
  async find(id: string): Promise<Room | null> {
    if (this.#rooms.find(id) || this.#opening.has(id)) return this.enter(id);
    const home = await this.#ask(() => this.#cluster.homeOf(id)).catch(() => null);
    return home?.facts.kind === 'call' ? this.enter(id) : null;
  }

  /** Where the room is, for a node that has people in it to pull it. Throws `not-found` or `forbidden`. */
  source(id: string, node: string, relay: boolean): Promise<Home> {
    const room = this.#rooms.get(id);
    if (relay) throw new ServerError('forbidden', 'a call is pulled from each of its nodes');
    if (!room.nodes.includes(node)) throw new ServerError('forbidden', 'that node has nobody in the room');
    return room.place.find();
  }

  /** The node that answers for a room that is here; null: none that is known. */
  home(id: string): string | null {
    return this.#homes.get(id) ?? null;
  }

  /** Other nodes that would take somebody of the room, the best first. */
  destinations(id: string, role: 'viewer' | 'participant'): NodeRecord[] {
    const room = this.#rooms.find(id);
    const home = this.#homes.get(id);
    const carriers = [...(room?.nodes.elsewhere.nodes ?? []), ...(home === undefined ? [] : [home])];
    return destinations(this.#cluster.nodes(), carriers, role);
  }

  /** Where a newcomer is to go instead, as this node is to end; null: they may come in. */
  sendOn(id: string, role: 'viewer' | 'participant'): NodeRecord | null {
    if (!this.#cluster.node(this.#cluster.self.id)?.draining) return null;
    // Then it can be on this node only.
    if (this.#rooms.find(id)?.topology.bound) return null;
    return this.destinations(id, role)[0] ?? null;
  }

  /** Of the room here or on its home. Throws `not-found`. */
  async info(id: string): Promise<RoomInfo> {
    const room = this.#rooms.find(id);
    if (room) return room.info();
    const home = await this.#cluster.homeOf(id).catch(() => null);
    if (!home || home.node === this.#cluster.self.id) return this.#rooms.get(id).info();
    return RoomInfo.parse(await this.#ask(() => this.#cluster.request(home.node, { type: ROOM_INFO, room: id })));
  }

  /** As `Rooms.put`, wherever the room's home is. */
  async put(id: string, settings: RoomSettings): Promise<{ info: RoomInfo; created: boolean }> {
    liveSetting(settings);
    const room = this.#rooms.find(id);
    room?.topology.checkSetting(settings);
    const kind = 'call' as const;
    const facts = { kind, settings, createdAt: room?.createdAt ?? Date.now(), kept: true };
    const home = await this.#ask(() => this.#cluster.claimHome(id, facts));
    if (home.node === this.#cluster.self.id) return this.#putHere(id, settings);
    const message = { type: ROOM_PUT, room: id, settings };
    return PutReply.parse(await this.#ask(() => this.#cluster.request(home.node, message)));
  }

  /** Everyone in it is put out, on all nodes. Throws `not-found`. */
  async remove(id: string): Promise<void> {
    const room = this.#rooms.find(id);
    const home = await this.#cluster.homeOf(id).catch(() => null);
    const others = new Set(room?.nodes.elsewhere.nodes);
    if (home) others.add(home.node);
    others.delete(this.#cluster.self.id);
    if (room || others.size === 0) this.#rooms.remove(id);
    const asked = [...others].map((node) => this.#cluster.request(node, { type: ROOM_REMOVE, room: id }));
    await Promise.allSettled(asked);
  }

  close(): void {
    this.#closed = true;
  }

  async #open(id: string): Promise<Room> {
    const kind = 'call' as const;
    const asked = { kind, settings: RoomSettings.parse({}), createdAt: Date.now(), kept: false };
    const home = await this.#ask(() => this.#cluster.claimHome(id, asked));
    if (home.facts.kind !== 'call') throw new ServerError('conflict', `room ${id} is a ${home.facts.kind}`);
    const { settings, createdAt } = factsOf(home.facts) ?? asked;
    try {
      const room = this.#rooms.open(id, settings, createdAt);
      this.#homes.set(id, home.node);
      await room.nodes.known(home.node);
      return room;
    } catch (error) {
      if (!this.#rooms.find(id)) this.#cluster.releaseHome(id).catch(() => {});
      throw error;
    }
  }

  #putHere(id: string, settings: RoomSettings): { info: RoomInfo; created: boolean } {
    const { room, created } = this.#rooms.put(id, settings);
    this.#claim(room);
    return { info: room.info(), created };
  }

  /** Tells everybody what the room is like, if this is its home or nobody is. */
  #claim(room: Room): void {
    const { id, settings, createdAt } = room;
    this.#cluster.claimHome(id, { kind: 'call', settings, createdAt, kept: this.#rooms.isKept(id) }).then(
      (home) => {
        if (home.node === this.#cluster.self.id && this.#rooms.find(id) !== room) return this.#cluster.releaseHome(id);
        return this.#homeChanged(id, home);
      },
      (error: Error) => this.#log.info({ room: id, reason: error.message }, 'a room has no home for now'),
    );
  }

  #homeChanged(id: string, home: HomeRecord | null): void {
    const room = this.#rooms.find(id);
    if (!room || this.#closed || room.settings.kind !== 'call') return;
    if (home) this.#homes.set(id, home.node);
    if (home?.node === this.#cluster.self.id) return;
    if (!home) {
      this.#claim(room);
      return;
    }
    const facts = factsOf(home.facts);
    if (!facts) return;
    try {
      if (JSON.stringify(facts.settings) !== JSON.stringify(room.settings)) room.changeSettings(facts.settings);
    } catch (error) {
      this.#log.warn({ room: id, reason: (error as Error).message }, 'a setting of the home cannot be followed here');
    }
  }

  /** After an outage, or a home that was lost meanwhile. */
  async #reconverge(concerns: (room: Room) => boolean): Promise<void> {
    for (const room of this.#rooms.list().filter((one) => one.settings.kind === 'call' && concerns(one))) {
      const home = await this.#cluster.homeOf(room.id).catch(() => undefined);
      if (home !== undefined && this.#rooms.find(room.id) === room) this.#homeChanged(room.id, home);
    }
  }

  #said(message: CallSaid, node: string): void {
    const room = this.#rooms.get(message.room);
    for (const { from, to, channel, data } of room.nodes.heard(node, message)) {
      const receivers = to === null ? [...room.participants.values()] : [room.participants.get(to)];
      for (const receiver of receivers) {
        if (receiver && !receiver.classic) receiver.client?.send('said', { from, channel, data });
      }
    }
  }

  /** They are on the asking node from now on. */
  #yield(id: string, participantId: string, tag: string): void {
    const room = this.#rooms.get(id);
    const participant = room.bearer(tag);
    if (participant?.id !== participantId) throw new ServerError('not-found', 'there is no such participant');
    const { client } = participant;
    participant.client = null;
    client?.close('opened in another tab', false);
    room.leave(participant, 'left');
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const { remoteCode, message, retryAfterSeconds = 3 } = error;
      if (remoteCode !== undefined && remoteCode in HTTP_STATUS)
        throw new ServerError(remoteCode as ErrorCode, message);
      throw new ServerError('unavailable', `the other servers cannot be asked now: ${message}`, retryAfterSeconds);
    }
  }
}

function factsOf(facts: HomeFacts): CallFacts | null {
  return CallFacts.safeParse(facts).data ?? null;
}
