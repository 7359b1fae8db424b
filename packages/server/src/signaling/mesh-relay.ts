/**
 * What participants tell each other through the server: descriptions and candidates of their mesh connections, what they
 * publish there, and messages for which no data channel is open. Only ever within their room.
 */
import type { PublishRequest, RelayRequest, SayRequest } from '@efir/protocol';
import type { z } from 'zod';
import { ServerError } from '../errors.js';
import type { Limits } from '../limits.js';
import { MAX_REQUEST_BYTES, sizeOf } from '../rooms/nodes/outbox.js';
import { KIND_OF, type Participant, type ParticipantClient, type Track } from '../rooms/participant.js';
import type { Room } from '../rooms/room.js';

/** Throws `not-found`, `conflict` if the two have no mesh between them, `unavailable` while the other is not connected. */
export function relay(room: Room, from: Participant, { to, ...message }: z.output<typeof RelayRequest>): void {
  if (room.nodes.elsewhere.people.has(to))
    throw new ServerError('conflict', 'they are on another node: offer to the SFU');
  const other = otherParticipant(room, from, to);
  if (!room.topology.usesMesh(from, other)) throw new ServerError('conflict', 'the room is on the SFU: offer to that');
  connected(other).send('relay', { from: from.id, ...message });
}

/** Throws `bad-request`, or `conflict` in a room on the SFU. */
export function publish(room: Room, participant: Participant, { tracks }: z.output<typeof PublishRequest>): void {
  const mesh = room.topology.current === 'mesh' || room.topology.pending?.topology === 'mesh';
  if (!mesh || participant.sfuOnly)
    throw new ServerError('conflict', 'the room is on the SFU: the offer says what you send');
  const published = tracks.map(({ id, source, kind, muted }): Track => {
    const track = { mid: source, kind: KIND_OF[source], source, muted };
    if (kind !== undefined && kind !== track.kind) {
      throw new ServerError('bad-request', `tracks: a ${source} is ${track.kind}`);
    }
    if (id !== undefined && id !== participant.trackId(source)) {
      throw new ServerError('bad-request', `tracks: the id of your ${source} is ${participant.trackId(source)}`);
    }
    return track;
  });
  if (new Set(published.map(({ source }) => source)).size < published.length) {
    throw new ServerError('bad-request', 'tracks: each source may be there once');
  }
  room.publish(participant, published);
}

/** Throws `not-found`, `unavailable`, `unsupported` to a classic client, or `rate-limited`: what counts is how much goes out. */
export async function say(
  room: Room,
  from: Participant,
  { to, channel, data }: SayRequest,
  limits: Limits,
): Promise<void> {
  const apart = room.nodes.receivers(to);
  const one = to === null || apart > 0 ? null : hearing(otherParticipant(room, from, to));
  const receivers = one ? [one] : to === null ? clientsBut(room, from) : [];
  const message = { from: from.id, to, channel, data };
  if (apart > 0 && sizeOf(message) > MAX_REQUEST_BYTES) {
    throw new ServerError('too-large', 'too long for another node: too much of it needs escapes');
  }
  await limits.take('said', from.id, (receivers.length + apart) * Math.ceil((data.length + 1) / 1024));
  for (const receiver of receivers) receiver.send('said', { from: from.id, channel, data });
  if (apart > 0 && !room.nodes.say(message)) {
    throw new ServerError('unavailable', 'another node cannot be reached at the moment', 2);
  }
}

function clientsBut(room: Room, from: Participant): ParticipantClient[] {
  return [...room.participants.values()].flatMap((other) =>
    other === from || other.classic || !other.client ? [] : [other.client],
  );
}

function hearing(other: Participant): ParticipantClient {
  if (other.classic)
    throw new ServerError('unsupported', 'a classic client has no messages but those of its connection');
  return connected(other);
}

function otherParticipant(room: Room, from: Participant, to: string): Participant {
  const other = room.participants.get(to);
  if (!other || other === from)
    throw new ServerError('not-found', 'there is no other participant of this id in the room');
  return other;
}

function connected({ client }: Participant): ParticipantClient {
  if (!client) throw new ServerError('unavailable', 'that participant is not connected at the moment');
  return client;
}
