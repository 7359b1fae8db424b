/**
 * A room: who is in it, what they publish and who watches. Participants are told of each other; viewers (WHEP) are not
 * shown. A participant without a connection keeps the place for the grace period.
 */
import type { ParticipantInfo, RoomInfo, RoomSettings, ServerEvents, TrackSource } from '@efir/protocol';
import type { Logger } from 'pino';
import { ServerError } from '../errors.js';
import type { MediaEngine } from '../media/engine.js';
import type { MediaSession } from '../media/session.js';
import { Distribution } from './distribution.js';
import type { Participant, ParticipantClient, Track } from './participant.js';
import { Place } from './place.js';
import { topologyFor } from './topology.js';

export type LeaveReason = ServerEvents['participant-left']['reason'];

/** One who only watches, or a request under way: keeps the room from closing. */
export interface Viewer {
  /** The room, or its media, is gone. */
  ended(reason: string): void;
}

export interface RoomOptions {
  id: string;
  settings: RoomSettings;
  engine: MediaEngine;
  resumeGraceMs: number;
  log: Logger;
  /** Nobody is in it any more. */
  onEmpty: () => void;
}

export class Room {
  readonly id: string;
  readonly createdAt = Date.now();
  readonly engine: MediaEngine;
  readonly place: Place;
  readonly participants = new Map<string, Participant>();
  readonly viewers = new Set<Viewer>();
  readonly distribution: Distribution;
  /** Who speaks; a participant's id. */
  speaker: string | null = null;
  closed = false;
  #settings: RoomSettings;
  readonly #bySecret = new Map<string, Participant>();
  readonly #resumeGraceMs: number;
  readonly #onEmpty: () => void;
  readonly #log: Logger;

  constructor({ id, settings, engine, resumeGraceMs, log, onEmpty }: RoomOptions) {
    this.id = id;
    this.#settings = settings;
    this.engine = engine;
    this.place = new Place(engine.workers, id);
    this.#resumeGraceMs = resumeGraceMs;
    this.#onEmpty = onEmpty;
    this.#log = log.child({ room: id });
    this.distribution = new Distribution(this.participants, this.#log);
  }

  get settings(): RoomSettings {
    return this.#settings;
  }

  /** For offers from now on; what is agreed on stays. */
  changeSettings(settings: RoomSettings): void {
    this.#settings = settings;
  }

  get empty(): boolean {
    return this.participants.size === 0 && this.viewers.size === 0;
  }

  info(): RoomInfo {
    const { id, settings, createdAt } = this;
    return { id, settings, topology: topologyFor(settings), participants: this.participants.size, createdAt };
  }

  participantInfos(): ParticipantInfo[] {
    return [...this.participants.values()].map((participant) => participant.info());
  }

  /** Throws `room-full`, or `not-found` if the room has just closed. */
  join(participant: Participant): void {
    if (this.closed) throw new ServerError('not-found', `room ${this.id} is closed`);
    if (this.participants.size >= this.settings.maxParticipants) {
      throw new ServerError('room-full', `room ${this.id} is full (${this.settings.maxParticipants})`, 30);
    }
    this.participants.set(participant.id, participant);
    this.#bySecret.set(participant.resumeSecret, participant);
    this.broadcast('participant-joined', { participant: participant.info() }, participant);
    if (participant.tracks.length > 0) this.distribution.tracksChanged();
    this.#log.info({ participant: participant.id, participants: this.participants.size }, 'joined');
  }

  leave(participant: Participant, reason: LeaveReason): void {
    if (participant.gone) return;
    participant.gone = true;
    if (participant.grace) clearTimeout(participant.grace);
    if (participant.media) this.engine.closeSession(participant.media);
    participant.media = null;
    this.participants.delete(participant.id);
    this.#bySecret.delete(participant.resumeSecret);
    this.broadcast('participant-left', { participant: participant.id, reason });
    if (participant.tracks.length > 0) this.distribution.tracksChanged();
    this.#log.info({ participant: participant.id, reason, participants: this.participants.size }, 'left');
    this.checkEmpty();
  }

  /** One who came to nothing before joining. */
  discard(participant: Participant): void {
    participant.gone = true;
    if (participant.media) this.engine.closeSession(participant.media);
    participant.media = null;
  }

  addViewer(viewer: Viewer): void {
    if (this.closed) throw new ServerError('not-found', `room ${this.id} is closed`);
    this.viewers.add(viewer);
  }

  removeViewer(viewer: Viewer): void {
    if (this.viewers.delete(viewer)) this.checkEmpty();
  }

  /** The participant whose secret it is. */
  resume(secret: string): Participant | null {
    return this.#bySecret.get(secret) ?? null;
  }

  /** From now on it speaks through `client`; whoever did before is told. */
  connect(participant: Participant, client: ParticipantClient): void {
    const before = participant.client;
    if (participant.grace) clearTimeout(participant.grace);
    participant.grace = null;
    participant.client = client;
    before?.close('resumed elsewhere', false);
    participant.subscription.forgetTold();
    this.distribution.subscriberChanged(participant);
  }

  /** A connection is lost: the participant has the grace period to come back. */
  disconnected(participant: Participant, client: ParticipantClient): void {
    if (participant.client !== client || participant.gone) return;
    participant.client = null;
    participant.grace = setTimeout(() => this.leave(participant, 'lost'), this.#resumeGraceMs);
  }

  rename(participant: Participant, name: string): void {
    if (participant.nameFixed || participant.name === name) return;
    participant.name = name;
    this.broadcast('participant-updated', { participant: participant.info() }, participant);
  }

  /** Throws `not-found` if no such track is published. */
  mute(participant: Participant, source: TrackSource, muted: boolean): void {
    const concerned = participant.tracks.filter((track) => track.source === source);
    if (concerned.length === 0) throw new ServerError('not-found', `you publish no ${source}`);
    if (concerned.every((track) => track.muted === muted)) return;
    participant.tracks = participant.tracks.map((track) => (track.source === source ? { ...track, muted } : track));
    this.broadcast('participant-updated', { participant: participant.info() }, participant);
  }

  /** An offer was agreed on: `session` is the participant's PeerConnection from now on and carries `tracks`. */
  negotiated(participant: Participant, session: MediaSession, tracks: readonly Track[]): void {
    const fresh = participant.media !== session;
    if (fresh) {
      if (participant.media) this.engine.closeSession(participant.media);
      participant.media = session;
      participant.needsFresh = false;
      participant.subscription.forgetRoutes();
      session.onLost = (reason) => this.#transportLost(participant, session, reason);
    }
    participant.subscription.forgetTold();
    const before = JSON.stringify(participant.tracks);
    const announced = before !== JSON.stringify(tracks);
    participant.tracks = tracks;
    if (!this.participants.has(participant.id)) return;
    if (announced) this.broadcast('participant-updated', { participant: participant.info() }, participant);
    if (announced || fresh) this.distribution.tracksChanged();
    else this.distribution.subscriberChanged(participant);
  }

  /** The worker says who speaks. */
  speakerChanged(participant: string | null): void {
    const known = participant !== null && this.participants.has(participant) ? participant : null;
    if (known === this.speaker) return;
    this.speaker = known;
    this.broadcast('speaker', { participant: known });
  }

  /** The worker is gone: finds another home, then has everyone make a fresh PeerConnection. */
  async mediaLost(reason: string): Promise<void> {
    this.place.lost();
    this.speakerChanged(null);
    for (const viewer of [...this.viewers]) viewer.ended(reason);
    const interrupted = new Set([...this.participants.values()].filter(({ offers }) => offers.size > 0));
    for (const participant of [...this.participants.values()]) this.#loseMedia(participant, reason);
    if (this.closed) return;
    await this.place.open();
    for (const participant of this.participants.values()) {
      if (participant.needsFresh || interrupted.has(participant)) participant.client?.send('media-restart', { reason });
    }
  }

  /** Puts everyone out. */
  close(reason: string, retry: boolean): void {
    if (this.closed) return;
    this.closed = true;
    for (const viewer of [...this.viewers]) viewer.ended(reason);
    // Nobody needs to hear of all the others leaving.
    const clients = [...this.participants.values()].map((participant) => {
      const { client } = participant;
      participant.client = null;
      return client;
    });
    for (const participant of [...this.participants.values()]) {
      participant.onMediaLost?.();
      this.leave(participant, 'removed');
    }
    for (const client of clients) client?.close(reason, retry);
    this.place.close();
  }

  broadcast<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E], except?: Participant): void {
    for (const participant of this.participants.values()) {
      if (participant !== except) participant.client?.send(event, payload);
    }
  }

  checkEmpty(): void {
    if (this.empty && !this.closed) this.#onEmpty();
  }

  #loseMedia(participant: Participant, reason: string): void {
    if (participant.onMediaLost) {
      participant.onMediaLost();
      return;
    }
    if (!participant.media) return;
    this.#log.debug({ participant: participant.id, reason }, 'media transport lost');
    this.engine.closeSession(participant.media);
    participant.media = null;
    participant.needsFresh = true;
    participant.subscription.forgetRoutes();
  }

  /** One transport ended, on a worker that goes on. */
  #transportLost(participant: Participant, session: MediaSession, reason: string): void {
    if (participant.media !== session) return;
    this.#loseMedia(participant, reason);
    participant.client?.send('media-restart', { reason });
  }
}
