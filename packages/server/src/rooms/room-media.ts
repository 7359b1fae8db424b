/** The media of a room's participants: transports that are agreed on, lost with their worker or by themselves, and given up. */
import type { OverloadEvent, ServerEvents } from '@efir/protocol';
import type { Logger } from 'pino';
import type { MediaEngine } from '../media/engine.js';
import type { MediaSession } from '../media/session.js';
import type { Branches } from './branches.js';
import type { Distribution } from './distribution.js';
import { followSession } from './media-notices.js';
import type { Participant, Track } from './participant.js';
import type { Place } from './place.js';
import type { RoomTopology } from './room-topology.js';

/** The room, as its media needs it. */
export interface MediaRoom {
  readonly engine: MediaEngine;
  readonly place: Place;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly branches: Pick<Branches, 'size' | 'trunkLost' | 'abandon'>;
  readonly distribution: Distribution;
  readonly topology: RoomTopology;
  readonly crossings: { isComing(participant: Participant): boolean };
  readonly closed: boolean;
  speakerChanged(participant: string | null): void;
  broadcast<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void;
  /** This one's tracks or transport are others; `told`: in a way that shows. */
  published(participant: Participant, told: boolean): void;
}

export class RoomMedia {
  /** Of the worker the room is on. */
  overload: OverloadEvent['level'] = 0;
  readonly #room: MediaRoom;
  readonly #log: Logger;

  constructor(room: MediaRoom, log: Logger) {
    this.#room = room;
    this.#log = log;
  }

  /** An offer was agreed on: `session` is the participant's PeerConnection from now on and carries `tracks`. */
  negotiated(participant: Participant, session: MediaSession, tracks: readonly Track[]): void {
    const { engine, distribution, participants } = this.#room;
    const fresh = participant.media !== session;
    if (fresh) {
      if (participant.media) engine.closeSession(participant.media);
      participant.media = session;
      participant.needsFresh = false;
      participant.subscription.forgetRoutes();
      session.onLost = (reason) => this.#transportLost(participant, session, reason);
      followSession(participant, session, distribution);
    }
    this.overloadChanged();
    participant.subscription.forgetTold();
    const told = JSON.stringify(participant.tracks) !== JSON.stringify(tracks);
    participant.tracks = tracks;
    const coming = this.#room.crossings.isComing(participant);
    if (!participants.has(participant.id) && !coming) return;
    if (!coming && (told || fresh)) this.#room.published(participant, told);
    distribution.subscriberChanged(participant);
  }

  /** The worker is gone: finds another home, then has everyone make a fresh PeerConnection. */
  async lost(reason: string): Promise<void> {
    const { place, topology, participants, branches } = this.#room;
    place.lost();
    this.overloadChanged();
    this.#room.speakerChanged(null);
    topology.mediaLost();
    branches.trunkLost(reason);
    const interrupted = new Set([...participants.values()].filter(({ offers }) => offers.size > 0));
    for (const participant of [...participants.values()]) this.#lose(participant, reason);
    const next = branches.size > 0 ? place.open() : null;
    void next?.then(() => place.home && branches.abandon(place.home.worker, reason));
    const concerned = (): Participant[] => [...participants.values()].filter((one) => topology.usesSfu(one));
    // A mesh goes on by itself.
    if (this.#room.closed || concerned().length === 0) return;
    await place.open();
    for (const participant of concerned()) {
      if (participant.needsFresh || interrupted.has(participant)) participant.client?.send('media-restart', { reason });
    }
  }

  prepare(): void {
    void this.#room.place.open();
  }

  retire(participant: Participant): void {
    this.#lose(participant, 'the room has left the SFU');
    participant.tracks = [];
    this.#room.published(participant, false);
  }

  release(): void {
    this.#room.place.release();
    this.overloadChanged();
  }

  /** Its worker sheds more or less, or is another one. */
  overloadChanged(): void {
    const { engine, place } = this.#room;
    const level = place.home ? engine.overloadOf(place.home.worker) : 0;
    if (level === this.overload) return;
    this.overload = level;
    this.#room.broadcast('overload', { level });
  }

  #lose(participant: Participant, reason: string): void {
    if (participant.onMediaLost) {
      participant.onMediaLost();
      return;
    }
    if (!participant.media) return;
    this.#log.debug({ participant: participant.id, reason }, 'media transport lost');
    this.#room.engine.closeSession(participant.media);
    participant.media = null;
    participant.needsFresh = true;
    participant.subscription.forgetRoutes();
    this.#room.published(participant, false);
  }

  /** One transport ended, on a worker that goes on. */
  #transportLost(participant: Participant, session: MediaSession, reason: string): void {
    if (participant.media !== session) return;
    this.#lose(participant, reason);
    if (this.#room.topology.usesSfu(participant)) participant.client?.send('media-restart', { reason });
  }
}
