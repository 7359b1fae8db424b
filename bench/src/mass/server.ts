/** A server in a process of its own, as `npm start` runs it, and robots in others. Linux: costs are read from /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SwarmReport } from '@efir/cli';
import { BenchError } from '../errors.js';
import { freePort } from '../measure/free-ports.js';
import { cpuNs, rssBytes } from '../measure/process-cost.js';

const MAIN = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));
const START_MS = 20_000;
const STOP_MS = 10_000;

/** Room for what the robots write. */
export interface Robots {
  pid: number;
  /** Resolves when they have left. */
  report: Promise<SwarmReport>;
  stop(): void;
}

export class MassServer {
  private constructor(
    readonly process: ChildProcess,
    readonly url: string,
  ) {}

  /** One worker, every room on the SFU. Throws `BenchError` when it doesn't come up. */
  static async start(): Promise<MassServer> {
    const [port, mediaPort] = [await freePort(), await freePort()];
    const numbers = { port, 'media-port': mediaPort, workers: 1, 'mesh-max': 0 };
    const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const child = spawn(process.execPath, [MAIN, 'start', '--host', '127.0.0.1', '--log-level', 'error', ...flags], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const server = new MassServer(child, `http://127.0.0.1:${port}`);
    const startMs = performance.now();
    while (!(await server.#healthy())) {
      if (child.exitCode !== null || performance.now() - startMs > START_MS) {
        await server.stop();
        throw new BenchError('the server does not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return server;
  }

  /** Robots in a process of their own. */
  robots(room: string, options: readonly string[]): Robots {
    const args = [MAIN, 'bots', '--url', this.url, '--room', room, '--json', ...options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const report = once(child, 'exit').then(() => {
      const line = text.trim().split('\n').at(-1);
      if (!line) throw new BenchError('the robots ended without a report');
      return JSON.parse(line) as SwarmReport;
    });
    // Whoever stops early doesn't want it.
    report.catch(() => {});
    return { pid: child.pid!, report, stop: () => void child.kill('SIGINT') };
  }

  /** CPU time up to now and memory, of the server's process and of its worker's. */
  cost(): { serverNs: number; workerNs: number; serverBytes: number; workerBytes: number } {
    const [pid, worker] = [this.process.pid!, this.#workerPid()];
    return {
      serverNs: cpuNs(pid),
      workerNs: cpuNs(worker),
      serverBytes: rssBytes(pid),
      workerBytes: rssBytes(worker),
    };
  }

  /** Sum over all labels of a metric. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async stop(): Promise<void> {
    const { process: child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async #healthy(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(1000) })).ok;
    } catch {
      return false;
    }
  }

  #workerPid(): number {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
        if (Number(parent) === this.process.pid) return Number(name);
      } catch {
        // It ended while we looked.
      }
    }
    throw new BenchError('the server has no worker');
  }
}
