/** What nodes say to each other of somebody who goes from one to another: who they are, and that they are there now. */
import { DisplayName, ParticipantId } from '@efir/protocol';
import { z } from 'zod';
import type { Cluster } from '../../cluster/cluster.js';
import type { Dispatch } from '../../cluster/dispatch.js';
import { ClusterError } from '../../cluster/errors.js';
import { type ClusterMessage, RoomName } from '../../cluster/schema.js';
import { ServerError } from '../../errors.js';
import { type Participant, secretTag } from '../participant.js';
import type { Room } from '../room.js';
import type { Rooms } from '../rooms.js';
import { SecretTag } from './presence.js';

const ASK = 'person-ask';
const GO = 'person-go';
/** Whoever has the secret is the one; it isn't said itself, as what nodes say is signed and not encrypted. */
const bearer = { room: RoomName, tag: SecretTag };
const Ask = z.strictObject({ type: z.literal(ASK), ...bearer });
const Go = z.strictObject({ type: z.literal(GO), ...bearer });

/** As whom somebody is in the room. */
const Passport = z.strictObject({
  id: ParticipantId,
  name: DisplayName,
  nameFixed: z.boolean(),
  joinedAt: z.number(),
  /** Those that they get from now on come after so many. */
  transports: z.number().int().min(0).max(1_000_000_000),
  permissions: z.strictObject({ publish: z.boolean(), subscribe: z.boolean() }),
});
export type Passport = z.infer<typeof Passport>;

export function servePassages(rooms: Rooms, dispatch: Dispatch): void {
  dispatch.on(ASK, Ask, ({ room, tag }, node): Passport => {
    const found = bearerOf(rooms, room, tag);
    const { id, name, nameFixed, joinedAt, permissions } = found.participant;
    const transports = found.room.crossings.ask(found.participant, node.id);
    return { id, name, nameFixed, joinedAt, transports, permissions };
  });
  dispatch.on(GO, Go, ({ room, tag }, { id }) => {
    const found = bearerOf(rooms, room, tag);
    found.room.crossings.go(found.participant, id);
    return {};
  });
}

/** Throws `not-found` if there is nobody of this secret at `node`, or `unavailable`. */
export async function passportOf(cluster: Cluster, node: string, room: string, secret: string): Promise<Passport> {
  return Passport.parse(await ask(cluster, node, { type: ASK, room, tag: secretTag(secret) }));
}

/** The node gives them up as soon as it hears that they are in the room here. Throws as `passportOf`. */
export async function callAway(cluster: Cluster, node: string, room: string, secret: string): Promise<void> {
  await ask(cluster, node, { type: GO, room, tag: secretTag(secret) });
}

function bearerOf(rooms: Rooms, id: string, tag: string): { room: Room; participant: Participant } {
  const room = rooms.find(id);
  const participant = room?.bearer(tag);
  if (!room || !participant) throw new ServerError('not-found', 'there is no such participant');
  return { room, participant };
}

async function ask(cluster: Cluster, node: string, message: ClusterMessage): Promise<unknown> {
  try {
    return await cluster.request(node, message);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.code === 'refused') throw new ServerError('not-found', 'that server knows nobody of this secret');
    throw new ServerError('unavailable', 'the server that you come from cannot be asked', 2);
  }
}
