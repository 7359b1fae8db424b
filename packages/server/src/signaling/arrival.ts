/**
 * Somebody comes over from another node, which is to end and has told them so. They get media here while they still have it
 * there; when it flows they say `arrive`, and only then they are in the room here and not there any more.
 */
import type { EnterRequest } from '@efir/protocol';
import type { z } from 'zod';
import { publisherArrives } from '../broadcast/arrivals.js';
import { ServerError } from '../errors.js';
import { callAway, passportOf } from '../rooms/nodes/passages.js';
import { Participant, type ParticipantClient } from '../rooms/participant.js';
import type { Room } from '../rooms/room.js';
import type { ConnectionContext } from './connection.js';

export class Arrival {
  readonly #context: ConnectionContext;
  readonly #from: string;
  readonly #secret: string;

  private constructor(
    readonly room: Room,
    readonly participant: Participant,
    context: ConnectionContext,
    { from, secret }: { from: string; secret: string },
  ) {
    this.#context = context;
    this.#from = from;
    this.#secret = secret;
  }

  /** Throws `ServerError`: then they stay where they are. */
  static async begin(
    context: ConnectionContext,
    { room: roomId, resume: secret, from, mesh }: z.output<typeof EnterRequest>,
    client: ParticipantClient,
  ): Promise<Arrival> {
    const { broadcasts, calls } = context;
    if (secret === undefined || from === undefined) throw new ServerError('bad-request', 'from: goes with resume');
    const { id, name, nameFixed, joinedAt, transports, permissions } = await passportOf(
      broadcasts.cluster,
      from,
      roomId,
      secret,
    );
    await publisherArrives(broadcasts, roomId);
    const room = await calls.enter(roomId);
    try {
      if (room.topology.current !== 'sfu' || room.topology.pending)
        throw new ServerError('conflict', 'the room is not on the SFU: come in when the other server is gone');
      if (room.participants.has(id)) throw new ServerError('conflict', 'you are in the room here already');
      room.checkPlaceFor(id);
      const participant = new Participant({
        ...{ id, name, nameFixed, permissions, mesh },
        before: { joinedAt, transports },
      });
      participant.client = client;
      room.crossings.expect(participant, from);
      return new Arrival(room, participant, context, { from, secret });
    } catch (error) {
      room.checkEmpty();
      throw error;
    }
  }

  /** They are in the room here. Throws `ServerError`. */
  async finish(client: ParticipantClient): Promise<void> {
    const { room, participant } = this;
    const { cluster } = this.#context.broadcasts;
    if (!participant.media) throw new ServerError('conflict', 'there is no media yet: offer first');
    await callAway(cluster, this.#from, room.id, this.#secret);
    if (!room.crossings.isComing(participant)) throw new ServerError('unavailable', 'the connection is gone');
    try {
      room.join(participant);
    } catch (error) {
      this.giveUp();
      throw error;
    }
    participant.client = null;
    room.crossings.ended(participant, true);
    room.connect(participant, client);
  }

  giveUp(): void {
    this.room.crossings.ended(this.participant, false);
  }
}
