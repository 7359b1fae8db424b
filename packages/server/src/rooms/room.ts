/**
 * A room: who is in it, what they publish and who watches. Participants are told of each other; viewers (WHEP) are not
 * shown. A participant without a connection keeps the place for the grace period.
 */
import type { LeaveReason, ParticipantInfo, RoomInfo, RoomSettings, ServerEvents, TrackSource } from '@efir/protocol';
import type { Logger } from 'pino';
import { ServerError } from '../errors.js';
import type { MediaEngine } from '../media/engine.js';
import type { TopologyOptions, TopologyStep } from '../topology/control.js';
import { type Announced, Announcements } from './announcements.js';
import { Branches, type PullTrunk } from './branches.js';
import { Distribution } from './distribution.js';
import { tellSession } from './media-notices.js';
import { Crossings } from './nodes/crossings.js';
import type { Changes } from './nodes/elsewhere.js';
import { type Nodes, RoomNodes } from './nodes/room-nodes.js';
import { type Participant, type ParticipantClient, secretTag, type Track } from './participant.js';
import { Place } from './place.js';
import type { View } from './plan.js';
import type { Succession } from './publications.js';
import { RoomMedia } from './room-media.js';
import { RoomTopology } from './room-topology.js';

/** One who only watches: keeps the room from closing. */
export interface Viewer {
  /** The room, or its media, is gone. */
  ended(reason: string): void;
}

export interface RoomOptions {
  id: string;
  settings: RoomSettings;
  engine: MediaEngine;
  topology: TopologyOptions;
  resumeGraceMs: number;
  log: Logger;
  /** Others may have people of the room. */
  nodes?: Nodes | null;
  /** Lets a broadcast be on several workers. */
  pullTrunk?: PullTrunk | null;
  /** Default: now. */
  createdAt?: number | undefined;
  /** Nobody is in it any more. */
  onEmpty: () => void;
  /** Somebody came or went. */
  onMembership: () => void;
  /** A viewer came or went. */
  onViewers: () => void;
  onTopologyStep: (step: TopologyStep) => void;
}

export class Room {
  readonly id: string;
  readonly createdAt: number;
  /** As it began. */
  readonly kind: RoomSettings['kind'];
  readonly engine: MediaEngine;
  readonly place: Place;
  /** Where viewers watch. */
  readonly branches: Branches;
  readonly participants = new Map<string, Participant>();
  readonly viewers = new Set<Viewer>();
  readonly distribution: Distribution;
  readonly topology: RoomTopology;
  readonly media: RoomMedia;
  readonly nodes: RoomNodes;
  readonly crossings = new Crossings(this);
  /** Who speaks; a participant's id. */
  speaker: string | null = null;
  closed = false;
  /** Participants and viewers that ever came. */
  arrivals = 0;
  #settings: RoomSettings;
  readonly #announcements = new Announcements(this);
  readonly #byTag = new Map<string, Participant>();
  readonly #resumeGraceMs: number;
  readonly #onEmpty: () => void;
  readonly #onMembership: () => void;
  readonly #onViewers: () => void;
  readonly #log: Logger;
  /** Requests under way that keep the room from closing. */
  #holds = 0;

  constructor(options: RoomOptions) {
    const { id, settings, engine, resumeGraceMs, log, onEmpty, onMembership, onViewers, onTopologyStep } = options;
    this.id = id;
    this.kind = settings.kind;
    this.createdAt = options.createdAt ?? Date.now();
    this.#settings = settings;
    this.engine = engine;
    this.place = new Place(engine.workers, id);
    const pull = this.kind === 'broadcast' ? (options.pullTrunk ?? null) : null;
    this.branches = new Branches({ room: id, workers: engine.workers, trunk: this.place, pull });
    this.#resumeGraceMs = resumeGraceMs;
    this.#onEmpty = onEmpty;
    this.#onMembership = onMembership;
    this.#onViewers = onViewers;
    this.#log = log.child({ room: id });
    this.nodes = new RoomNodes(this, options.nodes ?? null, resumeGraceMs, this.#log);
    this.distribution = new Distribution(
      () => this.#everybody(),
      this.#log,
      (producers) => this.#succeed(producers),
      () => this.topology.gathering,
    );
    this.topology = new RoomTopology(this, options.topology, onTopologyStep, this.#log);
    this.media = new RoomMedia(this, this.#log);
    if (this.topology.current === 'sfu') this.media.prepare();
  }

  get settings(): RoomSettings {
    return this.#settings;
  }

  /**
   * Media: for offers from now on, what is agreed on stays. The topology: at once, by a migration. Throws `conflict` if
   * somebody in the room can't follow.
   */
  changeSettings(settings: RoomSettings): void {
    if (settings.kind !== this.settings.kind && this.participants.size + this.viewers.size > 0) {
      throw new ServerError('conflict', 'kind: somebody is in the room');
    }
    this.topology.checkSetting(settings);
    this.#settings = settings;
    this.topology.changed();
    this.topology.retry();
  }

  /** Participants, on all nodes. */
  get size(): number {
    return this.participants.size + this.nodes.elsewhere.size;
  }

  get empty(): boolean {
    return this.participants.size === 0 && this.viewers.size === 0 && this.#holds === 0;
  }

  info(): RoomInfo {
    const { id, settings, createdAt, topology } = this;
    return { id, settings, topology: topology.current, participants: this.size, createdAt };
  }

  participantInfos(): ParticipantInfo[] {
    const all: Announced[] = [...this.participants.values(), ...this.nodes.elsewhere.people.values()];
    return all.map((one) => this.infoOf(one));
  }

  infoOf(participant: Announced): ParticipantInfo {
    return participant.info(this.topology.current, this.topology.pending !== null);
  }

  /** Throws `room-full`, `conflict` if the newcomer can't be on what the room runs on, or `not-found` if it has just closed. */
  join(participant: Participant): void {
    if (this.closed) throw new ServerError('not-found', `room ${this.id} is closed`);
    this.checkPlaceFor(participant.id);
    this.topology.admit(participant.classic ? 'classic' : participant.sfuOnly ? 'sfu-only' : 'participant');
    this.participants.set(participant.id, participant);
    this.#byTag.set(participant.resumeTag, participant);
    this.arrivals++;
    // First: who hears that the room moves to the SFU begins no connection to the newcomer.
    this.topology.changed();
    // Who comes over from another node is known already.
    if (this.nodes.cameOver(participant.id)) this.#announcements.updated(participant);
    else this.#announcements.joined(participant);
    this.#onMembership();
    this.nodes.changed();
    if (participant.tracks.length > 0) this.distribution.tracksChanged(participant);
    this.#log.info({ participant: participant.id, participants: this.participants.size }, 'joined');
  }

  /** For one who may be on another node now. Throws `room-full`. */
  checkPlaceFor(id: string): void {
    const others = this.size - Number(this.nodes.elsewhere.people.has(id));
    if (others < this.settings.maxParticipants) return;
    throw new ServerError('room-full', `room ${this.id} is full (${this.settings.maxParticipants})`, 30);
  }

  leave(participant: Participant, reason: LeaveReason): void {
    if (participant.gone) return;
    this.#takeOut(participant);
    if (participant.media) this.engine.closeSession(participant.media);
    participant.media = null;
    this.#announcements.left(participant, reason);
    this.topology.changed();
    this.#onMembership();
    this.nodes.changed();
    this.distribution.left(participant);
    this.#log.info({ participant: participant.id, reason, participants: this.participants.size }, 'left');
    this.checkEmpty();
  }

  wentOver(participant: Participant): void {
    this.#takeOut(participant);
    this.distribution.subscriberGone(participant);
    this.#onMembership();
    this.nodes.changed();
    this.#log.info({ participant: participant.id, participants: this.participants.size }, 'went over to another node');
  }

  #takeOut(participant: Participant): void {
    participant.gone = true;
    if (participant.grace) clearTimeout(participant.grace);
    this.crossings.stays(participant);
    this.participants.delete(participant.id);
    this.#byTag.delete(participant.resumeTag);
  }

  /** Not one who is still to come. */
  #isIn(participant: Participant): boolean {
    return this.participants.get(participant.id) === participant;
  }

  /** One who came to nothing before joining. */
  discard(participant: Participant): void {
    participant.gone = true;
    if (participant.media) this.engine.closeSession(participant.media);
    participant.media = null;
    this.distribution.subscriberGone(participant);
  }

  addViewer(viewer: Viewer): void {
    if (this.closed) throw new ServerError('not-found', `room ${this.id} is closed`);
    this.topology.admit('viewer');
    this.viewers.add(viewer);
    this.arrivals++;
    this.topology.changed();
    this.nodes.changed();
    this.#onViewers();
  }

  removeViewer(viewer: Viewer): void {
    this.branches.leave(viewer);
    if (!this.viewers.delete(viewer)) return;
    this.topology.changed();
    this.nodes.changed();
    this.#onViewers();
    this.checkEmpty();
  }

  /** Keeps an empty room from closing until it is called back. */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
      this.checkEmpty();
    };
  }

  /** The participant whose secret it is. */
  resume(secret: string): Participant | null {
    return this.bearer(secretTag(secret));
  }

  /** The participant whose secret has this tag. */
  bearer(tag: string): Participant | null {
    return this.#byTag.get(tag) ?? null;
  }

  /** From now on it speaks through `client`; whoever did before is told. */
  connect(participant: Participant, client: ParticipantClient): void {
    const before = participant.client;
    if (participant.grace) clearTimeout(participant.grace);
    participant.grace = null;
    participant.client = client;
    this.crossings.stays(participant);
    before?.close('opened in another tab', false);
    this.#announcements.entered(participant);
    this.topology.connected(participant);
    participant.subscription.forgetTold();
    this.distribution.subscriberChanged(participant);
  }

  /** A connection is lost: the participant has the grace period to come back. */
  disconnected(participant: Participant, client: ParticipantClient): void {
    if (participant.client !== client || participant.gone) return;
    participant.client = null;
    participant.grace = setTimeout(() => this.leave(participant, 'lost'), this.#resumeGraceMs);
    this.topology.changed();
  }

  rename(participant: Participant, name: string): void {
    if (participant.nameFixed || participant.name === name) return;
    participant.name = name;
    this.#announcements.updated(participant);
    this.nodes.changed();
  }

  /** What the participant shows from now on. */
  view(participant: Participant, view: View): void {
    participant.view = view;
    this.distribution.subscriberChanged(participant);
  }

  /** Throws `not-found` if no such track is published. */
  mute(participant: Participant, source: TrackSource, muted: boolean): void {
    const both = [...participant.tracks, ...participant.meshTracks];
    const concerned = both.filter((track) => track.source === source);
    if (concerned.length === 0) throw new ServerError('not-found', `you publish no ${source}`);
    if (concerned.every((track) => track.muted === muted)) return;
    const apply = (track: Track): Track => (track.source === source ? { ...track, muted } : track);
    participant.tracks = participant.tracks.map(apply);
    participant.meshTracks = participant.meshTracks.map(apply);
    if (!this.#isIn(participant)) return;
    this.#announcements.updated(participant);
    this.nodes.changed();
  }

  /** What the participant sends in a mesh from now on. */
  publish(participant: Participant, tracks: readonly Track[]): void {
    const before = JSON.stringify(participant.meshTracks);
    participant.meshTracks = tracks;
    if (before !== JSON.stringify(tracks)) this.#announcements.updated(participant);
  }

  published(participant: Participant, told: boolean): void {
    if (!this.#isIn(participant)) return;
    if (told) this.#announcements.updated(participant);
    this.distribution.tracksChanged(participant);
    this.nodes.changed();
  }

  /** The worker says who speaks. */
  speakerChanged(participant: string | null): void {
    const there = (id: string): boolean => this.participants.has(id) || this.nodes.elsewhere.people.has(id);
    const known = participant !== null && there(participant) ? participant : null;
    if (known === this.speaker) return;
    this.speaker = known;
    this.broadcast('speaker', { participant: known });
  }

  /** What a connection that has just come is to know beyond the answer to its `enter`. */
  tellState(participant: Participant): void {
    const { client } = participant;
    if (!client) return;
    if (this.speaker) client.send('speaker', { participant: this.speaker });
    if (this.topology.preparing) client.send('topology', this.topology.preparing);
    if (this.media.overload > 0) client.send('overload', { level: this.media.overload });
    tellSession(participant);
  }

  /** Tracks have other ids on the other topology. */
  moved(): void {
    if (this.topology.current === 'mesh') this.speakerChanged(null);
    for (const participant of this.participants.values()) this.#announcements.updated(participant);
  }

  /** Puts everyone out. */
  close(reason: string, retry: boolean): void {
    if (this.closed) return;
    this.closed = true;
    this.topology.close();
    this.crossings.close();
    this.nodes.close();
    this.#announcements.close();
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
    this.branches.close();
    this.place.close();
  }

  broadcast<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void {
    for (const participant of this.participants.values()) participant.client?.send(event, payload);
  }

  elsewhereChanged({ joined, updated, republished, left }: Changes): void {
    // First, as with those who come here.
    this.topology.changed();
    for (const one of left) this.#announcements.left(one, 'left');
    for (const one of joined) this.#announcements.joined(one);
    for (const one of updated) this.#announcements.updated(one);
    for (const one of [...republished, ...left]) this.distribution.tracksChanged(one);
    if (joined.length + left.length > 0) this.#onMembership();
  }

  checkEmpty(): void {
    if (this.empty && !this.closed) this.#onEmpty();
  }

  #succeed(producers: Succession[]): void {
    const { home } = this.place;
    home?.worker.request({ type: 'succeed', router: home.router, producers }).catch(() => {});
  }

  *#everybody(): Iterable<string> {
    yield* this.participants.keys();
    yield* this.nodes.elsewhere.people.keys();
  }
}
