import type { StreamAssignment, TrackSource } from '@efir/protocol';

/** Who and what a receiving section carries. */
export interface Assigned {
  participant: string;
  source: TrackSource;
}

/**
 * Which receiving section carries whom, as the server last said. Pure bookkeeping: the sections themselves may not
 * exist yet (the answer is still on its way), or no longer (a new transport).
 */
export class Assignments {
  private readonly byMid = new Map<string, Assigned>();
  private readonly byTrack = new Map<string, string>();
  /** False until the server has spoken about this transport. */
  known = false;

  /** Replaces everything. If two sections carry the same track, the later one counts. */
  update(streams: readonly StreamAssignment[]): void {
    this.byMid.clear();
    this.byTrack.clear();
    this.known = true;
    for (const { mid, participant, source } of streams) {
      if (participant === null || source === null) continue;
      const before = this.byTrack.get(key(participant, source));
      if (before !== undefined) this.byMid.delete(before);
      this.byMid.set(mid, { participant, source });
      this.byTrack.set(key(participant, source), mid);
    }
  }

  /** For a new transport: mids start anew. */
  clear(): void {
    this.byMid.clear();
    this.byTrack.clear();
    this.known = false;
  }

  midOf(participant: string, source: TrackSource): string | undefined {
    return this.byTrack.get(key(participant, source));
  }

  of(mid: string): Assigned | undefined {
    return this.byMid.get(mid);
  }
}

const key = (participant: string, source: TrackSource): string => `${participant}/${source}`;
