import type { LiveTopology, TopologyEvent, TrackSource } from '@efir/protocol';
import type { EfirError } from '../errors.js';
import type { Uplink } from '../local-participant.js';
import type { MediaPath } from './media-path.js';
import { type ExpectedTrack, Readiness } from './readiness.js';

/** How a path is begun: in a mesh, whether we make the first offer to all, or each pair's impolite end does. */
export type PathOrigin = 'entered' | 'moved';

export interface PathsHost {
  build(topology: LiveTopology, origin: PathOrigin): MediaPath;
  /** What others publish and haven't muted. */
  expected(): ExpectedTrack[];
  /** How long to wait for our turn in a move, ms: all of a room at once would be a crowd, on the SFU and on weak machines. */
  spread(): number;
  migrated(epoch: number, ok: boolean, reason?: string): Promise<void>;
  /** What `media()` gives has changed. */
  onMedia(): void;
  /** Another path is the one in use. */
  onCurrent(path: MediaPath): void;
  onTopology(event: TopologyEvent): void;
}

interface Move {
  epoch: number;
  to: LiveTopology;
  /** Null: we are on it already. */
  path: MediaPath | null;
  timer: ReturnType<typeof setTimeout> | undefined;
  verdict: { ok: boolean; reason?: string } | null;
  /** Of a path to another server: nobody else waits for it. */
  settle?: (ok: boolean) => void;
}

/** The old path goes on for so long after the move: others may still be looking at it, ms. */
const OLD_PATH_MS = 1_500;
/** The same after going to another server: its others have to find our tracks there first, ms. */
const OLD_SERVER_MS = 3_000;
const LOOK_EVERY_MS = 200;
/** After a move people are shown by the new path one after the other, this long after each other, and all within this, ms. */
const HAND_OVER_EVERY_MS = 60;
const HAND_OVER_WITHIN_MS = 600;
/** Not by all at once either: of the time between our turn and the first one's, this share. */
const HAND_OVER_SPREAD = 0.4;

/**
 * The path in use, and beside it while the room moves the one that is being built. A move is make-before-break: nothing is
 * taken off the old path until the server commits, and it commits when everybody's media flows on the new one.
 */
export class Paths implements Uplink {
  current: MediaPath | null = null;
  private move: Move | null = null;
  private old: { path: MediaPath; timer: ReturnType<typeof setTimeout> } | null = null;
  private lastEpoch = -1;
  /** Who is still shown by the path before: a page that takes all tracks of a room into use at once stands still meanwhile. */
  private waiting: string[] = [];
  private handOver: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: PathsHost) {}

  /** The path that is being built, if one is. */
  get next(): MediaPath | null {
    return this.move?.path ?? null;
  }

  get topology(): LiveTopology | null {
    return this.current?.topology ?? null;
  }

  /** By the path in use, or by whichever has it. */
  media(participant: string, source: TrackSource): MediaStreamTrack | null {
    const before = this.waiting.includes(participant) ? this.old?.path.media(participant, source) : null;
    return (
      before ??
      this.current?.media(participant, source) ??
      this.next?.media(participant, source) ??
      this.old?.path.media(participant, source) ??
      null
    );
  }

  /** A path from scratch in place of what there is. The one before stays a moment if it is of another kind. */
  async renew(topology: LiveTopology, origin: PathOrigin): Promise<void> {
    const before = this.current;
    this.drop();
    const path = this.host.build(topology, origin);
    this.current = path;
    if (before?.topology === topology) before.close();
    else if (before) this.retire(before, OLD_PATH_MS);
    this.host.onCurrent(path);
    await path.open();
  }

  /**
   * A path to another server, beside the one in use until `takeOver`. Resolves with whether it carries what that one does;
   * false: it is closed. Nothing else that moves may be under way.
   */
  beside(path: MediaPath): Promise<boolean> {
    return new Promise((settle) => {
      const move: Move = { epoch: this.lastEpoch, to: path.topology, path, timer: undefined, verdict: null, settle };
      this.move = move;
      this.open(move, path);
      this.lookAt(move, path);
    });
  }

  /** What `beside` builds comes to nothing. */
  giveUp(path: MediaPath): void {
    if (this.move?.path === path) this.drop();
    else path.close();
  }

  /** The path that `beside` built is the one in use, and of the room there nothing is known yet. */
  takeOver(path: MediaPath): void {
    const before = this.current;
    this.endMove();
    this.lastEpoch = -1;
    this.current = path;
    if (before) this.retire(before, OLD_SERVER_MS);
    this.handOverSlowly();
    this.host.onCurrent(path);
    this.host.onMedia();
  }

  /** We have come in as somebody new: the room may be another one, which counts its moves anew. */
  entered(): void {
    this.lastEpoch = -1;
  }

  event(event: TopologyEvent): void {
    if (event.epoch < this.lastEpoch) return;
    if (this.move?.settle) this.drop();
    this.lastEpoch = event.epoch;
    if (event.phase === 'prepare') this.prepare(event);
    else if (event.phase === 'commit') this.commit(event.topology);
    else this.abort(event.topology);
    this.host.onTopology(event);
  }

  /** The path that is being built can't be: whoever waits for it is told. */
  failed(path: MediaPath, error: EfirError): void {
    if (path === this.move?.path) this.decide(false, `${error.code}: ${error.message}`);
  }

  /** Signalling is back: what may have been lost is said again. */
  repeat(): void {
    const { move } = this;
    if (move?.verdict && !move.settle) void this.host.migrated(move.epoch, move.verdict.ok, move.verdict.reason);
  }

  rosterChanged(): void {
    // While the room moves to the SFU, those who come are not in the mesh.
    if (!(this.current?.topology === 'mesh' && this.move?.to === 'sfu')) this.current?.rosterChanged();
    this.next?.rosterChanged();
  }

  async send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<void> {
    await Promise.all([this.current?.send(source, media, muted), this.next?.send(source, media, muted)]);
  }

  async stop(source: TrackSource): Promise<void> {
    await Promise.all([this.current?.stop(source), this.next?.stop(source)]);
  }

  async mute(source: TrackSource, muted: boolean): Promise<void> {
    await Promise.all([this.current?.mute(source, muted), this.next?.mute(source, muted)]);
  }

  close(): void {
    this.drop();
    this.closeOld();
    this.current?.close();
    this.current = null;
  }

  private prepare({ epoch, topology }: TopologyEvent): void {
    if (this.move?.epoch === epoch) return;
    this.drop();
    const { host, current } = this;
    const path = current?.topology === topology ? null : host.build(topology, 'moved');
    // The server takes a new connection for the successor of the one before.
    if (path && this.old?.path.topology === topology) this.closeOld();
    const watched = path ?? current;
    const move: Move = { epoch, to: topology, path, timer: undefined, verdict: null };
    this.move = move;
    if (path) for (const one of [current, path]) one?.setMoving(true);
    if (!watched) return;
    // A mesh has to be open for the first who offers.
    if (path?.topology === 'sfu') setTimeout(() => this.open(move, path), host.spread());
    else if (path) this.open(move, path);
    this.lookAt(move, watched);
  }

  /** Decides the move when all flows. */
  private lookAt(move: Move, watched: MediaPath): void {
    const { host, current } = this;
    const readiness = new Readiness(watched, move.path ? current : null, () => host.expected(), now());
    const look = async () => {
      const missing = await readiness.look(now());
      if (this.move !== move || move.verdict) return;
      if (missing?.length === 0) this.decide(true);
      else move.timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    };
    void look();
  }

  private commit(topology: LiveTopology): void {
    const path = this.next;
    const before = this.current;
    if (path?.topology === topology) {
      this.endMove();
      this.current = path;
      path.setMoving(false);
      if (before) this.retire(before, OLD_PATH_MS);
      this.handOverSlowly();
      this.host.onCurrent(path);
    } else if (before && before.topology !== topology) {
      // We were away when it was prepared.
      void this.renew(topology, 'entered').catch(() => {});
      return;
    } else this.endMove();
    this.current?.rosterChanged();
    this.host.onMedia();
  }

  private open(move: Move, path: MediaPath): void {
    if (this.move !== move) return;
    path.open().catch((error) => {
      if (this.move === move) this.decide(false, String(error));
    });
  }

  private handOverSlowly(): void {
    this.waiting = [...new Set(this.host.expected().map(({ participant }) => participant))];
    const every = Math.min(HAND_OVER_EVERY_MS, HAND_OVER_WITHIN_MS / this.waiting.length);
    this.handOver = setTimeout(() => this.handOverOne(every), this.host.spread() * HAND_OVER_SPREAD);
  }

  private handOverOne(every: number): void {
    clearTimeout(this.handOver);
    this.waiting.shift();
    this.host.onMedia();
    if (this.waiting.length > 0) this.handOver = setTimeout(() => this.handOverOne(every), every);
  }

  private abort(topology: LiveTopology): void {
    const path = this.next;
    this.endMove();
    path?.close();
    if (path) this.current?.setMoving(false);
    if (this.current && this.current.topology !== topology) {
      void this.renew(topology, 'entered').catch(() => {});
      return;
    }
    this.current?.rosterChanged();
    this.host.onMedia();
  }

  private decide(ok: boolean, reason?: string): void {
    const { move } = this;
    if (!move || move.verdict) return;
    move.verdict = { ok, ...(reason ? { reason: reason.slice(0, 200) } : {}) };
    clearTimeout(move.timer);
    if (move.settle) {
      if (!ok) this.drop();
      else move.settle(true);
      return;
    }
    void this.host.migrated(move.epoch, ok, move.verdict.reason);
  }

  private endMove(): void {
    if (!this.move) return;
    clearTimeout(this.move.timer);
    this.move = null;
  }

  private drop(): void {
    const path = this.next;
    const settle = this.move?.settle;
    this.endMove();
    path?.close();
    settle?.(false);
  }

  private retire(path: MediaPath, goesOnMs: number): void {
    this.closeOld();
    this.old = { path, timer: setTimeout(() => this.closeOld(), goesOnMs) };
  }

  private closeOld(): void {
    const { old } = this;
    clearTimeout(this.handOver);
    this.waiting = [];
    if (!old) return;
    clearTimeout(old.timer);
    this.old = null;
    old.path.close();
  }
}

const now = (): number => performance.now();
