/**
 * The cluster of one machine: no Redis, the same interface. Several nodes of one process can share a `ClusterMemory`; tests
 * cut nodes off from it. Values go through JSON, as they do between machines.
 */
import { EventEmitter } from 'node:events';
import {
  type Cluster,
  type ClusterCounters,
  type ClusterEvents,
  type HomeRecord,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_MESSAGE_BYTES,
  type NodeRecord,
  noCounters,
  REQUEST_TIMEOUT_MS,
  type RequestHandler,
  type RoomListener,
} from './cluster.js';
import { ClusterError } from './errors.js';
import { type MemberRow, type NodeState, NodeTable } from './node-table.js';
import { ClusterMessage, HomeFacts, type NodeInfo, type NodeReport } from './schema.js';
import { described } from './serving.js';

/** What all nodes of one process share. */
export class ClusterMemory {
  readonly members = new Map<string, MemoryCluster>();
  readonly homes = new Map<string, HomeRecord>();
  /** What homes said that are gone, too. */
  readonly facts = new Map<string, HomeFacts>();
  /** Room -> node -> what it announces, as JSON. */
  readonly rooms = new Map<string, Map<string, string>>();

  /** The node is as good as dead to the others, and they to it: what happens when a machine stops. */
  sever(node: string): void {
    const member = this.members.get(node);
    if (!member) return;
    this.members.delete(node);
    member.cut('the memory of the cluster is out of reach');
    this.#forget(member, 'lost');
  }

  /** A node that was cut off is back: it has its rooms still, but not the homes that others claimed. */
  restore(member: MemoryCluster): void {
    this.members.set(member.self.id, member);
    this.changed();
    member.back();
  }

  leave(member: MemoryCluster): void {
    if (this.members.get(member.self.id) !== member) return;
    this.members.delete(member.self.id);
    this.#forget(member, 'left');
  }

  changed(left?: string): void {
    for (const member of [...this.members.values()]) member.look(left);
  }

  #forget({ self }: MemoryCluster, reason: 'left' | 'lost'): void {
    for (const [room, home] of this.homes) if (home.instance === self.instance) this.homes.delete(room);
    for (const said of this.rooms.values()) said.delete(self.id);
    this.changed(reason === 'left' ? self.instance : undefined);
  }
}

export class MemoryCluster extends EventEmitter<ClusterEvents> implements Cluster {
  readonly self: NodeInfo;
  readonly state: NodeState = { sequence: 0, draining: false, reports: 0, report: null };
  readonly #memory: ClusterMemory;
  readonly #counters = noCounters();
  readonly #table: NodeTable;
  /** Listeners, and the nodes that they have been told of. */
  readonly #watched = new Map<string, { listeners: Set<RoomListener>; told: Set<string> }>();
  readonly #said = new Map<string, string>();
  readonly #claimed = new Map<string, HomeFacts>();
  #handler: RequestHandler | null = null;
  #available = true;
  #closed = false;

  /** Throws `id-taken`. */
  constructor(self: NodeInfo, memory = new ClusterMemory()) {
    super();
    this.setMaxListeners(0);
    if (memory.members.has(self.id)) throw new ClusterError('id-taken', `another node has the id ${self.id}`);
    this.self = self;
    this.#memory = memory;
    this.#table = new NodeTable(self.instance, Number.POSITIVE_INFINITY);
    memory.members.set(self.id, this);
    memory.changed();
  }

  get available(): boolean {
    return this.#available;
  }

  get counters(): Readonly<ClusterCounters> {
    return { ...this.#counters };
  }

  nodes(): NodeRecord[] {
    return this.#table.list();
  }

  node(id: string): NodeRecord | null {
    return this.#table.get(id);
  }

  report(report: NodeReport): void {
    this.#says({ reports: this.state.reports + 1, report: JSON.parse(JSON.stringify(report)) });
  }

  drain(draining: boolean): void {
    if (this.state.draining !== draining) this.#says({ draining });
  }

  async request(node: string, message: ClusterMessage, timeoutMs = REQUEST_TIMEOUT_MS): Promise<unknown> {
    this.#reach();
    this.#counters.requestsSent++;
    try {
      const peer = this.#memory.members.get(node);
      if (!peer) throw new ClusterError('no-node', `there is no node ${node}`);
      const text = sized(message, MAX_MESSAGE_BYTES, 'a message between nodes');
      const answer = await within(peer.answer(text, this.self.id), timeoutMs, node);
      return JSON.parse(answer) as unknown;
    } catch (error) {
      this.#counters.requestsFailed++;
      throw error;
    }
  }

  serve(handler: RequestHandler): void {
    this.#handler = handler;
  }

  async claimHome(room: string, facts: HomeFacts): Promise<HomeRecord> {
    this.#reach();
    const valid = HomeFacts.parse(facts);
    sized(valid, MAX_MESSAGE_BYTES, 'what a home says of its room');
    const held = this.#memory.homes.get(room);
    if (held && held.instance !== this.self.instance) return held;
    const home = { room, node: this.self.id, instance: this.self.instance, facts: valid };
    this.#claimed.set(room, valid);
    this.#memory.homes.set(room, home);
    this.#memory.facts.set(room, valid);
    this.#homeChanged(room, home);
    return home;
  }

  async lastFacts(room: string): Promise<HomeFacts | null> {
    this.#reach();
    return this.#memory.facts.get(room) ?? null;
  }

  async homeOf(room: string): Promise<HomeRecord | null> {
    this.#reach();
    return this.#memory.homes.get(room) ?? null;
  }

  async passHome(room: string, { id, instance }: NodeRecord): Promise<boolean> {
    this.#reach();
    const held = this.#memory.homes.get(room);
    if (held?.instance !== this.self.instance) return false;
    this.#claimed.delete(room);
    const home = { ...held, node: id, instance };
    this.#memory.homes.set(room, home);
    for (const member of this.#memory.members.values()) member.hearOfHome(room, home);
    return true;
  }

  async releaseHome(room: string): Promise<void> {
    this.#claimed.delete(room);
    this.#reach();
    if (this.#memory.homes.get(room)?.instance !== this.self.instance) return;
    this.#memory.homes.delete(room);
    this.#memory.facts.delete(room);
    this.#homeChanged(room, null);
  }

  async homes(limit = 1000): Promise<HomeRecord[]> {
    this.#reach();
    return [...this.#memory.homes.values()].slice(0, limit);
  }

  announce(room: string, data: unknown): void {
    if (this.#closed) return;
    if (data === null || data === undefined) {
      if (!this.#said.delete(room)) return;
    } else this.#said.set(room, sized(data, MAX_ANNOUNCEMENT_BYTES, 'what is announced'));
    if (this.#available) setImmediate(() => this.#publish(room));
  }

  watch(room: string, listener: RoomListener): () => void {
    const watched = this.#watched.get(room) ?? { listeners: new Set(), told: new Set() };
    this.#watched.set(room, watched);
    const own: RoomListener = (node, data) => listener(node, data);
    watched.listeners.add(own);
    if (this.#available) {
      for (const [node, text] of this.#memory.rooms.get(room) ?? []) {
        if (node === this.self.id) continue;
        watched.told.add(node);
        own(node, JSON.parse(text));
      }
    }
    return () => {
      watched.listeners.delete(own);
      if (watched.listeners.size === 0 && this.#watched.get(room) === watched) this.#watched.delete(room);
    };
  }

  async suspect(node: string): Promise<boolean> {
    return !this.#memory.members.has(node);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#available = false;
    this.#memory.leave(this);
  }

  /** For `ClusterMemory`: this node lost it. */
  cut(reason: string): void {
    this.#available = false;
    this.emit('unavailable', reason);
  }

  back(): void {
    this.#available = true;
    for (const [room, facts] of this.#claimed) {
      const held = this.#memory.homes.get(room);
      if (held) {
        this.#claimed.delete(room);
        this.#counters.homesLost++;
        this.emit('home-changed', room, held);
      } else {
        this.#memory.homes.set(room, { room, node: this.self.id, instance: this.self.instance, facts });
      }
    }
    this.emit('available');
    for (const room of this.#said.keys()) this.#publish(room);
    for (const [room, { told }] of this.#watched) {
      for (const [node, text] of this.#memory.rooms.get(room) ?? []) {
        if (node !== this.self.id) this.hear(room, node, text);
      }
      for (const node of told) if (!this.#memory.rooms.get(room)?.has(node)) this.hear(room, node, null);
    }
  }

  /** The members are others, or say something else. */
  look(left?: string): void {
    const rows: MemberRow[] = [...this.#memory.members.values()].map(({ self, state }) => ({
      ...{ id: self.id, instance: self.instance, info: self, state: { ...state } },
    }));
    const options = { keepMissing: false, gone: new Map(left === undefined ? [] : [[left, 'left' as const]]) };
    const { up, down, changed, isolated } = this.#table.update(rows, performance.now(), options);
    this.#counters.nodesIsolated += isolated.length;
    for (const { node, reason } of down) {
      for (const [room, { told }] of this.#watched) if (told.has(node.id)) this.hear(room, node.id, null);
      this.emit('node-down', node, reason);
    }
    for (const node of up) this.emit('node-up', node);
    for (const node of changed) this.emit('node-changed', node);
  }

  hear(room: string, node: string, text: string | null): void {
    const watched = this.#watched.get(room);
    if (!watched) return;
    if (text === null) watched.told.delete(node);
    else watched.told.add(node);
    for (const listener of [...watched.listeners]) listener(node, text && JSON.parse(text));
  }

  hearOfHome(room: string, home: HomeRecord | null): void {
    if (this.#watched.has(room) && home?.instance !== this.self.instance) this.emit('home-changed', room, home);
  }

  /** JSON of what the handler returned. */
  async answer(text: string, from: string): Promise<string> {
    this.#counters.requestsServed++;
    try {
      const record = this.#table.get(from);
      if (!record || !this.#handler) throw new ClusterError('unavailable', 'this node does not serve yet');
      const value = await this.#handler(ClusterMessage.parse(JSON.parse(text)), record);
      return sized(value ?? null, MAX_MESSAGE_BYTES, 'a message between nodes');
    } catch (error) {
      const { code, message } = described(error);
      throw new ClusterError('refused', message, { remoteCode: code });
    }
  }

  #publish(room: string): void {
    if (!this.#available) return;
    const text = this.#said.get(room) ?? null;
    const said = this.#memory.rooms.get(room) ?? new Map<string, string>();
    if (text === null) said.delete(this.self.id);
    else said.set(this.self.id, text);
    if (said.size > 0) this.#memory.rooms.set(room, said);
    else this.#memory.rooms.delete(room);
    for (const member of [...this.#memory.members.values()]) if (member !== this) member.hear(room, this.self.id, text);
  }

  #homeChanged(room: string, home: HomeRecord | null): void {
    for (const member of [...this.#memory.members.values()]) if (member !== this) member.hearOfHome(room, home);
  }

  #says(news: Partial<NodeState>): void {
    Object.assign(this.state, news);
    this.state.sequence++;
    if (this.#available) this.#memory.changed();
  }

  #reach(): void {
    if (this.#closed) throw new ClusterError('closed', 'this node has left the cluster');
    if (this.#available) return;
    throw new ClusterError('unavailable', 'the memory of the cluster is out of reach', { retryAfterSeconds: 2 });
  }
}

function sized(value: unknown, most: number, what: string): string {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > most) throw new ClusterError('too-large', `${what} has ${most} bytes at most`);
  return text;
}

async function within<T>(answer: Promise<T>, timeoutMs: number, node: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new ClusterError('timeout', `node ${node} did not answer within ${timeoutMs} ms`);
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
