/** Number of receiving sections by kind. */
export interface SectionCounts {
  audio: number;
  video: number;
}

/** More than this is refused by the server (limit of sections in one description, minus those that send). */
export const MAX_RECEIVING_SECTIONS = 500;

/**
 * How many receiving sections there should be. Each growth costs an offer and an answer, so it grows like a vector:
 * by what is missing, and at least by two and by as many as there are (but no more than 8 to spare).
 *
 * Invariant: what was added but isn't answered yet counts as there, so one shortage isn't mended twice.
 */
export class SectionPlan {
  private readonly answered: SectionCounts = { audio: 0, video: 0 };
  private readonly pending: SectionCounts = { audio: 0, video: 0 };

  get total(): SectionCounts {
    return {
      audio: this.answered.audio + this.pending.audio,
      video: this.answered.video + this.pending.video,
    };
  }

  /** Sections for the first offer: one of each kind at least, so that there is a transport to begin with. */
  begin(expected: SectionCounts): SectionCounts {
    return this.add({ audio: Math.max(1, expected.audio), video: Math.max(1, expected.video) });
  }

  /** What to add, given what the server finds missing. Zeros: nothing to do. */
  grow(missing: SectionCounts): SectionCounts {
    return this.add({ audio: this.step('audio', missing.audio), video: this.step('video', missing.video) });
  }

  /** The offer with everything added so far was sent. Returns what to call when its answer came. */
  sent(): () => void {
    const inFlight = { ...this.pending };
    return () => {
      for (const kind of ['audio', 'video'] as const) {
        this.answered[kind] += inFlight[kind];
        this.pending[kind] -= inFlight[kind];
      }
    };
  }

  private step(kind: keyof SectionCounts, missing: number): number {
    const needed = missing - this.pending[kind];
    if (!(needed > 0)) return 0;
    const spare = Math.min(8, this.total[kind]);
    return Math.max(needed, 2, spare);
  }

  private add(counts: SectionCounts): SectionCounts {
    const room = MAX_RECEIVING_SECTIONS - this.total.audio - this.total.video;
    const audio = Math.min(counts.audio, Math.max(0, room));
    const video = Math.min(counts.video, Math.max(0, room - audio));
    this.pending.audio += audio;
    this.pending.video += video;
    return { audio, video };
  }
}
