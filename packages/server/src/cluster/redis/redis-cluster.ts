/** The cluster on Redis: one beat keeps the lease, tells the others of us and us of the others. */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Cluster,
  type ClusterCounters,
  type ClusterEvents,
  type HomeRecord,
  type NodeRecord,
  noCounters,
  REQUEST_TIMEOUT_MS,
  type RequestHandler,
  type RoomListener,
} from '../cluster.js';
import { ClusterError } from '../errors.js';
import { NodeTable } from '../node-table.js';
import type { ClusterMessage, HomeFacts, NodeInfo, NodeReport } from '../schema.js';
import { Board } from './board.js';
import { Homes } from './homes.js';
import { Keys } from './keys.js';
import { Link } from './link.js';
import { Mailbox } from './mailbox.js';
import { Membership } from './membership.js';
import { EVICT } from './scripts.js';
import { Seal } from './seal.js';
import { Suspicion } from './suspicion.js';

export interface RedisClusterOptions {
  url: string;
  secret: string;
  self: NodeInfo;
  /** Between beats. */
  beatMs?: number;
  /** How long a node that beats no more is one. */
  leaseMs?: number;
  /** How long Redis may take to answer at the start. */
  openMs?: number;
  /** Ms of a monotonic clock. */
  now?: () => number;
}

const BEAT_MS = 500;
const LEASE_MS = 3000;
const OPEN_MS = 10_000;
/** Beats that come because something changed keep this distance. */
const SOONEST_MS = 20;

export class RedisCluster extends EventEmitter<ClusterEvents> implements Cluster {
  readonly self: NodeInfo;
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #counters = noCounters();
  readonly #table: NodeTable;
  readonly #mailbox: Mailbox;
  readonly #homes: Homes;
  readonly #board: Board;
  readonly #membership: Membership;
  readonly #suspicion: Suspicion;
  readonly #beatMs: number;
  readonly #leaseMs: number;
  readonly #now: () => number;
  #available = false;
  /** Until then who is missing may just not be back yet. */
  #keepMissingUntilMs = 0;
  #lastBeatMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #beating = false;
  #beatAgain = false;
  #maintaining = false;
  #recovering: Promise<void> | null = null;
  #afterBeat: (() => void)[] = [];
  #entered = false;
  #closed = false;

  private constructor(options: RedisClusterOptions) {
    super();
    this.setMaxListeners(0);
    const { self, secret, url, now = () => performance.now() } = options;
    this.self = self;
    this.#now = now;
    this.#beatMs = options.beatMs ?? BEAT_MS;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    const link = new Link(url);
    const keys = new Keys(link.database);
    const seal = new Seal(secret);
    const counters = this.#counters;
    this.#link = link;
    this.#keys = keys;
    this.#table = new NodeTable(self.instance);
    const stranger = (): Promise<void> => this.#nextBeat();
    this.#membership = new Membership({ self, link, keys, seal, counters, leaseMs: this.#leaseMs });
    this.#mailbox = new Mailbox({
      ...{ self, seal, counters, stranger },
      node: (id) => this.#table.get(id),
      post: (node, text) => link.command((redis) => redis.publish(keys.mailbox(node), text)),
    });
    this.#suspicion = new Suspicion({
      self: self.id,
      ping: (node, timeoutMs) => this.#mailbox.ping(node, timeoutMs),
      evict: (node, instance) => this.#evict(node, instance),
    });
    this.#homes = new Homes({
      ...{ self, link, keys, seal, counters },
      changed: (room, home) => void this.emit('home-changed', room, home),
    });
    this.#board = new Board({
      ...{ self, link, keys, seal, counters, stranger },
      instanceOf: (node) => this.#table.instanceOf(node),
      settled: () => this.#now() >= this.#keepMissingUntilMs,
      homeHint: (room) => this.#homes.hint(room),
    });
    link.on('message', (channel, text) => this.#message(channel, text));
    link.on('down', (reason) => this.#lost(reason));
    link.on('up', () => this.#beatSoon());
  }

  /** Rejects with `unavailable`, `wrong-secret` or `id-taken`, with nothing left running. */
  static async open(options: RedisClusterOptions): Promise<RedisCluster> {
    const cluster = new RedisCluster(options);
    try {
      await cluster.#link.open(options.openMs ?? OPEN_MS);
      await cluster.#enter();
      return cluster;
    } catch (error) {
      cluster.#closed = true;
      cluster.#link.close();
      throw error;
    }
  }

  get available(): boolean {
    return this.#available;
  }

  get counters(): Readonly<ClusterCounters> {
    return { ...this.#counters, memoryErrors: this.#link.errors, reconnects: this.#link.reconnects };
  }

  nodes(): NodeRecord[] {
    return this.#table.list();
  }

  node(id: string): NodeRecord | null {
    return this.#table.get(id);
  }

  report(report: NodeReport): void {
    this.#membership.report(report);
  }

  drain(draining: boolean): void {
    if (!this.#membership.drain(draining)) return;
    void this.#tellAll();
  }

  async request(node: string, message: ClusterMessage, timeoutMs = REQUEST_TIMEOUT_MS): Promise<unknown> {
    if (this.#closed) throw new ClusterError('closed', 'this node has left the cluster');
    return this.#mailbox.request(node, message, timeoutMs);
  }

  serve(handler: RequestHandler): void {
    this.#mailbox.serve(handler);
  }

  claimHome(room: string, facts: HomeFacts): Promise<HomeRecord> {
    return this.#homes.claim(room, facts);
  }

  homeOf(room: string): Promise<HomeRecord | null> {
    return this.#homes.of(room);
  }

  lastFacts(room: string): Promise<HomeFacts | null> {
    return this.#homes.last(room);
  }

  passHome(room: string, to: NodeRecord): Promise<boolean> {
    return this.#homes.pass(room, to);
  }

  releaseHome(room: string): Promise<void> {
    return this.#homes.release(room);
  }

  homes(limit = 1000): Promise<HomeRecord[]> {
    return this.#homes.list(limit);
  }

  announce(room: string, data: unknown): void {
    if (!this.#closed) this.#board.announce(room, data);
  }

  watch(room: string, listener: RoomListener): () => void {
    return this.#board.watch(room, listener);
  }

  async suspect(node: string): Promise<boolean> {
    const record = this.#table.get(node);
    if (!record) return true;
    if (record.self || !this.#available) return false;
    return this.#suspicion.of(node, record.instance);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#available = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#mailbox.abandon(null, new ClusterError('closed', 'this node has left the cluster'));
    try {
      // Before, so that nobody takes it for lost; and after, so that it is looked at.
      await this.#publish(this.#membership.notice('left'));
      await this.#link.run(EVICT, this.#keys4(), [this.self.id, this.self.instance]);
      await this.#publish(this.#membership.notice('left'));
    } catch {
      // The lease ends by itself.
    }
    this.#link.close();
  }

  /** As if the process had ended here: nothing is said to anybody. For tests. */
  vanish(): void {
    this.#closed = true;
    this.#available = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#link.close();
  }

  async #evict(node: string, instance: string): Promise<void> {
    const gone = await this.#link.run(EVICT, this.#keys4(), [node, instance]);
    if (gone === 1) this.#counters.nodesEvicted++;
    await this.#publish(this.#membership.notice('lost', instance));
    await this.#beat();
  }

  #keys4(): string[] {
    const { members, instances, infos, states } = this.#keys;
    return [members, instances, infos, states];
  }

  /** The first beat; a lease of an earlier life of this node may have to end first. */
  async #enter(): Promise<void> {
    const patientUntil = this.#now() + this.#leaseMs + 1000;
    for (;;) {
      try {
        await this.#membership.join(false);
        break;
      } catch (error) {
        const taken = error instanceof ClusterError && error.code === 'id-taken';
        if (!taken || this.#now() > patientUntil) throw error;
        await sleep(this.#beatMs);
      }
    }
    this.#entered = true;
    await this.#beat();
    await this.#recovering;
    if (!this.#available) throw new ClusterError('unavailable', 'Redis answered and then no more');
    await this.#tellAll();
  }

  #message(channel: string, text: string): void {
    const room = this.#keys.roomOfChannel(channel);
    if (room !== null) this.#board.receive(room, text);
    else if (channel === this.#keys.mailbox(this.self.id)) this.#mailbox.receive(text);
    else if (channel === this.#keys.all) {
      this.#membership.heard(text);
      this.#beatSoon();
    }
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#mailbox.abandon(null, new ClusterError('unavailable', reason, { retryAfterSeconds: 2 }));
    if (!this.#available) return;
    this.#available = false;
    this.emit('unavailable', reason);
  }

  async #tellAll(): Promise<void> {
    try {
      await this.#beat();
      await this.#publish(this.#membership.notice('changed'));
    } catch {
      // The others see it at their next beat.
    }
  }

  #publish(text: string): Promise<unknown> {
    return this.#link.command((redis) => redis.publish(this.#keys.all, text));
  }

  #beatSoon(): void {
    const wait = Math.max(0, this.#lastBeatMs + SOONEST_MS - this.#now());
    if (this.#beating) this.#beatAgain = true;
    else this.#schedule(wait);
  }

  /** Resolves after a beat that is soon. */
  #nextBeat(): Promise<void> {
    this.#beatSoon();
    return new Promise((resolve) => this.#afterBeat.push(resolve));
  }

  #schedule(ms: number): void {
    if (this.#closed || !this.#entered) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), ms);
  }

  async #beat(): Promise<void> {
    if (this.#closed) return;
    if (this.#beating) {
      this.#beatAgain = true;
      return;
    }
    this.#beating = true;
    this.#beatAgain = false;
    try {
      if (this.#link.up) await this.#exchange();
    } catch (error) {
      this.#beatFailed(error as Error);
    } finally {
      this.#beating = false;
      for (const resume of this.#afterBeat.splice(0)) resume();
      this.#schedule(this.#beatAgain ? SOONEST_MS : this.#beatMs);
    }
  }

  async #exchange(): Promise<void> {
    const startedMs = this.#now();
    let rows = await this.#membership.beat(this.#table);
    if (rows === null) {
      // The lease has ended, or Redis forgot everything.
      await this.#membership.join(true);
      await this.#publish(this.#membership.notice('changed'));
      rows = (await this.#membership.beat(this.#table)) ?? [];
    }
    const outage = !this.#available || startedMs - this.#lastBeatMs > this.#leaseMs / 2;
    if (outage && this.#lastBeatMs > 0) this.#keepMissingUntilMs = this.#now() + this.#leaseMs + this.#beatMs;
    this.#lastBeatMs = this.#now();
    if (this.#closed) return;
    this.#apply(rows);
    if (this.#available) void this.#maintain(startedMs);
    else this.#recovering ??= this.#recover(startedMs);
  }

  /** Beside the beat, which must not wait for thousands of rooms. */
  async #maintain(now: number): Promise<void> {
    if (this.#maintaining) return;
    this.#maintaining = true;
    try {
      await this.#homes.renew(now);
      await this.#board.beat(now);
    } catch {
      // Counted by the link; the next beat goes on with it.
    } finally {
      this.#maintaining = false;
    }
  }

  #apply(rows: Parameters<NodeTable['update']>[0]): void {
    const now = this.#now();
    const keepMissing = now < this.#keepMissingUntilMs;
    const changes = this.#table.update(rows, now, { keepMissing, gone: this.#membership.gone });
    this.#counters.replays += changes.replays;
    this.#counters.nodesIsolated += changes.isolated.length;
    for (const { node, reason } of changes.down) {
      this.#mailbox.abandon(node.id, new ClusterError('no-node', `node ${node.id} is gone`));
      this.#board.nodeDown(node.id);
      this.emit('node-down', node, reason);
    }
    for (const node of changes.up) {
      this.emit('node-up', node);
      this.#board.nodeUp(node.id, node.instance);
    }
    for (const node of changes.changed) this.emit('node-changed', node);
  }

  /** Everything that others know from us is said again, and all that we know of them read again. Beats go on beside it. */
  async #recover(now: number): Promise<void> {
    const connection = this.#link.reconnects;
    try {
      const channels = [this.#keys.all, this.#keys.mailbox(this.self.id), ...this.#board.channels()];
      await this.#link.subscribe(...channels);
      await this.#homes.recover(now);
      await this.#board.recover(now);
      if (!this.#link.up || this.#link.reconnects !== connection || this.#closed) return;
      this.#available = true;
      this.emit('available');
    } catch {
      // Counted by the link; the next beat begins anew.
    } finally {
      this.#recovering = null;
    }
  }

  #beatFailed(error: Error): void {
    // One error may be an accident; without a lease for half its time it is none.
    const silentMs = this.#now() - this.#lastBeatMs;
    const fatal = error instanceof ClusterError && error.code !== 'unavailable';
    if (!fatal && silentMs < this.#leaseMs / 2) return;
    this.#lost(error.message);
  }
}
