import type { EnterReply, RoomInfo, StreamAssignment, TrackSource } from '@efir/protocol';
import { Assignments } from './connection/assignments.js';
import { Recovery } from './connection/recovery.js';
import { SfuConnection } from './connection/sfu-connection.js';
import { asEfirError, EfirError, type EfirErrorCode } from './errors.js';
import type { LocalParticipant, Uplink } from './local-participant.js';
import { type RoomOptions, videoQuality } from './options.js';
import type { Roster } from './roster.js';
import { Signalling } from './signalling.js';

type Entered = Extract<EnterReply, { ok: true }>;

export interface SessionCallbacks {
  /** Something that `state` depends on may have changed. */
  onState(): void;
  onEntered(reply: Entered): void;
  onSpeaker(participant: string | null): void;
  onError(error: EfirError): void;
  /** Over, and not by `leave()`. */
  onClosed(reason: string, retry: boolean, error?: EfirError): void;
}

/** Refusals that trying again won't change. */
const FINAL: ReadonlySet<EfirErrorCode> = new Set([
  'room-full',
  'unauthorized',
  'forbidden',
  'not-found',
  'bad-request',
  'unsupported',
  'unsupported-browser',
]);

/**
 * Our stay in a room: one identity over many sockets and many PeerConnections. `Recovery` decides, this acts.
 */
export class Session implements Uplink {
  readonly recovery = new Recovery();
  readonly assignments = new Assignments();
  connection: SfuConnection | null = null;
  info: RoomInfo | null = null;
  private readonly signalling: Signalling;
  private iceServers: RTCIceServer[] = [];
  private resume: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;
  /** An exchange was cut off with its socket: make it up on the next one. */
  private offerOwed = false;
  private readonly onOnline = () => this.act(() => this.recovery.online(now()));
  private readonly onOffline = () => this.recovery.offline();
  /** A tab that is closed says good-bye, or its tile would stay with the others until the server misses it. */
  private readonly onPageHide = (event: Event) => {
    if (!(event as PageTransitionEvent).persisted) void this.signalling.request('leave', {}).catch(() => {});
  };

  constructor(
    private readonly options: RoomOptions,
    private readonly roster: Roster,
    private readonly local: LocalParticipant,
    private readonly callbacks: SessionCallbacks,
  ) {
    this.signalling = new Signalling(options.url);
    this.listen();
  }

  start(): void {
    globalThis.addEventListener?.('online', this.onOnline);
    globalThis.addEventListener?.('offline', this.onOffline);
    globalThis.addEventListener?.('pagehide', this.onPageHide);
    this.act(() => this.recovery.start(now()));
  }

  /** Tells the server, if that is quickly done, and ends. */
  async leave(): Promise<void> {
    if (this.ended) return;
    const told = this.signalling.request('leave', {}).catch(() => {});
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 500))]);
    this.end();
  }

  async send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<void> {
    const connection = this.connection;
    if (!connection) return;
    try {
      const offer = await connection.send(source, media, muted);
      if (offer) await this.negotiate(connection);
      else await this.tellMuted(source, muted);
    } catch (error) {
      this.callbacks.onError(asEfirError(error, 'negotiation'));
    }
  }

  async stop(source: TrackSource): Promise<void> {
    const connection = this.connection;
    if (!connection) return;
    if (await connection.stop(source)) await this.negotiate(connection);
  }

  async mute(source: TrackSource, muted: boolean): Promise<void> {
    this.connection?.mute(source, muted);
    await this.tellMuted(source, muted);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    globalThis.removeEventListener?.('online', this.onOnline);
    globalThis.removeEventListener?.('offline', this.onOffline);
    globalThis.removeEventListener?.('pagehide', this.onPageHide);
    this.local.attach(null);
    this.recovery.close();
    this.signalling.close();
    this.connection?.close();
    this.connection = null;
    this.callbacks.onState();
  }

  private listen(): void {
    const { signalling, roster } = this;
    signalling.on('open', () => void this.enter());
    signalling.on('lost', () => this.act(() => this.recovery.signallingLost(now())));
    signalling.on('participant-joined', ({ participant }) => this.others(() => roster.set(participant)));
    signalling.on('participant-updated', ({ participant }) =>
      this.others(() => roster.set(participant), participant.id),
    );
    signalling.on('participant-left', ({ participant, reason }) => roster.left(participant, reason));
    signalling.on('streams', ({ streams, missing }) => this.onStreams(streams, missing));
    signalling.on('speaker', ({ participant }) => this.callbacks.onSpeaker(participant));
    signalling.on('media-restart', () => this.act(() => this.recovery.transportGone(now())));
    signalling.on('closed', ({ reason, retry }) => {
      if (retry) this.act(() => this.recovery.signallingLost(now()));
      else this.finish(reason, false);
    });
  }

  private others(change: () => void, id?: string): void {
    if (id !== undefined && id === this.local.id) return;
    change();
    this.applyAssignments();
  }

  private async enter(): Promise<void> {
    const { room, name, token } = this.options;
    const resume = this.resume;
    let reply: Entered;
    try {
      reply = await this.signalling.request('enter', {
        room,
        name,
        ...(token ? { token } : {}),
        ...(resume ? { resume } : {}),
      });
    } catch (error) {
      this.refused(asEfirError(error), resume !== undefined);
      return;
    }
    if (this.ended) return;
    this.resume = reply.resume;
    this.info = reply.room;
    this.iceServers = reply.iceServers.map((server) => ({ ...server }));
    this.local.identify(
      reply.participant,
      reply.participants.find(({ id }) => id === reply.participant)?.joinedAt ?? 0,
    );
    this.roster.sync(reply.participants, reply.participant);
    this.applyAssignments();
    this.callbacks.onEntered(reply);
    const kept = reply.resumed && this.connection?.answered === true;
    this.act(() => this.recovery.signallingUp(now(), kept));
    if (kept && this.connection) {
      for (const { source, muted } of this.local.tracks) void this.tellMuted(source, muted);
      if (this.offerOwed) void this.negotiate(this.connection);
    }
    this.offerOwed = false;
  }

  private refused(error: EfirError, resuming: boolean): void {
    if (this.ended || error.code === 'closed') return;
    if (resuming && FINAL.has(error.code)) {
      // The identity is gone (the server was restarted, or it took too long): come in as somebody new.
      this.resume = undefined;
      void this.enter();
    } else if (FINAL.has(error.code)) {
      this.finish(error.code, false, error);
    } else {
      this.signalling.close();
      this.callbacks.onError(error);
      this.act(() => this.recovery.signallingLost(now()));
    }
  }

  /** Feeds the recovery and does what it says. */
  private act(event: () => void): void {
    if (this.ended) return;
    event();
    for (const action of this.recovery.take(now())) {
      if (action === 'open-signalling') this.signalling.open();
      else if (action === 'restart-ice') void this.restart();
      else if (action === 'renew-transport') void this.renew();
      else {
        const text = 'Media gets through neither by UDP nor by TCP; a firewall may be in the way';
        this.callbacks.onError(new EfirError('media-blocked', text));
      }
    }
    clearTimeout(this.timer);
    const wait = this.recovery.nextAt - now();
    if (Number.isFinite(wait)) this.timer = setTimeout(() => this.act(() => {}), Math.max(10, wait));
    this.callbacks.onState();
  }

  private async restart(): Promise<void> {
    const connection = this.connection;
    if (!connection) return;
    await this.settle(connection, connection.restartIce());
    // A path that never broke reports no change of state.
    if (connection === this.connection && connection.state === 'connected') {
      this.act(() => this.recovery.transport('connected', now()));
    }
  }

  private async renew(): Promise<void> {
    const before = this.connection;
    this.assignments.clear();
    try {
      const connection = this.connect();
      this.connection = connection;
      before?.close();
      for (const { source, media, muted } of this.local.sending()) await connection.send(source, media, muted);
      connection.expect(this.roster.expected());
      this.local.attach(this);
      await this.settle(connection, connection.negotiate());
    } catch (error) {
      this.finish('unsupported-browser', false, asEfirError(error, 'negotiation'));
    }
  }

  private connect(): SfuConnection {
    const { options } = this;
    const connection: SfuConnection = new SfuConnection({
      quality: videoQuality(options.video),
      videoCodecs: this.info?.settings.videoCodecs ?? [],
      ...(options.codec ? { codec: options.codec } : {}),
      degradationPreference: options.degradationPreference ?? 'maintain-framerate',
      iceServers: this.iceServers,
      ...(options.iceTransportPolicy ? { iceTransportPolicy: options.iceTransportPolicy } : {}),
      offer: async (request, onAnswer) => (await this.signalling.request('offer', request, onAnswer)).sdp,
      onState: (state) => {
        if (connection === this.connection) this.act(() => this.recovery.transport(state, now()));
      },
      onAnswered: () => {
        if (connection === this.connection) this.applyAssignments();
      },
    });
    return connection;
  }

  private negotiate(connection: SfuConnection): Promise<void> {
    return this.settle(connection, connection.negotiate());
  }

  /** An exchange that failed is the recovery's matter, not the caller's. */
  private async settle(connection: SfuConnection, exchange: Promise<void>): Promise<void> {
    try {
      await exchange;
    } catch (error) {
      if (connection !== this.connection || this.ended) return;
      const failure = asEfirError(error, 'negotiation');
      if (failure.code === 'closed') return;
      if (failure.code === 'signalling' || failure.code === 'timeout') {
        this.offerOwed = true;
        if (failure.code === 'signalling') return;
        // Nobody is there at the other end of the socket.
        this.signalling.close();
        this.act(() => this.recovery.signallingLost(now()));
      } else {
        this.callbacks.onError(failure);
        this.act(() => this.recovery.offerFailed(now()));
      }
    }
  }

  private async tellMuted(source: TrackSource, muted: boolean): Promise<void> {
    // Lost with the connection, it is said again with the next offer or on resumption.
    await this.signalling.request('mute', { source, muted }).catch(() => {});
  }

  private onStreams(streams: StreamAssignment[], missing: { audio: number; video: number }): void {
    this.assignments.update(streams);
    this.applyAssignments();
    if (!this.connection) return;
    if (missing.audio > 0 || missing.video > 0) {
      const connection = this.connection;
      const growth = connection.grow(missing);
      if (growth) void this.settle(connection, growth);
    }
  }

  private applyAssignments(): void {
    const { connection, assignments } = this;
    // Until the server has spoken about a new transport, the tiles keep their last picture.
    if (!connection || !assignments.known) return;
    this.roster.assign((participant, source) => {
      const mid = assignments.midOf(participant, source);
      return (mid === undefined ? undefined : connection.receiver(mid)?.track) ?? null;
    });
  }

  private finish(reason: string, retry: boolean, error?: EfirError): void {
    if (this.ended) return;
    this.end();
    this.callbacks.onClosed(reason, retry, error);
  }
}

const now = (): number => performance.now();
