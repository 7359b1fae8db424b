/** The seam between the server and the media workers: all that the server knows of them. `WorkerPool` stands behind it. */
import type { EventEmitter } from 'node:events';
import type { SdpFingerprint } from '@efir/rtc';
import type { LoadFigures, WorkerNotice, WorkerReplies, WorkerRequest } from '@efir/sfu';

/** One media process, from its start to its end: a restarted one is another object. */
export interface MediaWorker {
  readonly index: number;
  /** UDP and TCP. */
  readonly port: number;
  readonly families: readonly (4 | 6)[];
  readonly fingerprint: SdpFingerprint;
  /** Null in its first second. */
  readonly load: LoadFigures | null;
  readonly alive: boolean;
  /** Rejects with a `WorkerError`. */
  request<R extends WorkerRequest>(request: R): Promise<WorkerReplies[R['type']]>;
}

export interface MediaWorkersEvents {
  notice: [worker: MediaWorker, notice: WorkerNotice];
  /** It ended unasked, with all that was on it. */
  'worker-lost': [worker: MediaWorker];
  'worker-ready': [worker: MediaWorker];
}

export interface MediaWorkers extends EventEmitter<MediaWorkersEvents> {
  /** Those that are up. */
  readonly workers: readonly MediaWorker[];
  /** How many there should be. */
  readonly size: number;
  /** The one to put the next router on. Throws a `WorkerError` if none is up. */
  choose(): MediaWorker;
  close(): Promise<void>;
}
