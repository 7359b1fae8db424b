/**
 * Who is on which other node, and by which bridge one gets there. A node may be behind two bridges, one by the pipe of each
 * direction: all goes by the first that came up until that is gone, so that what somebody sends keeps its order. Who is told
 * of by two nodes is where they were first until they are gone from there.
 */

/** The part of a bridge that matters here. */
export interface FarWay {
  /** At its other end. */
  readonly node: string;
  /** Nothing comes or goes by it any more. */
  close(): void;
}

export class FarNodes<Way extends FarWay> {
  /** By node, the one in use first. */
  readonly #ways = new Map<string, Way[]>();
  /** By node, the one by which it spoke last. */
  readonly #heardBy = new Map<string, Way>();
  /** By address, those by which it was told of; the first one's node is where they are. */
  readonly #tellers = new Map<string, Way[]>();

  /** All there are. */
  *bridges(): Iterable<Way> {
    for (const ways of this.#ways.values()) yield* ways;
  }

  join(way: Way): void {
    const ways = this.#ways.get(way.node);
    if (ways) ways.push(way);
    else this.#ways.set(way.node, [way]);
  }

  /** Those told of by it are to be forgotten before. */
  leave(way: Way): void {
    const { node } = way;
    const ways = (this.#ways.get(node) ?? []).filter((other) => other !== way);
    if (ways.length > 0) this.#ways.set(node, ways);
    else this.#ways.delete(node);
    if (this.#heardBy.get(node) === way) this.#heardBy.delete(node);
  }

  told(address: string, way: Way): void {
    const tellers = this.#tellers.get(address);
    if (!tellers) this.#tellers.set(address, [way]);
    else if (!tellers.includes(way)) tellers.push(way);
  }

  forget(address: string, way: Way): void {
    const before = this.#tellers.get(address);
    if (!before?.includes(way)) return;
    const tellers = before.filter((other) => other !== way);
    // Another bridge to the same node knows them too: they stay there, whoever else claims them.
    const same = tellers.findIndex(({ node }) => node === before[0].node);
    if (same > 0) tellers.unshift(...tellers.splice(same, 1));
    if (tellers.length > 0) this.#tellers.set(address, tellers);
    else this.#tellers.delete(address);
  }

  /** One or none. */
  wayTo(address: string): Way[] {
    const [teller] = this.#tellers.get(address) ?? [];
    return teller ? (this.#ways.get(teller.node) ?? []).slice(0, 1) : [];
  }

  /** One to each node. */
  ways(): Way[] {
    return [...this.#ways.values()].map(([first]) => first);
  }

  /** Are they on the node at the other end of that bridge? */
  isBehind(way: Way, address: string): boolean {
    return this.#tellers.get(address)?.[0].node === way.node;
  }

  /** A message came by it. If that node used another one before, it has given that up, and what is left there is too late. */
  heard(way: Way): void {
    const before = this.#heardBy.get(way.node);
    if (before === way) return;
    this.#heardBy.set(way.node, way);
    before?.close();
  }
}
