import type { OfferRequest, TrackSource } from '@efir/protocol';
import { asEfirError, EfirError } from '../errors.js';
import { trimCodecs } from './codecs.js';
import { compactOffer } from './compact-offer.js';
import { describeDependencies } from './header-extensions.js';
import type { LayeredSender } from './layered-sender.js';
import { OfferQueue } from './offer-queue.js';
import type { TransportState } from './recovery.js';
import { type SectionCounts, SectionPlan } from './section-plan.js';
import { type SendingOptions, SendingSections } from './sending-sections.js';

export interface SfuConnectionOptions extends SendingOptions {
  /** STUN and TURN servers, and whether relays alone are allowed. */
  configuration: RTCConfiguration;
  /** Receiving sections at most. */
  limits?: SectionCounts;
  /** Carries an offer to the server. `onAnswer` is called in the same turn in which the answer arrives. */
  offer(request: OfferRequest, onAnswer: () => void): Promise<string>;
  onState(state: TransportState): void;
  /** An answer was applied: sections that were asked for exist now. */
  onAnswered(): void;
  onCandidateError(event: RTCPeerConnectionIceErrorEvent): void;
}

/**
 * One RTCPeerConnection to the SFU, for its whole life. We always offer, the server only answers.
 * After `close()` nothing is called back, and what is under way ends with an `EfirError` `closed`.
 */
export class SfuConnection {
  readonly pc: RTCPeerConnection;
  private readonly sending: SendingSections;
  private readonly plan: SectionPlan;
  private readonly receivers = new Map<string, RTCRtpReceiver>();
  private readonly offers = new OfferQueue(() => this.exchange());
  private restartWanted = false;
  private closed = false;
  /** An answer has come for this connection, so the server knows it. */
  answered = false;

  constructor(private readonly options: SfuConnectionOptions) {
    if (typeof RTCPeerConnection === 'undefined') {
      throw new EfirError('unsupported-browser', 'This browser has no WebRTC');
    }
    this.pc = new RTCPeerConnection({
      ...options.configuration,
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
    });
    this.plan = new SectionPlan(options.limits);
    this.sending = new SendingSections(this.pc, options);
    const report = () => {
      const state = this.state;
      if (!this.closed && state) options.onState(state);
    };
    this.pc.addEventListener('connectionstatechange', report);
    this.pc.addEventListener('icecandidateerror', (event) => {
      if (!this.closed) options.onCandidateError(event as RTCPeerConnectionIceErrorEvent);
    });
    // Firefox before 113 has only this one.
    if (this.pc.connectionState === undefined) this.pc.addEventListener('iceconnectionstatechange', report);
  }

  get state(): TransportState | null {
    const state = this.pc.connectionState ?? this.pc.iceConnectionState;
    switch (state as string) {
      case 'connected':
      case 'completed':
        return 'connected';
      case 'connecting':
      case 'checking':
        return 'connecting';
      case 'disconnected':
      case 'failed':
        return state as TransportState;
      default:
        return null;
    }
  }

  /** Receiving sections to begin with. To be called once, before the first `negotiate`. */
  async expect(counts: SectionCounts): Promise<void> {
    const { audio, video } = this.plan.begin(counts);
    for (let i = 0; i < Math.max(audio, video); i++) {
      // Each waits for another thread of the browser; what else goes on in the page is not to wait for all of them.
      if (i > 0) await pause();
      if (this.closed) return;
      this.addReceiving({ audio: i < audio ? 1 : 0, video: i < video ? 1 : 0 });
    }
  }

  /** The server has more for us than fits. Returns the exchange that this takes, if any. */
  grow(missing: SectionCounts): Promise<void> | null {
    const counts = this.plan.grow(missing);
    if (counts.audio + counts.video === 0) return null;
    this.addReceiving(counts);
    return this.negotiate();
  }

  /** Brings the receiving sections up to as many. Returns the exchange that this takes, if any. */
  complete(counts: SectionCounts): Promise<void> | null {
    const added = this.plan.complete(counts);
    if (added.audio + added.video === 0) return null;
    this.addReceiving(added);
    return this.negotiate();
  }

  /** Returns whether an offer is needed. */
  send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<boolean> {
    return this.sending.send(source, media, muted);
  }

  stop(source: TrackSource): Promise<boolean> {
    return this.sending.stop(source);
  }

  limitFrameRate(limit: number | null): void {
    this.sending.limitFrameRate(limit);
  }

  layers(source: TrackSource): LayeredSender | undefined {
    return this.sending.layers(source);
  }

  mute(source: TrackSource, muted: boolean): void {
    this.sending.mute(source, muted);
  }

  sender(source: TrackSource): RTCRtpSender | undefined {
    return this.sending.sender(source);
  }

  sourceOf(mid: string): TrackSource | undefined {
    return this.sending.sourceOf(mid);
  }

  /** The section that a browser's track belongs to. */
  midOf(trackId: string | undefined): string | undefined {
    const transceiver = this.pc
      .getTransceivers()
      .find(({ sender, receiver }) => trackId && (sender.track?.id === trackId || receiver.track.id === trackId));
    return transceiver?.mid ?? undefined;
  }

  receiver(mid: string): RTCRtpReceiver | undefined {
    const known = this.receivers.get(mid);
    if (known) return known;
    for (const { mid, receiver } of this.pc.getTransceivers()) if (mid !== null) this.receivers.set(mid, receiver);
    return this.receivers.get(mid);
  }

  restartIce(): Promise<void> {
    this.restartWanted = true;
    return this.negotiate();
  }

  negotiate(): Promise<void> {
    return this.offers.request();
  }

  close(): void {
    this.closed = true;
    this.pc.close();
  }

  private addReceiving(counts: SectionCounts): void {
    for (const kind of ['audio', 'video'] as const) {
      for (let i = 0; i < counts[kind]; i++) {
        const transceiver = this.pc.addTransceiver(kind, { direction: 'recvonly' });
        trimCodecs(transceiver, kind);
        if (kind === 'video') describeDependencies(transceiver);
      }
    }
  }

  private async exchange(): Promise<void> {
    this.assertOpen();
    const iceRestart = this.restartWanted;
    this.restartWanted = false;
    try {
      const offer = await this.pc.createOffer({ iceRestart });
      const planAnswered = this.plan.sent();
      await this.pc.setLocalDescription(offer);
      this.assertOpen();
      const request: OfferRequest = {
        sdp: compactOffer(offer.sdp ?? ''),
        tracks: this.sending.described(),
        fresh: !this.answered,
      };
      const sdp = await this.options.offer(request, () => {
        planAnswered();
        this.answered = true;
      });
      this.assertOpen();
      await this.pc.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      this.restartWanted ||= iceRestart;
      throw this.closed ? closedError() : asEfirError(error, 'negotiation');
    }
    if (!this.closed) this.options.onAnswered();
  }

  private assertOpen(): void {
    if (this.closed) throw closedError();
  }
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const closedError = () => new EfirError('closed', 'The connection was closed');
