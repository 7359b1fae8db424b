/** Servers of one cluster on this machine, each as `npm start` runs it, and a Redis of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../errors.js';
import { freePort } from '../measure/free-ports.js';
import { cpuNs } from '../measure/process-cost.js';

const MAIN = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));
const SECRET = 'the-secret-of-a-bench';
const START_MS = 20_000;

export interface Overview {
  nodes: { id: string; load: { viewers: number; sendBps: number; receiveBps: number } | null }[];
  links: { from: string; to: string; bitrateBps: number; streams: number; rttMs: number | null; state: string }[];
  rooms: { home: string; nodes: { node: string; viewers: number; parent: string | null; depth: number }[] }[];
}

interface Node {
  child: ChildProcess;
  url: string;
}

/** Options of `npm start` that all nodes have. */
export type NodeFlags = Readonly<Record<string, string | number>>;

export class BenchNodes {
  readonly nodes = new Map<string, Node>();
  #redis: ChildProcess | null = null;
  #redisUrl = '';
  #publisher: ChildProcess | null = null;

  async start(ids: readonly string[], flags: NodeFlags): Promise<void> {
    const port = await freePort();
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const redis = spawn(process.env.EFIR_REDIS_SERVER ?? 'redis-server', args, { stdio: 'ignore' });
    redis.once('error', () => {});
    this.#redis = redis;
    this.#redisUrl = `redis://127.0.0.1:${port}`;
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (redis.pid === undefined || redis.exitCode !== null) throw new BenchError('there is no redis-server');
    for (const id of ids) await this.#startNode(id, flags);
    const started = performance.now();
    const all = async (): Promise<boolean> => {
      const { nodes } = await this.overview();
      return nodes.filter(({ load }) => load).length === ids.length;
    };
    while (!(await all())) {
      if (performance.now() - started > START_MS) throw new BenchError('the nodes do not find each other');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get urls(): string[] {
    return [...this.nodes.values()].map(({ url }) => url);
  }

  async overview(): Promise<Overview> {
    // On a connection of its own: the server may be about to end one that was idle.
    const headers = { authorization: `Bearer ${SECRET}`, connection: 'close' };
    return (await (await fetch(`${this.urls[0]}/api/cluster`, { headers })).json()) as Overview;
  }

  /** A robot that sends one small picture and a voice by WHIP, from a process of its own: who receives must not hold it up. */
  publish(room: string): void {
    const robots = { url: this.urls.join(','), room, publishers: 1, layers: 1 };
    const args = Object.entries(robots).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    this.#publisher = spawn(process.execPath, [MAIN, 'bots', '--whip', '--json', ...args], { stdio: 'ignore' });
  }

  url(id: string): string {
    return this.nodes.get(id)!.url;
  }

  async ids(): Promise<string[]> {
    return (await this.overview()).nodes.map(({ id }) => id);
  }

  /** Makes a broadcast. Its home is the first node. */
  async put(room: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    await fetch(`${this.urls[0]}/api/rooms/${room}`, { method: 'PUT', headers, body: '{"kind":"broadcast"}' });
  }

  /** Viewers of the only broadcast on each node. */
  async spread(): Promise<Record<string, number>> {
    const [room] = (await this.overview()).rooms;
    return Object.fromEntries((room?.nodes ?? []).map(({ node, viewers }) => [node, viewers]));
  }

  /** One from which others pull, and which pulls itself. */
  async middle(): Promise<string> {
    const parts = (await this.overview()).rooms[0]?.nodes ?? [];
    const found = parts.find(({ node, parent }) => parent !== null && parts.some((other) => other.parent === node));
    if (!found) throw new BenchError('the tree has no node in the middle');
    return found.node;
  }

  async drain(id: string, draining: boolean): Promise<void> {
    const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ draining });
    await fetch(`${this.urls[0]}/api/cluster/nodes/${id}/drain`, { method: 'POST', headers, body });
  }

  /** The process and its workers, with no word to anybody. */
  async kill(id: string): Promise<void> {
    const { child } = this.nodes.get(id)!;
    this.nodes.delete(id);
    const ended = once(child, 'exit');
    for (const pid of children(child.pid!)) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
    await ended;
  }

  /** CPU time of the node's workers up to now. */
  workerNs(id: string): number {
    return children(this.nodes.get(id)!.child.pid!).reduce((sum, pid) => sum + cpuNs(pid), 0);
  }

  async close(): Promise<void> {
    this.#publisher?.kill('SIGKILL');
    for (const { child } of this.nodes.values()) {
      if (child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    }
    this.#redis?.kill('SIGKILL');
  }

  async #startNode(id: string, more: NodeFlags): Promise<void> {
    const [port, mediaPort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const own = { 'node-id': id, port, 'media-port': mediaPort, workers: 1, 'public-url': url };
    const cluster = { redis: this.#redisUrl, 'cluster-secret': SECRET, 'admin-token': SECRET };
    const args = Object.entries({ ...own, ...cluster, ...more }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const child = spawn(process.execPath, [MAIN, 'start', '--no-rate-limits', '--log-level', 'error', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.nodes.set(id, { child, url });
    const started = performance.now();
    for (;;) {
      const ok = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1000) }).then(
        (response) => response.ok,
        () => false,
      );
      if (ok) return;
      if (child.exitCode !== null || performance.now() - started > START_MS)
        throw new BenchError('a node does not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function children(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const of = /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
      return Number(of) === parent ? [Number(name)] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}
