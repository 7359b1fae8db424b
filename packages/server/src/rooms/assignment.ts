/**
 * Which of the others' tracks a subscriber's receiving sections carry. A track keeps its section as long as both are there;
 * a free section takes the next waiting track of its kind: screen shares first, then in the order given (of joining).
 */
import type { TrackSource } from '@efir/protocol';
import type { MediaKind } from '@efir/rtc';

export interface AssignableTrack {
  /** Unique in the room. */
  id: string;
  kind: MediaKind;
  source: TrackSource;
  /** The id it had before. */
  formerId?: string | undefined;
}

export interface ReceivingSection {
  mid: string;
  kind: MediaKind;
}

export interface AssignmentResult<T> {
  /** By mid, for every section, in the sections' order. */
  carried: Map<string, T | null>;
  /** Tracks that found no section, by kind. */
  missing: { audio: number; video: number };
}

export class Assignment {
  /** Track ids by mid. */
  readonly #tracks = new Map<string, string>();

  /** `tracks`: all that the subscriber is to receive. */
  update<T extends AssignableTrack>(sections: readonly ReceivingSection[], tracks: readonly T[]): AssignmentResult<T> {
    const waiting = new Map(tracks.map((track) => [track.id, track]));
    const carried = new Map<string, T | null>();
    const renamed = new Map(tracks.flatMap((track) => (track.formerId ? [[track.formerId, track]] : [])));
    for (const { mid, kind } of sections) {
      const id = this.#tracks.get(mid) ?? '';
      const track = waiting.get(id) ?? waiting.get(renamed.get(id)?.id ?? '');
      const kept = track?.kind === kind ? track : null;
      if (kept) waiting.delete(kept.id);
      carried.set(mid, kept);
    }

    const queue = { audio: inOrder(waiting.values(), 'audio'), video: inOrder(waiting.values(), 'video') };
    for (const { mid, kind } of sections) {
      if (carried.get(mid) === null) carried.set(mid, queue[kind].shift() ?? null);
    }

    this.#tracks.clear();
    for (const [mid, track] of carried) if (track) this.#tracks.set(mid, track.id);
    return { carried, missing: { audio: queue.audio.length, video: queue.video.length } };
  }
}

function inOrder<T extends AssignableTrack>(tracks: Iterable<T>, kind: MediaKind): T[] {
  const ofKind = [...tracks].filter((track) => track.kind === kind);
  const isScreen = ({ source }: T): boolean => source === 'screen' || source === 'screen-audio';
  return [...ofKind.filter(isScreen), ...ofKind.filter((track) => !isScreen(track))];
}
