/** Requests per address, so that one client can't take everyone's share. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimits } from './config/schema.js';
import { ServerError } from './errors.js';

export type LimitName = Exclude<keyof RateLimits, 'enabled' | 'openConnections'>;

/** Messages are counted over a shorter span: a flood is cut early, and who was cut off is let in again soon. */
const SPAN_SECONDS: Partial<Record<LimitName, number>> = {
  messages: 10,
  socketMessages: 10,
  relays: 10,
  views: 10,
  said: 10,
};

export class Limits {
  readonly #limiters: Map<LimitName, RateLimiterMemory>;
  readonly #onLimited: (name: LimitName) => void;

  constructor(
    { enabled, openConnections: _, ...perMinute }: RateLimits,
    onLimited: (name: LimitName) => void = () => {},
  ) {
    this.#onLimited = onLimited;
    const names = enabled ? (Object.keys(perMinute) as LimitName[]) : [];
    this.#limiters = new Map(
      names.map((name) => {
        const span = SPAN_SECONDS[name] ?? 60;
        const points = Math.ceil((perMinute[name] * span) / 60);
        return [name, new RateLimiterMemory({ keyPrefix: name, points, duration: span })];
      }),
    );
  }

  /** Throws `rate-limited` when `key` (an address, a connection) has had its share. */
  async take(name: LimitName, key: string, points = 1): Promise<void> {
    const limiter = this.#limiters.get(name);
    if (!limiter) return;
    try {
      await limiter.consume(key, points);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      this.#onLimited(name);
      const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw new ServerError('rate-limited', `too many requests, try again in ${seconds} s`, seconds);
    }
  }
}

/** What is counted as one address: an IPv6 host has a whole /64. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:/i, '');
  if (!plain.includes(':')) return plain;
  const [head = ''] = plain.split('%');
  const [left = '', right] = head.split('::');
  const groups = left.split(':').filter((group) => group !== '');
  if (right !== undefined) {
    const tail = right.split(':').filter((group) => group !== '');
    while (groups.length + tail.length < 8) groups.push('0');
    groups.push(...tail);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
