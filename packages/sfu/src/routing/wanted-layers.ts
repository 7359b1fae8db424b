/**
 * Which layers of each producer anybody takes, so that the others can be switched off where they are made. More is said at
 * once, less only after a while: a layer that comes and goes costs key frames.
 */
import type { WorkerNotice } from '../worker/control.js';
import type { Producer } from './producer.js';
import type { VirtualStream } from './virtual-stream.js';

/** Without a taker for so long a layer is given up, ms. */
const LESS_AFTER_MS = 2_500;

interface Wanted {
  told: number;
  /** Since when less than told has been enough; -1: it hasn't. */
  lessSinceMs: number;
  /** Taken in this round. */
  now: number;
}

export class WantedLayers {
  readonly #wanted = new Map<Producer, Wanted>();

  constructor(readonly notify: (notice: WorkerNotice) => void) {}

  update(producers: Iterable<Producer>, streams: Iterable<VirtualStream>, now: number): void {
    for (const wanted of this.#wanted.values()) wanted.now = -1;
    for (const { kind, producer, given } of streams) {
      if (kind !== 'video' || !producer) continue;
      const wanted = this.#of(producer, now);
      if (given.spatial > wanted.now) wanted.now = given.spatial;
    }
    for (const producer of producers) {
      // Of one that is piped, its pipe tells the router that it comes from.
      if (producer.kind !== 'video' || producer.piped) continue;
      this.#tell(producer, this.#of(producer, now), now);
    }
  }

  /** The same picture comes another way. */
  replace(old: Producer, next: Producer): void {
    const wanted = this.#wanted.get(old);
    this.#wanted.delete(old);
    if (wanted) this.#wanted.set(next, wanted);
  }

  forget(producer: Producer): void {
    this.#wanted.delete(producer);
  }

  #tell(producer: Producer, wanted: Wanted, now: number): void {
    if (wanted.now >= wanted.told) wanted.lessSinceMs = -1;
    else if (wanted.lessSinceMs < 0) wanted.lessSinceMs = now;
    const less = wanted.lessSinceMs >= 0 && now - wanted.lessSinceMs >= LESS_AFTER_MS;
    if (wanted.now <= wanted.told && !less) return;
    wanted.told = wanted.now;
    wanted.lessSinceMs = -1;
    this.notify({ type: 'layers', producer: producer.id, spatial: wanted.told });
  }

  /** A producer begins with all its layers on. */
  #of(producer: Producer, now: number): Wanted {
    let wanted = this.#wanted.get(producer);
    if (!wanted) {
      wanted = { told: ALL, lessSinceMs: now, now: -1 };
      this.#wanted.set(producer, wanted);
    }
    return wanted;
  }
}

/** No producer has so many. */
const ALL = 7;
