import type { ParticipantInfo, TrackSource } from '@efir/protocol';
import { Emitter } from './emitter.js';
import { Track } from './track.js';

export interface ParticipantEvents {
  /** Anything visible about the participant changed: name, tracks, mute, media. `version` has grown. */
  changed: object;
  'track-added': { track: Track };
  'track-removed': { track: Track };
  'track-muted': { track: Track };
  'track-media': { track: Track };
}

/** A person in the room. The object stays the same through reconnects, theirs and ours. */
export class Participant extends Emitter<ParticipantEvents> {
  /** 0 (silence) to 1, linear, as in `RTCRtpContributingSource.audioLevel`; refreshed by the room's `levels` event. */
  audioLevel = 0;
  /** Grows with every change; a cheap snapshot for UI libraries. */
  version = 0;
  protected currentId: string;
  protected currentName: string;
  protected readonly trackMap = new Map<TrackSource, Track>();
  joinedAt: number;
  /** A client of the classic rooms protocol: audio and video, no data. */
  readonly classic: boolean;
  /** On another node than we: of the data channels only that of files reaches them. */
  apart = false;
  /** Of the connection that leads there: in a mesh to them, else to the SFU. See the event `participant-connection`. */
  connection: RTCPeerConnectionState = 'new';

  constructor(
    info: Pick<ParticipantInfo, 'id' | 'name' | 'joinedAt' | 'classic'>,
    readonly isLocal = false,
  ) {
    super();
    this.currentId = info.id;
    this.currentName = info.name;
    this.joinedAt = info.joinedAt;
    this.classic = info.classic === true;
  }

  get id(): string {
    return this.currentId;
  }

  get name(): string {
    return this.currentName;
  }

  get tracks(): Track[] {
    return [...this.trackMap.values()];
  }

  track(source: TrackSource): Track | undefined {
    return this.trackMap.get(source);
  }

  /** @internal Take over what the server says. Returns whether something changed. */
  update(info: ParticipantInfo): boolean {
    const before = this.version;
    if (info.name !== this.currentName) {
      this.currentName = info.name;
      this.touch();
    }
    this.joinedAt = info.joinedAt;
    if (this.apart !== (info.apart === true)) {
      this.apart = !this.apart;
      this.touch();
    }
    const told = new Map(info.tracks.map((track) => [track.source, track]));
    for (const track of this.tracks) {
      if (!told.has(track.source)) this.removeTrack(track.source);
    }
    for (const { id, source, muted } of told.values()) {
      const track = this.trackMap.get(source);
      if (track) {
        track.id = id;
        track.setMuted(muted);
      } else this.addTrack(new Track(id, source, muted));
    }
    return this.version !== before;
  }

  /** @internal Returns whether it is another than before. */
  setConnection(state: RTCPeerConnectionState): boolean {
    if (state === this.connection) return false;
    this.connection = state;
    this.touch();
    return true;
  }

  protected addTrack(track: Track): Track {
    this.trackMap.set(track.source, track);
    track.on('muted', () => {
      this.emit('track-muted', { track });
      this.touch();
    });
    track.on('media', () => {
      this.emit('track-media', { track });
      this.touch();
    });
    this.emit('track-added', { track });
    this.touch();
    return track;
  }

  protected removeTrack(source: TrackSource): void {
    const track = this.trackMap.get(source);
    if (!track) return;
    this.trackMap.delete(source);
    track.setMedia(null);
    this.emit('track-removed', { track });
    this.touch();
  }

  protected touch(): void {
    this.version++;
    this.emit('changed', {});
  }
}
