/** A robot's signalling: Socket.IO, namespace `/sfu`, the same messages that the web client sends. */
import { EventEmitter } from 'node:events';
import {
  EnterReply,
  type EnterRequest,
  OfferReply,
  type OfferRequest,
  PlainReply,
  type ServerEvents,
  SFU_NAMESPACE,
  StreamAssignment,
  type ViewRequest,
} from '@efir/protocol';
import { io, type Socket } from 'socket.io-client';

const REPLY_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5000;
/** Receiving sections that a robot adds at once, whatever the server says is missing. */
const MAX_MISSING = 64;

/** The server refused, or didn't answer. `code` as in `ErrorReply`, or `timeout`, `unreachable`, `bad-reply`. */
export class SignalingError extends Error {
  override readonly name = 'SignalingError';
  constructor(
    readonly code: string,
    message: string,
    /** With `elsewhere`: the server to ask instead. */
    readonly url?: string,
  ) {
    super(message);
  }
}

export interface MissingSections {
  audio: number;
  video: number;
}

export interface Assignment {
  mid: string;
  participant: string | null;
  track: string | null;
  csrc: number | null;
  speaker: boolean;
}

interface RoomConnectionEvents {
  /** What all receiving sections carry now. */
  assigned: [assignments: Assignment[]];
  /** The highest layer of the camera that somebody takes, from 0; -1: none. */
  layers: [highest: number];
  /** Who speaks now. */
  speaker: [participant: string | null];
  /** Sections that are wanted for receiving everything. */
  missing: [MissingSections];
  /** Somebody came, or publishes something else: a `ParticipantInfo`, if the server is right. */
  present: [participant: unknown];
  /** Somebody left. */
  absent: [participant: unknown];
  /** The media transport is gone on the server's side. */
  'media-restart': [];
  closed: [{ reason: string; retry: boolean }];
  /** The socket is there again after it was lost. */
  reconnected: [];
}

type Accepted<T> = Extract<T, { ok: true }>;

export interface RoomConnectionOptions {
  url: string;
  /** Accept any TLS certificate. */
  insecure: boolean;
}

export class RoomConnection extends EventEmitter<RoomConnectionEvents> {
  readonly #socket: Socket;
  #connectedBefore = false;
  /** Of signalling, since the start. */
  readonly received = { messages: 0, bytes: 0 };

  constructor({ url, insecure }: RoomConnectionOptions) {
    super();
    const socket = io(`${url}${SFU_NAMESPACE}`, {
      transports: ['websocket'],
      forceNew: true,
      rejectUnauthorized: !insecure,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
    });
    this.#socket = socket;
    socket.io.on('open', () => {
      socket.io.engine.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
        if (type !== 'message') return;
        this.received.messages++;
        if (typeof data === 'string') this.received.bytes += data.length;
      });
    });
    socket.on('connect', () => {
      if (this.#connectedBefore) this.emit('reconnected');
      this.#connectedBefore = true;
    });
    socket.on('streams', (event: ServerEvents['streams']) => {
      const missing = { audio: bounded(event?.missing?.audio), video: bounded(event?.missing?.video) };
      this.emit('assigned', list(event?.streams).flatMap(assignment));
      if (missing.audio + missing.video > 0) this.emit('missing', missing);
    });
    socket.on('layers', (event: Partial<ServerEvents['layers']> | null) => {
      const camera = list(event?.layers).find((layers) => layers?.source === 'camera');
      if (typeof camera?.spatial === 'number') this.emit('layers', camera.spatial);
    });
    socket.on('speaker', (event: Partial<ServerEvents['speaker']> | null) =>
      this.emit('speaker', typeof event?.participant === 'string' ? event.participant : null),
    );
    const present = (event: Partial<ServerEvents['participant-joined']> | null): void =>
      void this.emit('present', event?.participant);
    const absent = (event: Partial<ServerEvents['participant-left']> | null): void =>
      void this.emit('absent', event?.participant);
    socket.on('participant-joined', present);
    socket.on('participant-updated', present);
    socket.on('participant-left', absent);
    socket.on('participants', (event: Partial<ServerEvents['participants']> | null) => {
      for (const participant of [...list(event?.joined), ...list(event?.updated)]) present({ participant });
      for (const left of list(event?.left)) absent(left);
    });
    socket.on('media-restart', () => this.emit('media-restart'));
    socket.on('closed', (event: ServerEvents['closed']) =>
      this.emit('closed', { reason: String(event?.reason ?? 'closed'), retry: event?.retry === true }),
    );
  }

  /** Resolves when the socket is up; rejects with `unreachable` if that takes too long. */
  async open(): Promise<void> {
    if (this.#socket.connected) return;
    await new Promise<void>((resolve, reject) => {
      let last = 'no answer';
      const onError = (error: Error): void => {
        last = error.message;
      };
      const onConnect = (): void => {
        clearTimeout(timer);
        this.#socket.off('connect_error', onError);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#socket.off('connect', onConnect);
        this.#socket.off('connect_error', onError);
        reject(new SignalingError('unreachable', `the server can't be reached: ${last}`));
      }, CONNECT_TIMEOUT_MS);
      this.#socket.once('connect', onConnect);
      this.#socket.on('connect_error', onError);
    });
  }

  enter(request: EnterRequest): Promise<Accepted<EnterReply>> {
    return this.#ask('enter', request, EnterReply);
  }

  offer(request: OfferRequest): Promise<Accepted<OfferReply>> {
    return this.#ask('offer', request, OfferReply);
  }

  async view(request: ViewRequest): Promise<void> {
    await this.#ask('view', request, PlainReply);
  }

  /** Says goodbye if it can, and closes. */
  async leave(): Promise<void> {
    if (this.#socket.connected) await this.#ask('leave', {}, PlainReply).catch(() => {});
    this.#socket.disconnect();
  }

  async #ask<T extends { ok: boolean }>(
    event: string,
    payload: object,
    schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  ): Promise<Accepted<T>> {
    let answer: unknown;
    try {
      answer = await this.#socket.timeout(REPLY_TIMEOUT_MS).emitWithAck(event, payload);
    } catch {
      throw new SignalingError('timeout', `the server did not answer ${event}`);
    }
    const reply = schema.safeParse(answer);
    if (!reply.success) throw new SignalingError('bad-reply', `the server's answer to ${event} makes no sense`);
    const { data } = reply;
    if (!data.ok) {
      const { error } = data as unknown as { error: { code: string; message: string; url?: string } };
      throw new SignalingError(error.code, error.message, error.url);
    }
    return data as Accepted<T>;
  }
}

function list<T>(value: T[] | undefined): T[] {
  return Array.isArray(value) ? value : [];
}

/** One of `streams`, or nothing if it makes no sense. */
function assignment(value: unknown): Assignment[] {
  const { success, data } = StreamAssignment.safeParse(value);
  if (!success) return [];
  const { mid, participant, track, csrc, follow } = data;
  return [{ mid, participant, track, csrc, speaker: follow === 'speaker' }];
}

function bounded(count: unknown): number {
  return typeof count === 'number' && count > 0 ? Math.min(MAX_MISSING, Math.floor(count)) : 0;
}
