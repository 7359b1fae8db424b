/**
 * The app's signalling over Socket.IO, namespace `/sfu`, whatever the room runs on. To the SFU the client always offers and
 * the server only answers; all of the server's candidates are in the answer and the client's need not be sent (the server
 * is ICE-lite). For what goes between participants in a mesh see `topology.ts`.
 *
 * Requests are `emit(event, payload, ack)`; the ack gets `{ ok: true, ... }` or `{ ok: false, error }`.
 * Events from the server carry no ack.
 */
import { z } from 'zod';
import type { SaidMessage, SayRequest } from './data.js';
import { ErrorReply } from './errors.js';
import { DisplayName, MAX_TRACKS, Mid, ParticipantId, ParticipantInfo, RoomId, RoomInfo, TrackSource } from './room.js';
import {
  MAX_SDP_LENGTH,
  type MigratedRequest,
  PendingMigration,
  type PublishRequest,
  type RelayedMessage,
  type RelayRequest,
  type TopologyEvent,
} from './topology.js';
import type { LayersEvent, OverloadEvent, QualityEvent, ViewRequest } from './view.js';

export const SFU_NAMESPACE = '/sfu';

const reply = <T extends z.ZodRawShape>(shape: T) =>
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), ...shape }),
    z.object({ ok: z.literal(false), error: ErrorReply }),
  ]);

/** `enter`: the first message. `resume` from an earlier `enter` takes the same identity up again. */
export const EnterRequest = z.strictObject({
  room: RoomId,
  name: DisplayName,
  token: z.string().max(4096).optional(),
  resume: z.string().max(128).optional(),
  /**
   * Beside `resume`: the server of the cluster that said `move`. You have media here and there until you say `arrive`; who
   * isn't known there is refused and stays there.
   */
  from: z.string().max(64).optional(),
  /** False: this client can't connect to others by itself, so the room goes to the SFU. */
  mesh: z.boolean().default(true),
  /** This client understands the event `participants`. */
  batches: z.boolean().default(false),
});
export type EnterRequest = z.input<typeof EnterRequest>;

/** As in `RTCConfiguration`. */
export const IceServer = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof IceServer>;

const iceServers = {
  iceServers: z.array(IceServer),
  /** When their credentials end, ms since the epoch; absent if there are none. Ask for new ones (`ice-servers`) before. */
  iceExpiresAt: z.number().optional(),
};

export const EnterReply = reply({
  participant: ParticipantId,
  /** Secret; to be given as `resume` after a lost connection. */
  resume: z.string(),
  /**
   * The identity was taken up again. On the SFU: and the media transport is still there, so offer on the same
   * PeerConnection, with an ICE restart if its path is gone. In a mesh: do so with each peer whose path is gone.
   */
  resumed: z.boolean(),
  /** `room.topology`: what it runs on now. */
  room: RoomInfo,
  /** The room is moving; the event `topology` of this epoch follows. */
  migration: PendingMigration.optional(),
  participants: z.array(ParticipantInfo),
  /** Other servers of the cluster, to ask when this one is gone. */
  alternatives: z.array(z.string().max(300)).max(8).optional(),
  ...iceServers,
});
export type EnterReply = z.infer<typeof EnterReply>;

/** `offer`: at the start, for new sections, for an ICE restart (new ufrag in the SDP). */
export const OfferRequest = z.strictObject({
  sdp: z.string().min(1).max(MAX_SDP_LENGTH),
  /** What the sending sections carry; sections not listed are taken by kind as microphone or camera. */
  tracks: z
    .array(z.strictObject({ mid: Mid, source: TrackSource, muted: z.boolean().default(false) }))
    .max(MAX_TRACKS)
    .default([]),
  /** This PeerConnection is a new one; the transport before it is closed. */
  fresh: z.boolean().default(false),
});
export type OfferRequest = z.input<typeof OfferRequest>;

export const OfferReply = reply({ sdp: z.string() });
export type OfferReply = z.infer<typeof OfferReply>;

/** `arrive`: no payload. Media flows here: from now on you are here, and on the server that you come `from` no more. */
export const ArriveRequest = z.strictObject({});
export const ArriveReply = reply({
  /** As in the reply to `enter`, now that you are in. */
  room: RoomInfo,
  participants: z.array(ParticipantInfo),
});
export type ArriveReply = z.infer<typeof ArriveReply>;

/** `mute`: say that a track is muted or live again. */
export const MuteRequest = z.strictObject({ source: TrackSource, muted: z.boolean() });
export type MuteRequest = z.infer<typeof MuteRequest>;

/** `leave`: no payload. */
export const LeaveRequest = z.strictObject({});

export const PlainReply = reply({});
export type PlainReply = z.infer<typeof PlainReply>;

/** `ice-servers`: no payload. */
export const IceServersRequest = z.strictObject({});
export const IceServersReply = reply(iceServers);
export type IceServersReply = z.infer<typeof IceServersReply>;

/** What one receiving section of yours carries now. */
export const StreamAssignment = z.object({
  mid: Mid,
  /** Null: nothing. */
  participant: ParticipantId.nullable(),
  source: TrackSource.nullable(),
  /** Track id as in `TrackInfo`. */
  track: z.string().nullable(),
  /** The CSRC of its packets: a picture with another one is still the section's last source. */
  csrc: z.number().int().nullable(),
  /** Of the same source, until its owner's new transport is shown: a picture with this one is theirs as well. */
  formerCsrc: z.number().int().optional(),
  /** The section follows who speaks (`speaker`: the tile of a `view`) or carries one of the loudest; the rest tells who that is now. */
  follow: z.enum(['speaker', 'loudest']).optional(),
});
export type StreamAssignment = z.infer<typeof StreamAssignment>;

/** Why a participant is not there any more. */
export type LeaveReason = 'left' | 'lost' | 'removed';

/** Above so many participants, who comes, changes and goes is told in batches. */
export const BATCHES_ABOVE = 50;

export interface ServerEvents {
  'participant-joined': { participant: ParticipantInfo };
  /** Sent on changes of name or tracks. */
  'participant-updated': { participant: ParticipantInfo };
  'participant-left': { participant: string; reason: LeaveReason };
  /**
   * Instead of the three above in rooms of more than `BATCHES_ABOVE`, to clients that said `batches`: what has happened in
   * the last 100 ms. Nobody is in two of the lists.
   */
  participants: {
    joined: ParticipantInfo[];
    updated: ParticipantInfo[];
    left: { participant: string; reason: LeaveReason }[];
  };
  /** All of your receiving sections. `missing`: sections you would need more of to receive everything. */
  streams: { streams: StreamAssignment[]; missing: { audio: number; video: number } };
  /** Your path, and what is sent on it. */
  quality: QualityEvent;
  /** Which layers of your tracks are taken. */
  layers: LayersEvent;
  overload: OverloadEvent;
  /** Who speaks, or null. */
  speaker: { participant: string | null };
  /** The media transport is gone (its worker died): make a new PeerConnection and offer with `fresh: true`. */
  'media-restart': { reason: string };
  /**
   * This server is to end: go to one of these, the first that takes you, with `enter` and `from` there, and stay here until
   * `arrive` is answered. Told again if you are still here after some seconds.
   */
  move: { urls: string[]; from: string };
  /** The room moves, or has moved, or stays. */
  topology: TopologyEvent;
  /** From another participant, for the connection with them in a mesh. */
  relay: RelayedMessage;
  /** What another participant said by `say`. */
  said: SaidMessage;
  /** You are out of the room; don't come back by yourself unless `retry`. */
  closed: { reason: string; retry: boolean };
  /** A message of yours was refused and had no ack to say so in. */
  error: ErrorReply;
}

export interface ClientRequests {
  enter: { request: EnterRequest; reply: EnterReply };
  offer: { request: OfferRequest; reply: OfferReply };
  arrive: { request: Record<string, never>; reply: ArriveReply };
  mute: { request: MuteRequest; reply: PlainReply };
  publish: { request: PublishRequest; reply: PlainReply };
  relay: { request: RelayRequest; reply: PlainReply };
  migrated: { request: MigratedRequest; reply: PlainReply };
  say: { request: SayRequest; reply: PlainReply };
  view: { request: ViewRequest; reply: PlainReply };
  'ice-servers': { request: Record<string, never>; reply: IceServersReply };
  leave: { request: Record<string, never>; reply: PlainReply };
}
