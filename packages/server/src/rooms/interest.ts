/**
 * Whom a change of somebody's tracks concerns, found without going through the room: those who show this publisher, those
 * who hear every microphone by itself or would from now on, and those who receive everybody.
 */
import type { Hearing, Plan } from './plan.js';
import type { PublicationChange } from './publications.js';

export type Interested = Pick<Plan, 'publishers' | 'hearing'>;

export class Interest<S> {
  readonly #interests = new Map<S, Interested>();
  /** Without a view. */
  readonly #inEverybody = new Set<S>();
  readonly #byPublisher = new Map<string, Set<S>>();
  readonly #direct = new Set<S>();
  /** Those who follow the loudest, by the number of microphones from which down they don't. */
  readonly #loudest = new Map<number, Set<S>>();

  set(subscriber: S, interest: Interested): void {
    const before = this.#interests.get(subscriber);
    if (before) this.#remove(subscriber, before);
    this.#interests.set(subscriber, interest);
    const { publishers, hearing } = interest;
    if (publishers === null) this.#inEverybody.add(subscriber);
    for (const publisher of publishers ?? []) add(this.#byPublisher, publisher, subscriber);
    if (hearing?.direct) this.#direct.add(subscriber);
    else if (hearing) add(this.#loudest, hearing.directUpTo, subscriber);
  }

  forget(subscriber: S): void {
    const before = this.#interests.get(subscriber);
    if (before) this.#remove(subscriber, before);
    this.#interests.delete(subscriber);
  }

  /** `microphones`: how many the room has after the change. */
  *concernedBy({ publisher, ...changed }: Omit<PublicationChange, 'successions'>, microphones: number): Iterable<S> {
    yield* this.#inEverybody;
    yield* this.#byPublisher.get(publisher) ?? [];
    if (changed.screenSounds) {
      for (const [subscriber, { hearing }] of this.#interests) if (hearing) yield subscriber;
    } else if (changed.microphones) {
      yield* this.#direct;
      for (const [directUpTo, subscribers] of this.#loudest) if (microphones <= directUpTo) yield* subscribers;
    }
  }

  #remove(subscriber: S, { publishers, hearing }: Interested): void {
    this.#inEverybody.delete(subscriber);
    for (const publisher of publishers ?? []) remove(this.#byPublisher, publisher, subscriber);
    this.#direct.delete(subscriber);
    if (isLoudest(hearing)) remove(this.#loudest, hearing.directUpTo, subscriber);
  }
}

function isLoudest(hearing: Hearing | null): hearing is Hearing {
  return hearing !== null && !hearing.direct;
}

function add<K, S>(sets: Map<K, Set<S>>, key: K, member: S): void {
  const set = sets.get(key);
  if (set) set.add(member);
  else sets.set(key, new Set([member]));
}

function remove<K, S>(sets: Map<K, Set<S>>, key: K, member: S): void {
  const set = sets.get(key);
  set?.delete(member);
  if (set?.size === 0) sets.delete(key);
}
