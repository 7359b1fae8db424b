import { expect, test } from 'vitest';
import { openingTurn } from './opening-turn.js';

test('everybody in a mesh has a turn of their own, in the same order for all', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const turns = ids.map((own) =>
    openingTurn(
      own,
      ids.filter((id) => id !== own),
      () => 0.5,
    ),
  );
  expect(turns).toEqual([0, 250, 500, 750, 1_000, 1_250]);
});

test('nobody waits longer, however many there are', () => {
  const others = Array.from({ length: 30 }, (_, i) => `p${i}`);
  expect(openingTurn('z', others, () => 0.5)).toBe(625);
  expect(openingTurn('z', others, () => 1)).toBe(1_250);
});
