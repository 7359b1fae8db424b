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
const ENOUGH: Readonly<Record<TrackSource, number>> = { microphone: 5, 'screen-audio': 5, camera: 2, screen: 1 };

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
  private readonly awaited = new Set<string>();
  private readonly there = new Set<string>();
  private looks = 0;

  constructor(
    private readonly next: Measured,
    /** Null: there is none, the room is entered on `next`. */
    private readonly old: Measured | null,
    private readonly expected: () => readonly ExpectedTrack[],
    private readonly startedAt: number,
  ) {}

  /** Looks at the statistics. What is still missing, as `participant/source`; `[]` means ready, null "too early to say". */
  async look(now: number): Promise<string[] | null> {
    if (!this.old && now - this.startedAt >= NEWCOMER_PATIENCE_MS) return this.next.connected ? [] : null;
    // All at once: browsers gather the figures of a connection once for those who ask together.
    await Promise.all(this.expected().map((track) => this.lookAt(track)));
    this.looks++;
    if (!this.next.connected || (this.old && this.looks < 2)) return null;
    const live = this.expected().map(keyOf);
    return live.filter((key) => this.awaited.has(key) && !this.there.has(key));
  }

  private async lookAt(track: ExpectedTrack): Promise<void> {
    const key = keyOf(track);
    const { participant, source } = track;
    // Before it is connected nothing can be there, and asking takes the time of whoever connects it.
    if (this.next.connected && !this.there.has(key)) {
      const count = await received(this.next.receiver(participant, source), source);
      if (count >= ENOUGH[source]) this.there.add(key);
    }
    if (this.awaited.has(key)) return;
    const receiver = this.old?.receiver(participant, source);
    // Never on the old path: somebody new.
    if (!receiver) {
      this.awaited.add(key);
      return;
    }
    const count = await received(receiver, source);
    if (count > (this.before.get(key) ?? Number.POSITIVE_INFINITY)) this.awaited.add(key);
    this.before.set(key, count);
  }
}

const keyOf = ({ participant, source }: ExpectedTrack): string => `${participant}/${source}`;
