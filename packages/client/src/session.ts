import type {
  EnterReply,
  LiveTopology,
  QualityEvent,
  RoomInfo,
  SaidMessage,
  TopologyEvent,
  TrackSource,
} from '@efir/protocol';
import { IceServers } from './connection/ice-servers.js';
import { NetworkWatch } from './connection/network-watch.js';
import { Recovery } from './connection/recovery.js';
import { asEfirError, EfirError, type EfirErrorCode } from './errors.js';
import type { LocalParticipant } from './local-participant.js';
import { MeshPath } from './mesh/mesh-path.js';
import type { RoomOptions } from './options.js';
import { awaitedTracks } from './path/awaited.js';
import { type PathFactoryHost, pathFactory } from './path/factory.js';
import type { MediaPath, PathEvents } from './path/media-path.js';
import { openingTurn } from './path/opening-turn.js';
import { Paths } from './path/paths.js';
import { Relocation } from './path/relocation.js';
import { SfuPath } from './path/sfu-path.js';
import type { Roster } from './roster.js';
import { Signalling } from './signalling.js';
import { ViewSender } from './view/view-sender.js';

type Entered = Extract<EnterReply, { ok: true }>;

export interface SessionCallbacks extends Pick<PathEvents, 'onData' | 'onDataState'> {
  /** Something that `state` depends on may have changed. */
  onState(): void;
  onEntered(reply: Entered): void;
  onSpeaker(participant: string | null): void;
  onQuality(event: QualityEvent): void;
  /** The server sheds pictures; 0: no longer. */
  onServerOverload(level: number): void;
  /** What `paths` gives may be other media than before. */
  onMedia(): void;
  onSaid(message: SaidMessage): void;
  onTopology(event: TopologyEvent): void;
  /** Another path is in use, or signalling is back: what was sent may be lost. */
  onPath(): void;
  onPeerState(participant: string | null): void;
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
  'conflict',
]);

/**
 * Our stay in a room: one identity over many sockets, many PeerConnections and both topologies. `Recovery` decides what to
 * mend, `Paths` which way media goes, this acts.
 */
export class Session {
  readonly recovery = new Recovery();
  readonly paths: Paths;
  readonly signalling: Signalling;
  readonly view: ViewSender;
  info: RoomInfo | null = null;
  resume: string | undefined;
  /** We are in, and have been told who is there. */
  settled = false;
  private readonly iceServers = new IceServers();
  private readonly relocation: Relocation;
  /** What the room runs on, as far as we know; for a path from scratch. */
  private wanted: LiveTopology = 'sfu';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;
  /** An exchange was cut off with its socket: make it up on the next one. */
  private offerOwed = false;
  private readonly watch = new NetworkWatch({
    offline: () => this.recovery.offline(),
    changed: () => this.act(() => this.recovery.online(now())),
    woken: () => this.act(() => this.recovery.woken(now())),
  });
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
    this.resume = options.resume;
    this.signalling = new Signalling(options.url);
    this.view = new ViewSender((view) => this.signalling.request('view', view));
    this.paths = new Paths({
      build: pathFactory(this.factoryHost()),
      expected: () => awaitedTracks(roster.live(), this.view.active ? this.view.current : null, this.newest(SfuPath)),
      spread: () =>
        openingTurn(
          local.id,
          roster.list.map(({ id }) => id),
          Math.random,
        ),
      migrated: async (epoch, ok, reason) => {
        await this.signalling.request('migrated', { epoch, ok, ...(reason ? { reason } : {}) }).catch(() => {});
      },
      onMedia: () => this.assign(),
      onCurrent: (path) => this.onCurrent(path),
      onTopology: (event) => this.onTopology(event),
    });
    this.relocation = new Relocation({
      options,
      signalling: this.signalling,
      paths: this.paths,
      state: () => this.recovery.state,
      resume: () => this.resume,
      view: () => this.view.request(),
      factory: () => this.factoryHost(),
      arrived: (signalling, path, entered, { room, participants }) => {
        this.signalling.adopt(signalling);
        this.resume = entered.resume;
        this.info = room;
        this.wanted = room.topology === 'mesh' ? 'mesh' : 'sfu';
        this.iceServers.take(entered);
        this.roster.sync(participants, this.local.id);
        // What the old server said meanwhile, or what was to be mended there, may have closed it.
        const kept = this.paths.next === path;
        if (kept) this.paths.takeOver(path);
        else this.paths.entered();
        this.view.entered(false);
        this.act(() => this.recovery.signallingUp(now(), kept));
      },
      stayed: () => {
        if (!this.signalling.connected) this.act(() => this.recovery.signallingLost(now()));
      },
    });
    this.listen();
  }

  start(): void {
    this.watch.start();
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

  end(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.watch.stop();
    this.view.close();
    globalThis.removeEventListener?.('pagehide', this.onPageHide);
    this.local.attach(null);
    this.recovery.close();
    this.relocation.close();
    this.signalling.close();
    this.paths.close();
    this.callbacks.onState();
  }

  private listen(): void {
    const { signalling, roster, paths } = this;
    signalling.on('open', () => void this.enter());
    signalling.on('lost', () => this.lost());
    signalling.on('move', (event) => void this.relocation.begin(event));
    signalling.on('participant-joined', ({ participant }) => this.others(() => roster.set(participant)));
    signalling.on('participant-updated', ({ participant }) =>
      this.others(() => roster.set(participant), participant.id),
    );
    signalling.on('participant-left', ({ participant, reason }) =>
      this.others(() => roster.left(participant, reason), participant),
    );
    signalling.on('participants', ({ joined, updated, left }) =>
      this.others(() => {
        for (const { participant, reason } of left) if (participant !== this.local.id) roster.left(participant, reason);
        for (const info of [...joined, ...updated]) if (info.id !== this.local.id) roster.set(info);
      }),
    );
    signalling.on('quality', (event) => this.callbacks.onQuality(event));
    signalling.on('layers', (event) => this.sfuPath()?.layers(event));
    signalling.on('overload', ({ level }) => this.callbacks.onServerOverload(level));
    signalling.on('streams', ({ streams, missing }) => this.sfuPath()?.streams(streams, missing));
    signalling.on('speaker', ({ participant }) => this.callbacks.onSpeaker(participant));
    signalling.on('topology', (event) => paths.event(event));
    signalling.on('relay', (message) => this.newest(MeshPath)?.received(message));
    signalling.on('said', (message) => this.callbacks.onSaid(message));
    signalling.on('media-restart', () => {
      if (paths.current instanceof SfuPath) this.act(() => this.recovery.transportGone(now()));
      else if (paths.next) paths.failed(paths.next, new EfirError('unavailable', 'The media worker is gone'));
    });
    signalling.on('closed', ({ reason, retry }) => {
      if (retry) this.lost();
      else this.finish(reason, false);
    });
  }

  /** The server speaks about one transport at a time: the one that was offered to it last. */
  private sfuPath(): SfuPath | null {
    const { current } = this.paths;
    if (this.relocation.path) return current instanceof SfuPath ? current : null;
    return this.newest(SfuPath);
  }

  private lost(): void {
    if (!this.relocation.arriving) this.act(() => this.recovery.signallingLost(now()));
  }

  private newest<P extends MediaPath>(kind: new (...options: never[]) => P): P | null {
    for (const path of [this.paths.next, this.paths.current]) if (path instanceof kind) return path;
    return null;
  }

  private others(change: () => void, id?: string): void {
    if (id !== undefined && id === this.local.id) return;
    change();
    this.paths.rosterChanged();
    this.assign();
  }

  private async enter(): Promise<void> {
    const { room, name, token } = this.options;
    const resume = this.resume;
    let reply: Entered;
    try {
      reply = await this.signalling.request('enter', {
        room,
        name,
        batches: true,
        ...(token ? { token } : {}),
        ...(resume ? { resume } : {}),
      });
    } catch (error) {
      this.refused(asEfirError(error), resume !== undefined);
      return;
    }
    if (this.ended) return;
    this.entered(reply);
  }

  private entered(reply: Entered): void {
    const { paths } = this;
    const { room, migration, participants } = reply;
    this.resume = reply.resume;
    this.info = room;
    this.wanted = migration?.topology ?? (room.topology === 'mesh' ? 'mesh' : 'sfu');
    this.iceServers.take(reply);
    this.local.identify(reply.participant, participants.find(({ id }) => id === reply.participant)?.joinedAt ?? 0);
    this.settled = reply.resumed;
    this.roster.sync(participants, reply.participant);
    this.settled = true;
    this.callbacks.onEntered(reply);
    this.view.entered(reply.resumed);
    if (!reply.resumed) paths.entered();
    const { current } = paths;
    // A move that we had begun to follow goes on; one that ended while we were away is made up from scratch.
    const runs = room.topology === 'mesh' ? 'mesh' : 'sfu';
    const same = current?.topology === runs || (paths.next !== null && current?.topology === this.wanted);
    const known = current instanceof SfuPath ? current.answered : current !== null;
    const kept = reply.resumed && same && known;
    paths.rosterChanged();
    this.assign();
    this.act(() => this.recovery.signallingUp(now(), kept));
    if (kept) this.catchUp(current);
    this.offerOwed = false;
    this.callbacks.onPath();
  }

  /** What was to be said while the socket was gone. */
  private catchUp(current: MediaPath | null): void {
    this.paths.repeat();
    if (current instanceof MeshPath) current.wake();
    if (!(current instanceof SfuPath)) return;
    for (const { source, muted } of this.local.tracks) void this.tellMuted(source, muted);
    if (this.offerOwed) void current.negotiate();
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
      if (error.code !== 'elsewhere') this.callbacks.onError(error);
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
    const { current } = this.paths;
    if (!current) return;
    await this.freshIceServers();
    await current.restartIce();
    // A path that never broke reports no change of state; in a mesh each link mends itself.
    if (current === this.paths.current && (current.topology === 'mesh' || current.connected)) {
      this.act(() => this.recovery.transport('connected', now()));
    }
  }

  private async renew(): Promise<void> {
    try {
      await this.freshIceServers();
      if (this.ended) return;
      this.local.attach(this.paths);
      await this.paths.renew(this.wanted, 'entered');
    } catch (error) {
      this.finish('unsupported-browser', false, asEfirError(error, 'negotiation'));
    }
  }

  private onCurrent(path: MediaPath): void {
    this.act(() => {
      if (path instanceof SfuPath) {
        const { state } = path;
        if (state) this.recovery.transport(state, now());
      } else this.recovery.transport('connected', now());
    });
    this.callbacks.onPeerState(null);
    this.callbacks.onPath();
  }

  private onTopology(event: TopologyEvent): void {
    if (event.phase !== 'prepare') {
      this.wanted = event.topology;
      if (this.info) this.info = { ...this.info, topology: event.topology };
    }
    this.callbacks.onTopology(event);
  }

  private factoryHost(): PathFactoryHost {
    const { options, local, roster, callbacks } = this;
    return {
      options,
      local,
      roster,
      info: () => this.info,
      iceServers: () => this.iceServers.current,
      tellMuted: (source, muted) => this.tellMuted(source, muted),
      signalling: this.signalling,
      onMedia: () => this.assign(),
      onPeerState: (participant) => callbacks.onPeerState(participant),
      onError: (error) => callbacks.onError(error),
      onData: (label, from, data) => callbacks.onData(label, from, data),
      onDataState: (label) => callbacks.onDataState(label),
      onSfuState: (path, state) => {
        if (path === this.paths.current) this.act(() => this.recovery.transport(state, now()));
        else if (state === 'failed') this.paths.failed(path, new EfirError('media-blocked', 'The SFU is not reached'));
      },
      onExchangeFailed: (path, error) => this.exchangeFailed(path, asEfirError(error, 'negotiation')),
      onClassicSources: (peer, sources) => this.others(() => roster.setClassicSources(peer, sources)),
    };
  }

  /** An exchange with the SFU that failed is the recovery's matter. */
  private exchangeFailed(path: MediaPath, failure: EfirError): void {
    if (this.ended || failure.code === 'closed') return;
    if (path !== this.paths.current) {
      this.paths.failed(path, failure);
      return;
    }
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

  private async tellMuted(source: TrackSource, muted: boolean): Promise<void> {
    // Lost with the connection, it is said again with the next offer or on resumption.
    await this.signalling.request('mute', { source, muted }).catch(() => {});
  }

  private assign(): void {
    if (!this.paths.current?.assigned) return;
    this.roster.assign((participant, source) => this.paths.media(participant, source));
    this.callbacks.onMedia();
  }

  private async freshIceServers(): Promise<void> {
    if (!this.iceServers.stale(Date.now())) return;
    const reply = await this.signalling.request('ice-servers', {}).catch(() => null);
    if (!reply || this.ended) return;
    this.iceServers.take(reply);
    this.iceServers.apply(this.paths.current?.connections() ?? []);
  }

  private finish(reason: string, retry: boolean, error?: EfirError): void {
    if (this.ended) return;
    this.end();
    this.callbacks.onClosed(reason, retry, error);
  }
}

const now = (): number => performance.now();
