import { seededRandom } from '@efir/rtc';
import { expect, test } from 'vitest';
import type { TreeFacts } from './parent.js';
import { Tree, type TreeMove, type TreeSettings } from './tree.js';

const plain = (fanOut = 4): TreeFacts => ({ fanOut, load: 0.1, draining: false, region: null });

function settings(facts: (node: string) => TreeFacts | null = () => plain(), more = {}): TreeSettings {
  return { facts, roundTripMs: () => null, ...more };
}

function tree(edges: [string, string][], more?: TreeSettings): Tree {
  const made = new Tree('root', more ?? settings());
  for (const [node, parent] of edges) expect(made.restore(node, parent, 1, 0)).toBe(true);
  return made;
}

/** Parents before and after: what a move does. */
const moved = (moves: TreeMove[]): string[] => moves.map(({ node, from, parent }) => `${node}: ${from} -> ${parent}`);

test('the first nodes hang on the root, until its fan-out is used', () => {
  const made = new Tree('root', settings());
  for (const id of ['a', 'b', 'c', 'd', 'e']) made.attach(id, 0);
  expect(made.get('root')?.children).toEqual(['a', 'b', 'c', 'd']);
  expect(made.get('e')).toMatchObject({ depth: 2 });
  expect(made.attach('e', 0)).toEqual([]);
});

test('a busy parent is passed over for one that is a hop further', () => {
  const facts = (node: string): TreeFacts => ({ ...plain(), load: node === 'root' ? 0.95 : 0.1 });
  const made = tree([['a', 'root']], settings(facts));
  expect(moved(made.attach('b', 0))).toEqual(['b: null -> a']);
});

test('the round trip counts, measured or by region', () => {
  const regions: Record<string, string> = { root: 'east', a: 'west', b: 'west', c: 'east' };
  const facts = (node: string): TreeFacts => ({ ...plain(), region: regions[node] ?? null });
  const made = tree([['a', 'root']], settings(facts));
  expect(moved(made.attach('b', 0))).toEqual(['b: null -> a']);
  expect(moved(made.attach('c', 0))).toEqual(['c: null -> root']);
  const measured = settings(facts, { roundTripMs: (from: string) => (from === 'root' ? 5 : 300) });
  expect(moved(tree([['a', 'root']], measured).attach('b', 0))).toEqual(['b: null -> root']);
});

test('a node too far away, or unknown, or draining, is no parent', () => {
  const gone = settings((node) => (node === 'root' ? plain(1) : node === 'b' ? null : { ...plain(), draining: true }));
  const made = tree(
    [
      ['a', 'root'],
      ['b', 'a'],
    ],
    gone,
  );
  expect(made.attach('c', 0)).toEqual([]);
  expect(made.waiting).toEqual(['c']);
});

test('no node is deeper than four hops; who finds no place waits for one', () => {
  const made = new Tree(
    'root',
    settings(() => plain(1)),
  );
  for (const id of ['a', 'b', 'c', 'd', 'e']) made.attach(id, 0);
  expect(made.get('d')?.depth).toBe(4);
  expect(made.waiting).toEqual(['e']);
  // There is no use for d any more.
  expect(made.shrink(20_000).map(({ node }) => node)).toEqual(['d']);
  expect(moved(made.settle(20_000))).toEqual(['e: null -> c']);
});

test('when a node dies those under it go elsewhere, with all that is under them', () => {
  const made = tree([
    ['a', 'root'],
    ['b', 'root'],
    ['a1', 'a'],
    ['a2', 'a'],
    ['a11', 'a1'],
  ]);
  const moves = made.died('a', 0);
  expect(moves.map(({ node }) => node).sort()).toEqual(['a1', 'a2']);
  expect(moves.every(({ reason, from }) => reason === 'parent-died' && from === 'a')).toBe(true);
  expect(made.get('a11')).toMatchObject({ parent: 'a1', depth: 2 });
});

test('a failure may overfill those that are left; they are relieved when there is a place', () => {
  let leaves = 0;
  const facts = (node: string): TreeFacts => plain(node.length === 2 ? leaves : 2);
  const made = tree([], settings(facts, { maxDepth: 2 }));
  for (const id of ['a', 'b']) made.restore(id, 'root', 1, 0);
  for (const id of ['a1', 'a2', 'b1', 'b2']) made.restore(id, id[0], 1, 0);
  made.died('a', 0);
  expect(made.waiting).toEqual([]);
  expect(made.get('root')?.children).toEqual(['b', 'a1', 'a2']);
  expect(made.settle(0)).toEqual([]);
  leaves = 2;
  expect(moved(made.settle(0))).toEqual(['a1: root -> a2']);
});

test('draining moves what hangs on the node and leaves the node its place', () => {
  const draining = new Set<string>();
  const made = tree(
    [
      ['a', 'root'],
      ['b', 'root'],
      ['a1', 'a'],
      ['a2', 'a'],
    ],
    settings((node) => ({ ...plain(), draining: draining.has(node) })),
  );
  draining.add('a');
  const moves = made.drain('a', 0);
  expect(moves.map(({ node, from, reason }) => [node, from, reason])).toEqual([
    ['a1', 'a', 'parent-drains'],
    ['a2', 'a', 'parent-drains'],
  ]);
  expect(made.get('a')).toMatchObject({ parent: 'root', children: [] });
});

test('a draining root keeps one child, who feeds the others', () => {
  const facts = (node: string): TreeFacts => ({ ...plain(), draining: node === 'root' });
  const made = tree(
    [
      ['a', 'root'],
      ['b', 'root'],
      ['c', 'root'],
    ],
    settings(facts),
  );
  made.drain('root', 0);
  expect(made.get('root')?.children).toHaveLength(1);
  expect(made.size).toBe(4);
});

test('a leaf that nobody watches on goes after a while, and with it what it alone was for', () => {
  const made = tree([
    ['a', 'root'],
    ['a1', 'a'],
  ]);
  made.viewers('a', 0, 1000);
  made.viewers('a1', 0, 2000);
  expect(made.shrink(11_999)).toEqual([]);
  expect(made.shrink(12_000)).toEqual([{ node: 'a1', parent: null, from: 'a', reason: 'unused' }]);
  expect(made.shrink(22_000)).toEqual([{ node: 'a', parent: null, from: 'root', reason: 'unused' }]);
  expect(made.size).toBe(1);
});

test('a viewer who comes back in time keeps the leaf', () => {
  const made = tree([['a', 'root']]);
  made.viewers('a', 0, 1000);
  made.viewers('a', 1, 9000);
  expect(made.shrink(60_000)).toEqual([]);
});

test('the root moves with the publishers; what hung on the new one stays on it', () => {
  const made = tree([
    ['a', 'root'],
    ['b', 'root'],
    ['a1', 'a'],
  ]);
  const moves = made.reroot('a', 0);
  expect(moved(moves)[0]).toBe('a: root -> null');
  expect(made.get('a1')).toMatchObject({ parent: 'a', depth: 1 });
  expect(made.get('root')?.parent).toBe('a');
});

test('a dead root is replaced, also by a node that was not in the tree', () => {
  for (const next of ['a', 'new']) {
    const made = tree([
      ['a', 'root'],
      ['b', 'root'],
      ['b1', 'b'],
    ]);
    made.reroot(next, 0, { dead: true });
    expect(made.has('root')).toBe(false);
    expect(made.root).toBe(next);
    expect(made.nodes().every(({ id, parent }) => id === next || parent !== null)).toBe(true);
    expect(made.get('b1')?.parent).toBe('b');
  }
});

test('a tree is taken up again from what its nodes say', () => {
  const made = tree([
    ['a', 'root'],
    ['b', 'a'],
  ]);
  expect(made.restore('c', 'unknown', 3, 0)).toBe(false);
  expect(made.restore('a', 'b', 3, 0)).toBe(false);
  expect(made.get('b')).toMatchObject({ parent: 'a', viewers: 1 });
});

for (const [name, fanOut, most] of [
  ['wide', 8, 60],
  ['narrow', 2, 25],
] as const) {
  test(`whatever happens to a ${name} tree, it stays one`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const draining = new Set<string>();
      const dead = new Set<string>();
      const facts = (node: string): TreeFacts | null =>
        dead.has(node) ? null : { fanOut, load: (node.length % 7) / 10, draining: draining.has(node), region: null };
      const made = new Tree('n0', settings(facts, { lingerMs: 50 }));
      const wanted = new Set<string>();
      let count = 1;
      for (let step = 0; step < 1000; step++) {
        const known = [...new Set([...made.nodes().map(({ id }) => id), ...made.waiting])];
        const any = known[Math.floor(random() * known.length)];
        const before = new Map(made.nodes().map((node) => [node.id, node]));
        const what = random();
        let moves: TreeMove[] = [];
        let bound = Number.POSITIVE_INFINITY;
        if (what < 0.4 && known.length < most) {
          const id = `n${count++}`;
          moves = made.attach(id, step);
          made.viewers(id, 1, step);
          wanted.add(id);
          bound = 1;
        } else if (what < 0.55 && any !== made.root) {
          dead.add(any);
          wanted.delete(any);
          const children = before.get(any)?.children.length ?? 0;
          moves = made.died(any, step);
          // Of wide trees no subtree has to be split.
          if (fanOut === 8) bound = children;
        } else if (what < 0.6) {
          const next = known[Math.floor(random() * known.length)];
          if (next !== made.root) {
            dead.add(made.root);
            wanted.delete(made.root);
            moves = made.reroot(next, step, { dead: true });
          }
        } else if (what < 0.65) {
          draining.add(any);
          moves = made.drain(any, step);
          bound = before.get(any)?.children.length ?? 0;
        } else if (what < 0.7) draining.delete(any);
        else if (what < 0.85) {
          const here = random() < 0.5;
          made.viewers(any, here ? 1 : 0, step);
          if (here) wanted.add(any);
          else wanted.delete(any);
        } else if (what < 0.95) moves = made.shrink(step);
        else moves = made.settle(step);
        holds(moves.length <= bound, `seed ${seed}, step ${step}: ${moves.length} moves`);
        check(made, wanted, dead, `seed ${seed}, step ${step}`);
        replay(before, moves, made, dead);
      }
    }
  });
}

/** `expect` is too slow for a million checks. */
function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function check(made: Tree, wanted: Set<string>, dead: Set<string>, where: string): void {
  const nodes = new Map(made.nodes().map((node) => [node.id, node]));
  for (const [id, { parent, depth, children }] of nodes) {
    holds(!dead.has(id), `${where}: ${id} is dead`);
    holds(depth <= 4, `${where}: ${id} is ${depth} deep`);
    if (parent === null) holds(id === made.root, `${where}: ${id} has no parent`);
    else {
      holds(nodes.get(parent)?.depth === depth - 1, `${where}: ${id} is not one below its parent`);
      holds(nodes.get(parent)?.children.includes(id) === true, `${where}: ${parent} does not know ${id}`);
    }
    for (const child of children) holds(nodes.get(child)?.parent === id, `${where}: ${child} is not under ${id}`);
  }
  for (const id of wanted) holds(nodes.has(id) || made.waiting.includes(id), `${where}: ${id} is forgotten`);
}

/** The moves alone lead from the tree before to the one after: whoever carries them out has the same tree. */
function replay(
  before: Map<string, { parent: string | null }>,
  moves: TreeMove[],
  made: Tree,
  dead: Set<string>,
): void {
  const parents = new Map([...before].filter(([id]) => !dead.has(id)).map(([id, { parent }]) => [id, parent]));
  for (const { node, parent, reason } of moves) {
    if (parent === null && reason !== 'root-moved') parents.delete(node);
    else parents.set(node, parent);
  }
  // A root that was in no tree before has no move: it pulls from nobody.
  if (!parents.has(made.root)) parents.set(made.root, null);
  const after = made.nodes();
  holds(after.length === parents.size, 'the moves lead to other nodes');
  for (const { id, parent } of after) holds(parents.get(id) === parent, `the moves leave ${id} elsewhere`);
}
