/** The options as people write them: the names of flags and variables, and what to say of each. */
import { CLUSTER_OPTIONS } from './cluster-options.js';
import type { ServerConfigInput } from './schema.js';

export type OptionType = 'number' | 'string' | 'boolean' | 'list';

export interface Option {
  key: keyof ServerConfigInput | 'rateLimits.enabled';
  type: OptionType;
  /** Of its value, for the help. */
  value?: string;
  help: string;
  /** A right one, for messages. */
  example: string;
}

/** In the order of the help. Of the rate limits only the switch has a flag; the numbers are set in the file. */
export const OPTIONS: readonly Option[] = [
  {
    key: 'port',
    type: 'number',
    value: 'port',
    help: 'HTTP and signalling; 0 picks a free one (default 3000)',
    example: '--port 3000',
  },
  { key: 'host', type: 'string', value: 'address', help: 'listen on this address only', example: '--host 127.0.0.1' },
  {
    key: 'mediaPort',
    type: 'number',
    value: 'port',
    help: 'first media port, UDP and TCP; worker i takes this + i (default 40000)',
    example: '--media-port 40000',
  },
  {
    key: 'mediaListen',
    type: 'list',
    value: 'ip',
    help: 'addresses that media listens on (default 0.0.0.0 and ::)',
    example: '--media-listen 0.0.0.0',
  },
  {
    key: 'announcedIps',
    type: 'list',
    value: 'ip',
    help: 'public address to tell clients, behind NAT or in a cloud; may be repeated',
    example: '--announced-ip 203.0.113.7',
  },
  {
    key: 'workers',
    type: 'number',
    value: 'n',
    help: 'media processes (default: one a core)',
    example: '--workers 2',
  },
  {
    key: 'https',
    type: 'boolean',
    help: 'serve HTTPS, with a certificate made at the start unless one is given',
    example: '--https',
  },
  { key: 'tlsCert', type: 'string', value: 'file', help: 'certificate chain, PEM', example: '--tls-cert cert.pem' },
  { key: 'tlsKey', type: 'string', value: 'file', help: 'its private key, PEM', example: '--tls-key key.pem' },
  {
    key: 'apiSecret',
    type: 'string',
    value: 'secret',
    help: 'needed from then on to change rooms and to make tokens; signs the tokens',
    example: '--api-secret "$(openssl rand -hex 24)"',
  },
  {
    key: 'requireTokens',
    type: 'boolean',
    help: 'entering, WHIP and WHEP need a token',
    example: '--require-tokens --api-secret "$(openssl rand -hex 24)"',
  },
  {
    key: 'trustProxy',
    type: 'string',
    value: 'which',
    help: 'believe X-Forwarded-* of: true, a number of hops, or addresses',
    example: '--trust-proxy loopback',
  },
  {
    key: 'resumeGraceMs',
    type: 'number',
    value: 'ms',
    help: 'how long a lost connection keeps its place (default 15000)',
    example: '--resume-grace-ms 15000',
  },
  {
    key: 'turnUrls',
    type: 'list',
    value: 'url',
    help: 'TURN server that clients are told of; may be repeated',
    example: '--turn-url turn:turn.example.org:3478',
  },
  {
    key: 'turnSecret',
    type: 'string',
    value: 'secret',
    help: 'static-auth-secret of the TURN servers',
    example: '--turn-secret "$(openssl rand -hex 24)"',
  },
  {
    key: 'turnTtlSeconds',
    type: 'number',
    value: 's',
    help: 'how long TURN credentials are good (default 3600)',
    example: '--turn-ttl 3600',
  },
  {
    key: 'meshMax',
    type: 'number',
    value: 'n',
    help: 'participants of a mesh at most, 0 for no mesh (default 5)',
    example: '--mesh-max 5',
  },
  {
    key: 'sfuMax',
    type: 'number',
    value: 'n',
    help: 'participants that the SFU is good for (default 25)',
    example: '--sfu-max 25',
  },
  {
    key: 'classicMax',
    type: 'number',
    value: 'n',
    help: 'participants of a room with a classic client in it (default 8)',
    example: '--classic-max 8',
  },
  {
    key: 'topologySettleMs',
    type: 'number',
    value: 'ms',
    help: 'how long a room is small before it leaves the SFU (default 5000)',
    example: '--topology-settle-ms 5000',
  },
  {
    key: 'topologyTimeoutMs',
    type: 'number',
    value: 'ms',
    help: 'how long a participant may take to move with the room (default 8000)',
    example: '--topology-timeout-ms 8000',
  },
  { key: 'maxRooms', type: 'number', value: 'n', help: 'rooms at once (default 10000)', example: '--max-rooms 10000' },
  ...CLUSTER_OPTIONS,
  {
    key: 'rateLimits.enabled',
    type: 'boolean',
    help: 'no limits per address, for load tests',
    example: '--no-rate-limits',
  },
  { key: 'webRoot', type: 'string', value: 'dir', help: 'the built web app', example: '--web-root apps/web/dist' },
  {
    key: 'logLevel',
    type: 'string',
    value: 'level',
    help: 'trace, debug, info, warn, error or silent (default info)',
    example: '--log-level debug',
  },
];

/** Names that are not the key in kebab case. */
const FLAG_NAMES: Partial<Record<Option['key'], string>> = {
  announcedIps: 'announced-ip',
  turnUrls: 'turn-url',
  turnTtlSeconds: 'turn-ttl',
  'rateLimits.enabled': 'rate-limits',
};

/** Without the dashes. */
export function flagName(key: Option['key']): string {
  return FLAG_NAMES[key] ?? kebab(key);
}

export function environmentName(key: Option['key']): string {
  return `EFIR_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}

export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
