/** Tries each TURN server with the credentials that clients get. */
import { turnCredentials } from '@efir/server';
import type { TurnLogin } from './allocation.js';
import { allocate } from './client.js';
import type { TurnTrial } from './judge.js';
import { parseTurnUrl } from './url.js';

/** For the second try after a 401: whoever refuses this as well doesn't do so for the time. */
const LONG_TTL_SECONDS = 10 * 365 * 24 * 3600;

export interface TurnServers {
  urls: readonly string[];
  secret: string | undefined;
  ttlSeconds: number;
  /** As the running server gave them, where there is no secret to make them from. */
  login?: TurnLogin;
}

export function tryTurn({ urls, secret, ttlSeconds, login }: TurnServers): Promise<TurnTrial[]> {
  const servers = urls.flatMap((url) => parseTurnUrl(url) ?? []);
  return Promise.all(
    servers.map(async (server): Promise<TurnTrial> => {
      if (secret === undefined) {
        const outcome = await allocate(server, login ?? null);
        return { server, outcome, from: login ? 'server' : 'none' };
      }
      const made = (ttl: number): TurnLogin => turnCredentials(secret, 'doctor', ttl, Date.now());
      const outcome = await allocate(server, made(ttlSeconds));
      if (outcome.type !== 'refused' || outcome.code !== 401) return { server, outcome, from: 'secret' };
      const later = await allocate(server, made(LONG_TTL_SECONDS));
      return { server, outcome, from: 'secret', laterTaken: later.type === 'allocated' };
    }),
  );
}
