/** Somebody in a room: one identity, over however many connections and PeerConnections. */
import type { ParticipantInfo, ServerEvents, TrackSource } from '@efir/protocol';
import type { MediaKind } from '@efir/rtc';
import { type MediaSession, randomToken } from '../media/session.js';
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
  send<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void;
  /** Says why and disconnects. */
  close(reason: string, retry: boolean): void;
}

export interface Track {
  mid: string;
  kind: MediaKind;
  source: TrackSource;
  muted: boolean;
}

export interface ParticipantOptions {
  name: string;
  permissions: Permissions;
  /** Not theirs to change: a token says so. */
  nameFixed?: boolean;
  /** Ends by its own means (WHIP): a lost transport is the end of it. */
  onMediaLost?: () => void;
}

export class Participant {
  readonly id = randomId();
  /** Whoever knows it is this participant. */
  readonly resumeSecret = randomToken(24);
  readonly joinedAt = Date.now();
  readonly permissions: Permissions;
  readonly nameFixed: boolean;
  readonly onMediaLost: (() => void) | null;
  readonly subscription = new Subscription();
  /** Its offers are answered one after the other. */
  readonly offers = new Sequence(MAX_WAITING_OFFERS);
  name: string;
  client: ParticipantClient | null = null;
  media: MediaSession | null = null;
  /** Its PeerConnection lost our end: only a fresh one can go on. */
  needsFresh = false;
  tracks: readonly Track[] = [];
  /** Out of the room for good. */
  gone = false;
  /** Runs while there is no connection. */
  grace: NodeJS.Timeout | null = null;
  #transports = 0;

  constructor({ name, permissions, nameFixed = false, onMediaLost }: ParticipantOptions) {
    this.name = name;
    this.permissions = permissions;
    this.nameFixed = nameFixed;
    this.onMediaLost = onMediaLost ?? null;
  }

  /** One for each PeerConnection; see `participantOfTransport`. */
  nextTransportId(): string {
    this.#transports++;
    return `${this.id}.${this.#transports}`;
  }

  info(): ParticipantInfo {
    const tracks = this.tracks.map(({ mid, source, kind, muted }) => ({ id: this.trackId(mid), source, kind, muted }));
    return { id: this.id, name: this.name, tracks, joinedAt: this.joinedAt };
  }

  trackId(mid: string): string {
    return `${this.id}/${mid}`;
  }
}

/** Of a transport or producer id; they are `${participant}.${n}` and `${participant}.${n}/${mid}`. */
export function participantOfTransport(id: string): string {
  return id.slice(0, id.indexOf('.'));
}

/** 90 bits, letters, digits, - and _. */
export function randomId(): string {
  return randomToken(12).slice(0, 15);
}
