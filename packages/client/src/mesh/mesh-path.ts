import type {
  ClientRequests,
  DataChannelLabel,
  PublishRequest,
  RelayedMessage,
  RelayRequest,
  TrackSource,
  VideoCodec,
} from '@efir/protocol';
import { type ChannelEvents, MeshData } from '../data/mesh-data.js';
import { asEfirError, EfirError } from '../errors.js';
import type { VideoQuality } from '../options.js';
import type { DataPort, MeasuredConnection, MediaPath, PathEvents } from '../path/media-path.js';
import { relayError } from '../path/relay-trouble.js';
import type { StatsOwner } from '../stats/room-stats.js';
import { meshEncoding } from './encoding.js';
import { LinkRecovery } from './link-recovery.js';
import { PeerLink } from './peer-link.js';
import { sessionOf } from './sdp.js';

export interface MeshPeer {
  id: string;
  classic: boolean;
}

export interface MeshPathOptions extends PathEvents {
  self: string;
  /** The others who are to be connected to, at any time. */
  peers(): readonly MeshPeer[];
  /** Whether we make the first offer to those who are there when the path opens; later ones make it to us. */
  initiate(peer: MeshPeer): boolean;
  /** What we publish. */
  local(): { source: TrackSource; media: MediaStreamTrack | null; muted: boolean }[];
  quality: VideoQuality;
  videoCodecs: readonly VideoCodec[];
  codec?: VideoCodec;
  configuration: RTCConfiguration;
  request<Name extends 'relay' | 'publish' | 'mute'>(
    name: Name,
    payload: ClientRequests[Name]['request'],
  ): Promise<unknown>;
  /** What a classic peer sends; nobody else says it. */
  onClassicSources(peer: string, sources: TrackSource[]): void;
}

interface Link {
  link: PeerLink;
  recovery: LinkRecovery;
}

const TICK_MS = 400;
const CLOSE_EVERY_MS = 300;

/** The mesh as this participant has it: one `PeerLink` to everybody else. Each link mends itself. */
export class MeshPath implements MediaPath {
  readonly topology = 'mesh';
  readonly assigned = true;
  readonly data: DataPort;
  private readonly links = new Map<string, Link>();
  private readonly channels: MeshData;
  private readonly sources = new Map<TrackSource, MediaStreamTrack>();
  private readonly muted = new Map<TrackSource, boolean>();
  private readonly stream = typeof MediaStream === 'undefined' ? undefined : new MediaStream();
  private timer: ReturnType<typeof setInterval> | undefined;
  private encodedFor = '';
  private moving = false;
  private closed = false;

  constructor(private readonly options: MeshPathOptions) {
    if (typeof RTCPeerConnection === 'undefined') {
      throw new EfirError('unsupported-browser', 'This browser has no WebRTC');
    }
    const events: ChannelEvents = {
      onData: (label, from, data) => this.closed || options.onData(label, from, data),
      onDataState: (label) => this.closed || options.onDataState(label),
    };
    this.channels = new MeshData(events);
    this.data = this.channels;
  }

  get connected(): boolean {
    return [...this.links.values()].every(({ link }) => link.state === 'connected');
  }

  async open(): Promise<void> {
    for (const { source, media, muted } of this.options.local()) {
      if (media) this.sources.set(source, media);
      this.muted.set(source, muted);
    }
    for (const peer of this.options.peers()) this.add(peer, this.options.initiate(peer));
    this.share();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    await this.publish();
  }

  async send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<void> {
    const known = this.muted.has(source);
    if (media) this.sources.set(source, media);
    else this.sources.delete(source);
    this.muted.set(source, muted);
    await Promise.all([...this.links.values()].map(({ link }) => link.carry(source, media)));
    if (known) await this.mute(source, muted);
    else await this.publish();
  }

  async stop(source: TrackSource): Promise<void> {
    this.sources.delete(source);
    this.muted.delete(source);
    await Promise.all([...this.links.values()].map(({ link }) => link.carry(source, null)));
    await this.publish();
  }

  async mute(source: TrackSource, muted: boolean): Promise<void> {
    this.muted.set(source, muted);
    await this.options.request('mute', { source, muted }).catch(() => {});
  }

  rosterChanged(): void {
    const peers = this.options.peers();
    const ids = new Set(peers.map(({ id }) => id));
    for (const id of [...this.links.keys()]) if (!ids.has(id)) this.remove(id);
    for (const peer of peers) if (!this.links.has(peer.id)) this.add(peer, false);
    this.share();
  }

  /** From another participant, by way of the server. */
  received({ from, ...message }: RelayedMessage): void {
    const peer = this.options.peers().find(({ id }) => id === from);
    if (!peer || this.closed) return;
    const { description } = message;
    const session = description ? sessionOf(description.sdp) : null;
    const known = this.links.get(from);
    if (known && session !== null && known.link.remoteSession !== null && known.link.remoteSession !== session) {
      // A new RTCPeerConnection at the other end (a page that came back): ours belongs to one that is gone.
      this.add(peer, description?.type !== 'offer');
      if (description?.type !== 'offer') return;
    }
    const { link, recovery } = this.links.get(from) ?? this.add(peer, false);
    recovery.heard(now());
    if (description?.type === 'answer') recovery.answered();
    void link.received(message);
  }

  /** The server is there again: what couldn't be said can be said now. */
  wake(): void {
    for (const { recovery } of this.links.values()) recovery.wake(now());
    void this.publish();
    this.tick();
  }

  setMoving(moving: boolean): void {
    this.moving = moving;
    this.share();
  }

  media(participant: string, source: TrackSource): MediaStreamTrack | null {
    return this.receiver(participant, source)?.track ?? null;
  }

  receiver(participant: string, source: TrackSource): RTCRtpReceiver | undefined {
    return this.links.get(participant)?.link.receiver(source);
  }

  sender(source: TrackSource): RTCRtpSender | undefined {
    for (const { link } of this.links.values()) {
      const sender = link.sender(source);
      if (sender) return sender;
    }
    return undefined;
  }

  stateOf(participant: string): RTCPeerConnectionState {
    return this.links.get(participant)?.link.state ?? 'new';
  }

  connections(): MeasuredConnection[] {
    return [...this.links].map(([peer, { link }]) => ({
      peer,
      pc: link.pc,
      owner: (direction, mid): StatsOwner | null => {
        const source = mid === undefined ? undefined : link.sourceOf(mid);
        return source ? { participant: direction === 'in' ? peer : this.options.self, source } : null;
      },
    }));
  }

  async restartIce(): Promise<void> {
    for (const { link } of this.links.values()) link.restartIce();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.channels.close();
    const links = [...this.links.values()];
    this.links.clear();
    // Closing takes the page's time as well, and that of a machine with several pages; nothing is called back from now on.
    for (const [index, { link }] of links.entries())
      setTimeout(() => link.close(), (index + Math.random()) * CLOSE_EVERY_MS);
  }

  private add(peer: MeshPeer, initiator: boolean): Link {
    this.links.get(peer.id)?.link.close();
    this.channels.forget(peer.id);
    const { options } = this;
    const { id, classic } = peer;
    // Classic clients know no rollback.
    const polite = classic || options.self < id;
    const recovery = new LinkRecovery({ polite, initiator, classic }, now());
    const current = () => !this.closed && this.links.get(id)?.link === link;
    const link: PeerLink = new PeerLink({
      peer: id,
      polite,
      initiator,
      classic,
      configuration: options.configuration,
      local: this.sources,
      stream: this.stream,
      encoding: (source) => meshEncoding(source, this.links.size, options.quality, { moving: this.moving }),
      videoCodecs: options.videoCodecs,
      ...(options.codec ? { codec: options.codec } : {}),
      send: (message) => {
        if (this.closed) return;
        if (message.description?.type === 'offer') recovery.offered(now());
        void this.relay({ to: id, ...message }, recovery);
      },
      onState: (state) => {
        if (!current()) return;
        recovery.state(state, now());
        options.onPeerState(id);
      },
      onSections: () => {
        if (!current()) return;
        if (classic) options.onClassicSources(id, link.receiving);
        options.onMedia();
      },
      onChannel: (channel: RTCDataChannel, label: DataChannelLabel) => this.channels.adopt(id, label, channel),
      onCandidateError: (event) => {
        const error = relayError(event, options.configuration);
        if (error && current()) options.onError(error);
      },
      onError: (error) => {
        if (!current()) return;
        recovery.undelivered(now());
        options.onError(asEfirError(error, 'negotiation'));
      },
    });
    const entry = { link, recovery };
    this.links.set(id, entry);
    return entry;
  }

  private remove(id: string): void {
    this.links.get(id)?.link.close();
    this.links.delete(id);
    this.channels.forget(id);
  }

  /** Divides the uplink among those who are there. */
  private share(): void {
    const sharing = `${this.links.size} ${this.moving}`;
    if (this.encodedFor === sharing) return;
    this.encodedFor = sharing;
    void this.encode(sharing);
  }

  /** One link after another: each takes the page's time. */
  private async encode(sharing: string): Promise<void> {
    for (const { link } of [...this.links.values()]) {
      if (this.closed || this.encodedFor !== sharing) return;
      await link.encode();
    }
  }

  private tick(): void {
    for (const [id, { link, recovery }] of [...this.links]) {
      const action = recovery.take(now());
      if (action === 'offer') link.begin();
      else if (action === 'restart') link.restartIce();
      else if (action === 'rebuild') {
        const peer = this.options.peers().find((one) => one.id === id);
        if (peer) this.add(peer, true);
        this.options.onMedia();
      }
    }
  }

  private async relay(message: RelayRequest, recovery: LinkRecovery): Promise<void> {
    try {
      await this.options.request('relay', message);
    } catch {
      // They are without a connection, or we are; who comes back offers anew, and so do we after a while.
      if (message.description) recovery.undelivered(now());
    }
  }

  private async publish(): Promise<void> {
    const tracks: PublishRequest['tracks'] = [...this.muted].map(([source, muted]) => ({ source, muted }));
    await this.options.request('publish', { tracks }).catch(() => {});
  }
}

const now = (): number => performance.now();
