/**
 * A broadcast on a node that is not its home: pulled from the parent that the home names, with a backup that stands by, for
 * as long as the home wants. A new parent is there before the old one is left.
 */
import { once } from 'node:events';
import type { RoomSettings } from '@efir/protocol';
import type { Cluster } from '../cluster/cluster.js';
import type { Link } from '../cluster/links/link.js';
import type { Links } from '../cluster/links/links.js';
import type { Room } from '../rooms/room.js';
import { type Assignment, ATTACH, Attached, type Presence } from './messages.js';

/** A home that is to be another's has been so by then. */
const PIN_MS = 15_000;
const CONNECT_MS = 2500;
const ANNOUNCE_MS = 100;
const PRESENCE_MS = 5000;
const PAUSES_MS = [100, 300, 1000, 2000, 3000];
/** A parent that says no so often is not for us: the home is to name another. */
const REFUSALS = 3;
/** A home that has given no place so often in a row may be none. */
const ATTEMPTS = 3;

export interface EdgeOptions {
  room: Room;
  home: string;
  settings: RoomSettings;
  cluster: Cluster;
  links: Links;
  /** Nobody needs it here any more. */
  onLeave(): void;
  /** The home gives it no place, again and again. */
  onRefused(): void;
}

export class BroadcastEdge {
  readonly room: Room;
  readonly settings: RoomSettings;
  /** The node that answers for it, as it is known here. */
  home: string;
  readonly #cluster: Cluster;
  readonly #links: Links;
  readonly #onLeave: () => void;
  readonly #onRefused: () => void;
  readonly #release: () => void;
  readonly #stopWatching: () => void;
  readonly #pulls = new Map<string, Link>();
  readonly #beat: NodeJS.Timeout;
  #assignment: Assignment | null = null;
  #announcing: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #tries = 0;
  #attaching = false;
  #again = false;
  #failed: string | undefined;
  /** A node that is pulled from whatever the home says. */
  #pinned: { node: string; end: NodeJS.Timeout } | null = null;
  #closed = false;

  constructor({ room, home, settings, cluster, links, onLeave, onRefused }: EdgeOptions) {
    this.room = room;
    this.home = home;
    this.settings = settings;
    this.#cluster = cluster;
    this.#links = links;
    this.#onLeave = onLeave;
    this.#onRefused = onRefused;
    this.#release = room.hold();
    // To hear of another home.
    this.#stopWatching = cluster.watch(room.id, () => {});
    this.#beat = setInterval(() => this.announce(), PRESENCE_MS);
    this.attach();
  }

  get parent(): string | null {
    return this.#assignment?.parent ?? null;
  }

  get depth(): number {
    return this.#assignment?.depth ?? 0;
  }

  /** By id of the node. */
  get pulls(): ReadonlyMap<string, Link> {
    return this.#pulls;
  }

  /** What is told to the others has changed. */
  announce(): void {
    if (this.#closed) return;
    this.#announcing ??= setTimeout(() => {
      this.#announcing = null;
      this.#cluster.announce(this.room.id, this.#presence());
    }, ANNOUNCE_MS);
  }

  homeChanged(home: string): void {
    // It is asked again soon.
    if (home === this.home && this.#retry) return;
    this.home = home;
    this.attach();
  }

  /** A node that is only thought to be gone sends on, and is left when another parent is there. */
  nodeDown(node: string): void {
    const link = this.#pulls.get(node);
    if (link?.state !== 'connected') link?.close();
  }

  /** Asks the home for a place, until it has one. */
  attach(): void {
    if (this.#attaching) {
      this.#again = true;
      return;
    }
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#attaching = true;
    void this.#attach().then((done) => {
      this.#attaching = false;
      if (this.#closed) return;
      if (this.#again) {
        this.#again = false;
        this.attach();
      } else if (!done) {
        const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
        this.#retry = setTimeout(() => this.attach(), pause);
        if (this.#tries >= ATTEMPTS) this.#onRefused();
      } else this.#tries = 0;
    });
  }

  /** Also from this node, for a while. Rejects if that can't be had soon. */
  async pin(node: string): Promise<void> {
    if (this.#pinned) clearTimeout(this.#pinned.end);
    const end = setTimeout(() => {
      this.#pinned = null;
      this.#tidy();
    }, PIN_MS);
    this.#pinned = { node, end };
    this.#pull(node, false);
    const link = this.#pulls.get(node);
    if (link && link.state !== 'connected') await once(link, 'connected', { signal: AbortSignal.timeout(CONNECT_MS) });
  }

  /** Viewers, and those who publish from here until they have gone over to the home. */
  get #people(): number {
    return this.room.viewers.size + this.room.participants.size;
  }

  /** The home says so. */
  assign(assignment: Assignment): void {
    if (this.#closed) return;
    if (assignment.parent === null) {
      // Somebody came while the home thought that nobody was here.
      if (this.#people > 0) this.attach();
      else this.#onLeave();
      return;
    }
    this.#assignment = assignment;
    this.#pull(assignment.parent, false);
    if (assignment.backup !== null) this.#pull(assignment.backup, true);
    this.#tidy();
    this.announce();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#beat);
    this.#stopWatching();
    if (this.#announcing) clearTimeout(this.#announcing);
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#pinned) clearTimeout(this.#pinned.end);
    for (const link of this.#pulls.values()) link.close();
    this.#cluster.announce(this.room.id, null);
    this.#release();
  }

  /** As `close`, but what comes by pipes goes on: the links are the caller's now. */
  become(): Link[] {
    const links = [...this.#pulls.values()];
    this.#pulls.clear();
    this.close();
    return links;
  }

  async #attach(): Promise<boolean> {
    const message = {
      ...{ type: ATTACH, room: this.room.id, viewers: this.#people, parent: this.parent },
      ...(this.#failed !== undefined && { failed: this.#failed }),
    };
    try {
      const { assignment } = Attached.parse(await this.#cluster.request(this.home, message));
      this.#failed = undefined;
      if (assignment && !this.#closed) this.assign(assignment);
      return assignment !== null;
    } catch {
      return false;
    }
  }

  #pull(node: string, standby: boolean): void {
    this.#pulls.get(node)?.stand(standby);
    if (this.#pulls.has(node) || node === this.#cluster.self.id) return;
    const { room } = this;
    const link = this.#links.pull({ room: room.id, from: node, place: () => room.place.find(), relay: true, standby });
    this.#pulls.set(node, link);
    link.on('connected', () => {
      this.#tidy();
      this.announce();
    });
    link.on('failed', (_, code) => {
      if (node !== this.parent || !this.#cluster.node(node)) return;
      // Nothing comes through, though the node may live: who watches doesn't wait for it to try again.
      if (code !== null && link.failures % REFUSALS !== 0) return;
      this.#failed = node;
      this.attach();
    });
    link.once('closed', () => {
      if (this.#pulls.get(node) === link) this.#pulls.delete(node);
    });
  }

  /** Links that aren't wanted go once the parent's is there. */
  #tidy(): void {
    const { parent, backup } = this.#assignment ?? { parent: null, backup: null };
    if (parent === null || this.#pulls.get(parent)?.state !== 'connected') return;
    const wanted = [parent, backup, this.#pinned?.node];
    for (const [node, link] of [...this.#pulls]) if (!wanted.includes(node)) link.close();
  }

  #presence(): Presence {
    const { parent, depth, room } = this;
    const rttMs = parent === null ? null : (this.#pulls.get(parent)?.figures?.roundTripMs ?? null);
    const publishers = room.participants.size;
    return { role: 'edge', viewers: room.viewers.size, publishers, parent, depth, rttMs };
  }
}
