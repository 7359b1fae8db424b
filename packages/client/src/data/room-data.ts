import type { AppMessage } from '@efir/protocol';
import { Emitter } from '../emitter.js';
import { EfirError } from '../errors.js';
import type { Files } from './files/files.js';
import type { Messenger } from './messenger.js';

export interface ChatMessage {
  id: string;
  /** Id of who wrote it, and their name at the time. */
  from: string;
  name: string;
  /** ms since the epoch. */
  at: number;
  text: string;
}

export interface RoomDataEvents {
  /** A message was written, by somebody or by you; `chat` has grown. */
  chat: { message: ChatMessage };
  /** Somebody (or you) raised or lowered a hand; see `hands`. */
  hands: { participant: string; up: boolean };
  /** To be shown for a moment. */
  reaction: { participant: string; emoji: string };
  /** Anything that was sent by `send` or `sendLossy`. */
  message: { from: string; kind: string; body: unknown };
}

export interface RoomDataHost {
  self(): { id: string; name: string };
  nameOf(participant: string): string;
}

/** Characters. */
export const CHAT_TEXT_MAX = 4_000;
const EMOJI_MAX = 16;
/** Messages that are kept. */
const CHAT_KEPT = 500;
const DAY_MS = 86_400_000;
const OWN_KINDS: ReadonlySet<string> = new Set(['chat', 'hand', 'reaction', 'tip', 'resend']);

/** Chat, raised hands, reactions, files, and messages of your own kinds, in either topology. */
export class RoomData extends Emitter<RoomDataEvents> {
  private messages: readonly ChatMessage[] = [];
  private raised: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly host: RoomDataHost,
    private readonly messenger: Messenger,
    readonly files: Files,
  ) {
    super();
    messenger.on('message', ({ from, message }) => this.received(from, message));
  }

  /** What was written since you came, oldest first. A new array after every message. */
  get chat(): readonly ChatMessage[] {
    return this.messages;
  }

  /** Who has a hand up, and since when (ms since the epoch). A new map after every change. */
  get hands(): ReadonlyMap<string, number> {
    return this.raised;
  }

  /** To everybody. Throws `EfirError` `too-large` above 4,000 characters. */
  sendChat(text: string): void {
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (trimmed.length > CHAT_TEXT_MAX) throw new EfirError('too-large', `More than ${CHAT_TEXT_MAX} characters`);
    this.wrote(this.host.self().id, this.messenger.broadcast('chat', { text: trimmed }));
  }

  setHand(up: boolean): void {
    const { id } = this.host.self();
    if (this.raised.has(id) === up) return;
    const { at } = this.messenger.broadcast('hand', { up });
    this.lift(id, up, at);
  }

  /** An emoji, or a few characters. */
  react(emoji: string): void {
    const short = emoji.slice(0, EMOJI_MAX);
    if (short === '') return;
    this.messenger.broadcast('reaction', { emoji: short });
    this.emit('reaction', { participant: this.host.self().id, emoji: short });
  }

  /** A message of your own kind, to one or (null) to all, in order and once. `body`: what JSON can carry, up to some 15 KB. */
  send(kind: string, body: unknown, to: string | null = null): void {
    if (OWN_KINDS.has(kind)) throw new EfirError('bad-request', `The kind "${kind}" is taken`);
    if (to === null) this.messenger.broadcast(kind, body);
    else this.messenger.send(to, kind, body);
  }

  /** Like `send`, but may be lost: positions, meters. */
  sendLossy(kind: string, body: unknown, to: string | null = null): void {
    if (OWN_KINDS.has(kind)) throw new EfirError('bad-request', `The kind "${kind}" is taken`);
    this.messenger.sendLossy(to, kind, body);
  }

  /** @internal Somebody came: they don't know of hands that are up. */
  joined(id: string): void {
    if (this.raised.has(this.host.self().id)) this.messenger.send(id, 'hand', { up: true });
  }

  /** @internal */
  left(id: string): void {
    this.lift(id, false, 0);
  }

  private received(from: string, message: AppMessage): void {
    const { kind, body, at } = message;
    const value = (body !== null && typeof body === 'object' ? body : {}) as Record<string, unknown>;
    if (kind === 'chat') {
      if (typeof value.text === 'string' && value.text !== '') this.wrote(from, message);
    } else if (kind === 'hand') {
      if (typeof value.up === 'boolean') this.lift(from, value.up, plausible(at));
    } else if (kind === 'reaction') {
      const { emoji } = value;
      if (typeof emoji === 'string' && emoji !== '' && emoji.length <= EMOJI_MAX) {
        this.emit('reaction', { participant: from, emoji });
      }
    } else this.emit('message', { from, kind, body });
  }

  private wrote(from: string, { id, at, body }: AppMessage): void {
    const text = String((body as { text: unknown }).text).slice(0, CHAT_TEXT_MAX);
    const self = this.host.self();
    const name = from === self.id ? self.name : this.host.nameOf(from);
    const message: ChatMessage = { id: `${from}/${id}`, from, name, at: plausible(at), text };
    this.messages = [...this.messages, message].slice(-CHAT_KEPT);
    this.emit('chat', { message });
  }

  private lift(participant: string, up: boolean, at: number): void {
    if (this.raised.has(participant) === up) return;
    const hands = new Map(this.raised);
    if (up) hands.set(participant, at);
    else hands.delete(participant);
    this.raised = hands;
    this.emit('hands', { participant, up });
  }
}

/** The others' clocks may be anything. */
function plausible(at: number): number {
  const now = Date.now();
  return Math.abs(at - now) > DAY_MS ? now : at;
}
