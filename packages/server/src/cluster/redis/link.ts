/**
 * Two connections: one for commands, one that listens. Commands fail fast, with `unavailable`, instead of waiting for a Redis
 * that is gone; both connections come back by themselves.
 */
import { EventEmitter } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import { ClusterError } from '../errors.js';
import type { Script } from './scripts.js';

export interface LinkEvents {
  /** Both connections are there (again). */
  up: [];
  down: [reason: string];
  message: [channel: string, text: string];
}

const COMMAND_TIMEOUT_MS = 2000;
const MOST_RECONNECT_MS = 500;

export class Link extends EventEmitter<LinkEvents> {
  readonly #commands: Redis;
  readonly #listener: Redis;
  readonly #ready = new Set<Redis>();
  #up = false;
  #ups = 0;
  #errors = 0;
  #lastError = '';

  constructor(url: string) {
    super();
    const options: RedisOptions = {
      lazyConnect: true,
      connectTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(MOST_RECONNECT_MS, 25 * 2 ** Math.min(times, 6)),
      keepAlive: 5000,
      noDelay: true,
    };
    this.#commands = new Redis(url, { ...options, commandTimeout: COMMAND_TIMEOUT_MS });
    this.#listener = new Redis(url, { ...options, autoResubscribe: true });
    for (const redis of [this.#commands, this.#listener]) {
      redis.on('error', (error: Error) => this.#failed(error));
      redis.on('ready', () => this.#isReady(redis));
      redis.on('close', () => this.#isClosed(redis));
    }
    this.#listener.on('message', (channel: string, text: string) => this.emit('message', channel, text));
  }

  get database(): number {
    return this.#commands.options.db ?? 0;
  }

  get up(): boolean {
    return this.#up;
  }

  get reconnects(): number {
    return Math.max(0, this.#ups - 1);
  }

  get errors(): number {
    return this.#errors;
  }

  get lastError(): string {
    return this.#lastError;
  }

  /** Resolves when both are connected for the first time; rejects with `unavailable` after `timeoutMs`. */
  async open(timeoutMs: number): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ClusterError('unavailable', `Redis does not answer${this.#lastError && `: ${this.#lastError}`}`));
      }, timeoutMs);
      this.once('up', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    for (const redis of [this.#commands, this.#listener]) redis.connect().catch(() => {});
    await opened;
  }

  async run(script: Script, keys: string[], args: (string | number)[]): Promise<unknown> {
    return this.command(async (redis) => {
      try {
        return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
        return await redis.eval(script.lua, keys.length, ...keys, ...args);
      }
    });
  }

  /** Rejects with `unavailable`, whatever goes wrong. */
  async command<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await use(this.#commands);
    } catch (error) {
      this.#failed(error as Error);
      throw new ClusterError('unavailable', `the memory of the cluster fails: ${(error as Error).message}`, {
        retryAfterSeconds: 2,
      });
    }
  }

  async subscribe(...channels: string[]): Promise<void> {
    await this.#listen(() => this.#listener.subscribe(...channels));
  }

  async unsubscribe(...channels: string[]): Promise<void> {
    await this.#listen(() => this.#listener.unsubscribe(...channels));
  }

  close(): void {
    this.#up = false;
    this.removeAllListeners();
    this.#commands.disconnect();
    this.#listener.disconnect();
  }

  async #listen(use: () => Promise<unknown>): Promise<void> {
    try {
      await use();
    } catch (error) {
      this.#failed(error as Error);
      throw new ClusterError('unavailable', 'the memory of the cluster is out of reach', { retryAfterSeconds: 2 });
    }
  }

  #isReady(redis: Redis): void {
    this.#ready.add(redis);
    if (this.#up || this.#ready.size < 2) return;
    this.#up = true;
    this.#ups++;
    this.emit('up');
  }

  #isClosed(redis: Redis): void {
    this.#ready.delete(redis);
    if (!this.#up) return;
    this.#up = false;
    this.emit('down', this.#lastError || 'the connection to Redis closed');
  }

  #failed(error: Error): void {
    this.#errors++;
    // Of several addresses of a name that all fail, the message is empty.
    this.#lastError = (error.message || (error as NodeJS.ErrnoException).code || 'unknown').slice(0, 200);
  }
}
