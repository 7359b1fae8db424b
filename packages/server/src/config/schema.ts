/** Everything that can be set about a server: one schema, whether it came from a flag, the environment or the YAML file. */
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { clusterGaps, clusterShape } from './cluster-schema.js';

const Port = z.number('is 0 to 65535').int('is 0 to 65535').min(0, 'is 0 to 65535').max(65_535, 'is 0 to 65535');
const Address = z.union([z.ipv4(), z.ipv6()], 'is an IPv4 or IPv6 address, not a name');
const Participants = z.number().int('is a whole number').min(0, 'is 0 to 10000').max(10_000, 'is 0 to 10000');
const Milliseconds = z.number().int('is a whole number').min(0, 'is 0 to 600000').max(600_000, 'is 0 to 600000');
const PerMinute = z.number().int('is a whole number').min(1, 'is at least 1').max(1_000_000, 'is at most 1000000');

/** RFC 7065: no credentials, no path. */
const TurnUrl = z
  .string()
  .max(300)
  .regex(
    /^turns?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/,
    'is turn:host, turns:host, with a port or ?transport=tcp as needed',
  );

const PROXIES = 'is true, false, a number of hops, or addresses and networks';
const TrustProxy = z.union(
  [
    z.boolean(),
    z.number().int().min(0).max(16),
    z
      .string()
      .max(500)
      .refine((list) => list.split(',').every((item) => isNetwork(item.trim())), PROXIES),
  ],
  PROXIES,
);

/** `loopback`, `linklocal`, `uniquelocal`, an address, or an address with a prefix length. */
function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Requests a minute from one address; whatever is above gets 429 or an ack error `rate-limited`. */
export const RateLimits = z.strictObject({
  /** Off: nothing is limited. For load tests. */
  enabled: z.boolean().default(true),
  /** `PUT` and `DELETE` of rooms, and rooms that come to be by entering them. */
  rooms: PerMinute.default(120),
  tokens: PerMinute.default(300),
  /** `POST` to WHIP and WHEP together. */
  ingest: PerMinute.default(600),
  /** Signalling connections. */
  connections: PerMinute.default(3_000),
  /** Signalling connections that are open at once: no rate, but a number. */
  openConnections: PerMinute.default(5_000),
  /** Signalling messages of all its connections. */
  messages: PerMinute.default(60_000),
  /** Rooms entered or joined. */
  joins: PerMinute.default(3_000),
  /** Signalling messages of one connection, without the two following. */
  socketMessages: PerMinute.default(600),
  /** Descriptions and candidates for others in a mesh, of one connection. */
  relays: PerMinute.default(3_000),
  /** What one connection says of what it shows: scrolling, turning pages, windows that grow. */
  views: PerMinute.default(1_200),
  /** What one participant says by `say`: KiB, once for each receiver. */
  said: PerMinute.default(60_000),
});
export type RateLimits = z.infer<typeof RateLimits>;

export const ServerConfig = z
  .strictObject({
    /** HTTP and signalling; 0 picks a free one. */
    port: Port.default(3000),
    /** Address that HTTP listens on; default: all. */
    host: z.string().min(1, 'is an address or a host name').max(255, 'is an address or a host name').optional(),
    /** Worker `i` takes this port + i, UDP and TCP; 0 picks free ones. */
    mediaPort: Port.default(40_000),
    /** Addresses that the workers listen on. */
    mediaListen: z
      .array(Address)
      .min(1, 'is at least one address')
      .max(16, 'is 16 addresses at most')
      .default(['0.0.0.0', '::']),
    /** Addresses that clients are told, where they differ from the machine's own (NAT, cloud). */
    announcedIps: z.array(Address).max(16, 'is 16 addresses at most').default([]),
    /** Media processes; default: one a core. */
    workers: z
      .number()
      .int('is a whole number')
      .min(1, 'is at least 1')
      .max(256, 'is at most 256')
      .default(() => Math.min(256, availableParallelism())),
    /** With a certificate made at the start, unless one is given. */
    https: z.boolean().default(false),
    /** PEM files. */
    tlsCert: z.string().min(1, 'is a file').optional(),
    tlsKey: z.string().min(1, 'is a file').optional(),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'is trace, debug, info, warn, error or silent')
      .default('info'),
    /** Whoever knows it may change rooms and make tokens; it signs the tokens. */
    apiSecret: z
      .string()
      .min(8, 'is 8 characters or more')
      .max(1024, 'is 1024 characters at most')
      // It travels as a bearer token.
      .regex(/^[\x21-\x7e]+$/, 'is ASCII without spaces')
      .optional(),
    /** Entering, WHIP and WHEP need a token. */
    requireTokens: z.boolean().default(false),
    /** Proxies whose X-Forwarded-* are believed: true, how many hops, or addresses and networks (`loopback, 10.0.0.0/8`). */
    trustProxy: TrustProxy.default(false),
    /** How long a participant without a connection keeps their place, ms. */
    resumeGraceMs: Milliseconds.default(15_000),
    /** TURN servers that clients are told of. */
    turnUrls: z.array(TurnUrl).max(8, 'is 8 servers at most').default([]),
    /** `static-auth-secret` of the TURN servers: clients get credentials made from it. */
    turnSecret: z.string().min(1, 'is the static-auth-secret of the TURN server').max(1024).optional(),
    /** How long those credentials are good, s. */
    turnTtlSeconds: z
      .number()
      .int('is a whole number')
      .min(60, 'is 60 to 604800')
      .max(604_800, 'is 60 to 604800')
      .default(3600),
    /** Participants of a mesh at most; rooms that are larger go to the SFU. 0: all do. */
    meshMax: Participants.default(5),
    /** Participants that an SFU is good for. */
    sfuMax: Participants.default(25),
    /** Participants of a room with a client of the classic rooms protocol in it. */
    classicMax: Participants.default(8),
    /** How long a room on the SFU is small before it is a mesh again, ms. */
    topologySettleMs: Milliseconds.default(5000),
    /** How long a participant may take for the path to what the room moves to, ms. */
    topologyTimeoutMs: Milliseconds.default(8000),
    maxRooms: z.number().int().min(1, 'is 1 to 1000000').max(1_000_000, 'is 1 to 1000000').default(10_000),
    ...clusterShape,
    rateLimits: RateLimits.prefault({}),
    /** The built web app; default: the one of this repository. */
    webRoot: z.string().min(1, 'is a directory').optional(),
  })
  .superRefine((config, context) => {
    const issue = (path: keyof typeof config, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (config.tlsCert && !config.tlsKey) issue('tlsKey', 'is needed with a certificate');
    if (config.tlsKey && !config.tlsCert) issue('tlsCert', 'is needed with a key');
    if (config.requireTokens && !config.apiSecret) issue('apiSecret', 'is needed where tokens are required');
    if (config.turnSecret && config.turnUrls.length === 0) issue('turnUrls', 'is needed with a TURN secret');
    for (const [key, message] of clusterGaps(config)) issue(key, message);
    if (config.mediaPort !== 0 && config.mediaPort + config.workers - 1 > 65_535) {
      issue('mediaPort', `leaves no room for ${config.workers} workers below 65536`);
    }
  })
  .transform((config) => ({ ...config, https: config.https || config.tlsCert !== undefined }));

export type ServerConfig = z.output<typeof ServerConfig>;
/** With everything optional. */
export type ServerConfigInput = z.input<typeof ServerConfig>;
