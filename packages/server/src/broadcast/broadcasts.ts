/**
 * The broadcasts that this node carries, as their home or as one of their edges, and what becomes of them when nodes and
 * homes come and go. A home that is lost is elected anew among those who carry the room, or by whoever is asked for it.
 */
import type { RoomInfo, RoomSettings } from '@efir/protocol';
import type { Logger } from 'pino';
import type { Cluster, HomeRecord, NodeRecord } from '../cluster/cluster.js';
import type { Dispatch } from '../cluster/dispatch.js';
import { ClusterError } from '../cluster/errors.js';
import type { Link } from '../cluster/links/link.js';
import type { Links } from '../cluster/links/links.js';
import type { Placement } from '../cluster/placement/placement.js';
import { ServerError } from '../errors.js';
import { LINGER_MS } from '../rooms/nodes/crossings.js';
import { destinations } from '../rooms/nodes/destinations.js';
import type { Home as MediaHome } from '../rooms/place.js';
import type { Room } from '../rooms/room.js';
import type { Rooms } from '../rooms/rooms.js';
import { BroadcastEdge } from './edge.js';
import { BroadcastHome } from './home.js';
import { ADOPT, HomeSettings, TAKE, YIELD, YieldReply } from './messages.js';
import { serveBroadcasts } from './requests.js';

const RETRY_MS = 500;
/** For who is to be home to have the broadcast. */
const ADOPT_MS = 4000;
/** Nodes, whether they want to be home. */
const MOST_ASKED = 3;

export interface BroadcastsOptions {
  cluster: Cluster;
  dispatch: Dispatch;
  links: Links;
  placement: Placement;
  rooms: Rooms;
  log: Logger;
  /** There may be other nodes: what isn't known here is asked for. */
  clustered: boolean;
}

interface Leftovers {
  links: Link[];
  /** The node that handed the home over, and sends until its publishers have come; null: there is none that is known. */
  from: string | null;
}

/** Who answers for a broadcast. */
export interface Whereabouts {
  home: string;
  settings: RoomSettings;
}

export class Broadcasts {
  readonly cluster: Cluster;
  readonly rooms: Rooms;
  readonly clustered: boolean;
  readonly #options: BroadcastsOptions;
  readonly #homes = new Map<string, BroadcastHome>();
  readonly #edges = new Map<string, BroadcastEdge>();
  /** Pulls of what became a home here, until the publishers come. */
  readonly #leftovers = new Map<string, Leftovers>();
  readonly #electing = new Set<string>();
  /** Homes that are being handed over, and the instance that one is being passed to just now. */
  readonly #handing = new Map<string, string | null>();
  #closed = false;

  constructor(options: BroadcastsOptions) {
    const { cluster, dispatch, rooms, clustered } = options;
    this.#options = options;
    this.cluster = cluster;
    this.rooms = rooms;
    this.clustered = clustered;
    serveBroadcasts(this, dispatch);
    rooms.on('viewers', (room) => this.#changed(room));
    rooms.on('membership', (room) => {
      this.#changed(room);
      if (room.participants.size > 0 && this.#leftovers.get(room.id)?.from === null) this.#dropLeftovers(room.id);
    });
    cluster.on('node-down', ({ id }) => this.#nodeDown(id));
    cluster.on('node-changed', (node) => {
      for (const home of this.#homes.values()) home.nodeChanged(node);
    });
    cluster.on('home-changed', (room, record) => this.#homeChanged(room, record));
    cluster.on('available', () => {
      for (const edge of this.#edges.values()) edge.attach();
    });
  }

  home(room: string): BroadcastHome | null {
    return this.#homes.get(room) ?? null;
  }

  edge(room: string): BroadcastEdge | null {
    return this.#edges.get(room) ?? null;
  }

  /** For pipes of other nodes. Throws `not-found`. */
  source(room: string): Promise<MediaHome> {
    const carried = this.#homes.get(room)?.room ?? this.#edges.get(room)?.room;
    if (!carried) throw new ServerError('not-found', `broadcast ${room} is not on this node`);
    return carried.place.find();
  }

  /** Null: it is no broadcast, as far as anybody knows. Throws `unavailable`. */
  async where(room: string): Promise<Whereabouts | null> {
    const { self } = this.cluster;
    const home = this.#homes.get(room);
    if (home) return { home: self.id, settings: home.room.settings };
    const edge = this.#edges.get(room);
    if (edge) return { home: edge.home, settings: edge.settings };
    if (!this.clustered || this.rooms.find(room)) return null;
    try {
      const record = await this.cluster.homeOf(room);
      const facts = HomeSettings.safeParse(record ? record.facts : await this.cluster.lastFacts(room));
      if (!facts.success) return null;
      const { settings } = facts.data;
      if (record) return { home: record.node, settings };
      // Its home is gone without a word.
      return { home: (await this.claim(room, settings)).node, settings };
    } catch (error) {
      throw unreachable(error);
    }
  }

  /** Becomes the home unless there is one. Rejects with `ClusterError`. */
  async claim(room: string, settings: RoomSettings): Promise<HomeRecord> {
    const record = await this.cluster.claimHome(room, { kind: 'broadcast', settings });
    if (record.instance !== this.cluster.self.instance) {
      this.#edges.get(room)?.homeChanged(record.node);
      return record;
    }
    try {
      this.#becomeHome(room, settings);
    } catch (error) {
      // Nobody would answer for it.
      await this.cluster.releaseHome(room).catch(() => {});
      throw error;
    }
    return record;
  }

  /** Makes the broadcast, or changes it: here is its home. */
  async put(room: string, settings: RoomSettings): Promise<{ info: RoomInfo; created: boolean }> {
    try {
      const there = this.#homes.has(room);
      const record = await this.cluster.claimHome(room, { kind: 'broadcast', settings });
      if (record.instance !== this.cluster.self.instance) {
        throw new ServerError('conflict', `room ${room} was made on another node just now: try again`);
      }
      let created = false;
      try {
        created = this.rooms.put(room, settings).created;
      } catch (error) {
        if (!there) await this.cluster.releaseHome(room);
        throw error;
      }
      this.#becomeHome(room, settings);
      return { info: this.rooms.get(room).info(), created };
    } catch (error) {
      throw unreachable(error);
    }
  }

  /** The broadcast is over; its home is here. */
  async remove(room: string): Promise<void> {
    if (this.#handing.get(room)) throw new ServerError('unavailable', 'the broadcast gets another home just now', 1);
    const home = this.#homes.get(room);
    this.#homes.delete(room);
    // Before the home is free: those who haven't heard would claim it.
    await home?.end(this.#leftovers.get(room)?.from ?? null);
    this.#dropLeftovers(room);
    if (this.rooms.find(room)) this.rooms.remove(room);
    await this.cluster.releaseHome(room).catch(() => {});
  }

  /** Has the broadcast here, whose home is another node. */
  carry(room: string, { home, settings }: Whereabouts): Room {
    const carried = this.#homes.get(room)?.room ?? this.#edges.get(room)?.room;
    if (carried) return carried;
    const here = this.rooms.open(room, settings);
    const { cluster, links } = this.#options;
    const onLeave = (): void => this.leave(room, false);
    const onRefused = (): void => void this.#elect(room);
    this.#edges.set(room, new BroadcastEdge({ room: here, home, settings, cluster, links, onLeave, onRefused }));
    return here;
  }

  /** Nobody needs it here any more, or it is `over`: then all are put out, publishers that had not gone over yet as well. */
  leave(room: string, over: boolean): void {
    const edge = this.#edges.get(room);
    if (!edge) return;
    this.#edges.delete(room);
    edge.close();
    if (over && this.rooms.find(room) === edge.room) this.rooms.remove(room);
  }

  /** Another node has the publishers, and wants to be home again. */
  async yieldTo(room: string, node: string): Promise<boolean> {
    const home = this.#homes.get(room);
    // It may have been passed to this one, which has not heard so.
    if (!home && (await this.cluster.homeOf(room))?.instance !== this.cluster.self.instance) return false;
    if (home && home.room.participants.size > 0) return false;
    await this.cluster.releaseHome(room);
    if (home) this.#retire(home, node);
    return true;
  }

  /** Has another node be the home, with the publishers here still sending until they come over. Whether one is. */
  async handOver(room: string): Promise<boolean> {
    const home = this.#homes.get(room);
    if (!home || this.#handing.has(room)) return false;
    this.#handing.set(room, null);
    const from = this.#leftovers.get(room)?.from ?? null;
    try {
      const takers = destinations(this.cluster.nodes(), home.carriers, 'participant');
      // Publishers of the home before are heard by way of here, so until they have come it can only have it back.
      const bound = from !== null && this.cluster.node(from) !== null;
      for (const node of takers.filter(({ id }) => !bound || id === from).slice(0, MOST_ASKED)) {
        if (await this.#handTo(node, home).catch(() => false)) return true;
      }
      return false;
    } finally {
      this.#handing.delete(room);
    }
  }

  async #handTo(node: NodeRecord, home: BroadcastHome): Promise<boolean> {
    const { id: room } = home.room;
    await this.cluster.request(node.id, { type: ADOPT, room, settings: home.room.settings }, ADOPT_MS);
    if (this.#homes.get(room) !== home || !(await this.#pass(room, node))) return false;
    this.#retire(home, node.id);
    this.#options.log.info({ room, node: node.id }, 'the home of a broadcast is handed over');
    void this.#tell(home.room, node.id);
    return true;
  }

  /** Whether the node is the home now. Without an answer only the cluster's memory knows. */
  async #pass(room: string, node: NodeRecord): Promise<boolean> {
    this.#handing.set(room, node.instance);
    try {
      if (await this.cluster.passHome(room, node).catch(() => false)) return true;
      while (!this.#closed) {
        const record = await this.cluster.homeOf(room).catch(() => undefined);
        if (record !== undefined) return record?.instance === node.instance;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      return false;
    } finally {
      this.#handing.set(room, null);
    }
  }

  /** The node is the home, and is to hear so, as long as it is. */
  async #tell(room: Room, node: string): Promise<void> {
    const { id } = room;
    while (this.#edges.get(id)?.home === node && this.cluster.node(node)) {
      // Its settings may have been put since it was asked.
      const message = { type: TAKE, room: id, settings: room.settings };
      if (await this.cluster.request(node, message).catch(() => null)) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** To be home next: has the broadcast here, straight from the node that is it now. Throws `unavailable`. */
  async adopt(room: string, from: string, settings: RoomSettings): Promise<void> {
    if (this.cluster.node(this.cluster.self.id)?.draining)
      throw new ServerError('unavailable', 'this node drains, too');
    await this.#have(room, from, settings);
  }

  /** The home, which was passed to this node by `from`. Rejects with `ClusterError`. */
  async take(room: string, from: string, settings: RoomSettings): Promise<void> {
    if (this.#homes.has(room)) return;
    // It may have been given up here meanwhile, as nobody needed it.
    if (!this.#edges.has(room)) void this.#have(room, from, settings).catch(() => {});
    await this.claim(room, settings);
    const leftovers = this.#leftovers.get(room);
    if (!leftovers) return;
    leftovers.from = from;
    // Those others will pull from here.
    for (const link of leftovers.links) if (link.from !== from) link.close();
  }

  async #have(room: string, from: string, settings: RoomSettings): Promise<void> {
    this.carry(room, { home: from, settings });
    await this.#edges.get(room)?.pin(from);
  }

  close(): void {
    this.#closed = true;
    for (const home of this.#homes.values()) home.close();
    for (const edge of this.#edges.values()) edge.close();
    this.#homes.clear();
    this.#edges.clear();
  }

  #becomeHome(room: string, settings: RoomSettings): void {
    if (this.#homes.has(room) || this.#closed) return;
    const { cluster, placement, log } = this.#options;
    this.rooms.put(room, settings);
    const edge = this.#edges.get(room);
    this.#edges.delete(room);
    const onHeard = (node: string): void => this.#heard(room, node);
    this.#homes.set(room, new BroadcastHome({ room: this.rooms.get(room), cluster, placement, onHeard }));
    if (!edge) return;
    log.info({ room }, 'this node is the home of a broadcast now');
    const links = edge.become();
    // A home that is thought to be lost may be there still, and what it sends is all that there is.
    this.#leftovers.set(room, { links, from: null });
  }

  /** Another node is the home from now on. */
  #retire(home: BroadcastHome, node: string): void {
    const { id, settings } = home.room;
    const release = home.room.hold();
    home.close();
    this.#homes.delete(id);
    this.carry(id, { home: node, settings });
    this.rooms.unkeep(id);
    this.#dropLeftovers(id);
    release();
  }

  /** The publishers of the home before have come over: what they send there goes on for a moment. */
  #heard(room: string, node: string): void {
    const leftovers = this.#leftovers.get(room);
    if (leftovers?.from !== node || !this.#homes.get(room)?.isFree(node)) return;
    setTimeout(() => {
      if (this.#leftovers.get(room) === leftovers && this.#homes.get(room)?.isFree(node)) this.#dropLeftovers(room);
    }, LINGER_MS).unref();
  }

  #changed({ id }: Room): void {
    this.#homes.get(id)?.announce();
    this.#edges.get(id)?.announce();
  }

  #nodeDown(node: string): void {
    if (this.#closed) return;
    this.#options.placement.forget(node);
    for (const home of this.#homes.values()) home.nodeDown(node);
    for (const { links } of this.#leftovers.values()) for (const link of links) if (link.from === node) link.close();
    for (const [room, edge] of this.#edges) {
      edge.nodeDown(node);
      if (edge.home === node) void this.#elect(room);
    }
  }

  #homeChanged(room: string, record: HomeRecord | null): void {
    // Passed by this node, which is about to know so.
    if (this.#closed || (record && record.instance === this.#handing.get(room))) return;
    const edge = this.#edges.get(room);
    if (edge) {
      if (!record) void this.#elect(room);
      else if (record.instance !== this.cluster.self.instance && record.node !== edge.home)
        edge.homeChanged(record.node);
    }
    const home = this.#homes.get(room);
    if (home && record && record.instance !== this.cluster.self.instance) void this.#contest(room, home, record);
  }

  /** The home is gone, or does none of its work. If there is none, the first of those who are left is it now. */
  async #elect(room: string): Promise<void> {
    if (this.#electing.has(room)) return;
    this.#electing.add(room);
    for (;;) {
      const edge = this.#edges.get(room);
      if (!edge || this.#closed) break;
      try {
        const held = await this.cluster.homeOf(room);
        if (!held) await this.claim(room, (await this.#lastSettings(room)) ?? edge.settings);
        else if (held.instance === this.cluster.self.instance) await this.#passedHere(room, edge, held);
        else edge.homeChanged(held.node);
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#electing.delete(room);
  }

  /** As its last home said, which may be something else than when it was begun here. */
  async #lastSettings(room: string): Promise<RoomSettings | undefined> {
    return HomeSettings.safeParse(await this.cluster.lastFacts(room)).data?.settings;
  }

  /** It was passed to this node, and nobody has said so. */
  async #passedHere(room: string, edge: BroadcastEdge, { facts }: HomeRecord): Promise<void> {
    const { settings } = HomeSettings.safeParse(facts).data ?? edge;
    if (this.cluster.node(edge.home)) await this.take(room, edge.home, settings);
    else await this.claim(room, settings);
  }

  /** This node was thought to be gone, and another is home. The one with the publishers should be. */
  async #contest(room: string, home: BroadcastHome, record: HomeRecord): Promise<void> {
    const { settings } = home.room;
    if (home.room.participants.size > 0) {
      try {
        const reply = YieldReply.parse(await this.cluster.request(record.node, { type: YIELD, room }));
        if (reply.yielded) {
          const now = await this.cluster.claimHome(room, { kind: 'broadcast', settings });
          if (now.instance !== this.cluster.self.instance) void this.#contest(room, home, now);
          return;
        }
      } catch {
        // As if it were not yielded.
      }
    }
    if (this.#homes.get(room) !== home || this.#closed) return;
    this.#homes.delete(room);
    home.close();
    const release = home.room.hold();
    for (const participant of [...home.room.participants.values()]) {
      participant.client?.close('the broadcast is at another server now', true);
      participant.onMediaLost?.();
      home.room.leave(participant, 'removed');
    }
    this.carry(room, { home: record.node, settings });
    this.rooms.unkeep(room);
    release();
    // It may be home because this node passed it on without knowing so: then nobody else tells it.
    void this.#tell(home.room, record.node);
  }

  #dropLeftovers(room: string): void {
    for (const link of this.#leftovers.get(room)?.links ?? []) link.close();
    this.#leftovers.delete(room);
  }
}

/** What a client is told when the other nodes can't be asked. */
export function unreachable(error: unknown): unknown {
  if (!(error instanceof ClusterError)) return error;
  return new ServerError('unavailable', 'the cluster cannot be asked at the moment', error.retryAfterSeconds ?? 2);
}
