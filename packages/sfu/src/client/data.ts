/**
 * A client's data channels to the SFU, with the heads that its messages have there. The client is the one that opens: it sends
 * SCTP's INIT and DCEP's OPEN.
 */
import { EventEmitter } from 'node:events';
import { readAddress, withSender } from '../data/address.js';
import { CHANNELS, type ChannelLabel, DataChannels } from '../data/channels.js';
import { type DataCounters, dataCounters } from '../data/counters.js';
import { LOCAL_SCTP_PORT } from '../data/endpoint.js';
import { SctpAssociation } from '../data/sctp/association.js';

export interface ClientDataParameters {
  /** The server's. */
  sctpPort: number;
  /** Longest message that the server takes, bytes. */
  maxMessageSize: number;
}

interface ClientDataEvents {
  open: [label: ChannelLabel];
  close: [label: ChannelLabel];
  message: [label: ChannelLabel, from: string, payload: Uint8Array, text: boolean];
}

export interface ClientDataHost {
  output(packet: Uint8Array): void;
  /** Something was queued: `flush()` in this turn. */
  flushSoon(): void;
  random(): number;
  /** Which streams are ours to open: a DTLS client's are even (RFC 8832 section 6). */
  dtlsClient: boolean;
}

const WINDOW_BYTES = 1_048_576;
const MAX_MESSAGE_BYTES = 262_144;
const encoder = new TextEncoder();

export class ClientData extends EventEmitter<ClientDataEvents> {
  readonly counters: DataCounters = dataCounters();
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
  /** While true messages are kept from the server's point of view: our window closes. */
  slow = false;
  #held = 0;
  #now: number;

  constructor(
    readonly parameters: ClientDataParameters,
    readonly host: ClientDataHost,
    now: number,
  ) {
    super();
    this.#now = now;
    this.association = new SctpAssociation(
      {
        role: 'client',
        localPort: LOCAL_SCTP_PORT,
        remotePort: parameters.sctpPort,
        windowBytes: WINDOW_BYTES,
        maxMessageBytes: MAX_MESSAGE_BYTES,
        random: host.random,
      },
      this.counters,
      {
        output: (packet) => host.output(packet),
        message: (stream, ppid, bytes) => this.channels.received(stream, ppid, bytes),
        streamsReset: (streams) => this.channels.streamsReset(streams),
        connected: () => this.#openAll(),
        closed: () => this.channels.clear(),
      },
    );
    this.channels = new DataChannels(this.association, this.counters, {
      message: (label, text, bytes) => this.#received(label, text, bytes),
      opened: (label) => this.emit('open', label),
      closed: (label) => this.emit('close', label),
      abused: () => {},
    });
  }

  start(now: number): void {
    this.#now = now;
    this.association.start(now);
    this.host.flushSoon();
  }

  /** Bytes that were sent and haven't left yet. */
  get queuedBytes(): number {
    return this.association.outbound.queuedBytes;
  }

  /** To one participant, or to all others. False: the channel isn't open, or the message is too long. */
  send(label: ChannelLabel, to: string | null, payload: Uint8Array | string): boolean {
    const text = typeof payload === 'string';
    const bytes = text ? encoder.encode(payload) : payload;
    // The head is the same both ways.
    const message = withSender(to ?? '', bytes, 0);
    return this.sendRaw(label, message, text);
  }

  /** Without a head of ours. */
  sendRaw(label: ChannelLabel, message: Uint8Array, text = false): boolean {
    if (message.length > this.parameters.maxMessageSize || !this.channels.isOpen(label)) return false;
    const sent = this.channels.send(label, text, message);
    this.host.flushSoon();
    return sent;
  }

  /** Resolves once all channels are open. */
  async opened(): Promise<void> {
    const labels = Object.keys(CHANNELS) as ChannelLabel[];
    while (!labels.every((label) => this.channels.isOpen(label))) {
      if (this.association.isClosed()) throw new Error('the association was closed');
      await new Promise<void>((resolve) => this.once('open', () => resolve()));
    }
  }

  /** A slow receiver takes what it kept waiting. */
  takeHeld(): void {
    this.association.inbound.hold(-this.#held);
    this.#held = 0;
    this.host.flushSoon();
  }

  /** A packet of the server's; `bytes` are ours from now on. */
  receive(bytes: Uint8Array, now: number): void {
    this.#now = now;
    this.association.receive(bytes, now);
    this.host.flushSoon();
  }

  flush(now: number = this.#now): void {
    this.association.flush(now);
  }

  tick(now: number): void {
    this.#now = now;
    this.association.tick(now);
  }

  #openAll(): void {
    for (const [i, label] of (Object.keys(CHANNELS) as ChannelLabel[]).entries())
      this.channels.open(label, 2 * i + (this.host.dtlsClient ? 0 : 1));
    this.host.flushSoon();
  }

  #received(label: ChannelLabel, text: boolean, bytes: Uint8Array): void {
    const head = readAddress(bytes);
    if (!head || head.to === null) return;
    if (this.slow) {
      this.#held += bytes.length;
      this.association.inbound.hold(bytes.length);
    }
    this.emit('message', label, head.to, bytes.subarray(head.at), text);
  }
}
