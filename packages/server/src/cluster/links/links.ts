/** All pipes of this node with others: the links by which it pulls rooms, and the ends by which others pull from it. */
import type { PipeFigures } from '@efir/sfu';
import type { MediaEngine } from '../../media/engine.js';
import type { Cluster } from '../cluster.js';
import type { Dispatch } from '../dispatch.js';
import { ClusterError } from '../errors.js';
import type { ClusterMessage } from '../schema.js';
import { Link, type LinkState, type PullOptions } from './link.js';
import { PIPE_OPEN, PipeOpen } from './messages.js';
import { type FindSource, Sources } from './sources.js';

const MAX_LINKS = 4096;
const OPEN_TIMEOUT_MS = 2500;

export interface LinksOptions {
  cluster: Cluster;
  dispatch: Dispatch;
  engine: MediaEngine;
  find: FindSource;
}

/** One link of this node, for whoever looks at the cluster. */
export interface LinkFigures {
  id: string;
  room: string;
  from: string;
  to: string;
  bitrateBps: number;
  streams: number;
  rttMs: number | null;
  lossShare: number;
  state: LinkState;
}

export class Links {
  readonly sources: Sources;
  /** Pipes that failed or could not be had, since the start. */
  failures = 0;
  readonly #cluster: Cluster;
  readonly #links = new Map<string, Link>();
  #closed = false;

  constructor({ cluster, dispatch, engine, find }: LinksOptions) {
    this.#cluster = cluster;
    this.sources = new Sources(engine, cluster.self, find);
    dispatch.on(PIPE_OPEN, PipeOpen, (message, from) => this.sources.open(message, from));
    const { workers } = engine;
    workers.on('notice', (_, notice) => {
      if (notice.type === 'transportState') {
        const { transport, state, reason = 'the pipe failed' } = notice;
        if (state === 'failed' || state === 'closed') this.sources.ended(transport);
        this.#of(transport)?.pipeState(state, reason);
      }
      if (notice.type === 'pipeSilent') this.#suspect(notice.pipe);
      if (notice.type === 'pipes') for (const figures of notice.pipes) this.#measured(figures);
    });
    workers.on('worker-lost', (worker) => {
      this.sources.workerLost(worker);
      for (const link of this.list()) link.workerLost(worker);
    });
  }

  list(): Link[] {
    return [...this.#links.values()];
  }

  /** Pulls a room from a node (or from this one, to another worker) until the link is closed. Throws `ClusterError`. */
  pull(options: PullOptions): Link {
    if (this.#closed) throw new ClusterError('closed', 'this node has left the cluster');
    if (this.#links.size >= MAX_LINKS) throw new ClusterError('overloaded', 'too many links are open');
    const link = new Link(this.#cluster, options, (message) => this.#ask(options.from, message));
    this.#links.set(link.id, link);
    link.on('failed', () => {
      this.failures++;
    });
    link.once('closed', () => this.#links.delete(link.id));
    return link;
  }

  /** Of those with other nodes. */
  figures(): LinkFigures[] {
    const { id: to } = this.#cluster.self;
    const others = this.list().filter(({ from }) => from !== to);
    return others.map(({ id, room, from, state, figures }) => ({
      ...{ id, room, from, to, state },
      ...{ bitrateBps: figures?.receiveBps ?? 0, streams: figures?.streams ?? 0 },
      ...{ rttMs: figures?.roundTripMs ?? null, lossShare: figures?.lossShare ?? 0 },
    }));
  }

  close(): void {
    this.#closed = true;
    for (const link of this.list()) link.close();
  }

  /** This node needs nobody's memory to ask itself. */
  async #ask(node: string, message: ClusterMessage): Promise<unknown> {
    const self = this.#cluster.node(node);
    if (self?.self) return this.sources.open(PipeOpen.parse(message), self);
    return this.#cluster.request(node, message, OPEN_TIMEOUT_MS);
  }

  #of(pipe: string): Link | null {
    const link = this.#links.get(pipe.slice(0, pipe.lastIndexOf('.')));
    return link?.pipe === pipe ? link : null;
  }

  /** Asked now: until the node's lease ends, those who watched there would be sent there again. */
  #suspect(pipe: string): void {
    const node = this.#of(pipe)?.from ?? this.sources.nodeOf(pipe);
    if (node !== null) void this.#cluster.suspect(node).catch(() => false);
  }

  #measured(figures: PipeFigures): void {
    if (figures.role === 'sink') this.#of(figures.pipe)?.measured(figures);
  }
}
