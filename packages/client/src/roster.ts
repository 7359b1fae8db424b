import type { ParticipantInfo, TrackInfo, TrackSource } from '@efir/protocol';
import { Emitter } from './emitter.js';
import type { RoomEvents } from './events.js';
import { Participant } from './participant.js';
import { kindOf } from './track.js';

export type RosterEvents = Pick<
  RoomEvents,
  | 'participant-joined'
  | 'participant-left'
  | 'participant-updated'
  | 'track-added'
  | 'track-removed'
  | 'track-muted'
  | 'track-media'
>;

/** The others in the room. A participant who is still there after a reconnect is the same object. */
export class Roster extends Emitter<RosterEvents> {
  private readonly map = new Map<string, Participant>();
  /** What classic clients send is seen from their connection only. */
  private readonly classicTracks = new Map<string, TrackInfo[]>();

  get(id: string): Participant | undefined {
    return this.map.get(id);
  }

  /** In the order in which they came. */
  get list(): Participant[] {
    return [...this.map.values()];
  }

  /** Everybody, as the server says on entering; whoever isn't named has left meanwhile. */
  sync(infos: readonly ParticipantInfo[], except: string): void {
    const named = new Set(infos.map(({ id }) => id));
    for (const id of [...this.map.keys()]) if (!named.has(id) || id === except) this.left(id, 'left');
    for (const info of infos) if (info.id !== except) this.set(info);
  }

  /** Somebody came, or changed. */
  set(told: ParticipantInfo): void {
    const info = told.classic ? { ...told, tracks: this.classicTracks.get(told.id) ?? [] } : told;
    const known = this.map.get(info.id);
    if (known) {
      if (known.update(info)) this.emit('participant-updated', { participant: known });
      return;
    }
    const participant = new Participant(info);
    this.map.set(info.id, participant);
    this.watch(participant);
    this.emit('participant-joined', { participant });
    participant.update(info);
  }

  left(id: string, reason: 'left' | 'lost' | 'removed'): void {
    const participant = this.map.get(id);
    if (!participant) return;
    this.map.delete(id);
    this.classicTracks.delete(id);
    for (const track of participant.tracks) track.setMedia(null);
    this.emit('participant-left', { participant, reason });
  }

  setClassicSources(id: string, sources: readonly TrackSource[]): void {
    const participant = this.map.get(id);
    if (!participant?.classic) return;
    const tracks = sources.map((source) => ({ id: `${id}/${source}`, source, kind: kindOf(source), muted: false }));
    this.classicTracks.set(id, tracks);
    const { name, joinedAt } = participant;
    this.set({ id, name, joinedAt, tracks, classic: true });
  }

  /** What others publish and haven't muted. */
  live(): { participant: string; source: TrackSource }[] {
    return this.list.flatMap(({ id, tracks }) =>
      tracks.filter(({ muted }) => !muted).map(({ source }) => ({ participant: id, source })),
    );
  }

  /** Hands every track what it is received by. */
  assign(mediaOf: (participant: string, source: TrackSource) => MediaStreamTrack | null): void {
    for (const [id, participant] of this.map) {
      for (const track of participant.tracks) track.setMedia(mediaOf(id, track.source));
    }
  }

  /** Tracks of each kind that others publish. `spare`: and one of each for whoever doesn't publish yet, and for one more. */
  expected(spare = false): { audio: number; video: number } {
    const counts = { audio: 0, video: 0 };
    for (const { tracks } of this.map.values()) {
      for (const { kind } of tracks) counts[kind]++;
      if (!spare) continue;
      for (const kind of ['audio', 'video'] as const) if (!tracks.some((track) => track.kind === kind)) counts[kind]++;
    }
    return spare ? { audio: counts.audio + 1, video: counts.video + 1 } : counts;
  }

  private watch(participant: Participant): void {
    for (const name of ['track-added', 'track-removed', 'track-muted', 'track-media'] as const) {
      participant.on(name, ({ track }) => {
        this.emit(name, { participant, track });
      });
    }
  }
}
