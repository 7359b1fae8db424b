/**
 * A client of an SFU: what a browser's PeerConnection does below its SDP. ICE towards a lite server, DTLS with a check of
 * the server's fingerprint, RTP out and in, feedback. Lives in a `ClientHub`, which owns sockets, clock and loop.
 * States go new -> connecting -> connected -> closed or failed; nothing comes after those two.
 */
import { EventEmitter } from 'node:events';
import {
  type Datapath,
  type DtlsRole,
  type PeerEvent,
  RX_HEADER_LENGTH,
  RX_LENGTH,
  RX_MARKER_TYPE,
  RX_PAYLOAD_LENGTH,
  RX_SEQUENCE,
  RX_SSRC,
  RX_TIMESTAMP,
} from '@efir/datapath';
import {
  type EncodingParameters,
  findExtension,
  type IceParameters,
  ntpHigh,
  ntpLow,
  ntpMiddle,
  parseRtcp,
  type RemoteCandidate,
  type RtcpVisitor,
  type RtcpWriter,
  readTransportSequence,
  readUint32,
  roundTripMs,
  type SdpFingerprint,
  type SectionParameters,
} from '@efir/rtc';
import { ClientData, type ClientDataParameters } from './data.js';
import type { DelayHistogram } from './delay-histogram.js';
import { ClientError } from './errors.js';
import { Feedback } from './feedback.js';
import { ClientIce } from './ice.js';
import { IncomingStream } from './incoming-stream.js';
import { OutgoingStream, type PacketFields, type TransportSequence } from './outgoing-stream.js';
import type { RowBatch } from './row-batch.js';

export type ClientPeerState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

/** What offer and answer came to. */
export interface ClientAgreement {
  remoteIce: IceParameters;
  remoteFingerprints: SdpFingerprint[];
  candidates: RemoteCandidate[];
  /** Ours; default `client`. */
  dtlsRole?: DtlsRole;
  /** As the server sees them: we send the uplinks and receive the downlinks. */
  sections: SectionParameters[];
  /** The server serves data channels: they are opened once connected. */
  data?: ClientDataParameters;
}

interface ClientPeerEvents {
  state: [state: ClientPeerState, reason?: string];
  /** The server asks for a key frame of what section `mid` sends, or of one layer of it; `arrivalMs` by `performance.now()`. */
  keyFrame: [mid: string, rid: string | undefined, arrivalMs: number];
}

/** What a peer needs of its hub. */
export interface PeerHost {
  readonly datapath: Datapath;
  readonly rows: RowBatch;
  readonly delays: DelayHistogram | undefined;
  /** IP family of the sockets. */
  readonly family: 4 | 6;
  random(): number;
  released(peer: ClientPeer): void;
  /** Flush the peer's data at the end of the turn. */
  flushData(peer: ClientPeer): void;
}

/** The name of a stream in `outgoing`: the section's mid, with the layer's rid where there are several. */
export function sendingKey(mid: string, rid?: string): string {
  return rid === undefined ? mid : `${mid}/${rid}`;
}

/** Until a round trip was measured. */
const DEFAULT_RTT_MS = 50;

export class ClientPeer extends EventEmitter<ClientPeerEvents> {
  readonly localIce: IceParameters;
  readonly socket: number;
  /** The datapath's handle. */
  readonly handle: number;
  state: ClientPeerState = 'new';
  srtpProfile: string | null = null;
  /** Share lost of what we sent, by the server's last report; 0..1. */
  remoteLoss = 0;
  /** Transport-wide feedback packets that came. */
  feedbacks = 0;
  /** By `sendingKey`. */
  readonly outgoing = new Map<string, OutgoingStream>();
  readonly incoming: IncomingStream[] = [];
  /** There once agreed on. */
  data: ClientData | null = null;

  readonly #host: PeerHost;
  readonly #cname: string;
  readonly #transportSequence: TransportSequence = { next: 0 };
  readonly #handles = new Map<string, { media: number; rtx: number | null }>();
  readonly #ice: ClientIce;
  #fingerprints: SdpFingerprint[] = [];
  #dtlsRole: DtlsRole = 'client';
  #dtlsStarted = false;
  /** From report blocks; null before the first about a Sender Report of ours. */
  #reportedRttMs: number | null = null;
  #feedback: Feedback | null = null;
  #transportCcId = 0;
  #lastSsrc = -1;
  #lastStream: IncomingStream | null = null;
  #lastIsRtx = false;
  #rtcpArrivalMs = 0;
  readonly #visitor: RtcpVisitor;
  readonly #sendRtcp: (packet: Uint8Array) => void;

  constructor(host: PeerHost, socket: number, localIce: IceParameters, cname: string) {
    super();
    this.#host = host;
    this.socket = socket;
    this.localIce = localIce;
    this.#cname = cname;
    this.handle = host.datapath.createPeer();
    this.#ice = new ClientIce({
      datapath: host.datapath,
      socket,
      family: host.family,
      handle: this.handle,
      local: localIce,
      random: host.random,
      onSelected: () => this.#startDtls(),
    });
    this.#sendRtcp = (packet) => host.datapath.sendRtcp(this.handle, packet);
    this.#visitor = {
      senderReport: (ssrc, high, low) => this.#bySsrc(ssrc)?.senderReport(high, low, performance.now()),
      reportBlock: (_sender, ssrc, fraction, _lost, _highest, _jitter, lastSr, delay) =>
        this.#reported(ssrc, fraction, lastSr, delay),
      nack: (_sender, media, sequence) => this.#outgoingOf(media)?.resend(sequence, performance.now()),
      pli: (_sender, media) => this.#keyFrameAsked(media),
      fir: (_sender, media) => this.#keyFrameAsked(media),
      transportFeedback: () => this.feedbacks++,
    };
  }

  /** Takes the outcome of an offer: the first one connects, later ones add or end sections or restart ICE. */
  agree(agreement: ClientAgreement, now: number = performance.now()): void {
    if (this.state === 'failed' || this.state === 'closed') throw new ClientError('closed', 'the peer is closed');
    this.#ice.setRemote(agreement.remoteIce, agreement.candidates);
    this.#fingerprints = agreement.remoteFingerprints;
    this.#dtlsRole = agreement.dtlsRole ?? 'client';
    this.#setSections(agreement.sections, now);
    this.#setData(agreement.data, now);
    if (this.state === 'new') this.#setState('connecting');
    this.tick(now);
  }

  /** Sends one payload of a section or layer, by `sendingKey`. Before the peer is connected it goes nowhere. */
  send(key: string, payload: Uint8Array, fields: PacketFields, now: number = performance.now()): void {
    const stream = this.outgoing.get(key);
    if (!stream) throw new ClientError('not-found', `section ${key} sends nothing`);
    if (this.state === 'connected') stream.send(payload, fields, now);
  }

  /** Says goodbye (DTLS close_notify) and frees everything. Idempotent. */
  close(): void {
    if (this.state !== 'closed') this.#end('closed');
  }

  /** The hub's loop calls this every few ms. */
  tick(now: number, unixMs: number = Date.now(), writer?: RtcpWriter): void {
    if (!this.#ice.tick(now)) this.#end('failed', this.#ice.failure ?? 'no path to the server');
    else if (this.state === 'connected') this.data?.tick(now);
    if (writer && this.state === 'connected') {
      this.#feedback?.tick(now, unixMs, this.rttMs, writer, this.#sendRtcp);
    }
  }

  handleStun(packet: Uint8Array, path: Uint8Array, now: number): void {
    this.#ice.handle(packet, path, now);
  }

  /** One RTP row of the datapath's; `slotAt`: where its slot begins in the arena. */
  handleRtp(rx: Uint32Array, at: number, arena: Uint8Array, slotAt: number, arrivalUs: number): void {
    const headerLength = rx[at + RX_HEADER_LENGTH];
    if (this.#transportCcId > 0) {
      const found = findExtension(arena, slotAt, headerLength, this.#transportCcId);
      if (found >= 0 && (found & 0xff) >= 2) {
        this.#feedback?.transport?.received(readTransportSequence(arena, slotAt + (found >> 8)), arrivalUs);
      }
    }
    const ssrc = rx[at + RX_SSRC];
    if (ssrc !== this.#lastSsrc) this.#bySsrc(ssrc);
    const stream = this.#lastStream;
    if (stream === null) return;
    const payloadAt = slotAt + headerLength;
    const length = rx[at + RX_PAYLOAD_LENGTH];
    const markerType = rx[at + RX_MARKER_TYPE];
    if (this.#lastIsRtx) {
      stream.repair(arena, payloadAt, length, markerType, arrivalUs);
      return;
    }
    const source = arena[slotAt] & 0x0f ? readUint32(arena, slotAt + 12) : 0;
    const sequence = rx[at + RX_SEQUENCE];
    stream.received(arena, payloadAt, length, markerType, sequence, rx[at + RX_TIMESTAMP], arrivalUs, source);
  }

  handleRtcp(rx: Uint32Array, at: number, arena: Uint8Array, slotAt: number, arrivalUs: number): void {
    this.#rtcpArrivalMs = arrivalUs / 1000;
    parseRtcp(arena, slotAt, rx[at + RX_LENGTH], this.#visitor);
  }

  handleEvent(event: PeerEvent): void {
    if (event.type === 'connected') {
      this.srtpProfile = event.profile;
      this.data?.start(performance.now());
      this.#setState('connected');
    } else if (event.type === 'failed') this.#end('failed', `${event.reason}: ${event.detail}`);
    else this.#end('closed', 'the server closed the transport');
  }

  /** By reports about what we send, else by ICE's checks. */
  get rttMs(): number {
    return this.#reportedRttMs ?? this.#ice.roundTripMs ?? DEFAULT_RTT_MS;
  }

  /** Resolves once connected; rejects with `connect-failed` when that can't be any more. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (reason?: string): boolean => {
        if (this.state === 'connected') resolve();
        else if (this.state === 'failed' || this.state === 'closed') {
          reject(new ClientError('connect-failed', reason ?? this.state));
        } else return false;
        this.off('state', listen);
        return true;
      };
      const listen = (_state: ClientPeerState, reason?: string): void => void check(reason);
      if (!check()) this.on('state', listen);
    });
  }

  #setData(parameters: ClientDataParameters | undefined, now: number): void {
    if (this.data && parameters) return;
    this.data?.association.close();
    this.data = null;
    if (!parameters) return;
    const { datapath, random } = this.#host;
    const host = {
      output: (packet: Uint8Array) => datapath.sendData(this.handle, packet),
      flushSoon: () => this.#host.flushData(this),
      random,
      dtlsClient: this.#dtlsRole === 'client',
    };
    this.data = new ClientData(parameters, host, now);
    if (this.state === 'connected') this.data.start(now);
  }

  #startDtls(): void {
    if (this.#dtlsStarted) return;
    this.#dtlsStarted = true;
    this.#host.datapath.startDtls(this.handle, { role: this.#dtlsRole, fingerprints: this.#fingerprints });
  }

  #setSections(sections: SectionParameters[], now: number): void {
    const sending = new Set<string>();
    for (const section of sections) {
      if (section.uplink) {
        for (const encoding of section.uplink.encodings) {
          const key = sendingKey(section.mid, encoding.rid);
          sending.add(key);
          if (!this.outgoing.has(key)) this.#addOutgoing(key, section, encoding);
        }
      }
      const { downlink } = section;
      if (downlink && !this.incoming.some((stream) => stream.options.ssrc === downlink.ssrc)) {
        const { mid, kind, codecs } = section;
        const { ssrc, rtxSsrc } = downlink;
        this.incoming.push(new IncomingStream({ mid, kind, ssrc, rtxSsrc, codecs, delays: this.#host.delays }));
      }
    }
    for (const key of [...this.outgoing.keys()]) if (!sending.has(key)) this.#removeOutgoing(key);
    const wanted = new Set(sections.map((section) => section.downlink?.ssrc));
    for (let i = this.incoming.length - 1; i >= 0; i--) {
      if (!wanted.has(this.incoming[i].options.ssrc)) this.incoming.splice(i, 1);
    }
    this.#lastSsrc = -1;
    this.#lastStream = null;

    this.#transportCcId = sections.find((section) => section.extensions.transportCc)?.extensions.transportCc ?? 0;
    const transportCc = this.#transportCcId > 0;
    if (this.#feedback === null || (transportCc && this.#feedback.transport === null)) {
      const localSsrc = this.outgoing.values().next().value?.options.ssrc ?? 1;
      const streams = { outgoing: { [Symbol.iterator]: () => this.outgoing.values() }, incoming: this.incoming };
      const options = { localSsrc, cname: this.#cname, transportCc };
      this.#feedback = new Feedback(streams, options, now, this.#host.random());
    }
  }

  #addOutgoing(key: string, section: SectionParameters, encoding: EncodingParameters): void {
    const [codec] = section.codecs;
    if (encoding.ssrc === undefined || !codec) return;
    const { datapath, rows } = this.#host;
    const hasRtx = encoding.rtxSsrc !== undefined && codec.rtxPayloadType !== undefined;
    const handles = {
      media: datapath.addStream(this.handle, encoding.ssrc),
      rtx: hasRtx ? datapath.addStream(this.handle, encoding.rtxSsrc!) : null,
    };
    this.#handles.set(key, handles);
    const options = {
      mid: section.mid,
      rid: encoding.rid,
      ssrc: encoding.ssrc,
      payloadType: codec.payloadType,
      clockRate: codec.clockRate,
      extensions: section.extensions,
      rtx: hasRtx ? { ssrc: encoding.rtxSsrc!, payloadType: codec.rtxPayloadType! } : undefined,
      firstSequence: Math.floor(this.#host.random() * 0x7000),
      timestampOffset: Math.floor(this.#host.random() * 0x10000_0000),
    };
    this.outgoing.set(key, new OutgoingStream(options, handles, rows, this.#transportSequence));
  }

  #removeOutgoing(key: string): void {
    const handles = this.#handles.get(key);
    this.#handles.delete(key);
    this.outgoing.delete(key);
    if (!handles) return;
    this.#host.datapath.removeStream(handles.media);
    if (handles.rtx !== null) this.#host.datapath.removeStream(handles.rtx);
  }

  /** Finds the stream of an SSRC and remembers it for the next packet. */
  #bySsrc(ssrc: number): IncomingStream | null {
    this.#lastSsrc = ssrc;
    this.#lastStream = null;
    for (const stream of this.incoming) {
      const { options } = stream;
      if (options.ssrc !== ssrc && options.rtxSsrc !== ssrc) continue;
      this.#lastStream = stream;
      this.#lastIsRtx = options.ssrc !== ssrc;
      break;
    }
    return this.#lastStream;
  }

  #outgoingOf(ssrc: number): OutgoingStream | undefined {
    for (const stream of this.outgoing.values()) if (stream.options.ssrc === ssrc) return stream;
    return undefined;
  }

  #keyFrameAsked(ssrc: number): void {
    const stream = this.#outgoingOf(ssrc);
    if (stream) this.emit('keyFrame', stream.options.mid, stream.options.rid, this.#rtcpArrivalMs);
  }

  #reported(ssrc: number, fractionLost: number, lastSr: number, delay: number): void {
    if (!this.#outgoingOf(ssrc)) return;
    this.remoteLoss = fractionLost / 256;
    const unixMs = Date.now();
    const rtt = roundTripMs(ntpMiddle(ntpHigh(unixMs), ntpLow(unixMs)), lastSr, delay);
    if (rtt >= 0) this.#reportedRttMs = Math.max(1, rtt);
  }

  #setState(state: ClientPeerState, reason?: string): void {
    if (this.state === state) return;
    this.state = state;
    this.emit('state', state, reason);
  }

  #end(state: 'failed' | 'closed', reason?: string): void {
    if (this.state === 'failed' || this.state === 'closed') {
      this.state = state;
      return;
    }
    for (const key of [...this.outgoing.keys()]) this.#removeOutgoing(key);
    this.data?.association.close();
    this.#host.datapath.closePeer(this.handle);
    this.#host.released(this);
    this.#setState(state, reason);
  }
}
