/**
 * One client: what it sends (producers) and what it receives (virtual streams) over one DTLS-SRTP association. ICE is the
 * worker's business; here a transport is a peer of the datapath.
 */
import {
  findExtension,
  readAudioLevel,
  readMid,
  readRid,
  readTransportSequence,
  type SectionParameters,
  TransportFeedbackGenerator,
} from '@efir/rtc';
import { Subscriber } from '../allocation/subscriber.js';
import type { DataDescription, DataEndpoint } from '../data/endpoint.js';
import { SfuError } from '../errors.js';
import type { TransportState } from '../worker/control.js';
import { type Encoding, FROM_RTX } from './encoding.js';
import type { Engine } from './engine.js';
import { Producer } from './producer.js';
import type { ReceivingSide } from './receiving-side.js';
import type { Router } from './router.js';
import { VirtualStream } from './virtual-stream.js';

/** SSRCs that a client may send us; more are dropped and counted. */
const MAX_SSRCS = 64;

/** How a transport that is no client differs. */
export interface TransportOptions {
  /** Default: a client, that gets what its path carries. */
  side?(transport: Transport): ReceivingSide;
  /** Packets that are remembered for transport-wide feedback, a power of two. */
  history?: number;
  /** Producers are only what `carry` was told of; other SSRCs are nobody's. */
  announced?: boolean;
}

interface Binding {
  encoding: Encoding;
  /** The SSRC carries retransmissions of the encoding. */
  repair: boolean;
}

export class Transport {
  state: TransportState = 'new';
  /** SRTP is up: media can go out. */
  connected = false;
  srtpProfile: string | undefined;
  readonly producers = new Map<string, Producer>();
  readonly streams = new Map<string, VirtualStream>();
  readonly streamBySsrc = new Map<number, VirtualStream>();
  /** There once the client stamps its packets: it wants feedback. */
  feedback: TransportFeedbackGenerator | null = null;
  /** Our SSRC as a receiver. */
  readonly localSsrc: number;
  /** When the last authentic packet came. */
  heardMs = Number.NEGATIVE_INFINITY;
  roundTripMs: number | undefined;
  /** ms to add to the client's NTP clock to get ours; undefined before its first Sender Report. */
  clockOffsetMs: number | undefined;
  remoteEstimateBps: number | undefined;
  /** The path loses nothing by itself: it is TCP. */
  lossless = false;
  /** What it receives, as a whole. */
  readonly subscriber: ReceivingSide;
  /** There if there is something to be said beside media; packets are its own from then on. */
  data: { receive(packet: Uint8Array): void } | null = null;
  #endpoint: DataEndpoint | null = null;
  #dataDescription: DataDescription | undefined;
  readonly #announced: boolean;
  readonly #bindings = new Map<number, Binding>();

  constructor(
    readonly engine: Engine,
    readonly id: string,
    readonly router: Router,
    readonly number: number,
    readonly peer: number,
    options: TransportOptions = {},
  ) {
    this.subscriber = options.side?.(this) ?? new Subscriber(this);
    this.#announced = options.announced ?? false;
    this.localSsrc = Math.floor(engine.random() * 0xfffffffe) + 1;
  }

  /** Brings producers and virtual streams to the agreed sections. */
  configure(sections: SectionParameters[]): void {
    const { engine } = this;
    const senders = new Map(sections.filter((s) => s.uplink).map((s) => [s.mid, s]));
    const receivers = new Map(sections.filter((s) => s.downlink).map((s) => [s.mid, s]));
    for (const producer of [...this.producers.values()])
      if (!senders.has(producer.mid)) this.#removeProducer(producer.mid, producer);
    for (const stream of [...this.streams.values()]) if (!receivers.has(stream.mid)) this.closeStream(stream);
    for (const [mid, section] of senders) {
      const producer = this.producers.get(mid);
      if (producer && producer.kind !== section.kind)
        throw new SfuError('bad-request', `section ${mid} can't change its kind`);
      if (producer) {
        producer.update(section, engine.allocateEncoding);
        this.bind(producer);
        this.router.producerChanged(producer);
      } else {
        const made = new Producer(this.id, section, engine.allocateEncoding);
        this.carry(mid, made);
        this.router.addProducer(made);
      }
    }
    for (const [mid, section] of receivers) {
      const stream = this.streams.get(mid);
      if (stream && stream.kind !== section.kind)
        throw new SfuError('bad-request', `section ${mid} can't change its kind`);
      if (stream) stream.update(section);
      else this.openStream(section);
    }
    if (sections.some((s) => s.uplink && s.extensions.transportCc !== undefined))
      this.feedback ??= new TransportFeedbackGenerator();
  }

  /** Brings the data channels to the agreed section; the association lives as long as its section stays the same. */
  configureData(description: DataDescription | undefined): void {
    const { engine } = this;
    const before = this.#dataDescription;
    if (before && description && before.sctpPort === description.sctpPort && before.address === description.address)
      return;
    if (this.#endpoint) engine.data.close(this.#endpoint);
    this.#dataDescription = description;
    this.#endpoint = description ? engine.data.open(this.peer, this.router.data(), description, engine.now) : null;
    this.data = this.#endpoint;
  }

  /** The client has another transport on another node, see `DataRouter.depart`. */
  departData(): void {
    if (this.#endpoint) this.router.data().depart(this.#endpoint);
  }

  /** SRTP came up (or is still up after an ICE restart): sources may flow. */
  becameConnected(): void {
    this.connected = true;
    for (const stream of this.streams.values()) this.router.resolve(stream);
    this.subscriber.allocate();
  }

  /** One received RTP packet; the row's fields as the datapath gave them. */
  receive(
    packet: number,
    ssrc: number,
    sequence: number,
    timestamp: number,
    headerLength: number,
    payloadLength: number,
    markerType: number,
    arrivalUs: number,
  ): void {
    const { engine } = this;
    const { reader } = engine;
    const slot = reader.slotOffset(packet);
    let binding = this.#bindings.get(ssrc);
    if (!binding) {
      binding = this.#discover(ssrc, slot, headerLength, markerType & 0x7f);
      if (!binding) {
        engine.counters.rtpUnknownSsrc++;
        return;
      }
    }
    const { encoding } = binding;
    const { producer } = encoding;
    if (this.feedback && producer.extensions.transportCc !== undefined) {
      const found = findExtension(reader.arena, slot, headerLength, producer.extensions.transportCc);
      if (found >= 0 && (found & 0xff) === 2)
        this.feedback.received(readTransportSequence(reader.arena, slot + (found >> 8)), arrivalUs);
    }
    encoding.bytes += headerLength + payloadLength;
    const payloadType = markerType & 0x7f;
    if (binding.repair) {
      if (payloadLength < 2) return; // A probe: padding only.
      const repaired = producer.repairs(payloadType);
      const codec = repaired === undefined ? undefined : producer.codec(repaired);
      if (!codec || encoding.codec !== codec) return;
      const original = (reader.arena[slot + headerLength] << 8) | reader.arena[slot + headerLength + 1];
      if (encoding.find(original) >= 0) return;
      encoding.repaired++;
      this.#accept(
        encoding,
        packet,
        original,
        timestamp,
        markerType & 0x80,
        headerLength,
        headerLength + 2,
        payloadLength - 2,
        FROM_RTX,
      );
      return;
    }
    const codec = producer.codec(payloadType);
    if (!codec) {
      engine.counters.rtpUnknownType++;
      return;
    }
    if (encoding.codec !== codec) this.#beginCodec(encoding, payloadType);
    if (encoding.find(sequence) >= 0) return; // Twice by the network, or repaired meanwhile.
    encoding.reception!.received(sequence, timestamp, engine.now);
    this.#accept(
      encoding,
      packet,
      sequence,
      timestamp,
      markerType & 0x80,
      headerLength,
      headerLength,
      payloadLength,
      0,
    );
    if (producer.kind === 'audio' && producer.extensions.audioLevel !== undefined) {
      const found = findExtension(reader.arena, slot, headerLength, producer.extensions.audioLevel);
      if (found >= 0) this.router.heard(producer, readAudioLevel(reader.arena, slot + (found >> 8)) & 0x7f, engine.now);
    }
  }

  /** A round trip as a report or feedback gave it, ms; smoothed as in RFC 6298. */
  measuredRoundTrip(ms: number): void {
    this.roundTripMs = this.roundTripMs === undefined ? ms : this.roundTripMs * 0.875 + ms * 0.125;
  }

  /** Some SSRC of the client's, to name in feedback that is about the transport as a whole. */
  anyUplinkSsrc(): number {
    for (const producer of this.producers.values())
      for (const encoding of producer.encodings) if (encoding.ssrc !== 0) return encoding.ssrc;
    return 0;
  }

  /** BYE: the encoding's packets end. */
  goodbye(ssrc: number): void {
    const binding = this.#bindings.get(ssrc);
    if (binding && !binding.repair) binding.encoding.lastPacketMs = Number.NEGATIVE_INFINITY;
  }

  encodingOf(ssrc: number): Encoding | undefined {
    const binding = this.#bindings.get(ssrc);
    return binding && !binding.repair ? binding.encoding : undefined;
  }

  close(): void {
    this.state = 'closed';
    this.configureData(undefined);
    for (const [key, producer] of [...this.producers]) this.#removeProducer(key, producer);
    for (const stream of [...this.streams.values()]) this.closeStream(stream);
  }

  /** What comes under the producer's SSRCs is the producer's. `key` in `producers`. */
  carry(key: string, producer: Producer): void {
    this.producers.set(key, producer);
    producer.carrier = this;
    this.bind(producer);
  }

  /** Ends what `carry` began, and frees the producer's encodings. */
  drop(key: string, producer: Producer): void {
    this.producers.delete(key);
    producer.carrier = null;
    for (const [ssrc, binding] of this.#bindings)
      if (binding.encoding.producer === producer) this.#bindings.delete(ssrc);
    for (const encoding of producer.encodings) this.engine.releaseEncoding(encoding);
  }

  /** SSRCs that are known beforehand. */
  bind(producer: Producer): void {
    for (const encoding of producer.encodings) {
      if (encoding.ssrc !== 0) this.#bindings.set(encoding.ssrc, { encoding, repair: false });
      if (encoding.rtxSsrc !== 0) this.#bindings.set(encoding.rtxSsrc, { encoding, repair: true });
    }
  }

  #accept(
    encoding: Encoding,
    packet: number,
    sequence: number,
    timestamp: number,
    marker: number,
    headerLength: number,
    payloadOffset: number,
    payloadLength: number,
    flags: number,
  ): void {
    const { engine } = this;
    if (encoding.packets > 0 && !encoding.flows(engine.now)) this.router.encodingBack(encoding);
    encoding.packets++;
    encoding.lastPacketMs = engine.now;
    encoding.store(sequence, packet, flags, payloadLength);
    encoding.nack?.received(sequence, engine.now);
    engine.enqueue(encoding, packet, sequence, timestamp, marker, headerLength, payloadOffset, payloadLength);
  }

  /** The encoding's first packet, or its first in another codec. */
  #beginCodec(encoding: Encoding, payloadType: number): void {
    // What came before belongs to the old codec's template.
    this.engine.forwardNow(encoding);
    const first = encoding.codec === null;
    encoding.begin(encoding.producer.codec(payloadType)!);
    this.router.codecKnown(encoding, first);
  }

  /** Finds the section of an SSRC that the SDP didn't name: by mid and rid extensions, or by a payload type only one section has. */
  #discover(ssrc: number, slot: number, headerLength: number, payloadType: number): Binding | undefined {
    if (this.#announced || this.#bindings.size >= MAX_SSRCS) return undefined;
    const { arena } = this.engine.reader;
    const find = (producer: Producer, name: 'mid' | 'rid' | 'repairedRid'): string => {
      const id = producer.extensions[name];
      const found = id === undefined ? -1 : findExtension(arena, slot, headerLength, id);
      if (found < 0) return '';
      const read = name === 'mid' ? readMid : readRid;
      return read(arena, slot + (found >> 8), found & 0xff);
    };
    const candidates = [...this.producers.values()];
    const mid = candidates.length > 0 ? find(candidates[0], 'mid') : '';
    const fits = candidates.filter((p) =>
      mid ? p.mid === mid : p.codec(payloadType) !== undefined || p.repairs(payloadType) !== undefined,
    );
    if (fits.length !== 1) return undefined;
    const producer = fits[0];
    const repair = producer.repairs(payloadType) !== undefined;
    const rid = repair ? find(producer, 'repairedRid') || find(producer, 'rid') : find(producer, 'rid');
    let encoding = rid ? producer.encodings.find((e) => e.rid === rid) : undefined;
    if (!rid && producer.encodings.length === 1) encoding = producer.encodings[0];
    if (!encoding) return undefined;
    if (repair) encoding.rtxSsrc = ssrc;
    else encoding.ssrc = ssrc;
    const binding = { encoding, repair };
    this.#bindings.set(ssrc, binding);
    return binding;
  }

  #removeProducer(key: string, producer: Producer): void {
    this.router.removeProducer(producer);
    this.drop(key, producer);
  }

  openStream(section: SectionParameters): VirtualStream {
    const { engine } = this;
    const stream = new VirtualStream(this, engine.table, section, engine.random);
    engine.table.handle[stream.number] = engine.datapath.addStream(this.peer, stream.downlink.ssrc);
    if (stream.rtxNumber >= 0)
      engine.table.handle[stream.rtxNumber] = engine.datapath.addStream(this.peer, stream.downlink.rtxSsrc!);
    if (stream.fecNumber >= 0)
      engine.table.handle[stream.fecNumber] = engine.datapath.addStream(this.peer, stream.downlink.flexfecSsrc!);
    engine.streams[stream.number] = stream;
    this.streams.set(stream.mid, stream);
    this.streamBySsrc.set(stream.downlink.ssrc, stream);
    this.router.addStream(stream);
    return stream;
  }

  closeStream(stream: VirtualStream): void {
    const { engine } = this;
    // What waits for it goes while everything of it is still there.
    stream.stop();
    this.streams.delete(stream.mid);
    this.streamBySsrc.delete(stream.downlink.ssrc);
    this.router.removeStream(stream);
    this.subscriber.forget(stream);
    engine.prober.forget(stream);
    engine.datapath.removeStream(engine.table.handle[stream.number]);
    if (stream.rtxNumber >= 0) engine.datapath.removeStream(engine.table.handle[stream.rtxNumber]);
    if (stream.fecNumber >= 0) engine.datapath.removeStream(engine.table.handle[stream.fecNumber]);
    engine.streams[stream.number] = undefined;
    stream.close();
  }
}
