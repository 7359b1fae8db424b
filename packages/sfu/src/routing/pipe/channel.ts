/**
 * The control channel of a pipe: messages in order and without loss, by SCTP over the pipe's own DTLS, so that it lives as
 * long as the media does. What comes is bounded by rate; who says more is cut off.
 */

import { PPID_TEXT } from '../../data/dcep.js';
import { LOCAL_SCTP_PORT } from '../../data/endpoint.js';
import { openPipeAssociation, pipeInbox } from '../../data/pipe-association.js';
import type { DataHost, DataUser } from '../../data/plane.js';
import type { SctpAssociation } from '../../data/sctp/association.js';
import { TokenBucket } from '../../data/token-bucket.js';
import { MAX_MESSAGE_BYTES, type PipeMessage, readMessage, writeMessage } from './messages.js';

const MAX_OUTGOING = 8;
/** What is said waits here while more than this is under way. */
const MAX_QUEUED_BYTES = 256 * 1024;
const MESSAGES = { perSecond: 200, burst: 1_000 };
const BYTES = { perSecond: 1_000_000, burst: 4_000_000 };

export interface ChannelEvents {
  opened(): void;
  /** `refused`: entries of it that made no sense. */
  message(message: PipeMessage, refused: number): void;
  /** No message at all. */
  nonsense(): void;
  failed(reason: string): void;
}

export class PipeChannel implements DataUser {
  active = false;
  readonly #association: SctpAssociation;
  readonly #packets = pipeInbox();
  readonly #outgoing: PipeMessage[] = [];
  readonly #messages = new TokenBucket(MESSAGES.perSecond, MESSAGES.burst);
  readonly #bytes = new TokenBucket(BYTES.perSecond, BYTES.burst);
  #now: number;

  constructor(
    role: 'client' | 'server',
    readonly host: DataHost<DataUser>,
    readonly events: ChannelEvents,
    now: number,
  ) {
    this.#now = now;
    this.#association = openPipeAssociation({ role, port: LOCAL_SCTP_PORT, maxMessageBytes: MAX_MESSAGE_BYTES }, host, {
      message: (bytes) => this.#received(bytes),
      connected: () => events.opened(),
      closed: (reason) => events.failed(`the control channel ended: ${reason}`),
    });
  }

  /** DTLS is up. */
  start(now: number): void {
    this.#now = now;
    this.#association.start(now);
    this.host.activate(this);
  }

  /** Much waits to be said: let it become less before more is added. */
  get congested(): boolean {
    return this.#outgoing.length >= MAX_OUTGOING;
  }

  /** Messages are kept until they can go. */
  send(message: PipeMessage): void {
    this.#outgoing.push(message);
    this.host.activate(this);
  }

  receive(bytes: Uint8Array): void {
    if (this.#packets.put(bytes)) this.host.activate(this);
    else this.host.counters.dataPacketDrops++;
  }

  work(now: number, late: () => boolean): boolean {
    this.#now = now;
    this.#packets.pass(this.#association, now, late);
    this.#hand();
    this.#association.flush(now);
    return !this.#packets.empty;
  }

  tick(now: number): void {
    this.#now = now;
    this.#association.tick(now);
    if (this.#outgoing.length > 0) this.host.activate(this);
  }

  close(): void {
    this.#association.close();
  }

  #hand(): void {
    if (this.#association.state !== 'connected') return;
    let handed = 0;
    while (handed < this.#outgoing.length && this.#association.outbound.queuedBytes < MAX_QUEUED_BYTES)
      this.#association.send(0, PPID_TEXT, writeMessage(this.#outgoing[handed++]));
    this.#outgoing.splice(0, handed);
  }

  #received(bytes: Uint8Array): void {
    if (!this.#messages.take(1, this.#now) || !this.#bytes.take(bytes.length, this.#now)) {
      this.events.failed('the other end says more than can be listened to');
      return;
    }
    const read = readMessage(bytes);
    if (read) this.events.message(read.message, read.refused);
    else this.events.nonsense();
  }
}
