/** Somebody in a room: one identity, over however many connections and PeerConnections. */
import { createHash } from 'node:crypto';
import type { LiveTopology, ParticipantInfo, ServerEvents, TrackSource } from '@efir/protocol';
import type { MediaKind } from '@efir/rtc';
import { type MediaSession, randomToken } from '../media/session.js';
import type { View } from './plan.js';
import { Sequence } from './sequence.js';
import { Subscription } from './subscription.js';

/** More than this at once is no client of good will. */
const MAX_WAITING_OFFERS = 4;

export interface Permissions {
  publish: boolean;
  subscribe: boolean;
}

/** The signalling connection of a participant, as the room uses it. */
export interface ParticipantClient {
  /** It knows the event `participants`. */
  readonly batches?: boolean;
  send<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void;
  /** Says why and disconnects. */
  close(reason: string, retry: boolean): void;
}

export const KIND_OF: Record<TrackSource, MediaKind> = {
  microphone: 'audio',
  'screen-audio': 'audio',
  camera: 'video',
  screen: 'video',
};

export interface Track {
  mid: string;
  kind: MediaKind;
  source: TrackSource;
  muted: boolean;
}

export interface ParticipantOptions {
  /** Default: a random one. */
  id?: string;
  name: string;
  permissions: Permissions;
  /** Not theirs to change: a token says so. */
  nameFixed?: boolean;
  /** Ends by its own means (WHIP): a lost transport is the end of it. */
  onMediaLost?: () => void;
  /** A client of the classic rooms protocol: in a mesh, or nowhere. */
  classic?: boolean;
  /** False: it can't connect to others by itself. */
  mesh?: boolean;
  /** As whom it was in the room on another node: when it came there, and how many transports it had. */
  before?: { joinedAt: number; transports: number };
}

export class Participant {
  readonly id: string;
  /** Whoever knows it is this participant. */
  readonly resumeSecret = randomToken(24);
  /** Other nodes know the secret by it. */
  readonly resumeTag = secretTag(this.resumeSecret);
  readonly joinedAt: number;
  readonly permissions: Permissions;
  readonly nameFixed: boolean;
  readonly onMediaLost: (() => void) | null;
  readonly classic: boolean;
  /** Nobody can be kept from sending or receiving in a mesh: who may not do both is on the SFU, like those who can't. */
  readonly sfuOnly: boolean;
  readonly subscription = new Subscription();
  /** Its offers are answered one after the other. */
  readonly offers = new Sequence(MAX_WAITING_OFFERS);
  name: string;
  client: ParticipantClient | null = null;
  media: MediaSession | null = null;
  /** Its PeerConnection lost our end: only a fresh one can go on. */
  needsFresh = false;
  /** What it shows; null: it has said nothing of that, and gets everybody's tracks. Kept whatever the room runs on. */
  view: View | null = null;
  /** The last `layers` event, as JSON. */
  layersTold = '';
  /** What it sends to the SFU. */
  tracks: readonly Track[] = [];
  /** What it says that it sends in a mesh; `mid` is the source. */
  meshTracks: readonly Track[] = [];
  /** Out of the room for good. */
  gone = false;
  /** Runs while there is no connection. */
  grace: NodeJS.Timeout | null = null;
  #transports: number;

  constructor(options: ParticipantOptions) {
    const { id, name, permissions, nameFixed = false, onMediaLost = null, classic = false, mesh = true } = options;
    const { joinedAt = Date.now(), transports = 0 } = options.before ?? {};
    this.id = id ?? randomId();
    this.joinedAt = joinedAt;
    this.#transports = transports;
    this.name = name;
    this.permissions = permissions;
    this.nameFixed = nameFixed;
    this.onMediaLost = onMediaLost;
    this.classic = classic;
    this.sfuOnly = !mesh || onMediaLost !== null || !permissions.publish || !permissions.subscribe;
  }

  /** How many it had. */
  get transports(): number {
    return this.#transports;
  }

  /** One for each PeerConnection; see `participantOfTransport`. */
  nextTransportId(): string {
    this.#transports++;
    return `${this.id}.${this.#transports}`;
  }

  /** In a room that runs on `topology`, and is `moving` to the other one or not. */
  info(topology: LiveTopology, moving: boolean): ParticipantInfo {
    const tracks = this.#shownTracks(topology, moving).map(({ mid, source, kind, muted }) => ({
      id: this.trackId(mid),
      source,
      kind,
      muted,
    }));
    const { id, name, joinedAt, classic } = this;
    return { id, name, tracks, joinedAt, ...(classic && { classic }) };
  }

  /** Who came during a move publishes on the new path only. */
  #shownTracks(topology: LiveTopology, moving: boolean): readonly Track[] {
    if (this.sfuOnly) return this.tracks;
    const [now, then] = topology === 'mesh' ? [this.meshTracks, this.tracks] : [this.tracks, this.meshTracks];
    return now.length === 0 && moving ? then : now;
  }

  trackId(mid: string): string {
    return `${this.id}/${mid}`;
  }
}

/** Of a transport or producer id; they are `${participant}.${n}` and `${participant}.${n}/${mid}`. */
export function participantOfTransport(id: string): string {
  return id.slice(0, id.indexOf('.'));
}

/** Tells that a secret is the right one, and not what it is. */
export function secretTag(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** 90 bits, letters, digits, - and _. */
export function randomId(): string {
  return randomToken(12).slice(0, 15);
}
