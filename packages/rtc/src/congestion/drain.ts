/**
 * What of the estimate is sent while a queue stands that should go: less, until it has drained. A queue that doesn't get
 * shorter by it is somebody else's; giving way to it would only starve us, and for a while it isn't tried again.
 */

const BEGIN_MS = 80;
const END_MS = 25;
const SHARE = 0.8;
/** A queue this long would take many seconds at the usual share. */
const LONG_MS = 250;
const LONG_SHARE = 0.5;
/** Shorter by less than this in that time: it doesn't drain. */
const PROGRESS_MS = 10;
const PATIENCE_MS = 1500;
const CONTESTED_MS = 10_000;

/** In flight may be what the path and this much queue hold; with more, sending outran all feedback. */
const FLIGHT_QUEUE_MS = 300;
const MIN_FLIGHT_SHARE = 0.3;

export class Drain {
  active = false;
  private shortestMs = 0;
  private progressMs = 0;
  private contestedUntilMs = Number.NEGATIVE_INFINITY;
  private queueMs = 0;

  /** Of the estimate, 0..1. */
  get share(): number {
    if (!this.active) return 1;
    return this.queueMs > LONG_MS ? LONG_SHARE : SHARE;
  }

  /** Whether a queue was found lately that others keep full. */
  contested(nowMs: number): boolean {
    return nowMs < this.contestedUntilMs;
  }

  update(overused: boolean, queueMs: number, nowMs: number): void {
    this.queueMs = queueMs;
    if (!this.active) {
      if (!overused || queueMs <= BEGIN_MS || this.contested(nowMs)) return;
      this.active = true;
      this.shortestMs = queueMs;
      this.progressMs = nowMs;
      return;
    }
    if (queueMs < this.shortestMs - PROGRESS_MS) {
      this.shortestMs = queueMs;
      this.progressMs = nowMs;
    }
    if (queueMs < END_MS) {
      this.active = false;
    } else if (nowMs - this.progressMs > PATIENCE_MS) {
      this.active = false;
      this.contestedUntilMs = nowMs + CONTESTED_MS;
    }
  }
}

/** Share of the rate, 0.3..1, that keeps what is in flight within a round trip and some queue. `bps`: what it was sent at. */
export function flightShare(inFlightBytes: number, bps: number, emptyRoundTripMs: number): number {
  const flightMs = (inFlightBytes * 8000) / bps;
  const allowedMs = emptyRoundTripMs + FLIGHT_QUEUE_MS;
  return flightMs <= allowedMs ? 1 : Math.max(MIN_FLIGHT_SHARE, allowedMs / flightMs);
}
