/**
 * What a room runs on and how it moves, namespace `/sfu`. In a mesh each pair of participants has one RTCPeerConnection by
 * perfect negotiation (polite is the smaller participant id, compared as strings) whose messages go through `relay`.
 * A move is make-before-break: `prepare` (build the new path beside the old one, then say `migrated`), then `commit` or
 * `abort`.
 */
import { z } from 'zod';
import { MAX_TRACKS, Mid, ParticipantId, TrackSource } from './room.js';

/** Characters of SDP that are read at most. */
export const MAX_SDP_LENGTH = 65_536;
export const MAX_CANDIDATE_LENGTH = 1_024;

/** What a room can run on as of now. */
export const LiveTopology = z.enum(['mesh', 'sfu']);
export type LiveTopology = z.infer<typeof LiveTopology>;

export const SessionDescription = z.strictObject({
  type: z.enum(['offer', 'answer', 'pranswer', 'rollback']),
  /** Empty for a rollback. */
  sdp: z.string().max(MAX_SDP_LENGTH).default(''),
});
export type SessionDescription = z.output<typeof SessionDescription>;

/** As `RTCIceCandidate.toJSON()` gives it. */
export const IceCandidate = z.strictObject({
  candidate: z.string().max(MAX_CANDIDATE_LENGTH),
  sdpMid: z.string().max(64).nullish().default(null),
  sdpMLineIndex: z.number().int().min(0).max(65_535).nullish().default(null),
  usernameFragment: z.string().max(256).nullish(),
});
export type IceCandidate = z.output<typeof IceCandidate>;

/** Which source a sending section of a mesh connection carries. */
export const MeshTrack = z.strictObject({ mid: Mid, source: TrackSource });
export type MeshTrack = z.infer<typeof MeshTrack>;

const mesh = {
  description: SessionDescription.optional(),
  /** Null: there are no more. */
  candidate: IceCandidate.nullable().optional(),
  /**
   * Beside a description: what each of the sender's sending sections carries. From classic clients there is none: their
   * first audio is the microphone, the first video the camera, the second one a screen.
   */
  tracks: z.array(MeshTrack).max(MAX_TRACKS).optional(),
  /** Beside an offer: it is of a new PeerConnection, the one before it is to be closed. */
  fresh: z.boolean().optional(),
};

/**
 * `relay`: to one other participant of the room. `not-found` if there is none of that id, `unavailable` while they are
 * without a connection: who comes back offers anew.
 */
export const RelayRequest = z
  .strictObject({ to: ParticipantId, ...mesh })
  .refine((relay) => (relay.description === undefined) !== (relay.candidate === undefined), {
    message: 'exactly one of description and candidate is to be there',
  })
  .refine((relay) => relay.tracks === undefined || relay.description !== undefined, {
    message: 'tracks go with a description',
    path: ['tracks'],
  })
  .refine((relay) => relay.fresh === undefined || relay.description?.type === 'offer', {
    message: 'fresh goes with an offer',
    path: ['fresh'],
  });
export type RelayRequest = z.input<typeof RelayRequest>;

/** What the other gets of it. */
export interface RelayedMessage {
  from: string;
  description?: SessionDescription;
  candidate?: IceCandidate | null;
  tracks?: MeshTrack[];
  fresh?: boolean;
}

/**
 * `publish`: all that the participant sends in a mesh (to the SFU the `offer` says so). Each source once. The track's id
 * is `${participant}/${source}`; `id` and `kind` may be given and must be right then.
 */
export const PublishRequest = z.strictObject({
  tracks: z
    .array(
      z.strictObject({
        id: z.string().max(128).optional(),
        source: TrackSource,
        kind: z.enum(['audio', 'video']).optional(),
        muted: z.boolean().default(false),
      }),
    )
    .max(MAX_TRACKS),
});
export type PublishRequest = z.input<typeof PublishRequest>;

/** `migrated`: the path that `prepare` of this epoch asked for carries media, or cannot. */
export const MigratedRequest = z.strictObject({
  epoch: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  ok: z.boolean(),
  /** Why not; for the log. */
  reason: z.string().max(200).optional(),
});
export type MigratedRequest = z.infer<typeof MigratedRequest>;

/**
 * Why a room moves: its size (`participants`), its settings (`setting`), somebody who cannot be in a mesh (`sfu-only`:
 * WHIP, a client that says so, a token that allows one direction only), somebody who watches by WHEP (`viewers`), or a
 * classic client (`classic`), people on several nodes (`nodes`). Why it did not: not all were ready in time (`timeout`), one said that it can't
 * (`client-failed`), the reason to move has gone (`room-changed`), there is no media worker (`unavailable`).
 */
export type TopologyReason =
  | 'participants'
  | 'setting'
  | 'sfu-only'
  | 'viewers'
  | 'classic'
  | 'nodes'
  | 'timeout'
  | 'client-failed'
  | 'room-changed'
  | 'unavailable';

export interface TopologyEvent {
  /** Counts the moves of a room; an event of an epoch that is not the one under way is outdated. */
  epoch: number;
  /** `prepare`: build the path for it. `commit`: that is it now, close the old path after a second. `abort`: the one that stays. */
  topology: LiveTopology;
  phase: 'prepare' | 'commit' | 'abort';
  reason: TopologyReason;
  /** Of an `abort`: one who was not ready or who failed. */
  participant?: string;
}

/** A move under way, as who enters during it is told: join `topology` at once, build no path to the old one, say `migrated`. */
export const PendingMigration = z.object({
  epoch: z.number().int(),
  topology: LiveTopology,
});
export type PendingMigration = z.infer<typeof PendingMigration>;
