import type { ChatMessage, FileTransfer } from '@efir/client';
import { expect, test } from 'vitest';
import { timeline } from './timeline.js';

const message = (id: string, at: number): ChatMessage => ({ id, at, from: 'ann', name: 'Ann', text: id });
const transfer = (id: string, at: number, batch: string, direction: 'in' | 'out' = 'out') =>
  ({ id, at, batch, direction, peer: 'bob', peerName: 'Bob' }) as FileTransfer;

test('messages and files are one list by time', () => {
  const list = timeline([message('a', 10), message('b', 30)], [transfer('f', 20, 'x', 'in')]);
  expect(list.map(({ id }) => id)).toEqual(['a', 'f', 'b']);
  expect(list[1]).toMatchObject({ from: 'bob', name: 'Bob' });
});

test('what was written at the same moment stays in the order in which it came', () => {
  expect(timeline([message('a', 10), message('b', 10)], []).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a file that went to several is one entry', () => {
  const list = timeline([], [transfer('f1', 20, 'x'), transfer('f2', 21, 'x'), transfer('g', 22, 'y')]);
  expect(list.map((entry) => ('transfers' in entry ? entry.transfers.length : 0))).toEqual([2, 1]);
  expect(list[0]?.from).toBeNull();
});
