/**
 * A room's share in the cluster: tells other nodes who is in it here and hears who is in it there, pulls the media of those
 * who publish there, and brings what people say to each other over. A node that is lost has the time that a participant
 * without a connection has; until then its people stay where they are shown.
 */
import type { Logger } from 'pino';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError } from '../../cluster/errors.js';
import type { Link } from '../../cluster/links/link.js';
import type { Links } from '../../cluster/links/links.js';
import { randomToken } from '../../media/session.js';
import { type Participant, secretTag } from '../participant.js';
import type { Place } from '../place.js';
import { type Crossings, LINGER_MS, UNTOLD_TRANSPORTS } from './crossings.js';
import { type Changes, Elsewhere, type RemoteParticipant } from './elsewhere.js';
import { type CallSaid, Inbox, Outbox, type Said } from './outbox.js';
import { Presence, presenceOf } from './presence.js';

/** What rooms use of the cluster. */
export interface Nodes {
  cluster: Cluster;
  links: Links;
}

export interface SpanningRoom {
  readonly id: string;
  readonly kind: string;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly viewers: { readonly size: number };
  readonly crossings: Pick<Crossings, 'size' | 'went' | 'told'>;
  readonly place: Place;
  /** People on other nodes came, went or do something else. */
  elsewhereChanged(changes: Changes): void;
}

/** As whom somebody was in the room on another node. */
export interface Before {
  id: string;
  joinedAt: number;
  transports: number;
}

export const CALL_YIELD = 'call-yield';
/** A node that lives gives somebody up at once, and they wait for it. */
const YIELD_MS = 1000;
/** Those who come in wait so long to hear who is there. */
const KNOWN_MS = 700;
/** Between announcements; more in large rooms, whose announcements are large. */
const ANNOUNCE_MS = 15;
const ANNOUNCE_MS_PER_PERSON = 1;

export class RoomNodes {
  readonly elsewhere = new Elsewhere();
  readonly #room: SpanningRoom;
  readonly #nodes: Nodes | null;
  readonly #graceMs: number;
  readonly #log: Logger;
  readonly #links = new Map<string, Link>();
  readonly #outboxes = new Map<string, Outbox>();
  readonly #inbox = new Inbox();
  readonly #lost = new Map<string, NodeJS.Timeout>();
  /** Nodes whose people go over to others: what they send comes on for a moment. */
  readonly #lingering = new Map<string, NodeJS.Timeout>();
  /** Nodes that have said something, and who waits for it. */
  readonly #heard = new Set<string>();
  #waiting: (() => void)[] = [];
  #end: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #announcedMs = Number.NEGATIVE_INFINITY;
  #announced = '';
  #closed = false;

  constructor(room: SpanningRoom, nodes: Nodes | null, graceMs: number, log: Logger) {
    this.#room = room;
    this.#nodes = nodes;
    this.#graceMs = graceMs;
    this.#log = log;
  }

  /** Begins to hear of other nodes. */
  begin(): void {
    if (this.#nodes) this.#end = this.#nodes.cluster.watch(this.#topic, (node, data) => this.#hear(node, data));
  }

  /** Under which people are told of: under its own name, a broadcast's nodes tell of other things. */
  get #topic(): string {
    return this.#room.kind === 'call' ? this.#room.id : `${this.#room.id}#people`;
  }

  /** Resolves when `node` has said who is in the room there, or does not in time. */
  async known(node: string): Promise<void> {
    if (!this.#nodes || node === this.#nodes.cluster.self.id) return;
    const deadline = performance.now() + KNOWN_MS;
    while (!this.#heard.has(node) && !this.#closed && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Something of what others are told may have changed. */
  changed(): void {
    if (!this.#nodes || this.#closed) return;
    this.#pull();
    if (this.#timer) return;
    const pause = ANNOUNCE_MS + this.#room.participants.size * ANNOUNCE_MS_PER_PERSON;
    const wait = Math.max(0, this.#announcedMs + pause - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#announce();
    }, wait);
  }

  /** This node has left the cluster in good order: it has nobody any more. */
  nodeLeft(node: string): void {
    this.#gone(node);
  }

  /** Those who can be told of, on other nodes: `to`, or (null) everybody. */
  receivers(to: string | null): number {
    if (to === null) return this.elsewhere.people.size;
    return this.elsewhere.people.has(to) ? 1 : 0;
  }

  /** False: too much waits to be said there. */
  say(said: Said): boolean {
    if (!this.#nodes) return false;
    const { people, nodes } = this.elsewhere;
    let all = true;
    for (const node of said.to === null ? nodes : [people.get(said.to)?.node])
      if (node !== undefined && !this.#outbox(node).add(said)) all = false;
    return all;
  }

  /** What is new in what the node said, of those who are there. */
  heard(node: string, message: CallSaid): Said[] {
    return this.#inbox.take(node, message).filter(({ from }) => this.elsewhere.people.get(from)?.node === node);
  }

  /** Of a node where people of the room are, those with classic clients first. */
  url(): string | null {
    const node = this.elsewhere.classicNode ?? this.elsewhere.nodes[0];
    return (node !== undefined && this.#nodes?.cluster.node(node)?.url) || null;
  }

  /** Is this node to be given the room's media? */
  includes(node: string): boolean {
    return this.elsewhere.nodes.includes(node);
  }

  /** The one whose secret it is, if they are in the room on another node: from there they are gone then. */
  async take(secret: string): Promise<Before | null> {
    const tag = secretTag(secret);
    const remote = [...this.elsewhere.people.values()].find(({ person }) => person.tag === tag);
    if (!remote || !this.#nodes) return null;
    const { cluster } = this.#nodes;
    const { id, joinedAt } = remote.person;
    if (cluster.node(remote.node)) {
      try {
        const message = { type: CALL_YIELD, room: this.#room.id, participant: id, tag };
        await cluster.request(remote.node, message, YIELD_MS);
      } catch (error) {
        this.#log.info({ participant: id, reason: (error as Error).message }, 'a participant could not be taken over');
        if (!(error instanceof ClusterError) || error.code === 'refused') return null;
        // Of a node that has just died: who has the secret is the one.
        void cluster.suspect(remote.node).catch(() => false);
      }
    }
    return { id, joinedAt, transports: remote.person.transports + UNTOLD_TRANSPORTS };
  }

  /** This one is in the room here from now on. */
  cameOver(id: string): RemoteParticipant | null {
    const remote = this.elsewhere.cameOver(id);
    if (remote) this.#linger(remote.node);
    return remote;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end?.();
    if (this.#timer) clearTimeout(this.#timer);
    for (const timer of [...this.#lost.values(), ...this.#lingering.values()]) clearTimeout(timer);
    for (const link of this.#links.values()) link.close();
    for (const outbox of this.#outboxes.values()) outbox.close();
    this.#links.clear();
    this.#nodes?.cluster.announce(this.#topic, null);
    this.#wake();
  }

  #hear(node: string, data: unknown): void {
    if (this.#closed) return;
    if (data === null) {
      if (this.#nodes?.cluster.node(node)) this.#gone(node);
      else this.#nodeLost(node);
      return;
    }
    const result = Presence.safeParse(data);
    if (!result.success) {
      this.#log.warn({ node }, 'what a node says of a room cannot be read');
      return;
    }
    clearTimeout(this.#lost.get(node));
    this.#lost.delete(node);
    this.#update(node, result.data);
    this.#heard.add(node);
    this.#wake();
  }

  #nodeLost(node: string): void {
    if (this.#lost.has(node) || !this.elsewhere.nodes.includes(node)) return;
    this.#lost.set(
      node,
      setTimeout(() => this.#gone(node), this.#graceMs),
    );
  }

  #gone(node: string): void {
    clearTimeout(this.#lost.get(node));
    this.#lost.delete(node);
    this.#outboxes.get(node)?.close();
    this.#outboxes.delete(node);
    this.#heard.delete(node);
    this.#update(node, null);
  }

  #update(node: string, presence: Presence | null): void {
    if (this.#closed) return;
    const { participants, crossings } = this.#room;
    const over = new Set((presence?.people ?? []).map(({ id }) => id).filter((id) => crossings.went(id, node)));
    const changes = this.elsewhere.update(node, presence, (id) => participants.has(id));
    for (const before of changes.moved) this.#linger(before);
    // To the others they were here all the time.
    changes.updated.push(...changes.joined.filter(({ id }) => over.has(id)));
    changes.joined = changes.joined.filter(({ id }) => !over.has(id));
    this.#pull();
    this.#room.elsewhereChanged(changes);
    // At last: a room with nobody but those is closed.
    crossings.told();
  }

  #announce(): void {
    if (!this.#nodes || this.#closed) return;
    const { participants } = this.#room;
    const watching = this.#watching;
    const nobody = participants.size === 0 && watching === 0;
    const presence = nobody ? null : presenceOf(participants.values(), watching);
    const text = JSON.stringify(presence);
    if (text === this.#announced) return;
    this.#announced = text;
    this.#announcedMs = performance.now();
    if (presence && presence.untold > 0) this.#log.warn({ untold: presence.untold }, 'too many to tell other nodes of');
    this.#nodes.cluster.announce(this.#topic, presence);
  }

  /** Those who are to come in from another node are as good as viewers until then. */
  get #watching(): number {
    const { viewers, crossings } = this.#room;
    return (this.#room.kind === 'call' ? viewers.size : 0) + crossings.size;
  }

  #linger(node: string): void {
    if (!this.#nodes?.cluster.node(node)) return;
    clearTimeout(this.#lingering.get(node));
    const end = (): void => {
      this.#lingering.delete(node);
      this.#pull();
    };
    this.#lingering.set(node, setTimeout(end, LINGER_MS));
  }

  /**
   * From each node where somebody publishes, as long as somebody is here to receive it. Files go by the same pipes, either way:
   * so that there always is one between two nodes with people, the one with the smaller id pulls whether or not they publish.
   */
  #pull(): void {
    // A broadcast has its tree.
    if (!this.#nodes || this.#room.kind !== 'call') return;
    const { participants, place, id } = this.#room;
    const wanted = participants.size + this.#watching > 0 ? this.elsewhere.publishing : new Set<string>();
    if (participants.size > 0) {
      for (const node of this.elsewhere.peopled) if (this.#nodes.cluster.self.id < node) wanted.add(node);
    }
    for (const [node, link] of this.#links) {
      if (wanted.has(node) || this.#lingering.has(node)) continue;
      link.close();
      this.#links.delete(node);
    }
    for (const node of wanted) {
      if (this.#links.has(node)) continue;
      try {
        const link = this.#nodes.links.pull({ room: id, from: node, place: () => place.find(), relay: false });
        link.on('failed', (reason) => this.#log.debug({ node, reason }, 'a pipe of the room failed'));
        this.#links.set(node, link);
      } catch (error) {
        this.#log.error({ node, reason: (error as Error).message }, 'a room cannot be had from another node');
      }
    }
  }

  #outbox(node: string): Outbox {
    let outbox = this.#outboxes.get(node);
    if (!outbox) {
      outbox = new Outbox({
        room: this.#room.id,
        stream: randomToken(9),
        send: async (message) => void (await this.#nodes?.cluster.request(node, message)),
        passing: (error) => error instanceof ClusterError && error.code !== 'refused' && error.code !== 'too-large',
      });
      this.#outboxes.set(node, outbox);
    }
    return outbox;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
