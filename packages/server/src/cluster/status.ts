/** The cluster as a whole, for administrators: every node says what it carries, and whoever is asked puts it together. */
import { z } from 'zod';
import type { Rooms } from '../rooms/rooms.js';
import type { Cluster } from './cluster.js';
import type { Dispatch } from './dispatch.js';
import type { LinkFigures, Links } from './links/links.js';
import { NodeId, RoomName } from './schema.js';

const STATUS = 'status';
const ASK_MS = 1500;
/** Of one node; what is beyond is left out, so that the answer fits into one message. */
const MOST_ROOMS = 200;
const MOST_LINKS = 150;

const Count = z.number().int().min(0);
const RoomPart = z.object({
  id: RoomName,
  kind: z.enum(['call', 'broadcast']),
  home: NodeId,
  viewers: Count,
  participants: Count,
  parent: NodeId.nullable(),
  depth: Count,
});
const LinkPart = z.object({
  id: z.string().max(64),
  room: RoomName,
  from: NodeId,
  to: NodeId,
  bitrateBps: z.number().min(0),
  streams: Count,
  rttMs: z.number().min(0).nullable(),
  lossShare: z.number().min(0).max(1),
  state: z.enum(['opening', 'connected', 'standby', 'waiting', 'closed']),
});
const StatusReply = z.object({ rooms: z.array(RoomPart).max(1000), links: z.array(LinkPart).max(1000) });
type StatusReply = z.infer<typeof StatusReply>;

/** How a room is carried here, beyond what is the same for all. */
export interface Carried {
  home: string;
  parent: string | null;
  depth: number;
}

export interface StatusOptions {
  cluster: Cluster;
  dispatch: Dispatch;
  links: Links;
  rooms: Rooms;
  carried(room: string): Carried | null;
}

export class ClusterStatus {
  readonly #options: StatusOptions;

  constructor(options: StatusOptions) {
    this.#options = options;
    options.dispatch.on(STATUS, z.object({ type: z.literal(STATUS) }), () => this.#own());
  }

  async all() {
    const { cluster } = this.#options;
    const nodes = cluster.nodes();
    const parts = await Promise.all(nodes.map(({ id, self }) => (self ? this.#own() : this.#ask(id))));
    const rooms = new Map<string, ReturnType<typeof emptyRoom>>();
    for (const [i, part] of parts.entries()) {
      for (const one of part?.rooms ?? []) {
        const { id, kind, home, viewers, participants, parent, depth } = one;
        // Calls that are on one node each may have the same name until they know of each other.
        const key = `${id} ${home}`;
        const room = rooms.get(key) ?? emptyRoom(id, kind, home);
        rooms.set(key, room);
        room.nodes.push({ node: nodes[i].id, viewers, participants, parent, depth });
        room.publishers += participants;
      }
    }
    return {
      self: cluster.self.id,
      available: cluster.available,
      nodes: nodes.map(({ id, url, region, version, draining, isolated, limits, load, workers }) => ({
        ...{ id, url, region, version, draining, ...(isolated !== null && { isolated }) },
        ...{ limits, load, workers },
      })),
      links: parts.flatMap((part) => part?.links ?? []),
      rooms: [...rooms.values()],
    };
  }

  async #ask(node: string): Promise<StatusReply | null> {
    try {
      return StatusReply.parse(await this.#options.cluster.request(node, { type: STATUS }, ASK_MS));
    } catch {
      return null;
    }
  }

  #own(): StatusReply {
    const { cluster, links, rooms, carried } = this.#options;
    return {
      rooms: rooms
        .list()
        .slice(0, MOST_ROOMS)
        .map(({ id, settings, viewers, participants }) => ({
          ...{ id, kind: settings.kind, viewers: viewers.size, participants: participants.size },
          ...(carried(id) ?? { home: cluster.self.id, parent: null, depth: 0 }),
        })),
      links: links
        .figures()
        .slice(0, MOST_LINKS)
        .map((link) => ({ ...link, state: this.#stateOf(link) })),
    };
  }

  /** A backup, until something flows on it. */
  #stateOf({ room, from, state, streams }: LinkFigures): StatusReply['links'][number]['state'] {
    const parent = this.#options.carried(room)?.parent ?? from;
    return state === 'connected' && streams === 0 && parent !== from ? 'standby' : state;
  }
}

function emptyRoom(id: string, kind: 'call' | 'broadcast', home: string) {
  const nodes: { node: string; viewers: number; participants: number; parent: string | null; depth: number }[] = [];
  return { id, kind, home, nodes, publishers: 0 };
}
