/**
 * A broadcast at its home: places its viewers, and keeps the tree by which the other nodes get it. What the tree comes to
 * is told to each node that it concerns, until that node has taken it.
 */
import type { Cluster, NodeRecord } from '../cluster/cluster.js';
import type { Placement } from '../cluster/placement/placement.js';
import { DEFAULT_CHILDREN } from '../cluster/schema.js';
import type { TreeFacts } from '../cluster/tree/parent.js';
import { Tree, type TreeMove } from '../cluster/tree/tree.js';
import type { Room } from '../rooms/room.js';
import { ASSIGN, type Assignment, type PlaceReply, Presence } from './messages.js';
import { type Bearer, Tickets } from './tickets.js';

const TICK_MS = 1000;
/** A node that could not pull from another isn't put under it for so long. */
const FAILED_PAIR_MS = 30_000;
/** A viewer, until it is known what they get: one voice and one picture of middling size. */
const VIEWER_BPS = 800_000;
const VIEWER_STREAMS = 2;
const RETRY_SECONDS = 2;
const DISMISS_MS = 1500;

export interface HomeOptions {
  room: Room;
  cluster: Cluster;
  placement: Placement;
  /** Another node has said something of itself. */
  onHeard?: (node: string) => void;
  lingerMs?: number;
}

export class BroadcastHome {
  readonly room: Room;
  readonly #cluster: Cluster;
  readonly #placement: Placement;
  readonly #onHeard: (node: string) => void;
  readonly #tree: Tree;
  readonly #tickets = new Tickets();
  readonly #stopWatching: () => void;
  readonly #timer: NodeJS.Timeout;
  /** What each node was told and took, as JSON; who is being told. */
  readonly #told = new Map<string, string>();
  readonly #telling = new Set<string>();
  readonly #presence = new Map<string, Presence>();
  readonly #failedPairs = new Map<string, number>();
  #closed = false;

  constructor({ room, cluster, placement, onHeard = () => {}, lingerMs }: HomeOptions) {
    this.room = room;
    this.#cluster = cluster;
    this.#placement = placement;
    this.#onHeard = onHeard;
    this.#tree = new Tree(cluster.self.id, {
      facts: (node) => this.#facts(node),
      roundTripMs: (from, to) => this.#roundTripMs(from, to),
      lingerMs,
    });
    this.#stopWatching = cluster.watch(room.id, (node, data) => this.#heard(node, data));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.announce();
  }

  /** How others see it. */
  announce(): void {
    const { viewers, participants } = this.room;
    this.#tree.viewers(this.#cluster.self.id, viewers.size, performance.now());
    const presence: Presence = {
      ...{ role: 'home', viewers: viewers.size, publishers: participants.size },
      ...{ parent: null, depth: 0, rttMs: null },
    };
    this.#cluster.announce(this.room.id, presence);
  }

  /** Other nodes that have it. */
  get carriers(): string[] {
    return this.#tree.nodes().flatMap(({ id }) => (id === this.#tree.root ? [] : [id]));
  }

  /** A node that was the home has no publishers any more. */
  isFree(node: string): boolean {
    const presence = this.#presence.get(node);
    return presence === undefined ? !this.#cluster.node(node) : presence.role === 'edge' && presence.publishers === 0;
  }

  /** For a viewer who asked `asker`. */
  place(asker: NodeRecord, except: readonly string[]): PlaceReply {
    const nodes = this.#cluster.nodes();
    const now = performance.now();
    const demand = {
      ...{ kind: 'broadcast' as const, role: 'viewer' as const, region: asker.region },
      ...{ bitrateBps: this.#viewerBps(nodes), streams: VIEWER_STREAMS },
      roomStreams: [...this.room.participants.values()].reduce((sum, { tracks }) => sum + tracks.length, 0),
      carriers: new Set(this.#tree.nodes().map(({ id }) => id)),
      except: new Set(except),
    };
    const placed = this.#placement.place(demand, nodes, now);
    const node = nodes.find(({ id }) => id === placed.node);
    if (!node) {
      const { retryAfterSeconds, reason } = placed;
      const text = reason === 'none' ? 'no node takes viewers at the moment' : 'all nodes are full';
      return { node: null, retryAfterSeconds: retryAfterSeconds ?? RETRY_SECONDS, reason: text };
    }
    return { node: node.id, url: node.url, ticket: this.#tickets.issue(node.id, { role: 'viewer' }, now) };
  }

  /** For a publisher, who has to come here. */
  placePublisher(name: string | undefined): PlaceReply {
    const { id, url } = this.#cluster.self;
    const bearer: Bearer = { role: 'publisher', ...(name !== undefined && { name }) };
    return { node: id, url, ticket: this.#tickets.issue(id, bearer, performance.now()) };
  }

  redeem(ticket: string, node: string): Bearer | null {
    return this.#tickets.redeem(ticket, node, performance.now());
  }

  /** The node asks for a place in the tree. Null: there is none. */
  attach(node: string, viewers: number, parent: string | null, failed?: string): Assignment | null {
    const now = performance.now();
    const tree = this.#tree;
    const moves: TreeMove[] = [];
    if (failed !== undefined && tree.get(node)?.parent === failed) {
      this.#failedPairs.set(`${failed}>${node}`, now + FAILED_PAIR_MS);
      moves.push(...tree.died(node, now));
    }
    if (!tree.has(node)) {
      if (parent !== null && parent !== failed && this.#cluster.node(parent)) {
        // As it was before the home was another: who is above it will come, too.
        if (!tree.has(parent)) moves.push(...tree.attach(parent, now));
        tree.restore(node, parent, viewers, now);
      }
      moves.push(...tree.attach(node, now));
    }
    tree.viewers(node, viewers, now);
    const assignment = this.#assignments().get(node) ?? null;
    if (assignment) this.#told.set(node, JSON.stringify(assignment));
    this.#carryOut(moves);
    return assignment;
  }

  nodeDown(node: string): void {
    const now = performance.now();
    this.#presence.delete(node);
    this.#told.delete(node);
    this.#carryOut(this.#tree.died(node, now));
  }

  nodeChanged({ id, draining }: NodeRecord): void {
    if (draining) this.#carryOut(this.#tree.drain(id, performance.now()));
  }

  /**
   * The broadcast is over: the others leave it, and have heard so when this resolves, unless they can't be reached.
   * `former`: the home before, which may not have been given a place yet.
   */
  async end(former: string | null): Promise<void> {
    const nodes = new Set([...this.carriers, ...(former === null ? [] : [former])]);
    this.close();
    await Promise.all([...nodes].map((id) => this.#dismiss(id, true)));
  }

  /** Here it is no longer the home. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stopWatching();
    this.#cluster.announce(this.room.id, null);
  }

  #heard(node: string, data: unknown): void {
    if (this.#closed) return;
    if (data === null) {
      this.#presence.delete(node);
      this.#onHeard(node);
      return;
    }
    const result = Presence.safeParse(data);
    if (!result.success) return;
    this.#presence.set(node, result.data);
    const { role, viewers, publishers } = result.data;
    this.#tree.viewers(node, role === 'edge' ? viewers + publishers : viewers, performance.now());
    this.#onHeard(node);
  }

  #tick(): void {
    // Nobody can be told, and what is known of the others is old.
    if (!this.#cluster.available || this.#closed) return;
    const now = performance.now();
    this.#carryOut([...this.#tree.settle(now), ...this.#tree.shrink(now)]);
  }

  /** Whoever left the tree is told so; then all whose place is another than they were told. */
  #carryOut(moves: readonly TreeMove[]): void {
    if (this.#closed) return;
    for (const { node, parent } of moves) if (parent === null && !this.#tree.has(node)) void this.#dismiss(node, false);
    for (const [node, assignment] of this.#assignments()) this.#tell(node, assignment);
  }

  /** A grandparent is the backup: it doesn't depend on the parent, and is nearer to the root. */
  #assignments(): Map<string, Assignment> {
    const assignments = new Map<string, Assignment>();
    for (const { id, parent, depth } of this.#tree.nodes()) {
      if (parent === null) continue;
      assignments.set(id, { parent, backup: this.#tree.get(parent)?.parent ?? null, depth });
    }
    return assignments;
  }

  #tell(node: string, assignment: Assignment): void {
    const text = JSON.stringify(assignment);
    if (this.#told.get(node) === text || this.#telling.has(node)) return;
    this.#telling.add(node);
    this.#cluster.request(node, { type: ASSIGN, room: this.room.id, assignment, over: false }).then(
      () => {
        this.#telling.delete(node);
        this.#told.set(node, text);
        // It may be another meanwhile.
        const now = this.#assignments().get(node);
        if (now && !this.#closed) this.#tell(node, now);
      },
      // At the next tick again, if it is still there.
      () => this.#telling.delete(node),
    );
  }

  async #dismiss(node: string, over: boolean): Promise<void> {
    this.#told.delete(node);
    if (node === this.#cluster.self.id) return;
    const assignment: Assignment = { parent: null, backup: null, depth: 0 };
    const message = { type: ASSIGN, room: this.room.id, assignment, over };
    await this.#cluster.request(node, message, DISMISS_MS).catch(() => {});
  }

  #facts(id: string): TreeFacts | null {
    const node = this.#cluster.node(id);
    if (!node || (node.isolated !== null && !node.self)) return null;
    const { limits, load, draining, region } = node;
    const share = limits.viewers > 0 ? (load?.viewers ?? 0) / limits.viewers : 0;
    // The root drains last: without it there is nothing.
    const leaves = draining && id !== this.#tree?.root;
    return {
      fanOut: limits.children ?? DEFAULT_CHILDREN,
      load: Math.max(load?.cpu ?? 0, share),
      draining: leaves,
      region,
    };
  }

  #roundTripMs(from: string, to: string): number | null {
    const failedUntil = this.#failedPairs.get(`${from}>${to}`);
    if (failedUntil !== undefined) {
      if (failedUntil > performance.now()) return 10_000;
      this.#failedPairs.delete(`${from}>${to}`);
    }
    const presence = this.#presence.get(to);
    return presence?.parent === from ? presence.rttMs : null;
  }

  /** What those who watch get on average. */
  #viewerBps(nodes: readonly NodeRecord[]): number {
    let viewers = 0;
    let bps = 0;
    for (const { load } of nodes) {
      if (!load || load.participants > load.viewers) continue;
      viewers += load.viewers;
      bps += load.sendBps;
    }
    return viewers >= 3 && bps > 0 ? Math.min(20e6, bps / viewers) : VIEWER_BPS;
  }
}
