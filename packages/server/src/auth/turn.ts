/**
 * What clients are told to find their paths with: the media port as STUN server, and TURN servers with credentials that
 * end soon. The credentials are those of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): user name
 * `${expiry}:${participant}` with the expiry in seconds since the epoch, password base64(HMAC-SHA1(secret, user name)).
 */
import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import type { IceServer } from '@efir/protocol';

export interface TurnOptions {
  /** `turn:` and `turns:` URLs (RFC 7065). */
  urls: readonly string[];
  secret: string | undefined;
  ttlSeconds: number;
}

export interface TurnCredentials {
  username: string;
  credential: string;
  /** ms since the epoch. */
  expiresAt: number;
}

/** `now`: ms since the epoch. */
export function turnCredentials(secret: string, user: string, ttlSeconds: number, now: number): TurnCredentials {
  const expiry = Math.floor(now / 1000) + ttlSeconds;
  const username = `${expiry}:${user}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return { username, credential, expiresAt: expiry * 1000 };
}

export interface IceServersRequest {
  turn: TurnOptions;
  /** For the logs of the TURN server. */
  user: string;
  /** Of a worker; null while there is none. */
  stunPort: number | null;
  /** Where clients reach us, see `stunHosts`. */
  stunHosts: readonly string[];
  now: number;
}

export interface IceServers {
  iceServers: IceServer[];
  iceExpiresAt?: number;
}

export function iceServers({ turn, user, stunPort, stunHosts, now }: IceServersRequest): IceServers {
  const servers: IceServer[] = [];
  if (stunPort !== null && stunHosts.length > 0) {
    servers.push({ urls: stunHosts.map((host) => `stun:${host.includes(':') ? `[${host}]` : host}:${stunPort}`) });
  }
  if (turn.urls.length === 0) return { iceServers: servers };
  if (turn.secret === undefined) return { iceServers: [...servers, { urls: [...turn.urls] }] };
  const { username, credential, expiresAt } = turnCredentials(turn.secret, user, turn.ttlSeconds, now);
  servers.push({ urls: [...turn.urls], username, credential });
  return { iceServers: servers, iceExpiresAt: expiresAt };
}

/** The announced addresses (one of each family: more only cost the client time), else the host that the page was asked for on. */
export function stunHosts(announced: readonly string[], hostHeader: string | undefined): string[] {
  const byFamily = [4, 6].flatMap((family) => announced.find((address) => isIP(address) === family) ?? []);
  if (byFamily.length > 0) return byFamily;
  const host = hostOf(hostHeader ?? '');
  return host === null ? [] : [host];
}

/** Of `Host`: a name or an address without its port and brackets. What is neither is not passed on. */
function hostOf(header: string): string | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]{1,253}))(?::\d{1,5})?$/.exec(header);
  const host = match?.[1] ?? match?.[2];
  if (!host || (match?.[1] && isIP(host) !== 6)) return null;
  return host;
}
