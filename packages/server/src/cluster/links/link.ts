/**
 * One node's pull of a room from another: the pipe, opened again with growing pauses whenever it fails, until the link is
 * closed. A pipe that failed speaks against the other node's life, so the cluster is told.
 */
import { EventEmitter } from 'node:events';
import type { PipeFigures, TransportState } from '@efir/sfu';
import { newIceParameters, randomToken } from '../../media/session.js';
import type { MediaWorker } from '../../media/workers.js';
import type { Home } from '../../rooms/place.js';
import type { Cluster } from '../cluster.js';
import { ClusterError } from '../errors.js';
import type { ClusterMessage } from '../schema.js';
import { PIPE_OPEN, PipeOpened } from './messages.js';

const PAUSES_MS = [50, 200, 500, 1000, 2000, 3000];
/** A pipe that lasted so long was a good one: what comes after is a new trouble. */
const STEADY_MS = 5000;

/** `waiting`: it failed and is to be opened again. */
export type LinkState = 'opening' | 'connected' | 'waiting' | 'closed';

export interface LinkEvents {
  /** Media can flow, and what there is was told. */
  connected: [];
  /**
   * The pipe failed or could not be had; it is tried again. `code`: with which the other node refused, or `worker-lost` here; null:
   * nothing came through.
   */
  failed: [reason: string, code: string | null];
  closed: [];
}

export interface PullOptions {
  room: string;
  /** The node. */
  from: string;
  /** Where the room is on this node; asked before each attempt. */
  place(): Promise<Home>;
  /** Also what came to that node by pipes: trees do, calls don't. */
  relay: boolean;
  /** Ready to take over, and nothing flows on it as long as another link brings the same. */
  standby?: boolean;
}

export class Link extends EventEmitter<LinkEvents> {
  readonly id = `link-${randomToken(9)}`;
  readonly room: string;
  readonly from: string;
  readonly relay: boolean;
  #standby: boolean;
  /** Of the last second. */
  figures: PipeFigures | null = null;
  /** Pipes that failed or could not be had. */
  failures = 0;
  readonly #options: PullOptions;
  readonly #cluster: Cluster;
  #state: LinkState = 'opening';
  #pipe: { id: string; worker: MediaWorker } | null = null;
  #attempt = 0;
  #pause = 0;
  #timer: NodeJS.Timeout | null = null;
  #connectedMs = 0;

  /** `ask`: the node to be pulled from. */
  constructor(
    cluster: Cluster,
    options: PullOptions,
    readonly ask: (message: ClusterMessage) => Promise<unknown>,
  ) {
    super();
    this.room = options.room;
    this.from = options.from;
    this.relay = options.relay;
    this.#standby = options.standby ?? false;
    this.#cluster = cluster;
    this.#options = options;
    void this.#open();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Of the worker's pipe that is in use or being opened. */
  get pipe(): string | null {
    return this.#pipe?.id ?? null;
  }

  /** It is there to stand by from now on, or isn't any more. */
  stand(standby: boolean): void {
    if (standby === this.#standby) return;
    this.#standby = standby;
    const pipe = this.#pipe;
    if (pipe?.worker.alive) pipe.worker.request({ type: 'standPipe', pipe: pipe.id, standby }).catch(() => {});
  }

  /** Ends it; where another link brings the same, streams go over to that first. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#timer) clearTimeout(this.#timer);
    this.#drop();
    this.emit('closed');
  }

  /** The worker says so. */
  pipeState(state: TransportState, reason: string): void {
    if (state === 'connected' && this.#state === 'opening') {
      this.#state = 'connected';
      this.#connectedMs = performance.now();
      this.emit('connected');
    } else if (state === 'failed' || state === 'closed') {
      this.#pipe = null;
      void this.#cluster.suspect(this.from).catch(() => false);
      this.#failed(reason, null);
    }
  }

  /** The worker is gone, and with it the pipe. */
  workerLost(worker: MediaWorker): void {
    if (this.#pipe?.worker !== worker) return;
    this.#pipe = null;
    this.#failed('the media process ended', 'worker-lost');
  }

  measured(figures: PipeFigures): void {
    this.figures = figures;
  }

  async #open(): Promise<void> {
    const attempt = ++this.#attempt;
    const stale = (): boolean => this.#state === 'closed' || attempt !== this.#attempt;
    this.#state = 'opening';
    try {
      const { worker, router } = await this.#options.place();
      if (stale()) return;
      const localIce = newIceParameters();
      const { room, relay, from } = this;
      const message = { type: PIPE_OPEN, room, relay, ice: localIce, fingerprint: worker.fingerprint };
      const answer = PipeOpened.safeParse(await this.ask(message));
      if (stale()) return;
      if (!answer.success) throw new ClusterError('refused', `node ${from} answered with nonsense`);
      const { ice, fingerprint, candidates } = answer.data;
      // Before the worker is asked: it may tell of the pipe before it answers.
      this.#pipe = { id: `${this.id}.${attempt}`, worker };
      await worker.request({
        type: 'openPipeSink',
        router,
        pipe: this.#pipe.id,
        localIce,
        remoteIce: ice,
        remoteFingerprints: [fingerprint],
        candidates,
        standby: this.#standby,
        ...(!relay && { node: from }),
      });
    } catch (error) {
      if (stale()) return;
      this.#drop();
      const { message } = error as Error;
      this.#failed(message, error instanceof ClusterError ? (error.remoteCode ?? error.code) : null);
    }
  }

  #failed(reason: string, code: string | null): void {
    if (this.#state === 'closed' || this.#state === 'waiting') return;
    if (this.#state === 'connected' && performance.now() - this.#connectedMs > STEADY_MS) this.#pause = 0;
    this.#state = 'waiting';
    this.#attempt++;
    this.failures++;
    this.figures = null;
    const pause = PAUSES_MS[Math.min(this.#pause++, PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => void this.#open(), pause);
    this.emit('failed', reason, code);
  }

  #drop(): void {
    const pipe = this.#pipe;
    this.#pipe = null;
    if (pipe?.worker.alive) pipe.worker.request({ type: 'closePipe', pipe: pipe.id }).catch(() => {});
  }
}
