import type { LiveTopology, TopologyReason, TrackSource } from '@efir/protocol';
import type { EfirError } from './errors.js';
import type { Participant } from './participant.js';
import type { Quality } from './quality/quality.js';
import type { Track } from './track.js';
import type { Sound, Stage } from './view/shown-media.js';

/**
 * `idle`: not connected yet. `connecting`: on the way in for the first time. `connected`: signalling and media both
 * work. `reconnecting`: one of them doesn't, and is being mended; participants and tracks stay. `closed`: the end.
 */
export type RoomState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** What `Room` emits. Handlers may be set before `connect()`; none is called before `on` returns. */
export interface RoomEvents {
  state: { state: RoomState; previous: RoomState };
  /** The tracks follow, each by `track-added`. */
  'participant-joined': { participant: Participant };
  /** `lost`: the connection broke and didn't come back in time. */
  'participant-left': { participant: Participant; reason: 'left' | 'lost' | 'removed' };
  /** `participant.connection` is another: the connection that leads to them came up, broke, or is being mended. */
  'participant-connection': { participant: Participant };
  /**
   * The room moves between peer to peer and the server: `prepare` (both ways are being used), `commit` (on `topology` now),
   * `abort` (it stays on `topology`, for this reason; `participant` is who could not follow, if it was one).
   */
  topology: {
    phase: 'prepare' | 'commit' | 'abort';
    topology: LiveTopology;
    reason: TopologyReason;
    participant?: Participant;
  };
  /** Name, list of tracks, or something about a track changed. */
  'participant-updated': { participant: Participant };
  /** A participant publishes something new. Its media follows: `track.media` is null until it is received. */
  'track-added': { participant: Participant; track: Track };
  'track-removed': { participant: Participant; track: Track };
  /** Muted or live again. */
  'track-muted': { participant: Participant; track: Track };
  /** `track.media` became another `MediaStreamTrack`, or null. */
  'track-media': { participant: Participant; track: Track };
  /** Who speaks by the server's judgement; null in silence. */
  speaker: { participant: Participant | null };
  /** The tile that follows whoever speaks shows somebody else, or has a picture now. */
  stage: { stage: Stage | null };
  /** What is to be heard is other media than before, or somebody else's. */
  sounds: { sounds: readonly Sound[] };
  /** The path from the server is another than it was; null: media doesn't go through the server. About once a second. */
  quality: { quality: Quality | null };
  /**
   * Something can't keep up and sheds pictures, never sound: the server, this machine with what it `receiving`s (smaller
   * pictures are asked for, then fewer), or with what it is `sending` (the camera's highest layers are left out). 0: it is over.
   */
  overload: { where: 'server' | 'receiving' | 'sending'; level: number };
  /** Levels were measured; read `participant.audioLevel`. Some four times a second while connected, more rarely where the machine is busy. */
  levels: object;
  /** One's own track ended without a call of ours: a device was unplugged, or sharing was stopped in the browser. */
  'local-track-ended': { source: TrackSource; reason: 'device-lost' | 'stopped-by-browser' };
  /** Something failed, yet the room goes on (`media-blocked`, `negotiation`, …). */
  error: { error: EfirError };
  /** The room is over for us. `error`: why, when it wasn't `leave()`. `retry`: coming back makes sense. */
  closed: { reason: string; retry: boolean; error?: EfirError };
}
