/** Puts the server together and takes it apart again. */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { SFU_NAMESPACE } from '@efir/protocol';
import { WorkerError } from '@efir/sfu';
import type { Logger } from 'pino';
import { Server as IoServer } from 'socket.io';
import { Tokens } from './auth/tokens.js';
import { iceServers, stunHosts } from './auth/turn.js';
import type { Cluster } from './cluster/cluster.js';
import { openCluster } from './cluster/open.js';
import { ClusterNode } from './cluster-node.js';
import { ServerConfig, type ServerConfigInput } from './config/schema.js';
import { StartError } from './errors.js';
import { createApp } from './http/app.js';
import { clientAddress, type TrustProxy } from './http/client-address.js';
import { type Certificate, loadCertificate } from './http/tls.js';
import { Limits } from './limits.js';
import { createLogger } from './log.js';
import { ownAddresses } from './media/candidates.js';
import { MediaEngine } from './media/engine.js';
import { PoolWorkers } from './media/pool.js';
import { checkMediaPorts } from './media/ports.js';
import type { MediaWorkers } from './media/workers.js';
import { Metrics } from './metrics.js';
import { measureQuality } from './quality-metrics.js';
import { Rooms } from './rooms/rooms.js';
import { serveClassic } from './signaling/classic-gateway.js';
import { OpenConnections } from './signaling/connections.js';
import { serveSfu } from './signaling/gateway.js';
import { describeIssues } from './validation.js';

const { version: VERSION } = createRequire(import.meta.url)('../package.json') as { version: string };
/** For connections to end in good order. */
const CLOSE_GRACE_MS = 500;
/** A connection that has joined no namespace by then is cut. */
const NAMESPACE_TIMEOUT_MS = 10_000;
/** Bytes of one signalling message: far more than any may have, so that one that is too long is told so and not cut off. */
const MAX_MESSAGE_BYTES = 1_000_000;

export interface RunningServer {
  /** To open on this machine. */
  url: string;
  /** To open on others in the same network. */
  networkUrls: string[];
  port: number;
  https: boolean;
  /** The certificate was made at the start. */
  selfSigned: boolean;
  /** Tells everyone, ends the workers, frees the ports. */
  close(): Promise<void>;
}

/** Stand-ins for what is otherwise made from the configuration. */
export interface Parts {
  workers?: MediaWorkers | Promise<MediaWorkers>;
  log?: Logger;
  cluster?: Cluster;
}

/** Throws `StartError`, with nothing left running. */
export async function startServer(input: ServerConfigInput = {}, parts: Parts = {}): Promise<RunningServer> {
  const config = checked(input);
  const log = parts.log ?? createLogger(config.logLevel);
  const certificate = await loadCertificate(config);
  const http = certificate ? createHttpsServer(certificate) : createHttpServer();
  const early = holdRequests(http);
  // First of all: a taken port is what goes wrong most.
  await listen(http, config);
  let workers: MediaWorkers | null = null;
  let cluster: Cluster | null = null;
  try {
    workers = await (parts.workers ?? startWorkers(config, log));
    const { url, networkUrls } = addressesOf(http, config, certificate !== null);
    cluster = parts.cluster ?? (await openCluster(config, { log, url: networkUrls[0] ?? url, version: VERSION }));
    // Before Socket.IO takes over the listeners that are there.
    const release = early.end();
    const running = serve({
      ...{ config, log, http, certificate, workers, cluster },
      clustered: parts.cluster !== undefined || config.redis !== undefined,
    });
    release();
    return running;
  } catch (error) {
    http.close();
    http.closeAllConnections();
    await cluster?.close();
    await workers?.close();
    throw error;
  }
}

/** Requests that come while the workers start wait for them. */
function holdRequests(http: HttpServer): { end(): () => void } {
  const held: Parameters<RequestListener>[] = [];
  const hold: RequestListener = (request, response) => void held.push([request, response]);
  http.on('request', hold);
  return {
    /** Holds no more; the function returned lets go of those held. */
    end() {
      http.off('request', hold);
      return () => {
        for (const [request, response] of held) http.emit('request', request, response);
      };
    },
  };
}

interface Assembly {
  config: ServerConfig;
  log: Logger;
  http: HttpServer;
  certificate: Certificate | null;
  workers: MediaWorkers;
  cluster: Cluster;
  clustered: boolean;
}

function serve({ config, log, http, certificate, workers, cluster, clustered }: Assembly): RunningServer {
  const engine = new MediaEngine(workers, { announced: config.announcedIps, listen: config.mediaListen });
  const { meshMax, sfuMax, classicMax, maxRooms, resumeGraceMs } = config;
  const topology = {
    meshMax,
    sfuMax,
    classicMax,
    settleMs: config.topologySettleMs,
    timeoutMs: config.topologyTimeoutMs,
  };
  const rooms = new Rooms({ engine, maxRooms, resumeGraceMs, topology, log });
  const metrics = new Metrics(rooms, workers, topology);
  measureQuality(metrics.registry, { engine, rooms });
  const limits = new Limits(config.rateLimits, (limit) => metrics.limited.inc({ limit }));
  const tokens = new Tokens(config.apiSecret, config.requireTokens, config.clusterSecret);
  const node = new ClusterNode({ config, cluster, engine, rooms, tokens, metrics, log, clustered });
  const app = createApp({ config, rooms, workers, tokens, limits, metrics, log, node });
  const trust: TrustProxy = app.get('trust proxy fn');

  http.on('request', app);
  const address = (request: IncomingMessage): string => clientAddress(request, trust);
  const { enabled, openConnections } = config.rateLimits;
  const open = new OpenConnections(enabled ? openConnections : Number.POSITIVE_INFINITY, address);
  const io = new IoServer(http, {
    allowRequest: (request, decide) => {
      const admitted = open.admits(request);
      if (!admitted) metrics.limited.inc({ limit: 'openConnections' });
      decide(admitted ? null : 'too many connections from this address', admitted);
    },
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    connectTimeout: NAMESPACE_TIMEOUT_MS,
    // Pages of any origin may be clients: they carry tokens, not cookies, and WebSockets know no such bounds anyway.
    cors: { origin: '*' },
  });
  open.watch(io.engine);
  const { broadcasts, calls } = node;
  const context = { rooms, broadcasts, calls, tokens, limits, metrics, log, clientAddress: address };
  const classic = serveClassic(io, context);
  serveSfu(io, {
    ...context,
    iceServers: (user, host) =>
      iceServers({
        turn: { urls: config.turnUrls, secret: config.turnSecret, ttlSeconds: config.turnTtlSeconds },
        user,
        stunPort: workers.workers[0]?.port ?? null,
        stunHosts: stunHosts(config.announcedIps, host),
        now: Date.now(),
      }),
  });

  let closing: Promise<void> | null = null;
  return {
    ...addressesOf(http, config, certificate !== null),
    https: certificate !== null,
    selfSigned: certificate?.selfSigned ?? false,
    close() {
      closing ??= (async () => {
        await node.close();
        rooms.close();
        classic.close();
        await closeConnections(io, http);
        await workers.close();
      })();
      return closing;
    },
  };
}

function addressesOf(
  http: HttpServer,
  { host, announcedIps }: ServerConfig,
  https: boolean,
): Pick<RunningServer, 'url' | 'networkUrls' | 'port'> {
  const { port } = http.address() as AddressInfo;
  const scheme = https ? 'https' : 'http';
  const local = host === undefined || host === '0.0.0.0' || host === '::';
  const at = (name: string): string => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
  const others = local ? [...ownAddresses(), ...announcedIps] : [];
  return { url: at(local ? 'localhost' : host), networkUrls: [...new Set(others)].map(at), port };
}

/** Lets what was said last go out, but waits for nobody. */
async function closeConnections(io: IoServer, http: HttpServer): Promise<void> {
  for (const namespace of ['/', SFU_NAMESPACE]) io.of(namespace).disconnectSockets(true);
  const deadline = performance.now() + CLOSE_GRACE_MS;
  while (io.engine.clientsCount > 0 && performance.now() < deadline) await setTimeout(10);
  const closed = io.close();
  http.closeIdleConnections();
  const force = globalThis.setTimeout(() => http.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(force);
}

function checked(input: ServerConfigInput): ServerConfig {
  const result = ServerConfig.safeParse(input);
  if (!result.success) throw new StartError('bad-config', describeIssues(result.error));
  return result.data;
}

async function startWorkers(config: ServerConfig, log: Logger): Promise<MediaWorkers> {
  const { mediaPort, mediaListen, workers } = config;
  await checkMediaPorts(mediaPort, workers, mediaListen);
  try {
    return await PoolWorkers.start({ workers, port: mediaPort, listen: mediaListen }, log);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    throw new StartError('media-failed', `The media workers did not start: ${error.message}.`);
  }
}

function listen(http: HttpServer, { port, host }: ServerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, port, host));
    http.once('error', failed);
    http.listen({ port, host }, () => {
      http.off('error', failed);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string | undefined): StartError {
  switch (error.code) {
    case 'EADDRINUSE': {
      const other = port < 65_535 ? port + 1 : 3000;
      const remedy = `stop the other program or start with --port ${other}`;
      return new StartError('port-in-use', `Port ${port} is in use: ${remedy}.`);
    }
    case 'EACCES':
      return new StartError('port-forbidden', `Port ${port} is not allowed to this user: start with --port 3000.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError('bad-config', `This machine has no address ${host}: check --host.`);
    default:
      return new StartError('bad-config', `Port ${port} cannot be opened (${error.message}): try another --port.`);
  }
}
