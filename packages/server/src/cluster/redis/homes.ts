/**
 * Who answers for which room. A home is one as long as its node has its lease; the key goes away by itself when nobody
 * renews it. After an outage each home is claimed again, before anybody can claim one that isn't theirs.
 */
import { z } from 'zod';
import { type ClusterCounters, type HomeRecord, MAX_MESSAGE_BYTES } from '../cluster.js';
import { ClusterError } from '../errors.js';
import { HomeFacts, InstanceId, NodeId } from '../schema.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { CLAIM, HOME, PASS, RELEASE } from './scripts.js';
import type { Seal } from './seal.js';

const Home = z.strictObject({ node: NodeId, instance: InstanceId, facts: HomeFacts });

const TTL_MS = 60_000;
const RENEW_MS = 15_000;
/** Renewed at one beat, so that a beat stays short. */
const MOST_A_BEAT = 500;
const BATCH = 100;
const ENVELOPE_BYTES = 512;
/** On the channel of a room: its home is another. Not signed: it only makes others look. */
export const HOME_HINT = 'home';

export interface HomesOptions {
  self: { id: string; instance: string };
  link: Link;
  keys: Keys;
  seal: Seal;
  counters: ClusterCounters;
  changed(room: string, home: HomeRecord | null): void;
}

export class Homes {
  readonly #options: HomesOptions;
  readonly #claimed = new Map<string, { facts: HomeFacts; renewAtMs: number }>();
  readonly #reading = new Set<string>();

  constructor(options: HomesOptions) {
    this.#options = options;
  }

  async claim(room: string, facts: HomeFacts): Promise<HomeRecord> {
    const valid = HomeFacts.parse(facts);
    const home = await this.#claim(room, valid, false);
    if (home.instance === this.#options.self.instance) this.#claimed.set(room, { facts: valid, renewAtMs: 0 });
    return home;
  }

  async of(room: string): Promise<HomeRecord | null> {
    const { link, keys } = this.#options;
    const value = await link.run(HOME, [keys.home(room), keys.instances, keys.members], []);
    return typeof value === 'string' ? this.#read(room, value) : null;
  }

  /** Of a home that lives or does not: as long as the key is there, `TTL_MS` from the last renewal. */
  async last(room: string): Promise<HomeFacts | null> {
    const { link, keys } = this.#options;
    const value = await link.command((redis) => redis.get(keys.home(room)));
    return value === null ? null : (this.#read(room, value)?.facts ?? null);
  }

  async pass(room: string, to: { id: string; instance: string }): Promise<boolean> {
    const { link, keys, self } = this.#options;
    const claimed = this.#claimed.get(room);
    if (!claimed) return false;
    // Or it would be claimed again meanwhile.
    this.#claimed.delete(room);
    let passed = false;
    try {
      const value = this.#valueOf(room, to, claimed.facts);
      passed = (await link.run(PASS, [keys.home(room)], [self.id, self.instance, value, TTL_MS])) === 1;
      this.#publish(room);
      return passed;
    } finally {
      // Its next renewal, which is soon, shows whose it is.
      if (!passed && !this.#claimed.has(room)) this.#claimed.set(room, { ...claimed, renewAtMs: 0 });
    }
  }

  async release(room: string): Promise<void> {
    const { link, keys, self } = this.#options;
    this.#claimed.delete(room);
    const gone = await link.run(RELEASE, [keys.home(room)], [self.id, self.instance]);
    if (gone === 1) this.#publish(room);
  }

  async list(limit: number): Promise<HomeRecord[]> {
    const { link, keys } = this.#options;
    const found = await link.command(async (redis) => {
      const names = new Set<string>();
      let cursor = '0';
      do {
        const [next, batch] = await redis.scan(cursor, 'MATCH', keys.home('*'), 'COUNT', 500);
        for (const name of batch) names.add(name);
        cursor = next;
      } while (cursor !== '0' && names.size < limit);
      const some = [...names].slice(0, limit);
      const [values, lives] = await Promise.all([
        some.length > 0 ? redis.mget(...some) : Promise.resolve([]),
        redis.hgetall(keys.instances),
      ]);
      return { some, values, lives };
    });
    return found.values.flatMap((value, i) => {
      const home = value === null ? null : this.#read(keys.roomOfHome(found.some[i]), value);
      return home && found.lives[home.node] === home.instance ? [home] : [];
    });
  }

  /** Keeps what is claimed: some of what is due. */
  async renew(now: number): Promise<void> {
    const due = [...this.#claimed].filter(([, { renewAtMs }]) => renewAtMs <= now).slice(0, MOST_A_BEAT);
    await this.#renewAll(due, now);
  }

  /** Claims everything again, as after an outage. */
  async recover(now: number): Promise<void> {
    await this.#renewAll([...this.#claimed], now);
  }

  async #renewAll(homes: [string, { facts: HomeFacts; renewAtMs: number }][], now: number): Promise<void> {
    for (let from = 0; from < homes.length; from += BATCH) {
      await Promise.all(
        homes.slice(from, from + BATCH).map(async ([room, claimed]) => {
          await this.#renewOne(room, claimed.facts);
          // Not all in the same beat next time.
          claimed.renewAtMs = now + RENEW_MS * (0.75 + (from % 1000) / 4000);
        }),
      );
    }
  }

  /** Something about the home of a watched room is another: what it is, is read. */
  hint(room: string): void {
    if (this.#reading.has(room)) return;
    this.#reading.add(room);
    this.of(room)
      .finally(() => this.#reading.delete(room))
      .then(
        (home) => {
          if (home?.instance !== this.#options.self.instance) this.#options.changed(room, home);
        },
        () => {},
      );
  }

  async #renewOne(room: string, facts: HomeFacts): Promise<void> {
    const { self, counters, changed } = this.#options;
    const home = await this.#claim(room, facts, true);
    if (home.instance === self.instance || !this.#claimed.delete(room)) return;
    counters.homesLost++;
    changed(room, home);
  }

  async #claim(room: string, facts: HomeFacts, again: boolean): Promise<HomeRecord> {
    const { link, keys, self } = this.#options;
    const home = { node: self.id, instance: self.instance, facts };
    const value = this.#valueOf(room, self, facts);
    const names = [keys.home(room), keys.instances, keys.members, keys.settling];
    const reply = await link.run(CLAIM, names, [self.id, self.instance, value, TTL_MS, again ? 1 : 0]);
    const [outcome, detail] = Array.isArray(reply) ? (reply as string[]) : [];
    if (outcome === 'ours') {
      if (!again) this.#publish(room);
      return { room, ...home };
    }
    const held = outcome === 'held' ? this.#read(room, detail ?? '') : null;
    if (held) return held;
    const retryAfterSeconds = outcome === 'settling' ? Math.max(1, Math.ceil(Number(detail) / 1000)) : 2;
    throw new ClusterError('unavailable', 'the cluster is finding together again: try again in a moment', {
      retryAfterSeconds,
    });
  }

  #valueOf(room: string, { id, instance }: { id: string; instance: string }, facts: HomeFacts): string {
    const sealed = this.#options.seal.close(`home:${room}`, { node: id, instance, facts });
    if (Buffer.byteLength(sealed) > MAX_MESSAGE_BYTES) {
      throw new ClusterError('too-large', `what a home says of its room has ${MAX_MESSAGE_BYTES} bytes at most`);
    }
    return `${id} ${instance} ${sealed}`;
  }

  /** `id instance sealed`. Null: it isn't signed, or not for that node. */
  #read(room: string, value: string): HomeRecord | null {
    const { counters } = this.#options;
    const [node = '', instance = ''] = value.split(' ', 2);
    const home = this.#open(room, value.slice(node.length + instance.length + 2));
    if (home && home.node === node && home.instance === instance) return home;
    counters.badSignatures++;
    return null;
  }

  #open(room: string, sealed: string): HomeRecord | undefined {
    const opened = this.#options.seal.open(`home:${room}`, sealed, MAX_MESSAGE_BYTES + ENVELOPE_BYTES);
    const result = Home.safeParse(opened);
    return result.success ? { room, ...result.data } : undefined;
  }

  #publish(room: string): void {
    const { link, keys } = this.#options;
    link.command((redis) => redis.publish(keys.room(room), HOME_HINT)).catch(() => {});
  }
}
