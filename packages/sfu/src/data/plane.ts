/**
 * All data of a worker. Media comes first: what clients send is put aside as it comes and worked off in slices, client after
 * client, for a bounded time per turn of the loop. A client without a data section costs nothing here.
 */

import { SfuError } from '../errors.js';
import { isAddress } from './address.js';
import { type DataCounters, dataCounters } from './counters.js';
import { type DataDescription, DataEndpoint } from './endpoint.js';
import { DataRouter } from './router.js';

/** Whoever speaks SCTP over a peer's DTLS. */
export interface DataUser {
  /** In the plane's queue. */
  active: boolean;
  /** Puts a packet aside; `bytes` are the user's from now on. */
  receive(bytes: Uint8Array): void;
  /** One slice of work, cut short once `late` says so; true if there is more to do at once. */
  work(now: number, late: () => boolean): boolean;
  tick(now: number): void;
  close(): void;
}

/** What the plane does for a user. */
export interface DataHost<User> {
  readonly counters: DataCounters;
  /** `packet` is valid during the call only. */
  output(packet: Uint8Array): void;
  /** There is work. */
  activate(user: User): void;
  random(): number;
}

export interface DataPlaneOptions {
  /** To the peer, over its DTLS; `packet` is valid during the call only. */
  send(peer: number, packet: Uint8Array): void;
  random(): number;
}

export class DataPlane {
  readonly counters: DataCounters = dataCounters();
  readonly #endpoints = new Set<DataUser>();
  /** Endpoints with something to do, each once, in the order of their turns. */
  #queue: DataUser[] = [];
  readonly #activate = (endpoint: DataUser): void => {
    if (endpoint.active) return;
    endpoint.active = true;
    this.#queue.push(endpoint);
  };

  constructor(readonly options: DataPlaneOptions) {}

  /** There is work for `work`. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  get size(): number {
    return this.#endpoints.size;
  }

  openRouter(): DataRouter {
    return new DataRouter(this.counters);
  }

  /** Throws `SfuError` 'bad-request' for a description that is none. */
  open(peer: number, router: DataRouter, description: DataDescription, now: number): DataEndpoint {
    const { sctpPort, maxMessageSize, address } = description;
    if (!isAddress(address)) throw new SfuError('bad-request', 'a data address is 1 to 64 visible ASCII characters');
    if (!(sctpPort > 0 && sctpPort < 65_536) || !(maxMessageSize > 0))
      throw new SfuError('bad-request', 'a data section has an SCTP port and a message size');
    return this.add(peer, (host) => new DataEndpoint(description, router, host, now));
  }

  /** Has somebody of another kind than clients take part. */
  add<User extends DataUser>(peer: number, make: (host: DataHost<DataUser>) => User): User {
    const { send, random } = this.options;
    const output = (packet: Uint8Array) => send(peer, packet);
    const endpoint = make({ counters: this.counters, output, activate: this.#activate, random });
    this.#endpoints.add(endpoint);
    return endpoint;
  }

  close(endpoint: DataUser): void {
    endpoint.close();
    this.#endpoints.delete(endpoint);
    if (endpoint.active) this.#queue = this.#queue.filter((one) => one !== endpoint);
    // Whatever still calls back finds it in the queue already.
    endpoint.active = true;
  }

  /** Works until there is nothing to do or the time is up; `clock` in ms. */
  work(clock: () => number, budgetMs: number): void {
    let now = clock();
    const end = now + budgetMs;
    const late = (): boolean => {
      now = clock();
      return now >= end;
    };
    let turn = 0;
    // Appended to while it is walked: whoever has more to do comes last.
    while (turn < this.#queue.length) {
      const endpoint = this.#queue[turn++];
      endpoint.active = false;
      if (endpoint.work(now, late)) this.#activate(endpoint);
      if (late()) break;
    }
    this.#queue.splice(0, turn);
  }

  tick(now: number): void {
    for (const endpoint of this.#endpoints) endpoint.tick(now);
  }
}
