import { MicrophoneMeter } from '../media/microphone-meter.js';

/** How often levels are measured, ms. */
const LEVELS_INTERVAL_MS = 250;
/** Share of the page's time that measuring may take: each look at a receiver waits for another thread of the browser. */
const LEVELS_SHARE = 0.04;

/** When to measure again after a measurement that took so long, ms. */
export const untilNextLevels = (tookMs: number): number => Math.max(LEVELS_INTERVAL_MS, tookMs / LEVELS_SHARE);

/** Level of what a section receives now, 0 to 1 (RFC 6464 by way of the browser); 0 when nothing came lately. */
export function receivedLevel(receiver: RTCRtpReceiver | undefined, nowMs: number): number {
  const [source] = receiver?.getSynchronizationSources?.() ?? [];
  if (!source || typeof source.audioLevel !== 'number') return 0;
  // Timestamps are on the clock of `performance.now()`, in some browsers on that of `Date.now()`.
  const at = source.timestamp > 1e11 ? source.timestamp - performance.timeOrigin : source.timestamp;
  return nowMs - at > 1_000 ? 0 : source.audioLevel;
}

/** Level of one's own microphone, 0 to 1: from the statistics where the browser has it there, else measured. */
export class OwnLevel {
  private meter: MicrophoneMeter | null = null;
  private metered: MediaStreamTrack | null = null;

  async read(sender: RTCRtpSender | undefined): Promise<number> {
    const media = sender?.track ?? null;
    if (!sender || !media?.enabled) return 0;
    if (this.metered !== media) {
      const level = await sentLevel(sender);
      if (level !== null) return level;
      this.close();
      this.meter = new MicrophoneMeter(media);
      this.metered = media;
    }
    return this.meter?.level ?? 0;
  }

  close(): void {
    this.meter?.close();
    this.meter = null;
    this.metered = null;
  }
}

/** Null where the browser doesn't tell (Firefox). */
async function sentLevel(sender: RTCRtpSender): Promise<number | null> {
  try {
    let told = false;
    for (const report of (await sender.getStats()).values()) {
      if (report.type === 'media-source') return report.audioLevel ?? null;
      told = true;
    }
    return told ? null : 0;
  } catch {
    // The connection was closed meanwhile.
    return 0;
  }
}
