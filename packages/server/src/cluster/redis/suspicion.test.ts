import { expect, test } from 'vitest';
import { Suspicion } from './suspicion.js';

/** `answers`: of each node, what its next pings come to; after those it is silent. */
function asked(answers: Record<string, boolean[]>) {
  const pinged: string[] = [];
  const evicted: string[] = [];
  const suspicion = new Suspicion({
    self: 'a',
    async ping(node) {
      pinged.push(node);
      return answers[node]?.shift() ?? false;
    },
    async evict(node, instance) {
      evicted.push(`${node} ${instance}`);
    },
  });
  return { suspicion, pinged, evicted };
}

test('a node that misses a ping and answers the next is there', async () => {
  const { suspicion, pinged, evicted } = asked({ b: [false, true] });
  expect(await suspicion.of('b', 'b1')).toBe(false);
  expect(pinged).toEqual(['b', 'b']);
  expect(evicted).toEqual([]);
});

test('a node that answers none of three is gone, if we are heard ourselves', async () => {
  const { suspicion, evicted } = asked({ a: [true] });
  expect(await suspicion.of('b', 'b1')).toBe(true);
  expect(evicted).toEqual(['b b1']);
});

test('who is not even answered by themselves takes nobody for gone', async () => {
  const { suspicion, evicted } = asked({});
  expect(await suspicion.of('b', 'b1')).toBe(false);
  expect(evicted).toEqual([]);
});

test('a hundred pipes that fall silent at once are one question', async () => {
  const { suspicion, pinged, evicted } = asked({ a: [true] });
  const told = await Promise.all(Array.from({ length: 100 }, () => suspicion.of('b', 'b1')));
  expect(new Set(told)).toEqual(new Set([true]));
  expect(pinged).toEqual(['b', 'b', 'b', 'a']);
  expect(evicted).toHaveLength(1);
});
