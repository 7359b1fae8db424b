/**
 * Who comes to a broadcast, at whichever node: publishers belong to the home, viewers to where the home places them. The
 * home is asked once; whoever is sent elsewhere has a ticket that lets them in there.
 */
import { ServerError } from '../errors.js';
import type { Room } from '../rooms/room.js';
import { type Broadcasts, unreachable, type Whereabouts } from './broadcasts.js';
import { PLACE, PlaceReply, REDEEM, RedeemReply } from './messages.js';
import type { Bearer } from './tickets.js';

/** When nothing better is known. */
const RETRY_SECONDS = 2;

/** What the ticket lets its bearer do; null: nothing, or nobody can say. */
export async function redeem(broadcasts: Broadcasts, room: string, ticket: string): Promise<Bearer | null> {
  const { cluster } = broadcasts;
  try {
    const there = await broadcasts.where(room);
    if (!there) return null;
    if (there.home === cluster.self.id) return broadcasts.home(room)?.redeem(ticket, cluster.self.id) ?? null;
    const reply = RedeemReply.parse(await cluster.request(there.home, { type: REDEEM, room, ticket }));
    return reply.role && { role: reply.role, ...(reply.name !== undefined && { name: reply.name }) };
  } catch {
    return null;
  }
}

/** Throws `elsewhere` if the room is a broadcast with another home, or `unavailable`. `name`: that a token gives them. */
export async function publisherArrives(broadcasts: Broadcasts, room: string, name?: string): Promise<void> {
  const there = await broadcasts.where(room);
  if (!there || there.home === broadcasts.cluster.self.id) return;
  const reply = await ask(broadcasts, there, room, 'publisher', [], name);
  if (reply.node === null) throw new ServerError('unavailable', reply.reason, reply.retryAfterSeconds);
  throw elsewhere(reply);
}

/**
 * The room, here, if the viewer is to watch here; null: it is no broadcast. Throws `elsewhere`, with the ticket in the
 * address, or `unavailable`. `invited`: the home sent them.
 */
export async function viewerArrives(broadcasts: Broadcasts, room: string, invited: boolean): Promise<Room | null> {
  const there = await broadcasts.where(room);
  if (!there) return null;
  const { self } = broadcasts.cluster;
  if (invited && hasPlace(broadcasts)) return broadcasts.carry(room, there);
  let reply: PlaceReply;
  try {
    reply = await ask(broadcasts, there, room, 'viewer', invited ? [self.id] : []);
    if (reply.node === self.id && !hasPlace(broadcasts)) {
      reply = await ask(broadcasts, there, room, 'viewer', [self.id]);
    }
  } catch (error) {
    // The home can't be asked, but what is on air here can be watched here.
    if (broadcasts.edge(room) && hasPlace(broadcasts)) return broadcasts.carry(room, there);
    throw error;
  }
  if (reply.node === self.id) return broadcasts.carry(room, there);
  if (reply.node === null) throw new ServerError('unavailable', reply.reason, reply.retryAfterSeconds);
  throw elsewhere(reply);
}

async function ask(
  broadcasts: Broadcasts,
  there: Whereabouts,
  room: string,
  role: Bearer['role'],
  except: string[],
  name?: string,
): Promise<PlaceReply> {
  const { cluster } = broadcasts;
  for (let tries = 0; ; tries++) {
    const home = broadcasts.home(room);
    const self = cluster.node(cluster.self.id);
    if (home && self) return role === 'viewer' ? home.place(self, except) : home.placePublisher(name);
    try {
      const message = { type: PLACE, room, role, except, ...(name !== undefined && { name }) };
      return PlaceReply.parse(await cluster.request(there.home, message));
    } catch (error) {
      if (tries > 0 || !cluster.available) throw unreachable(error);
      // It may be gone: then there is another in a moment.
      await cluster.suspect(there.home).catch(() => false);
      const record = await cluster.homeOf(room).catch(() => null);
      if (record) there.home = record.node;
      else if (!broadcasts.edge(room)) there.home = (await broadcasts.claim(room, there.settings)).node;
      else throw new ServerError('unavailable', 'the home of the broadcast is being found', RETRY_SECONDS);
    }
  }
}

/** What the home can't know exactly: how many are here now. */
function hasPlace({ cluster, rooms }: Broadcasts): boolean {
  const self = cluster.node(cluster.self.id);
  if (!self || self.draining) return false;
  const viewers = rooms.list().reduce((sum, room) => sum + room.viewers.size, 0);
  return viewers < self.limits.viewers;
}

/** `url` is the other node's; whoever answers adds the path, and what lets them in as the query. */
export class Elsewhere extends ServerError {
  constructor(
    url: string,
    readonly admission: { ticket: string } | { token: string },
  ) {
    super('elsewhere', `another server takes you: ${url}`, undefined, url);
  }
}

export function addressOf({ url, admission }: Elsewhere, path: string, query: Record<string, string> = {}): string {
  return `${url}${path}?${new URLSearchParams({ ...admission, ...query })}`;
}

function elsewhere({ url, ticket }: Extract<PlaceReply, { url: string }>): Elsewhere {
  return new Elsewhere(url, { ticket });
}
