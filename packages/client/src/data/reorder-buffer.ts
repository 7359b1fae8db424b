/** All in ms. */
export const REORDER_TIMES = {
  /** A gap is asked about after this: it may only be another way that is slower. */
  patience: 250,
  /** And again after this. */
  again: 1_000,
  /** What hasn't come by then is passed over. */
  giveUp: 6_000,
} as const;

/** Items kept while something before them is missing. */
const LONGEST = 256;
/** A jump above this is not loss. */
const FARTHEST = 10_000;

export interface Gap {
  /** First and last missing, both inclusive. */
  from: number;
  to: number;
}

/**
 * Puts the numbered items of one sender in order, each once, whatever ways they came by. Pure; `now` in ms.
 *
 * Invariant: what was given out is below `next`; what is kept is at or above it.
 */
export class ReorderBuffer<T> {
  private readonly kept = new Map<number, T>();
  private highest: number;
  private gapSince: number | null = null;
  private askAt = Number.POSITIVE_INFINITY;

  /** `next`: the first number that is expected; null: whatever comes first. */
  constructor(private next: number | null) {
    this.highest = (next ?? 1) - 1;
  }

  /** When `ask` or `expire` has something to do. */
  get nextAt(): number {
    return this.gapSince === null
      ? Number.POSITIVE_INFINITY
      : Math.min(this.askAt, this.gapSince + REORDER_TIMES.giveUp);
  }

  /** What may be given out now, in order. */
  push(sequence: number, item: T, now: number): T[] {
    this.next ??= sequence;
    if (sequence < this.next || sequence > this.next + FARTHEST || this.kept.has(sequence)) return [];
    if (sequence !== this.next && this.kept.size >= LONGEST) return [];
    this.kept.set(sequence, item);
    this.highest = Math.max(this.highest, sequence);
    return this.drain(now);
  }

  /** The sender has got to this number. */
  reached(sequence: number, now: number): void {
    if (this.next === null) {
      this.next = sequence + 1;
      this.highest = sequence;
    }
    if (sequence <= this.highest || sequence > this.next + FARTHEST) return;
    this.highest = sequence;
    this.drain(now);
  }

  /** What to ask the sender for now, if anything. */
  ask(now: number): Gap | null {
    if (this.next === null || now < this.askAt) return null;
    this.askAt = now + REORDER_TIMES.again;
    let to = this.next;
    while (to < this.highest && !this.kept.has(to + 1)) to++;
    return { from: this.next, to };
  }

  /** Passes over what hasn't come in time. */
  expire(now: number): T[] {
    if (this.gapSince === null || now < this.gapSince + REORDER_TIMES.giveUp || this.next === null) return [];
    const rest = [...this.kept.keys()];
    this.next = rest.length > 0 ? Math.min(...rest) : this.highest + 1;
    this.gapSince = null;
    return this.drain(now);
  }

  private drain(now: number): T[] {
    const out: T[] = [];
    while (this.next !== null && this.kept.has(this.next)) {
      out.push(this.kept.get(this.next) as T);
      this.kept.delete(this.next++);
    }
    if (this.next === null || this.next > this.highest) {
      this.gapSince = null;
      this.askAt = Number.POSITIVE_INFINITY;
    } else if (this.gapSince === null || out.length > 0) {
      this.gapSince = now;
      this.askAt = now + REORDER_TIMES.patience;
    }
    return out;
  }
}
