/**
 * Which producers take the place of which: the same source, by another transport, as its owner has gone over to another
 * node. Streams that are for an heir which isn't there yet show the one before.
 */
export class Successions {
  /** Heirs that aren't there yet, and whom they follow. */
  readonly #awaited = new Map<string, string>();
  /** Those that were followed, and by whom. */
  readonly #heirs = new Map<string, string>();

  expect(from: string, to: string): void {
    this.#awaited.set(to, from);
  }

  /** The heir is there. Whom it follows; null: nobody. */
  arrived(to: string): string | null {
    const from = this.#awaited.get(to);
    if (from === undefined) return null;
    this.#awaited.delete(to);
    this.#heirs.set(from, to);
    return from;
  }

  /** What is to be shown for this one now. */
  standsFor(id: string): string {
    return this.#awaited.get(id) ?? this.#heirs.get(id) ?? id;
  }

  /** Another is shown in its place. */
  hasLeft(id: string): boolean {
    return this.#heirs.has(id);
  }

  gone(id: string): void {
    for (const [from, to] of this.#heirs) if (to === id) this.#heirs.delete(from);
    for (const [to, from] of this.#awaited) if (from === id) this.#awaited.delete(to);
  }
}
