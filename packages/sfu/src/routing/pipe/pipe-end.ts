/** One end of a pipe, as the engine and the worker see it. */
import type { Transport } from '../transport.js';

export interface PipeEnd {
  readonly role: 'source' | 'sink';
  readonly transport: Transport;
  /** Producers on it. */
  readonly producers: number;
  /** Something flows, or could at once: the media is up, and what there is has been told. */
  readonly ready: boolean;
  /** About every 50 ms. */
  tick(now: number): void;
  /** DTLS is up. */
  connected(now: number): void;
  /** Frees all that it made. The transport itself is its owner's to close, after this. */
  close(): void;
}

/** What an end tells its owner. */
export interface PipeEvents {
  /** See `PipeEnd.ready`; once. */
  ready(): void;
  /** It can't go on. */
  failed(reason: string): void;
}
