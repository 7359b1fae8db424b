/** How often levels are measured, ms. */
export const LEVELS_INTERVAL_MS = 200;

/** Level of what a section receives now, 0 to 1 (RFC 6464 by way of the browser); 0 when nothing came lately. */
export function receivedLevel(receiver: RTCRtpReceiver | undefined, nowMs: number): number {
  const [source] = receiver?.getSynchronizationSources?.() ?? [];
  if (!source || typeof source.audioLevel !== 'number') return 0;
  // Timestamps are on the clock of `performance.now()`, in some browsers on that of `Date.now()`.
  const age = nowMs - source.timestamp;
  return age >= 0 && age > 1_000 && age < 1e9 ? 0 : source.audioLevel;
}

/** Level of what we send. Null where the browser doesn't tell. */
export async function sentLevel(sender: RTCRtpSender | undefined): Promise<number | null> {
  if (!sender?.track?.enabled) return 0;
  try {
    for (const report of (await sender.getStats()).values()) {
      if (report.type === 'media-source' && typeof report.audioLevel === 'number') return report.audioLevel;
    }
  } catch {
    // The connection was closed meanwhile.
  }
  return null;
}
