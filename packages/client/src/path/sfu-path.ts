import type { LayersEvent, OfferRequest, StreamAssignment, TrackSource } from '@efir/protocol';
import { Assignments } from '../connection/assignments.js';
import { FaceGate } from '../connection/face-gate.js';
import type { TransportState } from '../connection/recovery.js';
import type { SectionCounts } from '../connection/section-plan.js';
import type { SendingOptions } from '../connection/sending-sections.js';
import { SfuConnection } from '../connection/sfu-connection.js';
import { SfuData } from '../data/sfu-data.js';
import { isWeak, MOVING_FRAME_RATE } from '../mesh/encoding.js';
import { kindOf } from '../track.js';
import type { DataPort, MeasuredConnection, MediaPath, OnStage, PathEvents } from './media-path.js';
import { relayError } from './relay-trouble.js';

export interface SfuPathOptions extends SendingOptions, PathEvents {
  self: string;
  configuration: RTCConfiguration;
  /** What we publish. */
  local(): { source: TrackSource; media: MediaStreamTrack | null; muted: boolean }[];
  /** Receiving sections to begin with. */
  expected(): SectionCounts;
  /** Receiving sections to have once the room has moved; by default those to begin with. */
  later?(): SectionCounts;
  /** Receiving sections at most. */
  limits?: SectionCounts;
  /** Carries an offer to the server. `onAnswer` is called in the same turn in which the answer arrives. */
  offer(request: OfferRequest, onAnswer: () => void): Promise<string>;
  mute(source: TrackSource, muted: boolean): Promise<void>;
  onState(state: TransportState): void;
  /** An exchange that nobody waits for failed, or one that somebody does wait for. */
  onExchangeFailed(error: unknown): void;
}

/** After a move, the sections that could wait are added when the rest has come to rest, and not by all at once, ms. */
const LATER_MS = 4_000;
const LATER_SPREAD_MS = 3_000;

/** Everything through the SFU, on one RTCPeerConnection. */
export class SfuPath implements MediaPath {
  readonly topology = 'sfu';
  readonly data: DataPort;
  readonly connection: SfuConnection;
  /** Its sections are there, but no sound is sent: others hear us by another path, until `speakUp`. */
  quiet = false;
  private readonly assignments = new Assignments();
  private readonly faces: FaceGate;
  private readonly channels: SfuData;
  private moving = false;
  private closed = false;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SfuPathOptions) {
    this.connection = new SfuConnection({
      ...options,
      onState: (state) => {
        if (this.closed) return;
        options.onState(state);
        options.onPeerState(null);
      },
      onAnswered: () => this.closed || options.onMedia(),
      onCandidateError: (event) => {
        const error = relayError(event, options.configuration);
        if (error && !this.closed) options.onError(error);
      },
    });
    this.faces = new FaceGate(
      (mid) => this.connection.receiver(mid),
      () => this.closed || options.onMedia(),
    );
    this.channels = new SfuData(this.connection.pc, {
      onData: (label, from, data) => this.closed || options.onData(label, from, data),
      onDataState: (label) => this.closed || options.onDataState(label),
    });
    this.data = this.channels;
  }

  get state(): TransportState | null {
    return this.connection.state;
  }

  /** The server knows this connection. */
  get answered(): boolean {
    return this.connection.answered;
  }

  async open(): Promise<void> {
    for (const { source, media, muted } of this.options.local()) {
      if (media) await this.carry(source, media, muted);
    }
    if (this.moving) this.connection.limitFrameRate(MOVING_FRAME_RATE);
    await this.connection.expect(this.options.expected());
    await this.negotiate();
  }

  /** Rejections are told to the owner, not to the caller: an exchange that failed isn't the caller's matter. */
  async negotiate(): Promise<void> {
    await this.settle(this.connection.negotiate());
  }

  async send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<void> {
    if (await this.carry(source, media, muted)) await this.negotiate();
    else await this.options.mute(source, muted);
  }

  async speakUp(): Promise<void> {
    this.quiet = false;
    for (const { source, media, muted } of this.options.local()) {
      if (media && kindOf(source) === 'audio') await this.send(source, media, muted);
    }
  }

  async stop(source: TrackSource): Promise<void> {
    if (await this.connection.stop(source)) await this.negotiate();
  }

  async mute(source: TrackSource, muted: boolean): Promise<void> {
    this.connection.mute(source, muted);
    await this.options.mute(source, muted);
  }

  /** What the server says of our receiving sections. */
  streams(streams: StreamAssignment[], missing: SectionCounts): void {
    const { assignments, faces } = this;
    assignments.update(streams);
    const pictures = [...assignments].filter(([, { source }]) => kindOf(source) === 'video');
    faces.update(pictures, assignments.thatFollow('speaker'));
    this.options.onMedia();
    if (missing.audio > 0 || missing.video > 0) {
      const growth = this.connection.grow(missing);
      if (growth) void this.settle(growth);
    }
  }

  get connected(): boolean {
    return this.state === 'connected';
  }

  /** The server has spoken about this transport. */
  get assigned(): boolean {
    return this.assignments.known;
  }

  setMoving(moving: boolean): void {
    clearTimeout(this.later);
    if (!moving && this.options.later)
      this.later = setTimeout(() => this.complete(), LATER_MS + Math.random() * LATER_SPREAD_MS);
    // Sent once, whoever receives: only a machine without strength to spare feels it.
    if (!isWeak()) return;
    this.moving = moving;
    this.connection.limitFrameRate(moving ? MOVING_FRAME_RATE : null);
  }

  rosterChanged(): void {
    // The server assigns.
  }

  /** What the server says of our layers. */
  layers({ layers }: LayersEvent): void {
    for (const { source, spatial } of layers) this.connection.layers(source)?.set({ taken: spatial });
  }

  /** Leaves out so many of the camera's highest layers. Returns whether there are as many. */
  dropLayers(dropped: number): boolean {
    const camera = this.connection.layers('camera');
    camera?.set({ dropped });
    return camera !== undefined && camera.layers > dropped;
  }

  media(participant: string, source: TrackSource): MediaStreamTrack | null {
    const mid = this.assignments.midOf(participant, source);
    return mid === undefined ? null : this.shown(mid);
  }

  stage(): OnStage | null {
    const [mid] = this.assignments.thatFollow('speaker');
    if (mid === undefined) return null;
    return { participant: this.assignments.of(mid)?.participant ?? null, media: this.shown(mid) };
  }

  voices(): MediaStreamTrack[] {
    return this.assignments.thatFollow('loudest').flatMap((mid) => this.connection.receiver(mid)?.track ?? []);
  }

  ownerOf(mid: string): { participant: string; source: TrackSource } | null {
    return this.assignments.of(mid) ?? null;
  }

  receiver(participant: string, source: TrackSource): RTCRtpReceiver | undefined {
    const mid = this.assignments.midOf(participant, source);
    return mid === undefined ? undefined : this.connection.receiver(mid);
  }

  sender(source: TrackSource): RTCRtpSender | undefined {
    return this.connection.sender(source);
  }

  stateOf(): RTCPeerConnectionState {
    return this.connection.state ?? 'new';
  }

  connections(): MeasuredConnection[] {
    const { connection, assignments, options } = this;
    return [
      {
        peer: null,
        pc: connection.pc,
        owner: (direction, mid, trackId) => {
          const section = mid ?? connection.midOf(trackId);
          if (section === undefined) return null;
          if (direction === 'in') return assignments.of(section) ?? null;
          const source = connection.sourceOf(section);
          return source ? { participant: options.self, source } : null;
        },
      },
    ];
  }

  async restartIce(): Promise<void> {
    await this.settle(this.connection.restartIce());
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.later);
    this.faces.close();
    this.channels.close();
    this.connection.close();
  }

  /** Returns whether an offer is needed for it. */
  private async carry(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<boolean> {
    const offer = await this.connection.send(source, media, muted);
    if (this.quiet && kindOf(source) === 'audio') await this.connection.send(source, null, muted);
    return offer;
  }

  private complete(): void {
    const counts = this.options.later?.();
    const growth = counts && this.connection.complete(counts);
    if (growth) void this.settle(growth);
  }

  /** Null while it carries pictures of somebody else. */
  private shown(mid: string): MediaStreamTrack | null {
    return this.faces.isOpen(mid) ? (this.connection.receiver(mid)?.track ?? null) : null;
  }

  private async settle(exchange: Promise<void>): Promise<void> {
    try {
      await exchange;
    } catch (error) {
      if (!this.closed) this.options.onExchangeFailed(error);
    }
  }
}
