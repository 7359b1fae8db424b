import type { AppMessage, SaidMessage, SayRequest } from '@efir/protocol';
import { Emitter } from '../emitter.js';
import type { DataPayload, DataPort } from '../path/media-path.js';
import { Inbox } from './inbox.js';
import { orderedId, parseMessage, randomName } from './message.js';
import { SayQueue } from './say-queue.js';

export interface MessengerEvents {
  /** Each message once; those to all in their sender's order. */
  message: { from: string; message: AppMessage };
}

export interface MessengerHost {
  /** Of the path in use; null: there is none. */
  port(): DataPort | null;
  /** In a mesh a message to all is sent to each. */
  mesh(): boolean;
  /** The others who may be sent data. */
  peers(): string[];
  /** Some of them are on another node: the channels to the SFU don't reach everybody. */
  apart(): boolean;
  say(message: SayRequest): Promise<unknown>;
}

/** Of our own messages that are kept for those who have missed them. */
const HISTORY = 500;
/** Of them, what one question is answered with. */
const RESENT_AT_ONCE = 50;
/** After the last message to all its number is told over Socket.IO, so that whoever missed it asks, ms. */
const TIP_MS = 1_000;

/**
 * Messages to everybody or to one. They go over data channels where one is open and over Socket.IO where none is. Messages
 * to all are numbered; who has a gap asks for it, and so they reach everybody once and in order, also while the room moves.
 */
export class Messenger extends Emitter<MessengerEvents> {
  private readonly stream = randomName();
  private readonly inbox = new Inbox();
  private readonly history = new Map<number, string>();
  private readonly says: SayQueue;
  private sequence = 0;
  private tipTimer: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: MessengerHost) {
    super();
    this.says = new SayQueue((message) => host.say(message));
  }

  /** To all. Returns the message as the others get it. */
  broadcast(kind: string, body: unknown): AppMessage {
    const message: AppMessage = { id: orderedId(this.stream, ++this.sequence), kind, at: Date.now(), body };
    const text = JSON.stringify(message);
    this.history.set(this.sequence, text);
    this.history.delete(this.sequence - HISTORY);
    this.spread(text);
    clearTimeout(this.tipTimer);
    this.tipTimer = setTimeout(() => this.tellTip(null), TIP_MS);
    return message;
  }

  /** To one. */
  send(to: string, kind: string, body: unknown): void {
    const text = JSON.stringify({ id: `${this.stream}.${randomName()}`, kind, at: Date.now(), body });
    const port = this.host.port();
    if (this.host.mesh() && port?.reaches('reliable', to) && port.send('reliable', to, text)) return;
    this.says.add({ to, channel: 'reliable', data: text });
  }

  /** To one or (null) to all, once and without any care: it may be lost. */
  sendLossy(to: string | null, kind: string, body: unknown): void {
    const text = JSON.stringify({ id: `${this.stream}.${randomName()}`, kind, at: Date.now(), body });
    if (!this.host.mesh() && this.host.apart()) this.host.say({ to, channel: 'lossy', data: text }).catch(() => {});
    else this.host.port()?.send('lossy', to, text);
  }

  received(from: string, data: DataPayload): void {
    const message = parseMessage(data);
    if (!message) return;
    if (message.kind === 'tip') this.onTip(from, message.body);
    else if (message.kind === 'resend') this.onResend(from, message.body);
    else for (const arrival of this.inbox.take(from, message, now())) this.emit('message', arrival);
    this.schedule();
  }

  said({ from, data }: SaidMessage): void {
    this.received(from, data);
  }

  /** Somebody came while we are here: their messages are for us from the first on, ours for them from the next on. */
  joined(id: string): void {
    this.inbox.joined(id);
    this.tellTip(id);
  }

  left(id: string): void {
    this.inbox.left(id);
  }

  /** The way has changed or is back: what was lost with the one before is found out. */
  renewed(): void {
    this.says.wake();
    if (this.sequence > 0) this.tellTip(null);
  }

  close(): void {
    clearTimeout(this.tipTimer);
    clearTimeout(this.timer);
    this.says.close();
  }

  private spread(text: string): void {
    const port = this.host.port();
    const peers = this.host.peers();
    if (peers.length === 0) return;
    if (!this.host.mesh()) {
      if (this.host.apart() || !port?.send('reliable', null, text))
        this.says.add({ to: null, channel: 'reliable', data: text });
      return;
    }
    const unreached = peers.filter((to) => !port?.reaches('reliable', to) || !port.send('reliable', to, text));
    if (unreached.length === peers.length) this.says.add({ to: null, channel: 'reliable', data: text });
    else for (const to of unreached) this.says.add({ to, channel: 'reliable', data: text });
  }

  private tellTip(to: string | null): void {
    if (to === null && this.host.peers().length === 0) return;
    this.whisper(to, 'tip', { stream: this.stream, sequence: this.sequence });
  }

  private whisper(to: string | null, kind: string, body: unknown): void {
    const message: AppMessage = { id: `${this.stream}.${randomName()}`, kind, at: Date.now(), body };
    this.says.add({ to, channel: 'reliable', data: JSON.stringify(message) });
  }

  private onTip(from: string, body: unknown): void {
    const { stream, sequence } = fields(body);
    if (typeof stream !== 'string' || stream.length > 16 || !isCount(sequence)) return;
    this.inbox.reached(from, stream, sequence, now());
  }

  private onResend(from: string, body: unknown): void {
    const { stream, from: first, to: last } = fields(body);
    if (stream !== this.stream || !isCount(first) || !isCount(last)) return;
    const end = Math.min(last, first + RESENT_AT_ONCE - 1, this.sequence);
    for (let sequence = first; sequence <= end; sequence++) {
      const text = this.history.get(sequence);
      if (text !== undefined) this.says.add({ to: from, channel: 'reliable', data: text });
    }
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const wait = this.inbox.nextAt - now();
    if (!Number.isFinite(wait)) return;
    this.timer = setTimeout(() => this.tick(), Math.max(20, wait));
  }

  private tick(): void {
    const { questions, arrivals } = this.inbox.tick(now());
    for (const { to, stream, gap } of questions) this.whisper(to, 'resend', { stream, ...gap });
    for (const arrival of arrivals) this.emit('message', arrival);
    this.schedule();
  }
}

const now = (): number => performance.now();
const fields = (body: unknown): Record<string, unknown> =>
  body !== null && typeof body === 'object' ? (body as Record<string, unknown>) : {};
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
