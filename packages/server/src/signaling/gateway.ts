/**
 * The `/sfu` namespace of Socket.IO: every message through its schema and the rate limits, every failure to its sender
 * alone. Nothing of a message is logged but its name.
 */
import { type ErrorReply, SFU_NAMESPACE } from '@efir/protocol';
import type { Logger } from 'pino';
import type { Server as IoServer, Socket } from 'socket.io';
import { errorReply, ServerError } from '../errors.js';
import { addressKey, type LimitName } from '../limits.js';
import { isLoopback } from '../media/candidates.js';
import type { Metrics } from '../metrics.js';
import { validate } from '../validation.js';
import { Connection, type ConnectionContext } from './connection.js';
import { type ConnectionLimits, limitConnections } from './connections.js';
import { deliver } from './delivery.js';
import { isRequest, REQUESTS, type RequestName } from './requests.js';

/** Messages refused by a rate limit in a row; the connection is cut then. */
const MAX_REFUSED = 1000;

export interface GatewayOptions extends ConnectionContext, ConnectionLimits {
  metrics: Metrics;
  log: Logger;
  /** A connection that has entered no room by then is cut, ms. */
  idleMs?: number;
}

/** Messages that come often for good reasons are counted apart. */
const OWN_LIMITS = new Map<string, LimitName>([
  ['relay', 'relays'],
  ['view', 'views'],
]);

type Ack = (reply: unknown) => void;

export function serveSfu(io: IoServer, options: GatewayOptions): void {
  const { metrics } = options;
  const namespace = io.of(SFU_NAMESPACE);
  limitConnections(namespace, options);
  namespace.on('connection', (socket) => {
    metrics.sockets.inc({ protocol: 'app' });
    socket.once('disconnect', (reason) => {
      metrics.sockets.dec({ protocol: 'app' });
      metrics.disconnects.inc({ reason });
    });
    serveSocket(socket, options);
  });
}

function serveSocket(socket: Socket, { idleMs = 30_000, ...options }: GatewayOptions): void {
  const { limits, metrics, log } = options;
  const address = options.clientAddress(socket.request);
  const key = addressKey(address);
  const connection = new Connection(options, {
    send: (event, payload) => deliver(socket, event, payload),
    disconnect: () => socket.disconnect(true),
    address: key,
    loopback: isLoopback(address),
    host: socket.handshake.headers.host,
  });

  const idle = setInterval(() => {
    if (!connection.entered) connection.close('you have entered no room', false);
  }, idleMs);
  socket.once('disconnect', () => {
    clearInterval(idle);
    connection.lost();
  });

  const handle = async (event: string, args: unknown[]): Promise<unknown> => {
    await limits.take(OWN_LIMITS.get(event) ?? 'socketMessages', socket.id);
    await limits.take('messages', key);
    if (!isRequest(event)) throw new ServerError('bad-request', `there is no message "${event.slice(0, 40)}"`);
    return dispatch(connection, event, args[0]);
  };

  let refused = 0;
  socket.onAny((event: unknown, ...args: unknown[]) => {
    const name = typeof event === 'string' ? event : '';
    const label = isRequest(name) ? name : 'unknown';
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as Ack) : null;
    handle(name, args).then(
      (reply) => {
        refused = 0;
        metrics.signals.inc({ event: label, result: 'ok' });
        ack?.(reply);
      },
      (error) => {
        const reply = errorReply(error);
        metrics.signals.inc({ event: label, result: reply.code });
        if (reply.code === 'internal') log.error({ event: label, err: error }, 'a signalling message failed');
        else log.debug({ event: label, code: reply.code }, 'signalling message refused');
        refused = reply.code === 'rate-limited' ? refused + 1 : 0;
        if (refused > MAX_REFUSED) socket.disconnect(true);
        else answerError(socket, ack, reply);
      },
    );
  });
}

function dispatch(connection: Connection, event: RequestName, payload: unknown): Promise<unknown> {
  switch (event) {
    case 'enter':
      return connection.enter(validate(REQUESTS.enter, payload));
    case 'offer':
      return connection.offer(validate(REQUESTS.offer, payload));
    case 'arrive':
      validate(REQUESTS.arrive, payload ?? {});
      return connection.arrive();
    case 'mute':
      return connection.mute(validate(REQUESTS.mute, payload));
    case 'publish':
      return connection.publish(validate(REQUESTS.publish, payload));
    case 'relay':
      return connection.relay(validate(REQUESTS.relay, payload));
    case 'migrated':
      return connection.migrated(validate(REQUESTS.migrated, payload));
    case 'say':
      return connection.say(validate(REQUESTS.say, payload));
    case 'view':
      return connection.view(validate(REQUESTS.view, payload));
    case 'ice-servers':
      validate(REQUESTS['ice-servers'], payload ?? {});
      return connection.iceServers();
    case 'leave':
      validate(REQUESTS.leave, payload ?? {});
      return connection.leave();
  }
}

function answerError(socket: Socket, ack: Ack | null, error: ErrorReply): void {
  if (ack) ack({ ok: false, error });
  else socket.emit('error', error);
}
