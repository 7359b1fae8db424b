/**
 * The default namespace of Socket.IO: the classic rooms protocol. Sockets that only listen (to the list of rooms) cost
 * nothing here: what a socket needs is made with its first message, and the listeners are shared by all.
 */
import { ClassicJoin, ClassicRelayIce, ClassicRelaySdp, type ClassicServerEvents } from '@efir/protocol';
import type { Logger } from 'pino';
import type { Server as IoServer, Socket } from 'socket.io';
import { errorReply, ServerError } from '../errors.js';
import { addressKey } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { validate } from '../validation.js';
import { type ClassicContext, ClassicPeer } from './classic-peer.js';
import { type ConnectionLimits, limitConnections } from './connections.js';
import { deliver } from './delivery.js';
import { RoomList } from './room-list.js';

/** Of one socket that wait for the one before. */
const MAX_WAITING = 256;
/** In a row; the socket is cut then. */
const MAX_REFUSED = 1000;
/** Between two errors that say `rate-limited`. */
const QUIET_MS = 1000;

const EVENTS = ['join', 'leave', 'relay-sdp', 'relay-ice'] as const;
type EventName = (typeof EVENTS)[number];

export interface ClassicOptions extends ClassicContext, ConnectionLimits {
  metrics: Metrics;
  log: Logger;
}

/** A socket that has sent something. */
interface Active {
  peer: ClassicPeer;
  address: string;
  /** Messages are dealt with one after the other. */
  last: Promise<void>;
  waiting: number;
  /** In a row, by a rate limit. */
  refused: number;
  toldAtMs: number;
}

type Ack = (reply: unknown) => void;

export function serveClassic(io: IoServer, options: ClassicOptions): { close(): void } {
  const { rooms, metrics, limits, log, clientAddress } = options;
  const namespace = io.of('/');
  const list = new RoomList(namespace, rooms);
  const active = new Map<string, Active>();
  limitConnections(namespace, options);

  namespace.on('connection', (socket) => {
    metrics.sockets.inc({ protocol: 'classic' });
    socket.onAny(onMessage);
    socket.once('disconnect', onDisconnect);
    list.welcome(socket);
  });

  function onDisconnect(this: Socket): void {
    metrics.sockets.dec({ protocol: 'classic' });
    const state = active.get(this.id);
    active.delete(this.id);
    state?.peer.lost();
  }

  function onMessage(this: Socket, event: unknown, ...args: unknown[]): void {
    const state = active.get(this.id) ?? activate(this);
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as Ack) : null;
    if (state.waiting >= MAX_WAITING) {
      refuse(this, state, event, ack, new ServerError('rate-limited', 'too many messages at once', 1));
      return;
    }
    state.waiting++;
    state.last = state.last.then(() => handle(this, state, event, args[0], ack));
  }

  function activate(socket: Socket): Active {
    const address = addressKey(clientAddress(socket.request));
    const { token } = socket.handshake.auth;
    const peer = new ClassicPeer(options, {
      id: socket.id,
      send: (event, payload) => deliver(socket, event, payload),
      address,
      token: typeof token === 'string' ? token : undefined,
    });
    const state = {
      peer,
      address,
      last: Promise.resolve(),
      waiting: 0,
      refused: 0,
      toldAtMs: Number.NEGATIVE_INFINITY,
    };
    active.set(socket.id, state);
    return state;
  }

  async function handle(
    socket: Socket,
    state: Active,
    event: unknown,
    payload: unknown,
    ack: Ack | null,
  ): Promise<void> {
    try {
      if (!socket.connected) return;
      const relayed = event === 'relay-sdp' || event === 'relay-ice';
      await limits.take(relayed ? 'relays' : 'socketMessages', socket.id);
      await limits.take('messages', state.address);
      state.refused = 0;
      await dispatch(state.peer, event, payload);
      metrics.signals.inc({ event: labelOf(event), result: 'ok' });
      ack?.({ ok: true });
    } catch (error) {
      refuse(socket, state, event, ack, error);
    } finally {
      state.waiting--;
    }
  }

  function refuse(socket: Socket, state: Active, event: unknown, ack: Ack | null, error: unknown): void {
    const reply = errorReply(error);
    const label = labelOf(event);
    metrics.signals.inc({ event: label, result: reply.code });
    if (reply.code === 'internal') log.error({ event: label, err: error }, 'a classic message failed');
    else log.debug({ event: label, code: reply.code }, 'classic message refused');
    if (reply.code === 'rate-limited' && ++state.refused > MAX_REFUSED) socket.disconnect(true);
    else if (ack) ack({ ok: false, error: reply });
    else if (reply.code !== 'rate-limited' || isDue(state)) {
      deliver(socket, 'error-message' satisfies keyof ClassicServerEvents, reply);
    }
  }

  return { close: () => list.close() };
}

function isDue(state: Active): boolean {
  const now = performance.now();
  if (now - state.toldAtMs < QUIET_MS) return false;
  state.toldAtMs = now;
  return true;
}

async function dispatch(peer: ClassicPeer, event: unknown, payload: unknown): Promise<void> {
  switch (event) {
    case 'join':
      return peer.join(validate(ClassicJoin, payload));
    case 'leave':
      return peer.leave();
    case 'relay-sdp':
      return peer.relaySdp(validate(ClassicRelaySdp, payload));
    case 'relay-ice':
      return peer.relayIce(validate(ClassicRelayIce, payload));
    default:
      throw new ServerError('bad-request', `there is no message "${String(event).slice(0, 40)}"`);
  }
}

function labelOf(event: unknown): EventName | 'unknown' {
  return EVENTS.find((name) => name === event) ?? 'unknown';
}
