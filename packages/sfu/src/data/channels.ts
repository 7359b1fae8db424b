/**
 * The data channels of one association: opened by DCEP, known by label, closed by resetting their streams (RFC 8831). Three
 * labels are served; whatever else is opened is closed at once.
 */
import {
  ACK_MESSAGE,
  openMessage,
  PPID_BINARY,
  PPID_CONTROL,
  PPID_EMPTY_BINARY,
  PPID_EMPTY_TEXT,
  PPID_TEXT,
  parseControl,
} from './dcep.js';
import type { SendOptions } from './sctp/outbound.js';

export type ChannelLabel = 'reliable' | 'lossy' | 'file';

/** How each is sent, whatever the client chose for its own direction. */
export const CHANNELS: Record<ChannelLabel, SendOptions> = {
  reliable: { ordered: true },
  lossy: { ordered: false, maxRetransmits: 0 },
  file: { ordered: true },
};

export interface ChannelCounters {
  dataChannelsOpened: number;
  /** Another label, a label twice, or no DCEP at all. */
  dataChannelsRefused: number;
  /** Messages on streams that are no channel, or of a kind that isn't known. */
  dataStray: number;
}

export interface ChannelEvents {
  /** `bytes` are the callee's. */
  message(label: ChannelLabel, text: boolean, bytes: Uint8Array): void;
  opened(label: ChannelLabel): void;
  closed(label: ChannelLabel): void;
  /** The client opens channels without end. */
  abused(): void;
}

/** What is needed of the association. */
export interface ChannelTransport {
  send(stream: number, ppid: number, bytes: Uint8Array, options?: SendOptions): boolean;
  resetStream(stream: number): void;
}

interface Channel {
  label: ChannelLabel;
  stream: number;
  /** The other end has agreed; until then all goes in order (RFC 8832 section 6). */
  acknowledged: boolean;
}

const MAX_REFUSALS = 64;
const EMPTY = Uint8Array.of(0);

export class DataChannels {
  readonly #byLabel = new Map<ChannelLabel, Channel>();
  readonly #byStream = new Map<number, Channel>();
  #refusals = 0;

  constructor(
    readonly transport: ChannelTransport,
    readonly counters: ChannelCounters,
    readonly events: ChannelEvents,
  ) {}

  isOpen(label: ChannelLabel): boolean {
    return this.#byLabel.get(label)?.acknowledged === true;
  }

  /** Opens a channel from our side. A DTLS client takes even streams, a server odd ones (RFC 8832 section 6). */
  open(label: ChannelLabel, stream: number): void {
    const { ordered = true, maxRetransmits } = CHANNELS[label];
    const message = openMessage({ ordered, maxRetransmits, label, protocol: '' });
    if (this.#byLabel.has(label) || !this.transport.send(stream, PPID_CONTROL, message)) return;
    this.#add({ label, stream, acknowledged: false });
  }

  /** A message of the association's. */
  received(stream: number, ppid: number, bytes: Uint8Array): void {
    if (ppid === PPID_CONTROL) {
      this.#control(stream, bytes);
      return;
    }
    const channel = this.#byStream.get(stream);
    const text = ppid === PPID_TEXT || ppid === PPID_EMPTY_TEXT;
    const empty = ppid === PPID_EMPTY_TEXT || ppid === PPID_EMPTY_BINARY;
    if (!channel || !(text || empty || ppid === PPID_BINARY)) {
      this.counters.dataStray++;
      return;
    }
    this.events.message(channel.label, text, empty ? new Uint8Array(0) : bytes);
  }

  /** False: no such channel is open. `bytes` must not be written to any more. */
  send(label: ChannelLabel, text: boolean, bytes: Uint8Array): boolean {
    const channel = this.#byLabel.get(label);
    if (!channel) return false;
    const options = channel.acknowledged ? CHANNELS[label] : undefined;
    if (bytes.length === 0)
      return this.transport.send(channel.stream, text ? PPID_EMPTY_TEXT : PPID_EMPTY_BINARY, EMPTY, options);
    return this.transport.send(channel.stream, text ? PPID_TEXT : PPID_BINARY, bytes, options);
  }

  close(label: ChannelLabel): void {
    const channel = this.#byLabel.get(label);
    if (!channel) return;
    this.#remove(channel);
    this.transport.resetStream(channel.stream);
  }

  /** Streams were reset; none named: all. */
  streamsReset(streams: readonly number[]): void {
    for (const stream of streams.length > 0 ? streams : [...this.#byStream.keys()]) {
      const channel = this.#byStream.get(stream);
      if (!channel) continue;
      this.#remove(channel);
      this.transport.resetStream(stream);
    }
  }

  /** The association has ended. */
  clear(): void {
    for (const channel of [...this.#byStream.values()]) this.#remove(channel);
  }

  #control(stream: number, bytes: Uint8Array): void {
    const control = parseControl(bytes);
    if (control === 'ack') {
      const channel = this.#byStream.get(stream);
      if (!channel || channel.acknowledged) return;
      channel.acknowledged = true;
      this.events.opened(channel.label);
      return;
    }
    const label = control?.label as ChannelLabel | undefined;
    const known = label !== undefined && Object.hasOwn(CHANNELS, label);
    if (!known || this.#byLabel.has(label) || this.#byStream.has(stream)) {
      this.counters.dataChannelsRefused++;
      if (++this.#refusals > MAX_REFUSALS) this.events.abused();
      else if (!this.#byStream.has(stream)) this.transport.resetStream(stream);
      return;
    }
    if (!this.transport.send(stream, PPID_CONTROL, ACK_MESSAGE)) return;
    this.counters.dataChannelsOpened++;
    this.#add({ label, stream, acknowledged: true });
    this.events.opened(label);
  }

  #add(channel: Channel): void {
    this.#byLabel.set(channel.label, channel);
    this.#byStream.set(channel.stream, channel);
  }

  #remove(channel: Channel): void {
    this.#byLabel.delete(channel.label);
    this.#byStream.delete(channel.stream);
    this.events.closed(channel.label);
  }
}
