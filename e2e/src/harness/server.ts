import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NetworkNamespace } from './network-namespace.js';
import { freePorts } from './ports.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

export interface ServerOptions {
  /** Default 1. */
  workers?: number;
  /** Participants of a mesh at most. Default 0: every room is on the SFU, also one of two. */
  meshMax?: number;
  /** Default: free ones. */
  port?: number;
  mediaPort?: number;
  /** Where it runs; default: here. */
  namespace?: NetworkNamespace;
  /** Further arguments of `efir start`. */
  args?: string[];
  env?: NodeJS.ProcessEnv;
}

/** Ours without what the test runner put into it. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST|NODE_ENV|NODE_OPTIONS|EFIR_)/.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

/** A real server in its own process, as `npm start` runs it. */
export class Server {
  readonly url: string;
  /** Everything it wrote. */
  log = '';

  private constructor(
    readonly process: ChildProcess,
    readonly port: number,
    readonly mediaPort: number,
    host = 'localhost',
  ) {
    this.url = `http://${host}:${port}`;
    const keep = (chunk: Buffer) => {
      this.log = (this.log + chunk.toString()).slice(-1_000_000);
    };
    process.stdout?.on('data', keep);
    process.stderr?.on('data', keep);
  }

  /** Resolves when `/healthz` answers. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const { workers = 1, meshMax = 0, args = [], env = {}, namespace, ...ports } = options;
    const port = ports.port ?? (await freePorts());
    const mediaPort = ports.mediaPort ?? (await freePorts(workers));
    const numbers = { port, 'media-port': mediaPort, workers, 'mesh-max': meshMax };
    const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const command: [string, string[]] = [process.execPath, [MAIN, 'start', ...flags, ...args]];
    const child = spawn(...(namespace?.command(...command) ?? command), {
      env: { ...ownEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new Server(child, port, mediaPort, namespace?.there);
    try {
      await until(() => child.exitCode !== null || server.healthy(), {
        within: 20_000,
        what: 'the server answers /healthz',
      });
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    } catch (error) {
      await server.stop();
      throw new Error(`${(error as Error).message}\nthe server wrote:\n${server.log}`);
    }
    return server;
  }

  async healthy(): Promise<boolean> {
    if (this.process.exitCode !== null) return false;
    return (await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
  }

  /** Ends it with SIGTERM; its exit code, or null if it had to be killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', within = 10_000): Promise<number | null> {
    const child = this.process;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), within);
      await ended;
      clearTimeout(timer);
    }
    return child.exitCode;
  }

  /** Process ids of the media workers, by their index (Linux only: read from /proc). */
  workerPids(): number[] {
    const pids = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
        if (Number(parent) !== this.process.pid) continue;
        const index = /worker\/main.*"index":(\d+)/s.exec(readFileSync(`/proc/${name}/cmdline`, 'utf8'))?.[1];
        if (index !== undefined) pids.set(Number(index), Number(name));
      } catch {
        // It ended while we looked.
      }
    }
    return [...pids].sort(([one], [other]) => one - other).map(([, pid]) => pid);
  }

  /** Resident memory of a process, bytes (Linux only). */
  static residentBytes(pid: number): number {
    const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kb) * 1024;
  }

  /** Sum over all label sets of a metric, or of those whose labels contain `labels`. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    let sum = 0;
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*)(\{[^}]*\})?\s+(\S+)/.exec(line);
      if (match && match[1] === name && (match[2] ?? '').includes(labels)) sum += Number(match[3]);
    }
    return sum;
  }

  /** Packets that the workers' counters tell to have been dropped, and checks refused. */
  async hostileCount(): Promise<number> {
    const names = ['rx_malformed', 'rx_from_unknown', 'rx_too_large', 'srtp_auth_failures', 'srtp_replays'];
    names.push(
      'srtcp_auth_failures',
      'srtcp_replays',
      'srtp_no_context',
      'stun_unknown_user',
      'stun_refused',
      'stun_plain',
    );
    const counts = await Promise.all(names.map((name) => this.metric(`efir_worker_${name}_total`)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  request(path: string, init: RequestInit & { json?: unknown } = {}): Promise<Response> {
    const { json, ...rest } = init;
    if (json === undefined) return fetch(this.url + path, rest);
    const headers = { 'content-type': 'application/json', ...rest.headers };
    return fetch(this.url + path, { ...rest, headers, body: JSON.stringify(json) });
  }

  /** Puts a room's settings. */
  async putRoom(room: string, settings: Record<string, unknown>): Promise<void> {
    const response = await this.request(`/api/rooms/${room}`, { method: 'PUT', json: settings });
    if (!response.ok) throw new Error(`PUT of room ${room}: ${response.status} ${await response.text()}`);
  }
}
