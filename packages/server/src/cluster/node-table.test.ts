import { expect, test } from 'vitest';
import { type MemberRow, NodeTable } from './node-table.js';
import { nodeInfo, nodeReport } from './testing/nodes.js';

const info = nodeInfo('a');
const row = (sequence: number, reports = sequence, more: Partial<MemberRow> = {}): MemberRow => ({
  ...{ id: 'a', instance: info.instance, info },
  state: { sequence, draining: false, reports, report: nodeReport({ viewers: reports }) },
  ...more,
});
const settled = { keepMissing: false, gone: new Map() };

test('a node whose report stays the same for ten seconds is isolated until it reports again', () => {
  const table = new NodeTable('self');
  table.update([row(1)], 0, settled);
  table.update([row(1)], 10_000, settled);
  expect(table.get('a')?.isolated).toBe(null);
  // Something else of it changed; the report did not.
  const { isolated } = table.update([row(2, 1)], 10_001, settled);
  expect(isolated).toEqual([]);
  expect(table.update([row(2, 1)], 10_002, settled).isolated.map(({ id }) => id)).toEqual(['a']);
  expect(table.get('a')?.isolated).toContain('not reported its load');
  table.update([row(3, 2)], 10_500, settled);
  expect(table.get('a')).toMatchObject({ isolated: null, load: { viewers: 2 } });
});

test('a node of another version of the protocol is seen and not used', () => {
  const table = new NodeTable('self');
  table.update([row(1, 1, { info: { ...info, protocol: 99 } })], 0, settled);
  expect(table.get('a')?.isolated).toBe("speaks version 99 of the cluster's protocol");
});

test('an older state than the one that is known counts as a replay', () => {
  const table = new NodeTable('self');
  table.update([row(5)], 0, settled);
  expect(table.update([row(4)], 1, settled).replays).toBe(1);
  expect(table.get('a')?.load?.viewers).toBe(5);
});

test('who is missing is down, but not while the memory has just come back, unless they said so', () => {
  const table = new NodeTable('self');
  table.update([row(1)], 0, settled);
  expect(table.update([], 1, { ...settled, keepMissing: true }).down).toEqual([]);
  const left = table.update([], 2, { keepMissing: true, gone: new Map([[info.instance, 'left' as const]]) });
  expect(left.down).toMatchObject([{ reason: 'left', node: { id: 'a' } }]);
});

test('another life of a node is another node', () => {
  const table = new NodeTable('self');
  table.update([row(9)], 0, settled);
  const next = nodeInfo('a');
  const changes = table.update([row(1, 1, { instance: next.instance, info: next })], 1, settled);
  expect(changes.down).toMatchObject([{ reason: 'lost', node: { instance: info.instance } }]);
  expect(changes.up).toMatchObject([{ instance: next.instance, load: { viewers: 1 } }]);
});

test('who never showed a right signature is as if not there', () => {
  const table = new NodeTable('self');
  expect(table.update([row(1, 1, { info: null })], 0, settled).up).toEqual([]);
  expect(table.update([row(1, 1, { id: 'b' })], 0, settled).up).toEqual([]);
});
