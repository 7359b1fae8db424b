/** A whole server on a port of its own, with a fake media side, and clients for it. */
import { once } from 'node:events';
import {
  type ClassicServerEvents,
  type ClientRequests,
  type ErrorReply,
  type OfferRequest,
  type ServerEvents,
  SFU_NAMESPACE,
} from '@efir/protocol';
import { pino } from 'pino';
import { io, type Socket } from 'socket.io-client';
import type { Cluster } from '../cluster/cluster.js';
import type { ServerConfigInput } from '../config/schema.js';
import { type RunningServer, startServer } from '../server.js';
import { FakeWorkers } from './fake-workers.js';

type Reply<N extends keyof ClientRequests> = ClientRequests[N]['reply'];
type Ok<N extends keyof ClientRequests> = Extract<Reply<N>, { ok: true }>;

export interface TestServer {
  server: RunningServer;
  workers: FakeWorkers;
  /** `http://127.0.0.1:port` and the path. */
  url(path: string): string;
  connect(): TestClient;
  /** To the default namespace. */
  classic(): ClassicClient;
  enter(room: string, name: string): Promise<TestClient>;
  close(): Promise<void>;
}

/** All of its rooms are on the SFU, unless the configuration has a `meshMax`. */
export async function startTestServer(
  config: ServerConfigInput = {},
  size = 1,
  cluster?: Cluster,
): Promise<TestServer> {
  const workers = new FakeWorkers(size);
  const input = { port: 0, host: '127.0.0.1', resumeGraceMs: 60, meshMax: 0, ...config };
  const server = await startServer(input, { workers, log: pino({ level: 'silent' }), cluster });
  const clients: (TestClient | ClassicClient)[] = [];
  const base = `http://127.0.0.1:${server.port}`;
  const connect = (): TestClient => {
    const client = new TestClient(base);
    clients.push(client);
    return client;
  };
  return {
    server,
    workers,
    url: (path) => base + path,
    connect,
    classic() {
      const client = new ClassicClient(base);
      clients.push(client);
      return client;
    },
    async enter(room, name) {
      const client = connect();
      await client.enter({ room, name });
      return client;
    },
    async close() {
      for (const client of clients) client.socket.disconnect();
      await server.close();
    },
  };
}

export class TestClient {
  readonly socket: Socket;
  readonly events: { event: string; payload: unknown }[] = [];
  id = '';
  resume = '';
  readonly #waiting: (() => void)[] = [];

  constructor(base: string) {
    this.socket = io(base + SFU_NAMESPACE, { transports: ['websocket'], forceNew: true, reconnection: false });
    this.socket.onAny((event: string, payload: unknown) => {
      this.events.push({ event, payload });
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  request<N extends keyof ClientRequests>(name: N, payload: unknown): Promise<Reply<N>> {
    return this.socket.timeout(4000).emitWithAck(name, payload);
  }

  /** The reply, which is to be a good one. */
  async ok<N extends keyof ClientRequests>(name: N, payload: unknown): Promise<Ok<N>> {
    const reply = await this.request(name, payload);
    if (!reply.ok) throw new Error(`${name}: ${reply.error.code} ${reply.error.message}`);
    return reply as Ok<N>;
  }

  async refused(name: keyof ClientRequests, payload: unknown): Promise<ErrorReply> {
    const reply = await this.request(name, payload);
    if (reply.ok) throw new Error(`${name} was not refused`);
    return reply.error;
  }

  async enter(request: unknown): Promise<Ok<'enter'>> {
    const reply = await this.ok('enter', request);
    this.id = reply.participant;
    this.resume = reply.resume;
    return reply;
  }

  async offer(sdp: string, more: Partial<OfferRequest> = {}): Promise<string> {
    return (await this.ok('offer', { sdp, ...more })).sdp;
  }

  /** The next such event, or the first one seen, that `matches`. */
  async event<E extends keyof ServerEvents>(
    event: E,
    matches: (payload: ServerEvents[E]) => boolean = () => true,
  ): Promise<ServerEvents[E]> {
    for (;;) {
      const found = this.events.find((one) => one.event === event && matches(one.payload as ServerEvents[E]));
      if (found) return found.payload as ServerEvents[E];
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  seen(event: keyof ServerEvents): unknown[] {
    return this.events.filter((one) => one.event === event).map(({ payload }) => payload);
  }

  /** Resolves when the server has dealt with all that was sent before. */
  async settled(): Promise<void> {
    await this.request('mute', {});
    await this.request('mute', {});
  }

  async disconnected(): Promise<void> {
    if (this.socket.connected) await once(this.socket as never, 'disconnect');
  }
}

/** A client that knows the classic events and nothing else. */
export class ClassicClient {
  readonly socket: Socket;
  readonly events: { event: keyof ClassicServerEvents; payload: unknown }[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(base: string) {
    this.socket = io(base, { transports: ['websocket'], forceNew: true, reconnection: false });
    this.socket.onAny((event: keyof ClassicServerEvents, payload: unknown) => {
      this.events.push({ event, payload });
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  get id(): string {
    return this.socket.id ?? '';
  }

  /** Joins, and is in when this resolves. */
  async join(room: string): Promise<void> {
    const reply = await this.socket.timeout(4000).emitWithAck('join', { room });
    if (!reply.ok) throw new Error(reply.error.message);
  }

  /** The first such event, seen or to come. */
  async event<E extends keyof ClassicServerEvents>(
    event: E,
    matches: (payload: ClassicServerEvents[E]) => boolean = () => true,
  ): Promise<ClassicServerEvents[E]> {
    for (;;) {
      const found = this.of(event).find(matches);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  of<E extends keyof ClassicServerEvents>(event: E): ClassicServerEvents[E][] {
    return this.events.filter((one) => one.event === event).map(({ payload }) => payload as ClassicServerEvents[E]);
  }

  /** Resolves when the server has dealt with all that was sent before. */
  async settled(): Promise<void> {
    await this.socket.timeout(4000).emitWithAck('nothing');
  }

  async disconnected(): Promise<void> {
    if (this.socket.connected) await once(this.socket as never, 'disconnect');
  }
}
