import type { DataChannelLabel, LiveTopology, TrackSource } from '@efir/protocol';
import type { EfirError } from '../errors.js';
import type { Uplink } from '../local-participant.js';
import type { FindOwner } from '../stats/room-stats.js';

/** One RTCPeerConnection of a path, for figures. */
export interface MeasuredConnection {
  /** The participant at the other end; null: the SFU. */
  peer: string | null;
  pc: RTCPeerConnection;
  owner: FindOwner;
}

export type DataPayload = string | Uint8Array<ArrayBuffer>;

/** The data channels of a path, whoever is at their other end. */
export interface DataPort {
  /** An open channel leads there. Through the SFU: towards there; whether the other end has one isn't known. */
  reaches(label: DataChannelLabel, to: string): boolean;
  /** To one, or (null) to all that are reached. False: to nobody, or the browser's buffer is full. */
  send(label: DataChannelLabel, to: string | null, data: DataPayload): boolean;
  /** Bytes that wait to be sent on the channel that leads there. */
  buffered(label: DataChannelLabel, to: string): number;
}

/**
 * A way for our tracks to the others and for theirs to us: through the SFU, or to each of them. Two may live side by side
 * while the room moves from one to the other. After `close()` a path calls nothing back.
 */
export interface MediaPath extends Uplink {
  readonly topology: LiveTopology;
  readonly data: DataPort;
  /** Every connection of it is up. */
  readonly connected: boolean;
  /** What `media()` gives can be relied upon; before, what was shown last stays. */
  readonly assigned: boolean;
  /** Begins. Resolves when the first exchange is under way or done; rejects with `EfirError`. */
  open(): Promise<void>;
  /** There is, or isn't any more, another path beside this one. */
  setMoving(moving: boolean): void;
  /** Somebody came, went, or publishes something else. */
  rosterChanged(): void;
  /** The browser's track by which a source of somebody is received; null if there is none yet. */
  media(participant: string, source: TrackSource): MediaStreamTrack | null;
  /** The section that follows whoever speaks, if the view has one; null also where there are none (in a mesh). */
  stage?(): OnStage | null;
  /** Sound that isn't one participant's: sections that carry whoever is loudest. */
  voices?(): MediaStreamTrack[];
  receiver(participant: string, source: TrackSource): RTCRtpReceiver | undefined;
  sender(source: TrackSource): RTCRtpSender | undefined;
  /** State of the connection that leads to a participant. */
  stateOf(participant: string): RTCPeerConnectionState;
  connections(): MeasuredConnection[];
  /** New ICE credentials, on all connections: the network has changed. */
  restartIce(): Promise<void>;
  close(): void;
}

/** Whoever speaks, as a section that follows them shows. */
export interface OnStage {
  /** Null: nobody yet. */
  participant: string | null;
  media: MediaStreamTrack | null;
}

/** What any path tells its owner. */
export interface PathEvents {
  /** What `media()` gives has changed. */
  onMedia(): void;
  /** What `stateOf()` gives for this participant (null: for all) has changed. */
  onPeerState(participant: string | null): void;
  onError(error: EfirError): void;
  onData(label: DataChannelLabel, from: string, data: DataPayload): void;
  /** A channel opened, closed, or has room again. */
  onDataState(label: DataChannelLabel): void;
}
