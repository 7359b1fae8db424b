import type { StreamAssignment, TrackSource } from '@efir/protocol';

/** Who and what a receiving section carries. */
export interface Assigned {
  participant: string;
  source: TrackSource;
  /** Of the packets that are theirs; null: unknown. */
  csrc: number | null;
  /** Of those from their transport before, which are theirs as well. */
  formerCsrc?: number | undefined;
}

/**
 * Which receiving section carries whom, as the server last said. Pure bookkeeping: the sections themselves may not
 * exist yet (the answer is still on its way), or no longer (a new transport).
 */
export class Assignments {
  private readonly byMid = new Map<string, Assigned>();
  private readonly byTrack = new Map<string, string>();
  private readonly following = new Map<string, 'speaker' | 'loudest'>();
  /** False until the server has spoken about this transport. */
  known = false;

  /**
   * Replaces everything. If two sections carry the same track, the later one counts; one that follows who speaks gives way
   * to one that is for this track.
   */
  update(streams: readonly StreamAssignment[]): void {
    this.byMid.clear();
    this.byTrack.clear();
    this.following.clear();
    this.known = true;
    for (const { mid, participant, source, csrc, formerCsrc, follow } of streams) {
      if (follow) this.following.set(mid, follow);
      if (participant === null || source === null) continue;
      const before = this.byTrack.get(key(participant, source));
      const assigned = { participant, source, csrc: csrc ?? null, formerCsrc };
      if (follow === 'speaker') {
        this.byMid.set(mid, assigned);
        if (before === undefined) this.byTrack.set(key(participant, source), mid);
        continue;
      }
      if (before !== undefined && !this.following.has(before)) this.byMid.delete(before);
      this.byMid.set(mid, assigned);
      this.byTrack.set(key(participant, source), mid);
    }
  }

  /** For a new transport: mids start anew. */
  clear(): void {
    this.byMid.clear();
    this.byTrack.clear();
    this.following.clear();
    this.known = false;
  }

  midOf(participant: string, source: TrackSource): string | undefined {
    return this.byTrack.get(key(participant, source));
  }

  of(mid: string): Assigned | undefined {
    return this.byMid.get(mid);
  }

  /** Sections that follow who speaks, or the loudest. */
  thatFollow(what: 'speaker' | 'loudest'): string[] {
    return [...this.following].flatMap(([mid, follow]) => (follow === what ? [mid] : []));
  }

  *[Symbol.iterator](): IterableIterator<[string, Assigned]> {
    yield* this.byMid;
  }
}

const key = (participant: string, source: TrackSource): string => `${participant}/${source}`;
