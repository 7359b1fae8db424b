/** A Redis (or Valkey) of a test's own, without anything on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePorts } from './ports.js';

/** `EFIR_REDIS_SERVER`, or the first of the names that is in the path; null: there is none. */
export function findRedis(environment = process.env): string | null {
  if (environment.EFIR_REDIS_SERVER) return environment.EFIR_REDIS_SERVER;
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (environment.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Look further.
      }
    }
  }
  return null;
}

export class Redis {
  readonly #program: string;
  #child: ChildProcess | null = null;

  private constructor(
    program: string,
    readonly port: number,
    /** Addresses of this machine that it is reached by; the first is in `url`. */
    readonly hosts: readonly string[],
  ) {
    this.#program = program;
  }

  static async start(program: string, hosts = ['127.0.0.1']): Promise<Redis> {
    const redis = new Redis(program, await freePorts(), hosts);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://${this.hosts[0]}:${this.port}`;
  }

  /** Also again, after `kill`; it has forgotten everything then. */
  async start(): Promise<void> {
    const address = ['--port', String(this.port), '--bind', ...this.hosts, '--protected-mode', 'no'];
    const flags = [...address, '--save', '', '--appendonly', 'no'];
    const child = spawn(this.#program, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    let text = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${this.#program} ended: ${text.slice(-500)}`)));
      child.stdout?.on('data', (chunk) => {
        text += chunk;
        if (/ready to accept connections/i.test(text)) resolve();
      });
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
