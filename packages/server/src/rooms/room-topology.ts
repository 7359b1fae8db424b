/**
 * What a room runs on and its moves, carried out: keeps the control's clock, tells everybody, gets the media side ready
 * and gives it up when the room has left it.
 */
import type {
  LiveTopology,
  MigratedRequest,
  PendingMigration,
  RoomSettings,
  ServerEvents,
  TopologyEvent,
} from '@efir/protocol';
import type { Logger } from 'pino';
import { ServerError } from '../errors.js';
import { type Newcomer, refusalOf, refusalOfSetting } from '../topology/admission.js';
import { TopologyControl, type TopologyOptions, type TopologyStep } from '../topology/control.js';
import type { RoomShape } from '../topology/decision.js';
import type { Participant } from './participant.js';

/** For the last packets of the old path: clients close theirs after a second. */
const RETIRE_MS = 2000;
/** Nobody's slow connection keeps the others waiting for longer than this. */
const GATHER_MS = 2500;

/** The room, as its topology needs it. */
export interface MovingRoom {
  readonly participants: ReadonlyMap<string, Participant>;
  readonly viewers: { readonly size: number };
  /** Those on other nodes. */
  readonly nodes: {
    readonly elsewhere: Readonly<Record<'size' | 'viewers' | 'classic', number>>;
    /** Of one that has people of the room. */
    url(): string | null;
  };
  readonly settings: RoomSettings;
  broadcast<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void;
  readonly media: {
    /** The SFU will be needed soon. */
    prepare(): void;
    /** This participant's transport is not needed any more. */
    retire(participant: Participant): void;
    /** Nobody needs the SFU any more. */
    release(): void;
  };
  /** It runs on another topology from now on. */
  moved(): void;
}

export class RoomTopology {
  readonly #room: MovingRoom;
  readonly #options: TopologyOptions;
  readonly #control: TopologyControl;
  readonly #onStep: (step: TopologyStep) => void;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | null = null;
  #retiring: NodeJS.Timeout | null = null;
  #closed = false;
  /** Steps to be carried out; what one sets off comes after it. */
  readonly #steps: TopologyStep[] = [];
  #busy = false;
  #preparedMs = 0;

  constructor(room: MovingRoom, options: TopologyOptions, onStep: (step: TopologyStep) => void, log: Logger) {
    this.#room = room;
    this.#options = options;
    this.#control = new TopologyControl(options, liveSetting(room.settings));
    this.#onStep = onStep;
    this.#log = log;
  }

  get current(): LiveTopology {
    return this.#control.current;
  }

  get pending(): PendingMigration | null {
    return this.#control.pending;
  }

  /** The move under way, as everybody was told. */
  get preparing(): TopologyEvent | null {
    return this.#control.preparing;
  }

  /**
   * On the way to the SFU, and not everybody has a connection yet: until then nothing is sent on it, as everything comes by
   * the mesh. Machines that are busy with connecting are spared a second set of pictures.
   */
  get gathering(): boolean {
    if (this.current !== 'mesh' || this.pending?.topology !== 'sfu') return false;
    if (performance.now() - this.#preparedMs > GATHER_MS) return false;
    for (const { classic, client, media } of this.#room.participants.values())
      if (!classic && client !== null && media?.state !== 'connected') return true;
    return false;
  }

  /** Throws `conflict` or `room-full`. */
  admit(newcomer: Newcomer): void {
    this.#checkNode(newcomer);
    const refusal = refusalOf(newcomer, this.#shape(), this.#options);
    if (refusal) throw new ServerError(refusal.code, refusal.message, refusal.code === 'room-full' ? 30 : undefined);
  }

  /** There is somebody in it, or a setting, for which it has to be a mesh, and so on one node. */
  get bound(): boolean {
    const { participants, settings } = this.#room;
    return settings.topology === 'mesh' || [...participants.values()].some(({ classic }) => classic);
  }

  /** A mesh is on one node. Throws `elsewhere` if that is another one. */
  #checkNode(newcomer: Newcomer): void {
    const { nodes, participants, settings } = this.#room;
    const { size, classic } = nodes.elsewhere;
    const needsMesh = newcomer === 'classic' || settings.topology === 'mesh';
    if (classic === 0 && !(needsMesh && size > 0 && participants.size === 0)) return;
    const why = classic > 0 ? 'a classic client is in the room, which keeps it' : 'the room is a mesh, and';
    const url = newcomer === 'classic' || newcomer === 'participant' ? nodes.url() : null;
    if (url === null) throw new ServerError('conflict', `${why} on another server`);
    throw new ServerError('elsewhere', `${why} on another server: ${url}`, undefined, url);
  }

  /** Throws `conflict` if somebody in the room can't follow. */
  checkSetting(settings: RoomSettings): void {
    const refusal = refusalOfSetting(liveSetting(settings), this.#shape());
    if (refusal) throw new ServerError(refusal.code, refusal.message);
  }

  /** This one's media goes through the SFU, or is about to. */
  usesSfu({ sfuOnly }: Participant): boolean {
    return sfuOnly || this.current === 'sfu' || this.pending?.topology === 'sfu';
  }

  /** These two have a connection between them, or are about to, or had it a moment ago. */
  usesMesh(one: Participant, other: Participant): boolean {
    if (one.sfuOnly || other.sfuOnly) return false;
    const mesh = this.current === 'mesh' || this.pending?.topology === 'mesh' || this.#retiring !== null;
    return mesh || one.classic || other.classic;
  }

  /** Somebody came, went, was lost or came back, or the settings are others. */
  changed(): void {
    this.#take(this.#control.changed(this.#shape(), this.#members(), performance.now()));
  }

  /** Connected, and perhaps with another page than before. */
  connected(participant: Participant): void {
    this.changed();
    this.#take(this.#control.renewed(participant.id, performance.now()));
  }

  /** What failed before is tried again. */
  retry(): void {
    this.#take(this.#control.retry(performance.now()));
  }

  /** A client's `migrated`. */
  report(participant: Participant, { epoch, ok, reason }: MigratedRequest): void {
    if (!ok) this.#log.info({ participant: participant.id, epoch, reason }, 'a participant cannot move');
    this.#take(this.#control.report(participant.id, epoch, ok, performance.now()));
  }

  /** The media worker is gone. */
  mediaLost(): void {
    this.#take(this.#control.unavailable(performance.now()));
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#retiring) clearTimeout(this.#retiring);
  }

  #shape(): RoomShape {
    const { participants, viewers, settings, nodes } = this.#room;
    const { elsewhere } = nodes;
    let classic = 0;
    let sfuOnly = 0;
    for (const participant of participants.values()) {
      if (participant.classic) classic++;
      else if (participant.sfuOnly) sfuOnly++;
    }
    return {
      participants: participants.size + elsewhere.size,
      classic,
      sfuOnly,
      viewers: viewers.size,
      apart: elsewhere.size + elsewhere.viewers,
      setting: liveSetting(settings),
    };
  }

  #members(): Set<string> {
    const moving = [...this.#room.participants.values()].filter(
      ({ classic, sfuOnly, client }) => !classic && !sfuOnly && client !== null,
    );
    return new Set(moving.map(({ id }) => id));
  }

  #take(steps: readonly TopologyStep[]): void {
    if (this.#closed) return;
    this.#steps.push(...steps);
    if (!this.#busy) {
      this.#busy = true;
      for (let step = this.#steps.shift(); step; step = this.#steps.shift()) this.#carryOut(step);
      this.#busy = false;
    }
    this.#schedule();
  }

  #carryOut(step: TopologyStep): void {
    const { event, from, to } = step;
    this.#log.info({ ...event, from, to, ms: Math.round(step.tookMs) }, 'topology');
    const { phase, topology } = event;
    if (phase === 'prepare') this.#preparedMs = performance.now();
    if (phase === 'prepare' && topology === 'mesh') {
      for (const participant of this.#room.participants.values()) participant.meshTracks = [];
    }
    // On the way before the others hear of it.
    if (phase !== 'abort' && topology === 'sfu') this.#room.media.prepare();
    this.#room.broadcast('topology', event);
    if (phase === 'commit') this.#room.moved();
    if (phase !== 'prepare') this.#retire(topology);
    this.#onStep(step);
  }

  /** The path that the room is not on is given up in a moment. */
  #retire(staying: LiveTopology): void {
    const retired = new Map(
      [...this.#room.participants.values()]
        .filter((participant) => staying === 'mesh' && participant.media && !participant.sfuOnly)
        .map((participant) => [participant, participant.media]),
    );
    for (const participant of retired.keys()) participant.needsFresh = true;
    if (this.#retiring) clearTimeout(this.#retiring);
    this.#retiring = setTimeout(() => {
      this.#retiring = null;
      for (const [participant, media] of retired) {
        if (participant.media === media || participant.media === null) this.#room.media.retire(participant);
      }
      const { sfuOnly, viewers } = this.#shape();
      const needed = this.current === 'sfu' || this.pending?.topology === 'sfu' || sfuOnly + viewers > 0;
      if (!needed) this.#room.media.release();
    }, RETIRE_MS);
  }

  #schedule(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const at = this.#control.nextAtMs;
    if (at === null) return;
    // Rounded up: a timer that fires early would only be set again.
    this.#timer = setTimeout(
      () => this.#take(this.#control.tick(performance.now())),
      Math.ceil(at - performance.now()) + 1,
    );
  }
}

/** Throws `unsupported` for what is not there yet. */
export function liveSetting({ topology, kind }: RoomSettings): RoomShape['setting'] {
  if (kind === 'broadcast') {
    if (topology === 'auto' || topology === 'sfu') return 'sfu';
    throw new ServerError('unsupported', `topology: a broadcast cannot run on ${topology}; use auto or sfu`);
  }
  if (topology !== 'mcu') return topology;
  throw new ServerError('unsupported', 'topology: mcu is not available yet; use auto, mesh or sfu');
}
