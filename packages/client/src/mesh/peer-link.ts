import {
  DATA_CHANNELS,
  type DataChannelLabel,
  type MeshTrack,
  type RelayedMessage,
  type RelayRequest,
  type TrackSource,
  type VideoCodec,
} from '@efir/protocol';
import { preferCodecs } from '../connection/codecs.js';
import { kindOf } from '../track.js';
import { applyEncoding, type MeshEncoding } from './encoding.js';
import { Negotiation } from './negotiation.js';
import { sessionOf, tracksByKind } from './sdp.js';

export type LinkMessage = Omit<RelayRequest, 'to'>;

export interface PeerLinkOptions {
  peer: string;
  /** Gives way when two offers meet. */
  polite: boolean;
  /** Makes the first offer; the other end waits for it. */
  initiator: boolean;
  /** A client of the classic rooms protocol: audio and video, nothing else. */
  classic: boolean;
  configuration: RTCConfiguration;
  /** What we send, by source; read whenever a section is made. */
  local: ReadonlyMap<TrackSource, MediaStreamTrack>;
  /** What our tracks are told to belong to: classic clients show streams. */
  stream: MediaStream | undefined;
  encoding(source: TrackSource): MeshEncoding;
  videoCodecs: readonly VideoCodec[];
  codec?: VideoCodec;
  send(message: LinkMessage): void;
  onState(state: RTCPeerConnectionState): void;
  /** What is received has changed: sections came, or were taken into use. */
  onSections(): void;
  onChannel(channel: RTCDataChannel, label: DataChannelLabel): void;
  onCandidateError(event: RTCPeerConnectionIceErrorEvent): void;
  onError(error: unknown): void;
}

type Described = RTCSessionDescriptionInit & { tracks?: readonly MeshTrack[] | undefined };

/** Both ends have these from the start, so that turning a device on or off needs no negotiation. */
const ALWAYS: readonly TrackSource[] = ['microphone', 'camera'];

/**
 * The RTCPeerConnection with one other participant. A section carries the same source in both directions; which, is told
 * beside each description. After `close()` nothing is called back.
 */
export class PeerLink {
  readonly pc: RTCPeerConnection;
  /** Of the other end's RTCPeerConnection (`o=` line): another one means that it has made a new one. */
  remoteSession: string | null = null;
  private readonly negotiation: Negotiation;
  private readonly sections = new Map<TrackSource, RTCRtpTransceiver>();
  private readonly channels = new Map<DataChannelLabel, RTCDataChannel>();
  private begun = false;
  private closed = false;

  constructor(private readonly options: PeerLinkOptions) {
    const pc = new RTCPeerConnection(options.configuration);
    this.pc = pc;
    this.negotiation = new Negotiation(pc, {
      polite: options.polite,
      send: ({ type, sdp }) => options.send({ description: { type, sdp }, tracks: this.described() }),
      beforeAnswer: (offer) => this.meet(offer),
      applied: () => this.settle(),
    });
    pc.addEventListener('negotiationneeded', () => void this.negotiation.offer().catch((error) => this.fail(error)));
    pc.addEventListener('icecandidate', ({ candidate }) => this.sendCandidate(candidate));
    pc.addEventListener('icecandidateerror', (event) => {
      if (!this.closed) options.onCandidateError(event as RTCPeerConnectionIceErrorEvent);
    });
    pc.addEventListener('connectionstatechange', () => {
      if (!this.closed) options.onState(this.state);
    });
    if (options.initiator) this.begin();
  }

  get state(): RTCPeerConnectionState {
    return this.pc.connectionState;
  }

  /** Makes the first offer, if nobody has. */
  begin(): void {
    if (this.begun || this.closed) return;
    this.begun = true;
    this.openChannels();
    for (const source of ALWAYS) this.addSection(source);
    for (const source of this.options.local.keys()) this.addSection(source);
  }

  /** Carry this media from now on (null: nothing). Offers only for a source that there was none of. */
  async carry(source: TrackSource, media: MediaStreamTrack | null): Promise<void> {
    const section = this.sections.get(source);
    if (section) await section.sender.replaceTrack(media);
    else if (media && this.begun) this.addSection(source);
  }

  restartIce(): void {
    if (!this.begun) this.begin();
    else if (this.pc.signalingState === 'have-local-offer') this.offerAgain();
    else this.pc.restartIce();
  }

  /** A description or a candidate from the other end. */
  async received({ description, candidate, tracks }: Omit<RelayedMessage, 'from'>): Promise<void> {
    if (description) {
      const described: Described = { ...description, tracks };
      try {
        const taken = await this.negotiation.description(described);
        if (taken) this.remoteSession = sessionOf(description.sdp) ?? this.remoteSession;
      } catch (error) {
        this.fail(error);
      }
    } else if (candidate !== undefined) {
      await this.negotiation.candidate(candidate as RTCIceCandidateInit | null);
    }
  }

  /** What carries a source of the other end, once there is a section for it. */
  receiver(source: TrackSource): RTCRtpReceiver | undefined {
    const section = this.sections.get(source);
    const direction = section?.currentDirection;
    return direction === 'sendrecv' || direction === 'recvonly' ? section?.receiver : undefined;
  }

  /** Sources that the other end has sections for. Whether it sends anything on them is another matter. */
  get receiving(): TrackSource[] {
    return [...this.sections.keys()].filter((source) => this.receiver(source));
  }

  sender(source: TrackSource): RTCRtpSender | undefined {
    return this.sections.get(source)?.sender;
  }

  sourceOf(mid: string): TrackSource | undefined {
    for (const [source, { mid: own }] of this.sections) if (own === mid) return source;
    return undefined;
  }

  channel(label: DataChannelLabel): RTCDataChannel | undefined {
    return this.channels.get(label);
  }

  /** The number of peers has changed: share the uplink anew. */
  async encode(): Promise<void> {
    for (const [source, { sender }] of this.sections) await applyEncoding(sender, this.options.encoding(source));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.negotiation.close();
    this.pc.close();
  }

  private openChannels(): void {
    if (this.options.classic || this.channels.size > 0) return;
    for (const [name, init] of Object.entries(DATA_CHANNELS)) {
      const label = name as DataChannelLabel;
      const channel = this.pc.createDataChannel(label, { ...init, negotiated: true });
      this.channels.set(label, channel);
      this.options.onChannel(channel, label);
    }
  }

  private addSection(source: TrackSource): void {
    if (this.sections.has(source)) return;
    const { local, stream } = this.options;
    const kind = kindOf(source);
    const transceiver = this.pc.addTransceiver(local.get(source) ?? kind, {
      direction: 'sendrecv',
      sendEncodings: [this.options.encoding(source)],
      ...(stream ? { streams: [stream] } : {}),
    });
    if (kind === 'video') preferCodecs(transceiver, this.options.videoCodecs, this.options.codec);
    this.sections.set(source, transceiver);
  }

  /** Takes the sections of an offer into use for our own sources as well, so that one exchange serves both ends. */
  private async meet(offer: Described): Promise<void> {
    this.begun = true;
    if (/^m=application /m.test(offer.sdp ?? '')) this.openChannels();
    const transceivers = this.pc.getTransceivers();
    for (const { mid, source } of offer.tracks ?? tracksByKind(transceivers)) {
      const transceiver = transceivers.find((one) => one.mid === mid);
      if (!transceiver || transceiver.receiver.track.kind !== kindOf(source)) continue;
      const before = this.sections.get(source);
      if (before === transceiver) continue;
      // Ours, from an offer that was rolled back.
      if (before && before.mid === null) stop(before);
      this.sections.set(source, transceiver);
      transceiver.direction = 'sendrecv';
      await transceiver.sender.replaceTrack(this.options.local.get(source) ?? null);
      if (this.options.stream) transceiver.sender.setStreams?.(this.options.stream);
    }
  }

  private settle(): void {
    void this.encode();
    // What there was no section for in an exchange that the other end began.
    for (const source of this.options.local.keys()) this.addSection(source);
    this.options.onSections();
  }

  /** For each section that we send in. */
  private described(): MeshTrack[] {
    return [...this.sections].flatMap(([source, { mid }]) => (mid === null ? [] : [{ mid, source }]));
  }

  private sendCandidate(candidate: RTCIceCandidate | null): void {
    if (this.closed || !candidate?.candidate) return;
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    this.options.send({ candidate: { candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment } });
  }

  /** The offer that is out got no answer: the same once more, or a newer one. */
  private offerAgain(): void {
    this.pc
      .createOffer({ iceRestart: true })
      .then((offer) => this.pc.setLocalDescription(offer))
      .then(() => {
        const local = this.pc.localDescription;
        if (this.closed || local?.type !== 'offer') return;
        this.options.send({ description: { type: 'offer', sdp: local.sdp }, tracks: this.described() });
      })
      .catch((error) => this.fail(error));
  }

  private fail(error: unknown): void {
    if (!this.closed) this.options.onError(error);
  }
}

function stop(transceiver: RTCRtpTransceiver): void {
  try {
    transceiver.stop();
  } catch {
    // It was never part of a description: an idle leftover.
  }
}
