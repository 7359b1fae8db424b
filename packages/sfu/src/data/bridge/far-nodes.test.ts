import { expect, test } from 'vitest';
import { FarNodes } from './far-nodes.js';

class Way {
  closed = false;

  constructor(
    readonly node: string,
    readonly name: string,
  ) {}

  close(): void {
    this.closed = true;
  }
}

const names = (ways: readonly Way[]) => ways.map(({ name }) => name);

function nodes() {
  const far = new FarNodes<Way>();
  const [a1, a2, b] = [new Way('a', 'a1'), new Way('a', 'a2'), new Way('b', 'b')];
  for (const way of [a1, b, a2]) far.join(way);
  return { far, a1, a2, b };
}

test('all goes by the bridge that was there first, also for those whom another told of earlier', () => {
  const { far, a1, a2 } = nodes();
  far.told('ann', a2);
  far.told('ann', a1);
  expect(names(far.wayTo('ann'))).toEqual(['a1']);
  expect(names(far.ways())).toEqual(['a1', 'b']);
  expect(names([...far.bridges()])).toEqual(['a1', 'a2', 'b']);
  far.forget('ann', a1);
  far.leave(a1);
  expect(names(far.wayTo('ann'))).toEqual(['a2']);
  expect(names(far.ways())).toEqual(['a2', 'b']);
  far.forget('ann', a2);
  expect(far.wayTo('ann')).toEqual([]);
});

test('who is told of by two nodes is on the first until they are gone from there', () => {
  const { far, a1, a2, b } = nodes();
  far.told('ann', a1);
  far.told('ann', b);
  far.told('ann', a2);
  expect([far.isBehind(a2, 'ann'), far.isBehind(b, 'ann')]).toEqual([true, false]);
  far.forget('ann', a1);
  expect([far.isBehind(a1, 'ann'), far.isBehind(b, 'ann')]).toEqual([true, false]);
  far.forget('ann', a2);
  expect([far.isBehind(a1, 'ann'), far.isBehind(b, 'ann')]).toEqual([false, true]);
  expect(names(far.wayTo('ann'))).toEqual(['b']);
});

test('a node that is heard by another bridge than before has given that one up', () => {
  const { far, a1, a2, b } = nodes();
  for (const way of [a2, b, a2]) far.heard(way);
  expect([a1.closed, a2.closed, b.closed]).toEqual([false, false, false]);
  far.heard(a1);
  expect([a1.closed, a2.closed, b.closed]).toEqual([false, true, false]);
  far.leave(a1);
  far.heard(a2);
  expect(a1.closed).toBe(false);
});
