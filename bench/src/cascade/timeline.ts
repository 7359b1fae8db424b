/** Virtual time in steps, and how long things take in it. */

/** Ms. */
export const TIMES = {
  tick: 100,
  /** From the answer that names the node to the first picture: connecting, DTLS, a key frame. */
  joinLeast: 300,
  joinMost: 1500,
  /** Between reports of a node, and on their way. */
  report: 1000,
  reportDelay: 500,
  /** Until the home knows that a node is gone: its pipes are silent, and it doesn't answer. */
  detect: 600,
  /** A new pipe gives pictures. */
  pipe: 300,
  /** Until viewers of a dead node ask anew. */
  noticeLeast: 700,
  noticeMost: 2000,
  /** The publisher is at another home after its own died. */
  publisher: 2000,
  /** A dead node comes back. */
  restart: 60_000,
} as const;

export interface Delays {
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

const MOST_DELAY_MS = 120_000;

/** A million delays, to a tick. */
export class DelayCounts {
  readonly #counts = new Uint32Array(MOST_DELAY_MS / TIMES.tick + 1);
  #total = 0;

  add(ms: number): void {
    this.#counts[Math.round(Math.min(MOST_DELAY_MS, ms) / TIMES.tick)]++;
    this.#total++;
  }

  delays(): Delays {
    return { p50Ms: this.#quantile(0.5), p95Ms: this.#quantile(0.95), maxMs: this.#quantile(1) };
  }

  #quantile(share: number): number {
    let sum = 0;
    for (let i = 0; i < this.#counts.length && this.#total > 0; i++) {
      sum += this.#counts[i];
      if (sum >= this.#total * share) return i * TIMES.tick;
    }
    return 0;
  }
}

/** The tick in which it happens. */
export function tickAt(ms: number): number {
  return Math.ceil(ms / TIMES.tick) * TIMES.tick;
}

export function push<T>(at: Map<number, T[]>, ms: number, ...items: T[]): void {
  const tick = tickAt(ms);
  const list = at.get(tick);
  if (list) list.push(...items);
  else at.set(tick, items);
}

export function take<T>(at: Map<number, T[]>, ms: number): T[] {
  const list = at.get(ms) ?? [];
  at.delete(ms);
  return list;
}
