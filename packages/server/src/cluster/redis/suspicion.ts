/** Whether a node against whose life something speaks is there: it is asked a few times before its lease is taken away. */
import { setTimeout as sleep } from 'node:timers/promises';

const PING_MS = 400;
const PINGS = 3;
/** Who doesn't listen for a moment (its connection is being made anew) may listen in the next. */
const PAUSE_MS = 100;

export interface SuspicionOptions {
  self: string;
  /** Resolves with whether it answered. */
  ping(node: string, timeoutMs: number): Promise<boolean>;
  /** Its life is over. */
  evict(node: string, instance: string): Promise<void>;
}

export class Suspicion {
  readonly #options: SuspicionOptions;
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(options: SuspicionOptions) {
    this.#options = options;
  }

  /** Resolves with whether it is gone. All who ask at once (each of its pipes may be silent) are told the same. */
  of(node: string, instance: string): Promise<boolean> {
    let asking = this.#asking.get(instance);
    if (!asking) {
      asking = this.#ask(node, instance).finally(() => this.#asking.delete(instance));
      this.#asking.set(instance, asking);
    }
    return asking;
  }

  async #ask(node: string, instance: string): Promise<boolean> {
    const { self, ping, evict } = this.#options;
    for (let i = 0; i < PINGS; i++) {
      if (i > 0) await sleep(PAUSE_MS);
      if (await ping(node, PING_MS)) return false;
    }
    // Nobody answers us? Then it is us.
    if (!(await ping(self, PING_MS))) return false;
    await evict(node, instance);
    return true;
  }
}
