import type { ClusterRoom } from '@efir/protocol';
import { expect, test } from 'vitest';
import { drawLinks } from './link-path.js';
import { CARD, layOut, type MapLayout } from './map-layout.js';

const broadcast = (...tree: [string, string | null, number][]): ClusterRoom => ({
  ...{ id: 'demo', kind: 'broadcast', home: 'a', publishers: 1 },
  nodes: tree.map(([node, parent, depth]) => ({ node, parent, depth, viewers: 1, participants: 0 })),
});
const tree = broadcast(['a', null, 0], ['b', 'a', 1], ['c', 'a', 1], ['d', 'c', 2]);
const link = (from: string, to: string) => ({ key: from + to, from, to, labelWidth: 90 });
const links = [link('a', 'b'), link('a', 'c'), link('c', 'd'), link('b', 'c'), link('c', 'b')];
const nodes = ['a', 'b', 'c', 'd', 'idle'];

function overlap({ nodes }: MapLayout): boolean {
  return nodes.some((a, i) =>
    nodes.some((b, j) => i < j && a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < CARD.height),
  );
}
const inside = (layout: MapLayout) =>
  layout.nodes.every(({ x, y, width }) => x >= 0 && x + width <= layout.width && y + CARD.height <= layout.height);

test('a tree is drawn in layers, children below their parents, nodes without a part last', () => {
  const layout = layOut({ width: 1_000, nodes, links, rooms: [tree] });
  const y = Object.fromEntries(layout.nodes.map((node) => [node.id, node.y]));
  expect(y.a).toBeLessThan(y.b as number);
  expect(y.b).toBe(y.c);
  expect(y.c).toBeLessThan(y.d as number);
  expect(y.d).toBeLessThan(y.idle as number);
  expect(overlap(layout)).toBe(false);
  expect(inside(layout)).toBe(true);
});

test('at the width of a phone it is an outline, each child below its parent and further in', () => {
  const layout = layOut({ width: 328, nodes, links, rooms: [tree] });
  expect(layout.outline).toBe(true);
  expect(layout.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'idle']);
  const x = Object.fromEntries(layout.nodes.map((node) => [node.id, node.x]));
  expect(x.d).toBeGreaterThan(x.c as number);
  expect(overlap(layout)).toBe(false);
  expect(inside(layout)).toBe(true);
});

test('a hundred nodes in one layer wrap and stay apart, at any width', () => {
  const many = Array.from({ length: 100 }, (_, i) => `n${i}`);
  for (const width of [0, 200, 328, 700, 1_200, 2_500]) {
    const layout = layOut({ width, nodes: many, links: [], rooms: [] });
    expect(layout.nodes).toHaveLength(100);
    expect(overlap(layout)).toBe(false);
  }
});

test('rounds among parents end, nodes that nobody knows are not drawn', () => {
  const round = broadcast(['a', 'b', 1], ['b', 'a', 1]);
  for (const width of [328, 1_000]) {
    const layout = layOut({ width, nodes: ['a', 'b'], links: [], rooms: [round] });
    expect(layout.nodes).toHaveLength(2);
    const drawn = drawLinks(layout, [link('a', 'b'), link('b', 'a'), link('a', 'x'), link('a', 'a')]);
    expect(drawn.map(({ key }) => key).sort()).toEqual(['ab', 'ba']);
    expect(drawn[0]?.path).not.toBe(drawn[1]?.path);
    for (const { path } of drawn) expect(path).not.toMatch(/NaN|undefined/);
  }
});

test('no text of a link covers another one', () => {
  for (const width of [328, 1_000]) {
    const layout = layOut({ width, nodes, links, rooms: [tree] });
    const labels = drawLinks(layout, links).map(({ label }) => label);
    for (const [i, a] of labels.entries()) {
      for (const b of labels.slice(i + 1)) expect(Math.abs(a.y - b.y) >= 24 || Math.abs(a.x - b.x) >= 94).toBe(true);
    }
  }
});

test('a call among the nodes of a broadcast does not change its tree', () => {
  const call: ClusterRoom = { ...broadcast(['b', null, 0], ['d', null, 0]), id: 'call', kind: 'call', home: 'b' };
  const request = { width: 1_000, nodes, links };
  expect(layOut({ ...request, rooms: [call, tree] })).toEqual(layOut({ ...request, rooms: [tree] }));
});
