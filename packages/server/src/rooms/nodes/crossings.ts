/**
 * People who go from one node to another without a pause. Where they come to, they have media before they are in the room:
 * until then the others see them where they were. Where they come from, their media goes on until everybody has the new one.
 */
import { ServerError } from '../../errors.js';
import type { MediaEngine } from '../../media/engine.js';
import type { Participant } from '../participant.js';

/** Others have pipes to the new node by then, and key frames. */
export const LINGER_MS = 3000;
/** Who isn't there by then stays where they are; twice what clients wait. */
export const ARRIVE_WITHIN_MS = 30_000;
/** Transports that were asked for and never told of others: no id of a transport is used twice. */
export const UNTOLD_TRANSPORTS = 1000;
/** Others are told of no more, see `Person`. */
const MAX_TRANSPORTS = 900_000_000;

export interface CrossingRoom {
  readonly engine: MediaEngine;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly nodes: { changed(): void; elsewhere: { people: ReadonlyMap<string, { node: string }> } };
  hold(): () => void;
  disconnected(participant: Participant, client: NonNullable<Participant['client']>): void;
  discard(participant: Participant): void;
  /** Not here any more, and not out of the room. */
  wentOver(participant: Participant): void;
}

/** Of somebody who is to come. */
interface Coming {
  from: string;
  /** That node has said that they are there. */
  seen: boolean;
  timer: NodeJS.Timeout;
  release: () => void;
}

export class Crossings {
  readonly #room: CrossingRoom;
  readonly #coming = new Map<Participant, Coming>();
  /** Of those who are here: which node asked for them last, and how many times it was. */
  readonly #asked = new WeakMap<Participant, { node: string; times: number }>();
  /** Nodes, by who goes there. */
  readonly #going = new Map<Participant, string>();

  constructor(room: CrossingRoom) {
    this.#room = room;
  }

  /** How many are to come. */
  get size(): number {
    return this.#coming.size;
  }

  isComing(participant: Participant): boolean {
    return this.#coming.has(participant);
  }

  /**
   * They get media here, and are in the room when they say so; for a while, and as long as they are in it at `from`. Who has
   * them come over a second time has given up the first.
   */
  expect(participant: Participant, from: string): void {
    const timer = setTimeout(() => this.#end(participant, 'you have not arrived in time'), ARRIVE_WITHIN_MS);
    this.#coming.set(participant, { from, seen: false, timer, release: this.#room.hold() });
    for (const other of [...this.#coming.keys()])
      if (other !== participant && other.id === participant.id) this.#end(other, 'you come by another connection');
    this.told();
    this.#room.nodes.changed();
  }

  /** Another node may have said who is there. */
  told(): void {
    const { people } = this.#room.nodes.elsewhere;
    for (const [participant, coming] of [...this.#coming]) {
      const there = people.get(participant.id)?.node === coming.from;
      if (coming.seen && !there) this.#end(participant, 'you are not in the room any more');
      coming.seen ||= there;
    }
  }

  /** They come in now, or not at all. */
  ended(participant: Participant, arrived: boolean): void {
    const coming = this.#coming.get(participant);
    if (!coming) return;
    clearTimeout(coming.timer);
    this.#coming.delete(participant);
    if (!arrived) this.#room.discard(participant);
    this.#room.nodes.changed();
    coming.release();
  }

  /**
   * A node asks for one who is here, to have them come over; only the last that did can. Gives how many transports they are
   * to have had there: those of several attempts differ, and of a later one are later. Throws `conflict`.
   */
  ask(participant: Participant, node: string): number {
    const times = (this.#asked.get(participant)?.times ?? 0) + 1;
    const transports = participant.transports + times * UNTOLD_TRANSPORTS;
    if (transports > MAX_TRANSPORTS) throw new ServerError('conflict', 'they have gone over too often');
    this.#asked.set(participant, { node, times });
    return transports;
  }

  /**
   * Another node says that they are in the room there in a moment: they have no connection here from now on. Throws `conflict`
   * if it isn't the one that they go to.
   */
  go(participant: Participant, node: string): void {
    if (this.#asked.get(participant)?.node !== node) throw new ServerError('conflict', 'they go to another node');
    this.#going.set(participant, node);
    const { client } = participant;
    if (client) this.#room.disconnected(participant, client);
    client?.close('you are on another server now', true);
  }

  /** The node tells of this one. Whether they were here until now. */
  went(id: string, node: string): boolean {
    const participant = this.#room.participants.get(id);
    if (!participant || this.#going.get(participant) !== node) return false;
    this.#going.delete(participant);
    const { media } = participant;
    media?.departData();
    const release = this.#room.hold();
    this.#room.wentOver(participant);
    setTimeout(() => {
      if (media) this.#room.engine.closeSession(media);
      release();
    }, LINGER_MS);
    return true;
  }

  /** They are connected here again, or are gone. */
  stays(participant: Participant): void {
    this.#going.delete(participant);
  }

  close(): void {
    for (const participant of [...this.#coming.keys()]) this.#end(participant, 'the room was closed');
  }

  #end(participant: Participant, reason: string): void {
    const { client } = participant;
    this.ended(participant, false);
    client?.close(reason, true);
  }
}
