/**
 * A broadcast on the workers of one node. Its trunk is the room's own router; when more people watch than one core should serve,
 * branches open on other workers, each fed by one pipe from the trunk, and are there as long as somebody watches on them.
 */
import type { MediaWorker, MediaWorkers } from '../media/workers.js';
import { type Home, type Place, routerId } from './place.js';
import type { Viewer } from './room.js';

/** A worker has about so many before another one helps: a pipe costs little beside them. */
export const VIEWERS_OF_A_WORKER = 25;
/** An empty branch stays so long: viewers come and go. */
const LINGER_MS = 5000;
/** A worker that is busier than this, of one core, is not begun on. */
const BUSY = 0.9;

/** Has what the trunk has come to a router of this node until it is closed. */
export type PullTrunk = (room: string, place: () => Promise<Home>) => { close(): void };

export interface BranchesOptions {
  room: string;
  workers: MediaWorkers;
  trunk: Place;
  /** Null: the room is not to branch. */
  pull: PullTrunk | null;
}

interface Branch {
  worker: MediaWorker;
  router: string;
  viewers: Set<Viewer>;
  /** Once its router is there, and its pipe is on the way. */
  home: Promise<Home>;
  link: { close(): void } | null;
  timer: NodeJS.Timeout | null;
}

export class Branches {
  readonly #options: BranchesOptions;
  readonly #branches = new Map<MediaWorker, Branch>();
  readonly #onTrunk = new Set<Viewer>();
  #closed = false;

  constructor(options: BranchesOptions) {
    this.#options = options;
  }

  /** Workers that it is on beside the trunk's. */
  get size(): number {
    return this.#branches.size;
  }

  /** Where the viewer is to watch, until `leave`. Throws `ServerError` `unavailable`. */
  async seat(viewer: Viewer): Promise<Home> {
    const trunk = await this.#options.trunk.find();
    const branch = this.#choose(trunk.worker);
    if (branch) {
      branch.viewers.add(viewer);
      try {
        return await branch.home;
      } catch {
        // The worker has just ended, most likely; the trunk serves everybody if it must.
        branch.viewers.delete(viewer);
      }
    }
    this.#onTrunk.add(viewer);
    return trunk;
  }

  leave(viewer: Viewer): void {
    this.#onTrunk.delete(viewer);
    for (const branch of this.#branches.values()) {
      if (!branch.viewers.delete(viewer) || branch.viewers.size > 0) continue;
      branch.timer ??= setTimeout(() => {
        branch.timer = null;
        if (branch.viewers.size === 0) this.#drop(branch);
      }, LINGER_MS).unref();
    }
  }

  /** The trunk's worker is gone. Who watches on a branch waits there for what the trunk has next. */
  trunkLost(reason: string): void {
    for (const viewer of [...this.#onTrunk]) viewer.ended(reason);
  }

  /**
   * There can't be a branch on this worker any more: it ended, or the trunk is there now, whose producers no other router of the
   * same worker can have by a pipe. Those on it come again.
   */
  abandon(worker: MediaWorker, reason: string): void {
    const branch = this.#branches.get(worker);
    if (!branch) return;
    this.#drop(branch);
    for (const viewer of [...branch.viewers]) viewer.ended(reason);
  }

  close(): void {
    this.#closed = true;
    for (const branch of [...this.#branches.values()]) this.#drop(branch);
  }

  /** Null: the trunk. Whichever has the fewest, of as many as so many viewers want. */
  #choose(trunk: MediaWorker): Branch | null {
    const { workers, pull } = this.#options;
    if (!pull || this.#closed) return null;
    const branches = [...this.#branches.values()].filter(({ worker }) => worker.alive && worker !== trunk);
    const viewers = branches.reduce((sum, branch) => sum + branch.viewers.size, this.#onTrunk.size);
    const wanted = Math.ceil((viewers + 1) / VIEWERS_OF_A_WORKER);
    if (branches.length + 1 < wanted) {
      const fresh = workers.workers
        .filter((worker) => worker.alive && worker !== trunk && !this.#branches.has(worker))
        .filter(({ load }) => (load?.cpu ?? 0) < BUSY)
        .sort((one, other) => (one.load?.cpu ?? 0) - (other.load?.cpu ?? 0))[0];
      if (fresh) return this.#open(fresh, pull);
    }
    const [least] = branches.sort((one, other) => one.viewers.size - other.viewers.size);
    return least && least.viewers.size < this.#onTrunk.size ? least : null;
  }

  #open(worker: MediaWorker, pull: PullTrunk): Branch {
    const { room } = this.#options;
    const router = routerId(room);
    const here: Home = { worker, router };
    const open = async (): Promise<Home> => {
      await worker.request({ type: 'openRouter', router });
      if (this.#branches.get(worker) !== branch) closeRouter(worker, router);
      else branch.link = pull(room, async () => here);
      return here;
    };
    const branch: Branch = { worker, router, viewers: new Set(), home: Promise.resolve(here), link: null, timer: null };
    this.#branches.set(worker, branch);
    branch.home = open();
    // Whoever asked for it goes to the trunk then.
    branch.home.catch(() => this.#drop(branch));
    return branch;
  }

  #drop(branch: Branch): void {
    const { worker, router, link, timer } = branch;
    if (this.#branches.get(worker) !== branch) return;
    this.#branches.delete(worker);
    if (timer) clearTimeout(timer);
    link?.close();
    closeRouter(worker, router);
  }
}

function closeRouter(worker: MediaWorker, router: string): void {
  if (worker.alive) worker.request({ type: 'closeRouter', router }).catch(() => {});
}
