import type { AppMessage } from '@efir/protocol';
import { parseOrderedId } from './message.js';
import { type Gap, ReorderBuffer } from './reorder-buffer.js';

/** Ids of one sender that are remembered. */
const REMEMBERED = 1_000;

interface Sender {
  stream: string | null;
  order: ReorderBuffer<AppMessage>;
  seen: Set<string>;
}

export interface Question {
  to: string;
  stream: string;
  gap: Gap;
}

export interface Arrival {
  from: string;
  message: AppMessage;
}

/** What others send, each message once, and those to all in their sender's order. Pure; `now` in ms. */
export class Inbox {
  private readonly senders = new Map<string, Sender>();

  /** Somebody who comes after us: we are to get all of theirs from the first on. */
  joined(id: string): void {
    this.senders.set(id, { stream: null, order: new ReorderBuffer<AppMessage>(1), seen: new Set() });
  }

  left(id: string): void {
    this.senders.delete(id);
  }

  /** What may be given out now. */
  take(from: string, message: AppMessage, now: number): Arrival[] {
    const counted = parseOrderedId(message.id);
    if (counted) {
      const { order } = this.sender(from, counted.stream);
      return order.push(counted.sequence, message, now).map((one) => ({ from, message: one }));
    }
    const { seen } = this.sender(from, null);
    if (seen.has(message.id)) return [];
    seen.add(message.id);
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value as string);
    return [{ from, message }];
  }

  /** A sender says how many it has sent to all. */
  reached(from: string, stream: string, sequence: number, now: number): void {
    this.sender(from, stream).order.reached(sequence, now);
  }

  get nextAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.senders.values()].map(({ order }) => order.nextAt));
  }

  /** What to ask whom for, and what is given out though something before it never came. */
  tick(now: number): { questions: Question[]; arrivals: Arrival[] } {
    const questions: Question[] = [];
    const arrivals: Arrival[] = [];
    for (const [id, { stream, order }] of this.senders) {
      for (const message of order.expire(now)) arrivals.push({ from: id, message });
      const gap = order.ask(now);
      if (gap && stream !== null) questions.push({ to: id, stream, gap });
    }
    return { questions, arrivals };
  }

  private sender(id: string, stream: string | null): Sender {
    let sender = this.senders.get(id);
    if (!sender) {
      sender = { stream: null, order: new ReorderBuffer<AppMessage>(null), seen: new Set() };
      this.senders.set(id, sender);
    }
    if (stream !== null && stream !== sender.stream) {
      // The first stream of theirs, or another page of theirs: which is new to us from its first message on.
      if (sender.stream !== null) sender.order = new ReorderBuffer<AppMessage>(1);
      sender.stream = stream;
    }
    return sender;
  }
}
