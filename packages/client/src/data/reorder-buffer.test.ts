import { expect, test } from 'vitest';
import { REORDER_TIMES, ReorderBuffer } from './reorder-buffer.js';

const buffer = (next: number | null = 1) => new ReorderBuffer<string>(next);

test('what comes in order goes out at once', () => {
  const order = buffer();
  expect(order.push(1, 'a', 0)).toEqual(['a']);
  expect(order.push(2, 'b', 0)).toEqual(['b']);
  expect(order.nextAt).toBe(Number.POSITIVE_INFINITY);
});

test('what comes too early waits for what is before it', () => {
  const order = buffer();
  expect(order.push(3, 'c', 0)).toEqual([]);
  expect(order.push(2, 'b', 0)).toEqual([]);
  expect(order.push(1, 'a', 0)).toEqual(['a', 'b', 'c']);
});

test('what comes twice goes out once', () => {
  const order = buffer();
  order.push(1, 'a', 0);
  expect(order.push(1, 'a', 0)).toEqual([]);
  order.push(3, 'c', 0);
  expect(order.push(3, 'c', 0)).toEqual([]);
  expect(order.push(2, 'b', 0)).toEqual(['b', 'c']);
});

test('who comes in the middle begins with what comes first', () => {
  const order = buffer(null);
  expect(order.push(57, 'x', 0)).toEqual(['x']);
  expect(order.push(56, 'w', 0)).toEqual([]);
  expect(order.push(58, 'y', 0)).toEqual(['y']);
});

test('a gap is asked about after a moment, again after a while, and passed over in the end', () => {
  const order = buffer();
  order.push(1, 'a', 0);
  order.push(4, 'd', 1_000);
  expect(order.ask(1_000 + REORDER_TIMES.patience - 1)).toBeNull();
  expect(order.ask(1_000 + REORDER_TIMES.patience)).toEqual({ from: 2, to: 3 });
  expect(order.ask(1_300)).toBeNull();
  expect(order.ask(1_250 + REORDER_TIMES.again)).toEqual({ from: 2, to: 3 });
  expect(order.expire(1_000 + REORDER_TIMES.giveUp - 1)).toEqual([]);
  expect(order.expire(1_000 + REORDER_TIMES.giveUp)).toEqual(['d']);
  expect(order.push(2, 'b', 9_000)).toEqual([]);
  expect(order.push(5, 'e', 9_000)).toEqual(['e']);
});

test('the last one that is lost is missed when its sender says how far it has got', () => {
  const order = buffer();
  order.push(1, 'a', 0);
  order.reached(3, 100);
  expect(order.ask(100 + REORDER_TIMES.patience)).toEqual({ from: 2, to: 3 });
  expect(order.push(2, 'b', 500)).toEqual(['b']);
  expect(order.push(3, 'c', 500)).toEqual(['c']);
  expect(order.nextAt).toBe(Number.POSITIVE_INFINITY);
});

test('what was sent before one came is not missed', () => {
  const order = buffer(null);
  order.reached(56, 0);
  expect(order.nextAt).toBe(Number.POSITIVE_INFINITY);
  expect(order.push(57, 'x', 0)).toEqual(['x']);
});

test('memory is bounded, whatever numbers come', () => {
  const order = buffer();
  for (let n = 2; n < 5_000; n++) order.push(n, 'x', 0);
  order.push(1_000_000_000, 'y', 0);
  order.reached(1_000_000_000, 0);
  expect(order.push(1, 'a', 0)).toHaveLength(257);
});
