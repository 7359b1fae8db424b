/**
 * Producers of one router that come from others. The same one may come by several pipes: one of them is taken, the others
 * stand by; one by a pipe that is there to stand by is taken only as long as no other is. When its pipe is to be left, streams
 * go over to another's at a key frame and show the old one until then.
 */
import type { Producer } from '../producer.js';
import type { Router } from '../router.js';
import { WantedEncodings } from './wanted-encodings.js';

/** How a producer came. */
export interface PipedFrom {
  /** Tokens of the routers it came through, from its own on. */
  path: readonly string[];
}

export class PipedProducers {
  readonly wanted: WantedEncodings;
  /** By id, all there are of each; those that are taken and those that stand by. */
  readonly #byId = new Map<string, Producer[]>();
  /** Of pipes that are being left. */
  readonly #leaving = new Set<Producer>();
  /** Of pipes that are there to stand by. */
  readonly #standby = new Set<Producer>();

  constructor(readonly router: Router) {
    this.wanted = new WantedEncodings(router);
  }

  /** False: nobody else may bring a producer of that id. */
  mayBring(id: string): boolean {
    const { router } = this;
    const present = router.producers.get(id);
    return (!present || present.piped !== null) && !router.engine.transports.has(id.slice(0, id.lastIndexOf('/')));
  }

  add(producer: Producer, standby: boolean): void {
    if (standby) this.#standby.add(producer);
    const same = this.#byId.get(producer.id);
    if (same) same.push(producer);
    else this.#byId.set(producer.id, [producer]);
    const present = this.router.producers.get(producer.id);
    if (!present) this.router.addProducer(producer);
    else if (this.#leaving.has(present)) this.router.succeed(present, producer);
    else this.claim(producer);
  }

  /** It is going away at once. */
  remove(producer: Producer): void {
    const others = (this.#byId.get(producer.id) ?? []).filter((other) => other !== producer);
    if (others.length > 0) this.#byId.set(producer.id, others);
    else this.#byId.delete(producer.id);
    this.#leaving.delete(producer);
    this.#standby.delete(producer);
    for (const { number } of producer.encodings) this.wanted.forget(number);
    if (this.router.producers.get(producer.id) !== producer) return;
    const next = this.#successor(producer, others);
    if (next) this.router.succeed(producer, next);
    else this.router.removeProducer(producer);
  }

  /** Its pipe is about to be left: another takes over, now or when it comes. */
  leave(producer: Producer): void {
    this.#leaving.add(producer);
    if (this.router.producers.get(producer.id) !== producer) return;
    const next = this.#successor(producer, this.#byId.get(producer.id) ?? []);
    if (next) this.router.succeed(producer, next);
  }

  /** Its pipe is not left after all. */
  stay(producer: Producer): void {
    this.#leaving.delete(producer);
  }

  /** Its pipe stands by from now on, or doesn't any more. */
  stand(producer: Producer, standby: boolean): void {
    if (standby) this.#standby.add(producer);
    else this.#standby.delete(producer);
    for (const other of this.#byId.get(producer.id) ?? []) this.claim(other);
  }

  /** Takes over from one that should only stand by. */
  claim(producer: Producer): void {
    const present = this.router.producers.get(producer.id);
    if (!present || present === producer || !this.#standby.has(present)) return;
    if (!this.#standby.has(producer) && !this.#leaving.has(producer)) this.router.succeed(present, producer);
  }

  /** Another pipe brings it, or did while this one was being left. */
  isShared(producer: Producer): boolean {
    return (this.#byId.get(producer.id)?.length ?? 0) > 1;
  }

  /** Nobody is shown it any more by this way. */
  isLeft(producer: Producer): boolean {
    return (
      this.router.producers.get(producer.id) !== producer &&
      producer.encodings.every(({ streamCount }) => streamCount === 0)
    );
  }

  /** Streams that lost the producer's encodings on the way look again for what they are to show. */
  settle(id: string): void {
    const producer = this.router.producers.get(id);
    if (!producer) return;
    for (const stream of this.router.streams) if (stream.producer === producer) this.router.resolve(stream);
  }

  #successor(producer: Producer, candidates: readonly Producer[]): Producer | undefined {
    const able = candidates.filter((other) => other !== producer && !this.#leaving.has(other));
    return able.find((other) => !this.#standby.has(other)) ?? able[0];
  }
}
