import { CHUNK_BYTES, WINDOW_BYTES } from './control.js';

/** All in ms. */
export const OUTGOING_TIMES = {
  /** Without news from the receiver, what is under way is sent again; the offer likewise. */
  silence: 3_000,
  /** An accepted transfer that gets no further is given up. */
  stalled: 30_000,
  /** An offer that nobody answers is withdrawn. */
  unanswered: 300_000,
} as const;

/** `checking`: all is there, says the receiver, and looks at the hash. */
export type OutgoingState = 'offered' | 'sending' | 'checking' | 'done' | 'over';

/** What to do now. `chunk`: send bytes `from` to `to`. */
export type OutgoingStep =
  | { do: 'offer' }
  | { do: 'chunk'; sequence: number; from: number; to: number }
  | { do: 'give-up'; reason: 'unanswered' | 'stalled' };

/**
 * One file on its way to one receiver. Chunks go in order, at most a window ahead of what the receiver has acknowledged;
 * after silence, or on another path, it goes on from there. Pure; `now` in ms.
 */
export class OutgoingTransfer {
  state: OutgoingState = 'offered';
  /** Bytes that the receiver has. */
  acknowledged = 0;
  private sent = 0;
  private offerAt: number;
  private heardAt: number;
  private advancedAt: number;

  constructor(
    readonly size: number,
    now: number,
  ) {
    this.offerAt = now;
    this.heardAt = now;
    this.advancedAt = now;
  }

  accepted(now: number): void {
    if (this.state !== 'offered') return;
    this.state = 'sending';
    this.heardAt = now;
    this.advancedAt = now;
  }

  progress(bytes: number, now: number): void {
    this.accepted(now);
    if (this.state !== 'sending' || bytes > this.size || bytes < this.acknowledged) return;
    // Twice the same: something in between is missing there.
    if (bytes === this.acknowledged && bytes < this.sent) this.sent = bytes;
    if (bytes > this.acknowledged) this.advancedAt = now;
    this.acknowledged = bytes;
    this.sent = Math.max(this.sent, bytes);
    this.heardAt = now;
    if (bytes === this.size) this.state = 'checking';
  }

  done(): void {
    if (this.state === 'offered' || this.state === 'over') return;
    this.acknowledged = this.size;
    this.state = 'done';
  }

  over(): void {
    if (this.state !== 'done') this.state = 'over';
  }

  /** What was under way on the path before may be lost. */
  pathChanged(now: number): void {
    this.sent = Math.min(this.sent, this.acknowledged);
    this.offerAt = now;
    this.heardAt = now;
  }

  /** To be called until it gives null; then again after news, after room in the channel's buffer, or at `nextAt`. */
  step(now: number): OutgoingStep | null {
    switch (this.state) {
      case 'offered':
        if (now >= this.advancedAt + OUTGOING_TIMES.unanswered) return { do: 'give-up', reason: 'unanswered' };
        if (now < this.offerAt) return null;
        this.offerAt = now + 2 * OUTGOING_TIMES.silence;
        return { do: 'offer' };
      case 'sending':
      case 'checking':
        if (now >= this.advancedAt + OUTGOING_TIMES.stalled) return { do: 'give-up', reason: 'stalled' };
        if (now >= this.heardAt + OUTGOING_TIMES.silence) {
          this.heardAt = now;
          // Where all is there, its last part is: an answer to that tells how it went.
          this.sent = this.state === 'sending' ? this.acknowledged : Math.max(0, this.size - 1);
        }
        return this.chunk();
      default:
        return null;
    }
  }

  get nextAt(): number {
    if (this.state === 'offered') return Math.min(this.offerAt, this.advancedAt + OUTGOING_TIMES.unanswered);
    if (this.state !== 'sending' && this.state !== 'checking') return Number.POSITIVE_INFINITY;
    return Math.min(this.heardAt + OUTGOING_TIMES.silence, this.advancedAt + OUTGOING_TIMES.stalled);
  }

  /** The chunk that begins there wasn't taken by the channel after all. */
  unsent(from: number): void {
    this.sent = Math.min(this.sent, from);
  }

  private chunk(): OutgoingStep | null {
    if (this.sent >= this.size || this.sent >= this.acknowledged + WINDOW_BYTES) return null;
    const sequence = Math.floor(this.sent / CHUNK_BYTES);
    const from = sequence * CHUNK_BYTES;
    const to = Math.min(this.size, from + CHUNK_BYTES);
    this.sent = to;
    return { do: 'chunk', sequence, from, to };
  }
}
