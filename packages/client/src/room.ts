import type { LiveTopology, RoomInfo, TopologyEvent } from '@efir/protocol';
import { Files } from './data/files/files.js';
import { Messenger, type MessengerHost } from './data/messenger.js';
import { RoomData, type RoomDataHost } from './data/room-data.js';
import { Emitter } from './emitter.js';
import { EfirError } from './errors.js';
import type { RoomEvents, RoomState } from './events.js';
import { LocalParticipant } from './local-participant.js';
import { type Playout, type RoomOptions, videoQuality } from './options.js';
import type { Participant } from './participant.js';
import type { Quality } from './quality/quality.js';
import { Roster } from './roster.js';
import { Session } from './session.js';
import { OwnLevel, receivedLevel, untilNextLevels } from './stats/levels.js';
import { mergeStats, type RoomStats, StatsReader } from './stats/room-stats.js';
import { RoomView } from './view/room-view.js';
import type { Sound, Stage } from './view/shown-media.js';
import type { Reception, Tile } from './view/view.js';

/** So long `connect()` tries before it gives up, ms. */
const CONNECT_PATIENCE_MS = 12_000;

/**
 * A room, from the door to the way out. Set handlers, turn on `local` what you like, `connect()`; from then on it
 * mends itself until `leave()` or `closed`. A closed room isn't opened again: make a new one.
 */
export class Room extends Emitter<RoomEvents> {
  /** You. */
  readonly local: LocalParticipant;
  /** Chat, raised hands, reactions, files, messages of your own. */
  readonly data: RoomData;
  protected readonly roster = new Roster();
  private readonly messenger: Messenger;
  private readonly session: Session;
  private readonly view: RoomView;
  private readonly statsReaders = new WeakMap<RTCPeerConnection, StatsReader>();
  private readonly ownLevel = new OwnLevel();
  private currentState: RoomState = 'idle';
  private currentSpeaker: Participant | null = null;
  private levels: ReturnType<typeof setTimeout> | undefined;
  private entrance: { resolve: () => void; reject: (error: EfirError) => void } | null = null;
  /** Null: to be listed anew when somebody asks. */
  private everybody: Participant[] | null = null;

  constructor(readonly options: RoomOptions) {
    super();
    this.local = new LocalParticipant(options.name, videoQuality(options.video), (source, reason) =>
      this.emit('local-track-ended', { source, reason }),
    );
    this.session = new Session(options, this.roster, this.local, {
      onState: () => this.setState(this.session.recovery.state),
      onEntered: () => this.entered(),
      onSpeaker: (id) => this.setSpeaker(id),
      onQuality: (event) => this.view.qualityChanged(event),
      onServerOverload: (level) => this.view.serverOverload(level),
      onMedia: () => this.view.mediaChanged(),
      onSaid: (message) => this.messenger.said(message),
      onData: (label, from, data) => {
        if (label === 'file') this.data.files.received(from, data);
        else this.messenger.received(from, data);
      },
      onDataState: (label) => {
        if (label === 'file') this.data.files.wake();
      },
      onPath: () => {
        this.view.pathChanged();
        this.messenger.renewed();
        this.data.files.pathChanged();
      },
      onTopology: (event) => this.moved(event),
      onPeerState: (id) => this.connectionChanged(id),
      onError: (error) => this.emit('error', { error }),
      onClosed: (reason, retry, error) => this.ended(reason, retry, error),
    });
    this.view = new RoomView(
      {
        room: this,
        sender: this.session.view,
        path: () => this.session.paths.current,
        others: () => this.roster.list,
        find: (id) => this.roster.get(id),
      },
      options.playout ?? 'interactive',
    );
    const host = this.dataHost();
    this.messenger = new Messenger(host);
    this.data = new RoomData(host, this.messenger, new Files({ ...host, peers: () => this.reachable() }));
    this.forward();
  }

  get state(): RoomState {
    return this.currentState;
  }

  /** As the server described the room on entering; null before. */
  get info(): RoomInfo | null {
    return this.session.info;
  }

  /** How media goes now: to each of the others, or through the server. Null before there is a way. */
  get topology(): LiveTopology | null {
    return this.session.paths.topology;
  }

  /** By this another page can take our place (`RoomOptions.resume`). Keep it secret. */
  get resumeSecret(): string | null {
    return this.session.resume ?? null;
  }

  /** The others, in the order in which they came, and you as the last. A new array after every change. */
  get participants(): readonly Participant[] {
    this.everybody ??= [...this.roster.list, this.local];
    return this.everybody;
  }

  get speaker(): Participant | null {
    return this.currentSpeaker;
  }

  /** Whoever speaks, for a tile that follows them (`setView`); the last who did, in silence. Null: nobody yet. */
  get stage(): Stage | null {
    return this.view.stage;
  }

  /** What is to be heard. Play each `media` in an element of its own, whoever it belongs to at the moment. */
  get sounds(): readonly Sound[] {
    return this.view.sounds;
  }

  /** How well the path from the server does; null where media doesn't go through it. */
  get quality(): Quality | null {
    return this.view.quality;
  }

  /** What can't keep up, 0 to 2 each; see the event `overload`. */
  get overload(): Readonly<Record<'server' | 'receiving' | 'sending', number>> {
    return this.view.overload;
  }

  /**
   * What the page shows, the most important first. From the first call on only these pictures are received and, in a large
   * room, whoever is loudest; no negotiation is needed for another view. A track has `media` from its first picture on. Call
   * it whenever the page changes: what changes in one turn is told together. See `RoomOptions.page`.
   */
  setView(tiles: readonly Tile[]): void {
    this.session.view.setTiles(tiles);
  }

  /** Without pictures, or with a limit of bits a second. Holds from the first `setView` on. */
  setReception(reception: Partial<Reception>): void {
    this.session.view.setReception(reception);
  }

  /** How long what is received may be held back for evenness. */
  setPlayout(playout: Playout): void {
    this.view.setPlayout(playout);
  }

  participant(id: string): Participant | undefined {
    return id === this.local.id ? this.local : this.roster.get(id);
  }

  /**
   * Resolves when you are in the room; media follows (`state` becomes `connected`).
   * Rejects with `EfirError`: `signalling`, `room-full`, `unauthorized`, `bad-request`, `closed`, …
   */
  connect(): Promise<void> {
    if (this.currentState !== 'idle') {
      return Promise.reject(new EfirError('closed', 'A room is connected to only once'));
    }
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        const error = new EfirError('signalling', 'The server could not be reached');
        this.session.end();
        this.ended('signalling', true, error);
      }, CONNECT_PATIENCE_MS);
      this.entrance = {
        resolve: () => {
          clearTimeout(patience);
          resolve();
        },
        reject: (error) => {
          clearTimeout(patience);
          reject(error);
        },
      };
      this.session.start();
    });
  }

  /** Leaves, and releases all devices. */
  async leave(): Promise<void> {
    if (this.currentState === 'closed') return;
    await this.session.leave();
    this.ended('left', true);
  }

  /** Figures for each track, since the last call. Empty without a transport. */
  async stats(): Promise<RoomStats> {
    const connections = this.session.paths.current?.connections() ?? [];
    const parts = await Promise.all(
      connections.map(async ({ pc, owner }) => {
        const reader = this.statsReaders.get(pc) ?? new StatsReader();
        this.statsReaders.set(pc, reader);
        return reader.read((await pc.getStats()).values(), owner);
      }),
    );
    return mergeStats(parts);
  }

  /** @internal For debugging on a page. */
  get peerConnections(): RTCPeerConnection[] {
    return this.session.paths.current?.connections().map(({ pc }) => pc) ?? [];
  }

  /** Those who can be sent data. */
  private reachable(): { id: string; name: string }[] {
    return this.roster.list.filter(({ classic }) => !classic).map(({ id, name }) => ({ id, name }));
  }

  private dataHost(): MessengerHost & RoomDataHost {
    const { session, local } = this;
    return {
      port: () => session.paths.current?.data ?? null,
      mesh: () => session.paths.topology === 'mesh',
      peers: () => this.reachable().map(({ id }) => id),
      apart: () => this.roster.list.some(({ apart }) => apart),
      say: (message) => session.signalling.request('say', message),
      self: () => ({ id: local.id, name: local.name }),
      nameOf: (id) => this.roster.get(id)?.name ?? '',
    };
  }

  private entered(): void {
    this.entrance?.resolve();
    this.entrance = null;
    this.view.start();
    this.scheduleLevels(0);
  }

  private ended(reason: string, retry: boolean, error?: EfirError): void {
    clearTimeout(this.levels);
    this.ownLevel.close();
    this.view.close();
    this.messenger.close();
    this.data.files.close();
    this.local.close();
    this.entrance?.reject(error ?? new EfirError('closed', 'The room was left'));
    this.entrance = null;
    this.setState('closed');
    this.emit('closed', { reason, retry, ...(error ? { error } : {}) });
  }

  protected setState(state: RoomState): void {
    const previous = this.currentState;
    if (state === previous || previous === 'closed') return;
    this.currentState = state;
    this.emit('state', { state, previous });
  }

  protected setSpeaker(id: string | null): void {
    const participant = id === null ? null : (this.participant(id) ?? null);
    if (participant === this.currentSpeaker) return;
    this.currentSpeaker = participant;
    this.view.speakerChanged(participant);
    this.emit('speaker', { participant });
  }

  private forward(): void {
    const { roster, local, view } = this;
    const changed = () => {
      this.everybody = [...roster.list, local];
    };
    roster.on('participant-joined', (event) => {
      changed();
      const { id } = event.participant;
      this.connectionChanged(id);
      // Those on the list that one gets on entering were here before us.
      if (this.session.settled && !event.participant.classic) {
        this.messenger.joined(id);
        this.data.joined(id);
      }
      this.emit('participant-joined', event);
    });
    roster.on('participant-left', (event) => {
      changed();
      if (this.currentSpeaker === event.participant) this.setSpeaker(null);
      view.left(event.participant);
      this.messenger.left(event.participant.id);
      this.data.left(event.participant.id);
      this.data.files.left(event.participant.id);
      this.emit('participant-left', event);
    });
    roster.on('participant-updated', (event) => this.emit('participant-updated', event));
    for (const name of ['track-added', 'track-removed', 'track-muted', 'track-media'] as const) {
      roster.on(name, (event) => this.emit(name, event));
      local.on(name, ({ track }) => this.emit(name, { participant: local, track }));
    }
  }

  private moved({ phase, topology, reason, participant: id }: TopologyEvent): void {
    const participant = id === undefined ? undefined : this.participant(id);
    this.emit('topology', { phase, topology, reason, ...(participant ? { participant } : {}) });
  }

  private connectionChanged(id: string | null): void {
    const { current } = this.session.paths;
    for (const participant of this.roster.list) {
      if (id !== null && participant.id !== id) continue;
      if (participant.setConnection(current?.stateOf(participant.id) ?? 'new')) {
        this.emit('participant-connection', { participant });
      }
    }
  }

  private scheduleLevels(tookMs: number): void {
    clearTimeout(this.levels);
    if (this.currentState !== 'closed') {
      this.levels = setTimeout(() => void this.measureLevels(), untilNextLevels(tookMs));
    }
  }

  private async measureLevels(): Promise<void> {
    const { current, next } = this.session.paths;
    const now = performance.now();
    let took = 0;
    // Two paths at a time are enough to do.
    if (current && !next) {
      for (const participant of this.roster.list) {
        const muted = participant.track('microphone')?.muted;
        const receiver = muted ? undefined : current.receiver(participant.id, 'microphone');
        participant.audioLevel = receivedLevel(receiver, now);
      }
      took = performance.now() - now;
      this.local.audioLevel = await this.ownLevel.read(current.sender('microphone'));
      this.emit('levels', {});
    }
    this.scheduleLevels(took);
  }
}
