import type { TrackSource } from '@efir/protocol';
import { kindOf } from '../track.js';
import type { MediaPath } from './media-path.js';

/** Something that somebody publishes and hasn't muted. */
export interface ExpectedTrack {
  participant: string;
  source: TrackSource;
}

type Measured = Pick<MediaPath, 'receiver' | 'connected'>;

/** Who comes into a move has nothing to lose by it: after this they don't wait for anybody's media, ms. */
export const NEWCOMER_PATIENCE_MS = 3_000;

/** Packets (audio), decoded pictures (video) after which a track is there. A screen may stand still. */
const ENOUGH: Readonly<Record<TrackSource, number>> = { microphone: 5, 'screen-audio': 5, camera: 3, screen: 1 };

/** Packets received (audio) or pictures decoded (video) so far. */
export async function received(receiver: RTCRtpReceiver | undefined, source: TrackSource): Promise<number> {
  if (!receiver) return 0;
  try {
    for (const report of (await receiver.getStats()).values()) {
      if (report.type !== 'inbound-rtp') continue;
      return (kindOf(source) === 'audio' ? report.packetsReceived : report.framesDecoded) ?? 0;
    }
  } catch {
    // Closed meanwhile.
  }
  return 0;
}

/**
 * Whether a new path carries what the old one does. Awaited is each track that is live and flows on the old path; what
 * doesn't flow there (somebody whose network is gone) can't be lost by leaving it.
 */
export class Readiness {
  private readonly before = new Map<string, number>();
  private readonly there = new Set<string>();
  private looked = false;

  constructor(
    private readonly next: Measured,
    /** Null: there is none, the room is entered on `next`. */
    private readonly old: Measured | null,
    private readonly expected: () => readonly ExpectedTrack[],
    private readonly startedAt: number,
  ) {}

  /** Looks at the statistics. What is still missing, as `participant/source`; `[]` means ready, null "too early to say". */
  async look(now: number): Promise<string[] | null> {
    if (!this.next.connected) return null;
    if (!this.old) return now - this.startedAt >= NEWCOMER_PATIENCE_MS ? [] : this.missing(() => true);
    const flowing = await this.flowing();
    if (!this.looked) {
      this.looked = true;
      return null;
    }
    return this.missing((key) => flowing.has(key));
  }

  private async missing(awaited: (key: string) => boolean): Promise<string[]> {
    const missing: string[] = [];
    for (const { participant, source } of this.expected()) {
      const key = `${participant}/${source}`;
      if (this.there.has(key) || !awaited(key)) continue;
      if ((await received(this.next.receiver(participant, source), source)) >= ENOUGH[source]) this.there.add(key);
      else missing.push(key);
    }
    return missing;
  }

  /** What has come on the old path since the last look; and what was never on it (somebody new). */
  private async flowing(): Promise<Set<string>> {
    const flowing = new Set<string>();
    for (const { participant, source } of this.expected()) {
      const key = `${participant}/${source}`;
      const receiver = this.old?.receiver(participant, source);
      const count = await received(receiver, source);
      if (!receiver || count > (this.before.get(key) ?? Number.POSITIVE_INFINITY)) flowing.add(key);
      this.before.set(key, count);
    }
    return flowing;
  }
}
