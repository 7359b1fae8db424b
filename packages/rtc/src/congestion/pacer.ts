/**
 * When one transport may send: a leaky bucket that empties at a multiple of the estimate, so that a frame leaves in a
 * fraction of its time and no queue overflows. It holds figures only; what waits is kept by the caller. Audio never
 * waits and is spent all the same.
 */

const FACTOR = 2.5;
/** What may go at once, ms of the pacing rate: a batch of equal packets is cheaper to send. */
const BURST_MS = 5;
/** Debt beyond this is forgotten, so that no burst of audio and repeats silences video for long. */
const MAX_DEBT_MS = 500;

export class Pacer {
  private bytesPerMs: number;
  private debtBytes = 0;
  private updatedMs = 0;

  /** `targetBps`: the estimate. */
  constructor(
    targetBps: number,
    private readonly factor = FACTOR,
  ) {
    this.bytesPerMs = (targetBps * factor) / 8000;
  }

  setTarget(targetBps: number, nowMs: number): void {
    this.drain(nowMs);
    this.bytesPerMs = (targetBps * this.factor) / 8000;
  }

  /** Whether a packet may go now. */
  mayNow(nowMs: number): boolean {
    this.drain(nowMs);
    return this.debtBytes <= this.bytesPerMs * BURST_MS;
  }

  /** A packet went, waited or not. */
  spend(nowMs: number, bytes: number): void {
    this.drain(nowMs);
    this.debtBytes = Math.min(this.debtBytes + bytes, this.bytesPerMs * MAX_DEBT_MS);
  }

  /** ms until `mayNow` is true. */
  waitMs(nowMs: number): number {
    this.drain(nowMs);
    return Math.max(0, this.debtBytes / this.bytesPerMs - BURST_MS);
  }

  /** What was sent ahead of the pace. */
  debt(nowMs: number): number {
    this.drain(nowMs);
    return this.debtBytes;
  }

  private drain(nowMs: number): void {
    const elapsedMs = nowMs - this.updatedMs;
    if (elapsedMs > 0) this.debtBytes = Math.max(0, this.debtBytes - elapsedMs * this.bytesPerMs);
    this.updatedMs = nowMs;
  }
}
