/**
 * What nodes announce in rooms. The last word of each node lies in the room's hash; changes go through its channel. What
 * the channel loses is found again when the hash is read, which is done now and then.
 */
import { z } from 'zod';
import { type ClusterCounters, MAX_ANNOUNCEMENT_BYTES, type RoomListener } from '../cluster.js';
import { ClusterError } from '../errors.js';
import { InstanceId, NodeId } from '../schema.js';
import { HOME_HINT } from './homes.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { FORGET } from './scripts.js';
import type { Seal } from './seal.js';

const Announcement = z.strictObject({
  node: NodeId,
  instance: InstanceId,
  sequence: z.number().int().min(0),
  data: z.unknown(),
});
type Announcement = z.infer<typeof Announcement>;

/** Keys of rooms that nobody renews are gone after that. */
const TTL_MS = 60_000;
const RENEW_MS = 20_000;
const RESYNC_MS = 10_000;
/** Rooms of one round trip. */
const BATCH = 100;
const ENVELOPE_BYTES = 512;
const MAX_WATCHED = 20_000;
const MAX_NODES_IN_ROOM = 4096;

interface Heard extends Announcement {
  /** Listeners know of it. */
  told: boolean;
}

interface Watched {
  listeners: Set<RoomListener>;
  heard: Map<string, Heard>;
}

export interface BoardOptions {
  self: { id: string; instance: string };
  link: Link;
  keys: Keys;
  seal: Seal;
  counters: ClusterCounters;
  /** Life of a node that is up. */
  instanceOf(node: string): string | null;
  stranger(): Promise<void>;
  /** False for some seconds after an outage: what is missing may be said again. */
  settled(): boolean;
  homeHint(room: string): void;
}

export class Board {
  readonly #options: BoardOptions;
  readonly #said = new Map<string, string>();
  readonly #watched = new Map<string, Watched>();
  readonly #dirty = new Set<string>();
  #sequence = 0;
  #flushing = false;
  #renewAtMs = 0;
  #resyncAtMs = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  announce(room: string, data: unknown): void {
    const { self, seal } = this.#options;
    if (data === null || data === undefined) {
      if (!this.#said.delete(room)) return;
    } else {
      const { id: node, instance } = self;
      const text = seal.close(`room:${room}`, { node, instance, sequence: this.#sequence++, data });
      if (Buffer.byteLength(text) > MAX_ANNOUNCEMENT_BYTES) {
        throw new ClusterError('too-large', `what is announced has ${MAX_ANNOUNCEMENT_BYTES} bytes at most`);
      }
      this.#said.set(room, text);
    }
    this.#dirty.add(room);
    // Those of one turn of the event loop go together.
    setImmediate(() => void this.#flush());
  }

  watch(room: string, listener: RoomListener): () => void {
    let watched = this.#watched.get(room);
    if (!watched) {
      if (this.#watched.size >= MAX_WATCHED) throw new ClusterError('overloaded', 'too many rooms are watched');
      watched = { listeners: new Set(), heard: new Map() };
      this.#watched.set(room, watched);
      void this.#begin(room);
    }
    const own: RoomListener = (node, data) => listener(node, data);
    watched.listeners.add(own);
    for (const { node, data, told } of watched.heard.values()) if (told) own(node, data);
    return () => {
      watched.listeners.delete(own);
      if (watched.listeners.size > 0 || this.#watched.get(room) !== watched) return;
      this.#watched.delete(room);
      this.#options.link.unsubscribe(this.#options.keys.room(room)).catch(() => {});
    };
  }

  watches(room: string): boolean {
    return this.#watched.has(room);
  }

  /** Channels to listen to after an outage. */
  channels(): string[] {
    return [...this.#watched.keys()].map((room) => this.#options.keys.room(room));
  }

  /** After an outage: says everything again and reads everything again. */
  async recover(now: number): Promise<void> {
    this.#renewAtMs = 0;
    this.#resyncAtMs = 0;
    await this.#flush();
    await this.beat(now);
  }

  async beat(now: number): Promise<void> {
    if (now >= this.#renewAtMs) {
      for (const room of this.#said.keys()) this.#dirty.add(room);
      this.#renewAtMs = now + RENEW_MS;
    }
    await this.#flush();
    if (now >= this.#resyncAtMs) {
      this.#resyncAtMs = now + RESYNC_MS;
      await this.#read([...this.#watched.keys()]);
    }
  }

  /** From the channel of a watched room. */
  receive(room: string, text: string): void {
    if (text === HOME_HINT) this.#options.homeHint(room);
    else this.#take(room, text);
  }

  nodeUp(node: string, instance: string): void {
    for (const [room, { heard }] of this.#watched) {
      const entry = heard.get(node);
      if (entry?.instance === instance && !entry.told) this.#tell(room, entry);
    }
  }

  nodeDown(node: string): void {
    for (const { heard, listeners } of this.#watched.values()) {
      const entry = heard.get(node);
      if (!entry?.told) continue;
      entry.told = false;
      if (entry.data !== null) for (const listener of [...listeners]) listener(node, null);
    }
  }

  async #begin(room: string): Promise<void> {
    const { link, keys } = this.#options;
    try {
      await link.subscribe(keys.room(room));
      await this.#read([room]);
    } catch {
      // Without the memory nothing is read now: `recover` does.
    }
  }

  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.#dirty.size > 0) {
        const rooms = [...this.#dirty].slice(0, BATCH);
        for (const room of rooms) this.#dirty.delete(room);
        try {
          await this.#write(rooms);
        } catch {
          for (const room of rooms) this.#dirty.add(room);
          return;
        }
      }
    } finally {
      this.#flushing = false;
    }
  }

  async #write(rooms: string[]): Promise<void> {
    const { link, keys, self, seal } = this.#options;
    await link.command(async (redis) => {
      const pipeline = redis.pipeline();
      for (const room of rooms) {
        const key = keys.room(room);
        const text = this.#said.get(room);
        if (text === undefined) {
          const { id: node, instance } = self;
          const gone = seal.close(`room:${room}`, { node, instance, sequence: this.#sequence++, data: null });
          pipeline.hdel(key, self.id).publish(key, gone);
        } else {
          pipeline.hset(key, self.id, text).pexpire(key, TTL_MS).publish(key, text);
        }
      }
      await every(pipeline.exec());
    });
  }

  async #read(rooms: string[]): Promise<void> {
    const { link, keys } = this.#options;
    for (let from = 0; from < rooms.length; from += BATCH) {
      const batch = rooms.slice(from, from + BATCH);
      const replies = await link.command(async (redis) => {
        const pipeline = redis.pipeline();
        for (const room of batch) pipeline.hgetall(keys.room(room));
        return every(pipeline.exec());
      });
      batch.forEach((room, i) => {
        this.#readRoom(room, replies[i] as Record<string, string>);
      });
    }
  }

  #readRoom(room: string, fields: Record<string, string>): void {
    const watched = this.#watched.get(room);
    if (!watched) return;
    for (const [node, text] of Object.entries(fields).slice(0, MAX_NODES_IN_ROOM)) {
      const entry = this.#take(room, text);
      const current = this.#options.instanceOf(node);
      // Of an earlier life, or not of this room at all.
      if (entry !== undefined && current !== null && entry?.instance !== current) this.#forget(room, node, text);
    }
    if (!this.#options.settled()) return;
    for (const [node, entry] of watched.heard) {
      // It took it back, and the word of that was lost.
      if (!(node in fields) && entry.told && this.#options.instanceOf(node) === entry.instance && entry.data !== null) {
        entry.data = null;
        entry.sequence = -1;
        this.#tell(room, entry);
      }
    }
  }

  #forget(room: string, node: string, text: string): void {
    const { link, keys } = this.#options;
    link.run(FORGET, [keys.room(room)], [node, text]).catch(() => {});
  }

  /** Null: it opens and has no known shape; undefined: it is not signed. */
  #take(room: string, text: string): Announcement | null | undefined {
    const { seal, self, counters, instanceOf, stranger } = this.#options;
    const opened = seal.open(`room:${room}`, text, MAX_ANNOUNCEMENT_BYTES + ENVELOPE_BYTES);
    if (opened === undefined) {
      counters.badSignatures++;
      return undefined;
    }
    const result = Announcement.safeParse(opened);
    if (!result.success) {
      counters.badMessages++;
      return null;
    }
    const said = result.data;
    const watched = this.#watched.get(room);
    if (!watched || said.node === self.id) return said;
    const before = watched.heard.get(said.node);
    const current = instanceOf(said.node);
    if (before?.instance === said.instance) {
      if (said.sequence <= before.sequence) return said;
    } else if (before && current === before.instance) {
      // Another life of a node whose earlier one still has its lease: it is looked at when it has one.
      return said;
    } else if (watched.heard.size >= MAX_NODES_IN_ROOM) {
      return said;
    }
    const entry: Heard = { ...said, told: before?.told ?? false };
    watched.heard.set(said.node, entry);
    if (current === said.instance) this.#tell(room, entry);
    else if (current === null) void stranger();
    return said;
  }

  #tell(room: string, entry: Heard): void {
    const silent = !entry.told && entry.data === null;
    entry.told = true;
    if (silent) return;
    for (const listener of [...(this.#watched.get(room)?.listeners ?? [])]) listener(entry.node, entry.data);
  }
}

/** Replies of a pipeline; throws the first error among them. */
async function every(replies: Promise<[error: Error | null, result: unknown][] | null>): Promise<unknown[]> {
  return ((await replies) ?? []).map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}
