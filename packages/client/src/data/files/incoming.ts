import { CHUNK_BYTES } from './control.js';

/** All in ms. */
export const INCOMING_TIMES = {
  /** Having accepted, without anything coming: say so again. */
  silence: 3_000,
  stalled: 30_000,
  /** Repeated words about a gap, not more often. */
  complaint: 500,
} as const;

/** Bytes after which the sender is told. */
const ACKNOWLEDGE_EVERY = 131_072;

export type IncomingState = 'offered' | 'receiving' | 'checking' | 'done' | 'over';
export type IncomingStep = { do: 'accept' } | { do: 'progress'; bytes: number } | { do: 'give-up' };

/** One file on its way to us, in one piece of memory of its size. Chunks are taken in order only. Pure; `now` in ms. */
export class IncomingTransfer {
  state: IncomingState = 'offered';
  /** Bytes received in order. */
  received = 0;
  private bytes: Uint8Array<ArrayBuffer> | null = null;
  private acknowledged = 0;
  private sayAt = Number.POSITIVE_INFINITY;
  private complainAfter = 0;
  private advancedAt = 0;
  private gap = false;

  constructor(readonly size: number) {}

  accept(now: number): void {
    if (this.state !== 'offered') return;
    this.state = this.size === 0 ? 'checking' : 'receiving';
    this.bytes = new Uint8Array(this.size);
    this.sayAt = now;
    this.advancedAt = now;
  }

  /** True when with this chunk all is there: check it. */
  chunk(sequence: number, part: Uint8Array, now: number): boolean {
    if (this.state !== 'receiving' || !this.bytes) return false;
    const from = sequence * CHUNK_BYTES;
    const wanted = Math.min(CHUNK_BYTES, this.size - from);
    if (from !== this.received || part.length !== wanted) {
      // Too early: something before it was lost. Seen before: our acknowledgement was.
      this.gap = true;
      return false;
    }
    this.bytes.set(part, from);
    this.received += wanted;
    this.advancedAt = now;
    this.sayAt = now + INCOMING_TIMES.silence;
    if (this.received < this.size) return false;
    this.state = 'checking';
    return true;
  }

  /** What to tell the sender now, if anything. */
  step(now: number): IncomingStep | null {
    if (this.state !== 'receiving' && this.state !== 'checking') return null;
    if (this.state === 'receiving' && now >= this.advancedAt + INCOMING_TIMES.stalled) return { do: 'give-up' };
    const complaint = this.gap && now >= this.complainAfter;
    const due = this.received - this.acknowledged >= ACKNOWLEDGE_EVERY || this.received === this.size;
    if (complaint || (due && this.received > this.acknowledged)) {
      this.gap = false;
      this.complainAfter = now + INCOMING_TIMES.complaint;
      this.acknowledged = this.received;
      return { do: 'progress', bytes: this.received };
    }
    if (this.state !== 'receiving' || now < this.sayAt) return null;
    this.sayAt = now + INCOMING_TIMES.silence;
    return this.received === 0 ? { do: 'accept' } : { do: 'progress', bytes: this.received };
  }

  get nextAt(): number {
    if (this.state !== 'receiving') return Number.POSITIVE_INFINITY;
    return Math.min(
      this.sayAt,
      this.advancedAt + INCOMING_TIMES.stalled,
      this.gap ? this.complainAfter : Number.POSITIVE_INFINITY,
    );
  }

  /** What came, to be taken once; afterwards the memory isn't held here. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.bytes ?? new Uint8Array(0);
    this.bytes = null;
    return bytes;
  }

  over(done: boolean): void {
    this.state = done ? 'done' : 'over';
    this.bytes = null;
  }
}
