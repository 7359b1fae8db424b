import type { ClientRequests, ParticipantInfo, RoomInfo, ServerEvents } from '@efir/protocol';

type Ack = (failed: Error | null, reply?: unknown) => void;
type Reply = { ok: true; [more: string]: unknown } | { ok: false; error: { code: string; message: string } };

/** What `io()` of socket.io-client returns, as far as `Signalling` uses it. */
export class FakeSocket {
  connected = false;
  private handlers = new Map<string, ((payload: unknown) => void)[]>();

  constructor(private readonly server: FakeServer) {}

  on(name: string, handler: (payload: never) => void): this {
    this.handlers.set(name, [...(this.handlers.get(name) ?? []), handler as (payload: unknown) => void]);
    return this;
  }
  off(): this {
    this.handlers.clear();
    return this;
  }
  disconnect(): this {
    this.connected = false;
    return this;
  }
  timeout(): { emit(name: keyof ClientRequests, payload: never, ack: Ack): void } {
    return {
      emit: (name, payload, ack) => {
        this.server.requests.push({ name, payload });
        queueMicrotask(() => ack(null, this.server.answer(name, payload)));
      },
    };
  }
  fire(name: string, payload: unknown): void {
    for (const handler of this.handlers.get(name) ?? []) handler(payload);
  }
}

/** The other end of the signalling, in the same process. */
export class FakeServer {
  readonly requests: { name: keyof ClientRequests; payload: Record<string, unknown> }[] = [];
  readonly sockets: FakeSocket[] = [];
  participants: ParticipantInfo[] = [];
  /** Answers instead of the usual one; by request. */
  refuse: Partial<Record<keyof ClientRequests, { code: string; message: string }>> = {};
  resumed = true;

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }

  /** Addresses that sockets were opened to. */
  readonly asked: string[] = [];

  readonly io = (url = ''): FakeSocket => {
    const socket = new FakeSocket(this);
    this.sockets.push(socket);
    this.asked.push(url);
    setTimeout(() => {
      socket.connected = true;
      socket.fire('connect', undefined);
    }, 0);
    return socket;
  };

  send<Name extends keyof ServerEvents>(name: Name, payload: ServerEvents[Name]): void {
    this.socket.fire(name, payload);
  }

  cut(): void {
    this.socket.connected = false;
    this.socket.fire('disconnect', 'transport close');
  }

  of<Name extends keyof ClientRequests>(name: Name): ClientRequests[Name]['request'][] {
    return this.requests.filter((request) => request.name === name).map(({ payload }) => payload) as never;
  }

  answer(name: keyof ClientRequests, payload: { resume?: string }): Reply {
    const error = this.refuse[name];
    if (error) return { ok: false, error };
    if (name === 'offer') return { ok: true, sdp: 'v=0\r\n' };
    if (name !== 'enter' && name !== 'arrive') return { ok: true };
    const room: RoomInfo = {
      id: 'demo',
      settings: { kind: 'call', topology: 'auto', videoCodecs: ['vp8'], maxParticipants: 10 },
      topology: 'sfu',
      participants: this.participants.length + 1,
      createdAt: 0,
    };
    if (name === 'arrive') return { ok: true, room, participants: this.participants };
    const resumed = payload.resume !== undefined && this.resumed;
    return {
      ok: true,
      participant: 'me',
      resume: 'secret',
      resumed,
      room,
      participants: this.participants,
      iceServers: [],
    };
  }
}
