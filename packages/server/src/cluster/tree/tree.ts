/**
 * How one room is carried from its root to all nodes that have viewers. Every event returns the moves that it needs; the
 * tree is then already as it will be. Nothing is nearer to the root than its parent, nothing deeper than `maxDepth`, and
 * subtrees move as a whole unless their depth forbids it. No clock but what is handed in.
 */
import { MAX_DEPTH, parentCost, type TreeOptions } from './parent.js';

export interface TreeMove {
  node: string;
  /** Whom it pulls from now; null: from nobody. */
  parent: string | null;
  /** Whom it pulled from; null: nobody. It should be left only when the new one gives media, if it is there still. */
  from: string | null;
  reason: 'joined' | 'parent-died' | 'parent-drains' | 'root-moved' | 'crowded' | 'unused' | 'no-place';
}

export interface TreeNodeView {
  id: string;
  parent: string | null;
  depth: number;
  viewers: number;
  children: readonly string[];
}

interface Node {
  id: string;
  parent: Node | null;
  depth: number;
  viewers: number;
  children: Set<Node>;
  /** Since when it has neither viewers nor children, ms; null: it has. */
  idleSinceMs: number | null;
}

/** A node nobody watches on any more keeps the room for that long. */
const LINGER_MS = 10_000;

export type TreeSettings = Omit<TreeOptions, 'maxDepth'> & { maxDepth?: number; lingerMs?: number };

export class Tree {
  readonly #options: TreeOptions;
  readonly #lingerMs: number;
  readonly #nodes = new Map<string, Node>();
  /** Nodes with viewers that have no parent, as there was no place. */
  readonly #waiting = new Map<string, number>();
  #root: Node;

  constructor(root: string, { maxDepth = MAX_DEPTH, lingerMs = LINGER_MS, ...options }: TreeSettings) {
    this.#options = { maxDepth, ...options };
    this.#lingerMs = lingerMs;
    this.#root = newNode(root, null, 0);
    this.#nodes.set(root, this.#root);
  }

  get root(): string {
    return this.#root.id;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Nodes that should be in the tree and found no place. */
  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  has(node: string): boolean {
    return this.#nodes.has(node);
  }

  get(node: string): TreeNodeView | null {
    const found = this.#nodes.get(node);
    return found ? view(found) : null;
  }

  nodes(): TreeNodeView[] {
    return [...this.#nodes.values()].map(view);
  }

  /** The node is to carry the room, for viewers or for publishers' sake. No moves: it does already, or waits for a place. */
  attach(id: string, now: number): TreeMove[] {
    if (this.#nodes.has(id)) return [];
    const parent = this.#parentFor(id, 0, null);
    if (!parent) {
      this.#waiting.set(id, this.#waiting.get(id) ?? 0);
      return [];
    }
    const node = newNode(id, parent, parent.depth + 1);
    node.viewers = this.#waiting.get(id) ?? 0;
    node.idleSinceMs = node.viewers > 0 ? null : now;
    this.#waiting.delete(id);
    this.#adopt(parent, node);
    this.#nodes.set(id, node);
    return [{ node: id, parent: parent.id, from: null, reason: 'joined' }];
  }

  /** A link that is there already, as the nodes say after their home was lost. False: it can't be kept; `attach` it. */
  restore(id: string, parentId: string, viewers: number, now: number): boolean {
    const parent = this.#nodes.get(parentId);
    if (this.#nodes.has(id) || !parent || parent.depth >= this.#options.maxDepth) return false;
    const node = newNode(id, parent, parent.depth + 1);
    this.#adopt(parent, node);
    this.#nodes.set(id, node);
    this.viewers(id, viewers, now);
    return true;
  }

  /** How many watch on the node; a publisher counts as one. */
  viewers(id: string, viewers: number, now: number): void {
    if (this.#waiting.has(id)) this.#waiting.set(id, viewers);
    const node = this.#nodes.get(id);
    if (!node) return;
    node.viewers = viewers;
    this.#idle(node, now);
  }

  /** The node is gone, not the root: those under it go under others, each with all that is under it. */
  died(id: string, now: number): TreeMove[] {
    this.#waiting.delete(id);
    const node = this.#nodes.get(id);
    if (!node || node === this.#root) return [];
    this.#leave(node, now);
    this.#nodes.delete(id);
    return this.#rehome([...node.children], 'parent-died', now);
  }

  /** The publishers are at another node now, or the root is gone (`dead`). */
  reroot(id: string, now: number, { dead = false }: { dead?: boolean } = {}): TreeMove[] {
    if (id === this.#root.id) return [];
    const before = this.#root;
    const moves: TreeMove[] = [];
    let next = this.#nodes.get(id);
    if (next) {
      moves.push({ node: id, parent: null, from: next.parent?.id ?? null, reason: 'root-moved' });
      this.#leave(next, now);
    } else {
      next = newNode(id, null, 0);
      next.viewers = this.#waiting.get(id) ?? 0;
      this.#waiting.delete(id);
      this.#nodes.set(id, next);
    }
    next.parent = null;
    next.idleSinceMs = null;
    this.#root = next;
    setDepths(next, 0);
    if (dead) {
      this.#nodes.delete(before.id);
      return [...moves, ...this.#rehome([...before.children], 'root-moved', now)];
    }
    this.#idle(before, now);
    return [...moves, ...this.#rehome([before], 'root-moved', now)];
  }

  /** Moves what is under a draining node elsewhere. The node itself stays while it has viewers. */
  drain(id: string, now: number): TreeMove[] {
    const node = this.#nodes.get(id);
    return node ? this.#relieve([...node.children], 'parent-drains', now) : [];
  }

  /** What can be done better without haste: at most `most` moves. Also tries those who wait. */
  settle(now: number, most = 4): TreeMove[] {
    const moves: TreeMove[] = [];
    for (const id of [...this.#waiting.keys()]) moves.push(...this.attach(id, now));
    for (const node of this.#nodes.values()) {
      if (moves.length >= most) break;
      const facts = this.#options.facts(node.id);
      const over = node.children.size - (facts?.fanOut ?? 0);
      if (!facts || over <= 0) continue;
      const small = [...node.children].sort((a, b) => height(a) - height(b));
      moves.push(...this.#relieve(small, 'crowded', now, Math.min(over, most - moves.length)));
    }
    return moves;
  }

  /** Leaves that nobody watches on and that lingered long enough go. */
  shrink(now: number): TreeMove[] {
    const moves: TreeMove[] = [];
    const leaves = [...this.#nodes.values()].filter((node) => this.#unused(node, now));
    for (const leaf of leaves) {
      const parent = leaf.parent!;
      this.#leave(leaf, now);
      this.#nodes.delete(leaf.id);
      moves.push({ node: leaf.id, parent: null, from: parent.id, reason: 'unused' });
    }
    return moves;
  }

  #unused(node: Node, now: number): boolean {
    return node.parent !== null && node.idleSinceMs !== null && now - node.idleSinceMs >= this.#lingerMs;
  }

  /** Subtrees without a parent: tallest first, as they have the fewest places to go. */
  #rehome(subtrees: Node[], reason: TreeMove['reason'], now: number): TreeMove[] {
    const moves: TreeMove[] = [];
    const queue = subtrees.map((node) => ({ node, from: node.parent?.id ?? null }));
    for (const { node } of queue) node.parent = null;
    queue.sort((a, b) => height(b.node) - height(a.node) || b.node.viewers - a.node.viewers);
    while (queue.length > 0) {
      const { node, from } = queue.shift()!;
      const tall = height(node);
      const parent = this.#parentFor(node.id, tall, node) ?? this.#parentFor(node.id, tall, node, true);
      if (parent) {
        this.#adopt(parent, node);
        setDepths(node, parent.depth + 1);
        moves.push({ node: node.id, parent: parent.id, from, reason });
        continue;
      }
      // It fits nowhere as a whole: its children look for themselves, and so does it.
      for (const child of node.children) {
        child.parent = null;
        queue.push({ node: child, from: node.id });
      }
      if (node.children.size > 0) {
        node.children.clear();
        this.#idle(node, now);
        queue.unshift({ node, from });
        continue;
      }
      this.#nodes.delete(node.id);
      if (node.viewers > 0) this.#waiting.set(node.id, node.viewers);
      moves.push({ node: node.id, parent: null, from, reason: 'no-place' });
    }
    return moves;
  }

  /** Moves those that find another parent; the others stay where they are. */
  #relieve(subtrees: Node[], reason: TreeMove['reason'], now: number, most = subtrees.length): TreeMove[] {
    const moves: TreeMove[] = [];
    for (const node of subtrees) {
      if (moves.length >= most) break;
      const old = node.parent;
      if (!old) continue;
      const parent = this.#parentFor(node.id, height(node), node);
      if (!parent || parent === old) continue;
      this.#leave(node, now);
      this.#adopt(parent, node);
      setDepths(node, parent.depth + 1);
      moves.push({ node: node.id, parent: parent.id, from: old.id, reason });
    }
    return moves;
  }

  /** The best place for a subtree so tall; never inside of it. */
  #parentFor(id: string, tall: number, subtree: Node | null, pressed = false): Node | null {
    let best: Node | null = null;
    let least = Number.POSITIVE_INFINITY;
    const within = subtree ? family(subtree) : null;
    for (const candidate of this.#attached(within)) {
      if (candidate.depth + 1 + tall > this.#options.maxDepth || candidate.id === id) continue;
      const children = candidate.children.size - (subtree && candidate.children.has(subtree) ? 1 : 0);
      const cost = parentCost(id, { id: candidate.id, depth: candidate.depth, children }, this.#options, { pressed });
      if (cost < least) {
        least = cost;
        best = candidate;
      }
    }
    return best;
  }

  /** All that hang together with the root, without those of `within`. */
  *#attached(within: Set<Node> | null): Generator<Node> {
    const queue: Node[] = [this.#root];
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i];
      if (within?.has(node)) continue;
      yield node;
      for (const child of node.children) queue.push(child);
    }
  }

  #adopt(parent: Node, node: Node): void {
    parent.children.add(node);
    parent.idleSinceMs = null;
    node.parent = parent;
  }

  #leave(node: Node, now: number): void {
    const { parent } = node;
    if (!parent) return;
    parent.children.delete(node);
    this.#idle(parent, now);
  }

  #idle(node: Node, now: number): void {
    const used = node.viewers > 0 || node.children.size > 0 || node === this.#root;
    node.idleSinceMs = used ? null : (node.idleSinceMs ?? now);
  }
}

function newNode(id: string, parent: Node | null, depth: number): Node {
  return { id, parent, depth, viewers: 0, children: new Set(), idleSinceMs: null };
}

function view({ id, parent, depth, viewers, children }: Node): TreeNodeView {
  return { id, parent: parent?.id ?? null, depth, viewers, children: [...children].map((child) => child.id) };
}

/** Hops from the node to the deepest below it. */
function height(node: Node): number {
  let tallest = 0;
  for (const child of node.children) tallest = Math.max(tallest, 1 + height(child));
  return tallest;
}

function family(node: Node, all = new Set<Node>()): Set<Node> {
  all.add(node);
  for (const child of node.children) family(child, all);
  return all;
}

function setDepths(node: Node, depth: number): void {
  node.depth = depth;
  for (const child of node.children) setDepths(child, depth + 1);
}
