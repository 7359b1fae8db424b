/** Number of receiving sections by kind. */
export interface SectionCounts {
  audio: number;
  video: number;
}

/**
 * The server reads 65,536 characters of an offer. This many may go to receiving sections; the rest is for the session, four
 * sending sections and a margin.
 */
export const RECEIVING_CHARACTERS = 56_000;
/** What a receiving section takes in a compact offer of Chromium, the most talkative browser, and a little more. */
export const SECTION_CHARACTERS: Readonly<SectionCounts> = { audio: 390, video: 1_210 };

const KINDS = ['audio', 'video'] as const;

/**
 * How many receiving sections there should be. Each growth costs an offer and an answer, so it grows like a vector:
 * by what is missing, and at least by two and by as many as there are (but no more than 8 to spare).
 *
 * Invariant: what was added but isn't answered yet counts as there, so one shortage isn't mended twice.
 */
export class SectionPlan {
  private readonly answered: SectionCounts = { audio: 0, video: 0 };
  private readonly pending: SectionCounts = { audio: 0, video: 0 };

  /** `limits`: sections at most. */
  constructor(private readonly limits: SectionCounts = { audio: 512, video: 512 }) {}

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

  /** What to add so that there are as many. */
  complete(wanted: SectionCounts): SectionCounts {
    const { total } = this;
    return this.add({ audio: wanted.audio - total.audio, video: wanted.video - total.video });
  }

  /** The offer with everything added so far was sent. Returns what to call when its answer came. */
  sent(): () => void {
    const inFlight = { ...this.pending };
    return () => {
      for (const kind of KINDS) {
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
    const added = { audio: 0, video: 0 };
    let free = RECEIVING_CHARACTERS;
    for (const kind of KINDS) free -= this.total[kind] * SECTION_CHARACTERS[kind];
    // In turns, so that neither kind takes all that is left.
    for (let progress = true; progress; ) {
      progress = false;
      for (const kind of KINDS) {
        if (this.total[kind] + added[kind] >= this.limits[kind]) continue;
        if (added[kind] >= counts[kind] || free < SECTION_CHARACTERS[kind]) continue;
        free -= SECTION_CHARACTERS[kind];
        added[kind]++;
        progress = true;
      }
    }
    for (const kind of KINDS) this.pending[kind] += added[kind];
    return added;
  }
}
