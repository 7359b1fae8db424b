/** In a move, people open their paths one after the other, this long apart, all within this, ms: a mesh is small. */
const OPEN_EVERY_MS = 250;
const OPEN_WITHIN_MS = 1_250;

/** When it is our turn in a move, ms from its beginning: everybody's order is the same. `random`: 0..1. */
export function openingTurn(own: string, others: readonly string[], random: () => number): number {
  const turn = others.filter((id) => id < own).length * OPEN_EVERY_MS;
  return turn <= OPEN_WITHIN_MS ? turn : random() * OPEN_WITHIN_MS;
}
