/**
 * What a node tells the others of a call: its participants, what they publish, on which transport. The whole of it each
 * time; the others find out what is new in it.
 */
import { DisplayName, MAX_TRACKS, Mid, ParticipantId, TrackSource } from '@efir/protocol';
import { z } from 'zod';
import type { Participant } from '../participant.js';

/** People of one node and room that others are told of: what one announcement holds. */
export const MAX_TOLD = 2000;
/** Of JSON, for all of them; below what the cluster takes, which signs and wraps it. */
const MAX_TOLD_BYTES = 180_000;

/** Of the secret with which somebody comes back, see `secretTag`. */
export const SecretTag = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const TransportId = z.string().regex(/^[A-Za-z0-9_-]{1,64}\.\d{1,9}$/);

export const Person = z
  .strictObject({
    id: ParticipantId,
    name: DisplayName,
    joinedAt: z.number(),
    tag: SecretTag,
    /** Their producers are `${transport}/${mid}`; null: it is gone, and another one not there yet. */
    transport: TransportId.nullable(),
    /** How many they had. */
    transports: z.number().int().min(0).max(1_000_000_000),
    /** Sent to the SFU. */
    tracks: z
      .array(z.strictObject({ mid: Mid, kind: z.enum(['audio', 'video']), source: TrackSource, muted: z.boolean() }))
      .max(MAX_TRACKS),
  })
  .refine(({ id, transport }) => transport === null || transport.startsWith(`${id}.`), 'another one’s transport');
export type Person = z.infer<typeof Person>;

export const Presence = z.strictObject({
  kind: z.literal('call'),
  people: z.array(Person).max(MAX_TOLD),
  /** Those that there was no space for. */
  untold: z.number().int().min(0).max(1_000_000),
  viewers: z.number().int().min(0).max(10_000_000),
  /** Clients of the classic rooms protocol: the room can be on their node only. */
  classic: z.number().int().min(0).max(1_000_000),
});
export type Presence = z.infer<typeof Presence>;

export function presenceOf(participants: Iterable<Participant>, viewers: number): Presence {
  const presence: Presence = { kind: 'call', people: [], untold: 0, viewers, classic: 0 };
  let bytes = 0;
  for (const participant of participants) {
    if (participant.classic) {
      presence.classic++;
      continue;
    }
    const person = personOf(participant);
    bytes += Buffer.byteLength(JSON.stringify(person)) + 1;
    if (presence.people.length < MAX_TOLD && bytes <= MAX_TOLD_BYTES) presence.people.push(person);
    else presence.untold++;
  }
  return presence;
}

function personOf({ id, name, joinedAt, resumeTag, media, transports, tracks }: Participant): Person {
  return {
    ...{ id, name, joinedAt, tag: resumeTag, transport: media?.transport ?? null, transports },
    tracks: tracks.map(({ mid, kind, source, muted }) => ({ mid, kind, source, muted })),
  };
}
