import type { SayRequest } from '@efir/protocol';
import { asEfirError, type EfirErrorCode } from '../errors.js';

/** Messages that wait for the server. */
const LONGEST = 300;
const PAUSE_MS = 1_000;
/** Trying again helps. */
const PASSING: ReadonlySet<EfirErrorCode> = new Set(['signalling', 'timeout', 'rate-limited', 'unavailable']);

/** Messages over Socket.IO, one after another in order; what can't be said now is said when it can. */
export class SayQueue {
  private readonly waiting: SayRequest[] = [];
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly say: (message: SayRequest) => Promise<unknown>) {}

  add(message: SayRequest): void {
    if (this.waiting.length >= LONGEST) this.waiting.shift();
    this.waiting.push(message);
    void this.run();
  }

  /** The server is there again. */
  wake(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.run();
  }

  close(): void {
    clearTimeout(this.timer);
    this.waiting.length = 0;
  }

  private async run(): Promise<void> {
    if (this.running || this.timer !== undefined) return;
    this.running = true;
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      try {
        await this.say(next);
      } catch (error) {
        if (PASSING.has(asEfirError(error).code)) {
          this.timer = setTimeout(() => this.wake(), PAUSE_MS);
          break;
        }
      }
      if (this.waiting[0] === next) this.waiting.shift();
    }
    this.running = false;
  }
}
