import type { Playout } from '../options.js';

/** A second holds a burst of lost packets and their repair over a long way. */
const BROADCAST_MS = 1_000;
/** The most that browsers take. */
const MOST_MS = 4_000;

/** Target of the jitter buffers, ms; null: the browser's own, the shortest that is even. */
export function playoutTarget(playout: Playout): number | null {
  if (playout === 'interactive') return null;
  if (playout === 'broadcast') return BROADCAST_MS;
  return Number.isFinite(playout) ? Math.max(0, Math.min(MOST_MS, playout)) : null;
}

/** As far as browsers have it. */
interface BufferedReceiver {
  jitterBufferTarget?: number | null;
  /** Seconds; in browsers before there was the other one. */
  playoutDelayHint?: number | null;
}

/** Browsers without either go by their own judgement. */
export function applyPlayout(receivers: readonly RTCRtpReceiver[], playout: Playout): void {
  const target = playoutTarget(playout);
  for (const receiver of receivers as readonly BufferedReceiver[]) {
    if ('jitterBufferTarget' in receiver) {
      if (receiver.jitterBufferTarget !== target) receiver.jitterBufferTarget = target;
    } else if ('playoutDelayHint' in receiver) {
      receiver.playoutDelayHint = target === null ? null : target / 1000;
    }
  }
}
