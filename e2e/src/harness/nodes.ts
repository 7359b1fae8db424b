/** Servers of one cluster, each in its own process as `npm start` runs it, on a Redis of their own; and who publishes and watches. */
import { Broadcaster, ClientHub, loadClips, WhepViewer } from '@efir/cli';
import type { NetworkNamespace } from './network-namespace.js';
import { freePorts } from './ports.js';
import { Redis } from './redis.js';
import { Server } from './server.js';
import { until } from './until.js';

export type { WhepViewer };

export const CLUSTER_SECRET = 'a-secret-of-the-tests';
export const ADMIN_TOKEN = 'an-admin-token-of-the-tests';
const TICK_MS = 5;

export interface Overview {
  self: string;
  available: boolean;
  nodes: {
    id: string;
    draining: boolean;
    isolated?: string;
    load: { viewers: number; participants: number; sendBps: number } | null;
    workers: { index: number; transports: number; sendBps: number; receiveBps: number }[];
  }[];
  links: {
    room: string;
    from: string;
    to: string;
    bitrateBps: number;
    streams: number;
    lossShare: number;
    state: string;
  }[];
  rooms: {
    id: string;
    kind: string;
    home: string;
    publishers: number;
    nodes: { node: string; viewers: number; parent: string | null; depth: number }[];
  }[];
}

export interface NodeOptions {
  maxViewers?: number;
  maxChildren?: number;
  secret?: string;
  /** Where it runs; default: here. */
  namespace?: NetworkNamespace;
  args?: string[];
}

interface Member {
  tick(now: number): void;
  leave(): Promise<void>;
}

export class Nodes {
  readonly servers = new Map<string, Server>();
  readonly #hub = new ClientHub({ datapath: { maxPeers: 512 } });
  readonly #members: Member[] = [];
  readonly #timer: NodeJS.Timeout;

  private constructor(readonly redis: Redis) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const member of this.#members) member.tick(now);
    }, TICK_MS);
  }

  /** `hosts`: addresses that nodes in namespaces reach Redis by. */
  static async open(program: string, hosts?: string[]): Promise<Nodes> {
    return new Nodes(await Redis.start(program, hosts));
  }

  async start(id: string, options: NodeOptions = {}): Promise<Server> {
    const { maxViewers = 100, maxChildren = 8, secret = CLUSTER_SECRET, namespace, args = [] } = options;
    const port = await freePorts();
    const url = `http://${namespace?.there ?? '127.0.0.1'}:${port}`;
    const server = await Server.start({
      ...{ port, ...(namespace && { namespace }) },
      args: [
        ...['--redis', this.redis.url, '--cluster-secret', secret, '--node-id', id, '--public-url', url],
        ...[
          '--max-viewers',
          `${maxViewers}`,
          '--max-children',
          `${maxChildren}`,
          '--admin-token',
          ADMIN_TOKEN,
          ...args,
        ],
      ],
    });
    this.servers.set(id, server);
    return server;
  }

  url(id: string): string {
    return this.get(id).url.replace('localhost', '127.0.0.1');
  }

  get(id: string): Server {
    const server = this.servers.get(id);
    if (!server) throw new Error(`there is no node ${id}`);
    return server;
  }

  /** All nodes see each other. */
  async together(): Promise<void> {
    for (const id of this.servers.keys()) {
      await until(async () => (await this.overview(id)).nodes.filter(({ load }) => load).length === this.servers.size, {
        within: 8000,
        what: `node ${id} sees all others`,
      });
    }
  }

  async overview(id: string): Promise<Overview> {
    const response = await fetch(`${this.url(id)}/api/cluster`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as Overview;
  }

  drain(asked: string, id: string): Promise<Response> {
    return fetch(`${this.url(asked)}/api/cluster/nodes/${id}/drain`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
  }

  /** Process and workers, as when the machine stops. */
  async kill(id: string): Promise<void> {
    const server = this.get(id);
    const workers = server.workerPids();
    this.servers.delete(id);
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    await server.stop('SIGKILL');
  }

  async broadcast(room: string, at: string[], layers = 1): Promise<Broadcaster> {
    const { videos, voices } = await loadClips();
    const clips = { video: videos[0], voice: voices[0], layers, phase: 0, speaks: () => true };
    const urls = at.map((id) => this.url(id));
    const broadcaster = new Broadcaster({ urls, room, hub: this.#hub, clips });
    this.#members.push(broadcaster);
    await broadcaster.join();
    return broadcaster;
  }

  /** Not joined yet. Asks the nodes in this order. */
  viewer(room: string, at: string[], patient = true): WhepViewer {
    const viewer = new WhepViewer({ urls: at.map((id) => this.url(id)), room, hub: this.#hub, patient });
    this.#members.push(viewer);
    return viewer;
  }

  /** They play. */
  async viewers(count: number, room: string, at: string[]): Promise<WhepViewer[]> {
    const viewers = Array.from({ length: count }, () => this.viewer(room, at));
    await Promise.all(viewers.map((viewer) => viewer.join()));
    await playing(viewers);
    return viewers;
  }

  /** The node that somebody watches at. */
  nodeOf(viewer: WhepViewer): string | null {
    for (const id of this.servers.keys()) if (viewer.origin === this.url(id)) return id;
    return null;
  }

  /** How many watch at each node. */
  spread(viewers: readonly WhepViewer[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const viewer of viewers) {
      const id = this.nodeOf(viewer) ?? 'none';
      counts[id] = (counts[id] ?? 0) + 1;
    }
    return counts;
  }

  /** Everybody goes; nodes and Redis stay. */
  async empty(): Promise<void> {
    await Promise.all(this.#members.splice(0).map((member) => member.leave()));
  }

  async close(): Promise<void> {
    await this.empty();
    clearInterval(this.#timer);
    this.#hub.close();
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
    await this.redis.kill();
  }
}

export async function playing(viewers: readonly WhepViewer[], within = 10_000): Promise<void> {
  await until(() => viewers.every((viewer) => viewer.playing), {
    within,
    every: 20,
    what: `all ${viewers.length} viewers play`,
  });
}
