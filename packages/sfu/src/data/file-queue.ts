/** Messages of one sender's files that came and wait, in order, for their receivers or for the rate. */
import { MESSAGE_COST } from './outbox.js';
import type { DataRouter, DataSender, RoutedMessage } from './router.js';
import { TokenBucket } from './token-bucket.js';

/** Beyond it the sender waits. */
const RATE = { perSecond: 8_000_000, burst: 1_000_000 };
const RATE_COST = 1_024;
const MESSAGES_PER_SLICE = 16;

export class FileQueue {
  #messages: RoutedMessage[] = [];
  readonly #rate = new TokenBucket(RATE.perSecond, RATE.burst);
  #paid = false;

  /** `passed`: messages of so much cost don't wait any more. */
  constructor(
    readonly sender: DataSender,
    readonly router: DataRouter,
    readonly passed: (cost: number) => void,
  ) {}

  get empty(): boolean {
    return this.#messages.length === 0;
  }

  push(message: RoutedMessage): void {
    this.#messages.push(message);
  }

  /** One slice, as fast as the rate and the slowest receiver allow. True: more can go at once. */
  pass(now: number): boolean {
    let passed = 0;
    let cost = 0;
    for (; passed < this.#messages.length && passed < MESSAGES_PER_SLICE; passed++) {
      const message = this.#messages[passed];
      this.#paid ||= this.#rate.take(message.bytes.length + RATE_COST, now);
      if (!this.#paid || !this.router.pass(this.sender, message, now)) break;
      this.#paid = false;
      cost += costOf(message);
    }
    if (passed === 0) return false;
    this.#messages.splice(0, passed);
    this.passed(cost);
    return passed === MESSAGES_PER_SLICE && !this.empty;
  }

  clear(): void {
    const cost = this.#messages.reduce((sum, message) => sum + costOf(message), 0);
    this.#messages = [];
    this.#paid = false;
    if (cost > 0) this.passed(cost);
  }
}

/** Of a message that waits, bytes. */
export function costOf({ bytes }: RoutedMessage): number {
  return bytes.length + MESSAGE_COST;
}
