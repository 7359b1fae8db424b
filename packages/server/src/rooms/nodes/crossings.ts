/**
 * People who go from one node to another without a pause. Where they come to, they have media before they are in the room:
 * until then the others see them where they were. Where they come from, their media goes on until everybody has the new one.
 */
import type { MediaEngine } from '../../media/engine.js';
import type { Participant } from '../participant.js';

/** Others have pipes to the new node by then, and key frames. */
export const LINGER_MS = 3000;

export interface CrossingRoom {
  readonly engine: MediaEngine;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly nodes: { changed(): void };
  hold(): () => void;
  disconnected(participant: Participant, client: NonNullable<Participant['client']>): void;
  discard(participant: Participant): void;
  /** Not here any more, and not out of the room. */
  wentOver(participant: Participant): void;
}

export class Crossings {
  readonly #room: CrossingRoom;
  readonly #coming = new Map<Participant, () => void>();
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

  /** They get media here, and are in the room when they say so. */
  expect(participant: Participant): void {
    this.#coming.set(participant, this.#room.hold());
    this.#room.nodes.changed();
  }

  /** They come in now, or not at all. */
  ended(participant: Participant, arrived: boolean): void {
    const release = this.#coming.get(participant);
    if (!release) return;
    this.#coming.delete(participant);
    if (!arrived) this.#room.discard(participant);
    this.#room.nodes.changed();
    release();
  }

  /** Another node says that they are in the room there in a moment: they have no connection here from now on. */
  go(participant: Participant, node: string): void {
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
    for (const participant of [...this.#coming.keys()]) {
      const { client } = participant;
      this.ended(participant, false);
      client?.close('the room was closed', true);
    }
  }
}
