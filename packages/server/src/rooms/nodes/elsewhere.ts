/** The people of a room who are on other nodes, from what those announce. No clock, no I/O. */
import type { ParticipantInfo } from '@efir/protocol';
import type { Person, Presence } from './presence.js';

export class RemoteParticipant {
  /** Out of the room for good. */
  gone = false;

  constructor(
    readonly node: string,
    public person: Person,
  ) {}

  get id(): string {
    return this.person.id;
  }

  get tracks(): Person['tracks'] {
    return this.person.tracks;
  }

  /** Null while the transport is being replaced. */
  get media(): { transport: string } | null {
    const { transport } = this.person;
    return transport === null ? null : { transport };
  }

  trackId(mid: string): string {
    return `${this.id}/${mid}`;
  }

  info(): ParticipantInfo {
    const { id, name, joinedAt } = this.person;
    const tracks = this.tracks.map(({ mid, source, kind, muted }) => ({ id: this.trackId(mid), source, kind, muted }));
    return { id, name, tracks, joinedAt, apart: true };
  }
}

/** What an announcement brought. */
export interface Changes {
  joined: RemoteParticipant[];
  /** Their name or tracks are others, as others are shown them. */
  updated: RemoteParticipant[];
  /** Their tracks or transport are others. */
  republished: RemoteParticipant[];
  left: RemoteParticipant[];
  /** Nodes that somebody left for this one. */
  moved: string[];
}

interface Counts {
  untold: number;
  viewers: number;
  classic: number;
}

export class Elsewhere {
  readonly people = new Map<string, RemoteParticipant>();
  readonly #counts = new Map<string, Counts>();

  /** Who is in the room. */
  get size(): number {
    return this.people.size + this.#sum('untold') + this.#sum('classic');
  }

  get viewers(): number {
    return this.#sum('viewers');
  }

  get classic(): number {
    return this.#sum('classic');
  }

  get classicNode(): string | null {
    return [...this.#counts].find(([, { classic }]) => classic > 0)?.[0] ?? null;
  }

  /** Nodes that have somebody in the room. */
  get nodes(): string[] {
    return [...this.#counts.keys()];
  }

  /** Nodes with somebody who publishes. */
  get publishing(): Set<string> {
    const nodes = new Set<string>();
    for (const { node, tracks } of this.people.values()) if (tracks.length > 0) nodes.add(node);
    return nodes;
  }

  /** Nodes with people who could be sent something. */
  get peopled(): Set<string> {
    return new Set([...this.people.values()].map(({ node }) => node));
  }

  /** All that the node says now; null: it has nobody in the room any more. `here`: is this one in the room on this node? */
  update(node: string, presence: Presence | null, here: (id: string) => boolean): Changes {
    const changes: Changes = { joined: [], updated: [], republished: [], left: [], moved: [] };
    const told = new Set<string>();
    for (const person of presence?.people ?? []) {
      // Who has come over here is announced there for a moment longer.
      if (here(person.id) || told.has(person.id)) continue;
      told.add(person.id);
      this.#take(node, person, changes);
    }
    for (const remote of this.people.values()) {
      if (remote.node === node && !told.has(remote.id)) this.#drop(remote, changes);
    }
    const { untold = 0, viewers = 0, classic = 0 } = presence ?? {};
    if (told.size + untold + viewers + classic > 0) this.#counts.set(node, { untold, viewers, classic });
    else this.#counts.delete(node);
    return changes;
  }

  /** This one is on this node from now on. */
  cameOver(id: string): RemoteParticipant | null {
    const remote = this.people.get(id) ?? null;
    if (remote) this.people.delete(id);
    return remote;
  }

  #take(node: string, person: Person, changes: Changes): void {
    const before = this.people.get(person.id);
    if (!before || before.node !== node) {
      // Taken over from a node that does not know it yet: the last transports are the later ones.
      if (before && before.person.transports > person.transports) return;
      const remote = new RemoteParticipant(node, person);
      this.people.set(person.id, remote);
      if (before) {
        changes.updated.push(remote);
        changes.moved.push(before.node);
      } else changes.joined.push(remote);
      changes.republished.push(remote);
      return;
    }
    const [was, shown] = [before.person, JSON.stringify(before.info())];
    before.person = person;
    if (JSON.stringify(before.info()) !== shown) changes.updated.push(before);
    const published = ({ transport, tracks }: Person): string =>
      JSON.stringify([transport, tracks.map(({ mid, source }) => [mid, source])]);
    if (published(was) !== published(person)) changes.republished.push(before);
  }

  #drop(remote: RemoteParticipant, changes: Changes): void {
    remote.gone = true;
    this.people.delete(remote.id);
    changes.left.push(remote);
  }

  #sum(name: keyof Counts): number {
    let sum = 0;
    for (const counts of this.#counts.values()) sum += counts[name];
    return sum;
  }
}
