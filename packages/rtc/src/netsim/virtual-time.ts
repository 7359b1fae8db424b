/** A clock that jumps from event to event. Events of the same moment run in the order they were asked for. */

import { RtcError } from '../errors.js';

interface Event {
  atMs: number;
  order: number;
  run: () => void;
}

export class VirtualTime {
  private readonly heap: Event[] = [];
  private order = 0;
  private clockMs: number;

  constructor(startMs = 0) {
    this.clockMs = startMs;
  }

  get nowMs(): number {
    return this.clockMs;
  }

  /** Runs `run` at `atMs`; at once, but after what is running, if that is past. */
  at(atMs: number, run: () => void): void {
    if (Number.isNaN(atMs)) throw new RtcError('bad-time', 'An event needs a time');
    const event = { atMs: Math.max(atMs, this.clockMs), order: this.order++, run };
    this.heap.push(event);
    this.rise(this.heap.length - 1);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.clockMs + delayMs, run);
  }

  /** Runs `run` every `periodMs`, the first time one period from now, as long as it doesn't return false. */
  every(periodMs: number, run: () => boolean | undefined): void {
    if (!(periodMs > 0)) throw new RtcError('bad-time', `A period is more than 0 ms, not ${periodMs}`);
    const next = (): void => {
      if (run() !== false) this.after(periodMs, next);
    };
    this.after(periodMs, next);
  }

  /** Runs all events up to and including `untilMs`; it is `untilMs` then. */
  runUntil(untilMs: number): void {
    while (this.heap.length > 0 && this.heap[0].atMs <= untilMs) {
      const event = this.take();
      this.clockMs = event.atMs;
      event.run();
    }
    this.clockMs = Math.max(this.clockMs, untilMs);
  }

  private take(): Event {
    const top = this.heap[0];
    const last = this.heap.pop()!;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.sink();
    }
    return top;
  }

  private rise(from: number): void {
    const heap = this.heap;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at], heap[parent])) return;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  private sink(): void {
    const heap = this.heap;
    for (let at = 0; ; ) {
      let least = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < heap.length; child++) {
        if (before(heap[child], heap[least])) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
