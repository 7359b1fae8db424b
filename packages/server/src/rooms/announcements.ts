/**
 * Tells a room who comes, changes and goes: each by itself at once, in rooms of more than `BATCHES_ABOVE` what has happened
 * in 100 ms together. Nobody is told of themselves, or of what was in the list of participants they entered with.
 */
import { BATCHES_ABOVE, type LeaveReason, type ParticipantInfo, type ServerEvents } from '@efir/protocol';
import type { RemoteParticipant } from './nodes/elsewhere.js';
import type { Participant, ParticipantClient } from './participant.js';

const BATCH_MS = 100;

/** A participant, here or on another node. */
export type Announced = Participant | RemoteParticipant;

export interface AnnouncingRoom {
  readonly participants: ReadonlyMap<string, Participant>;
  infoOf(participant: Announced): ParticipantInfo;
}

/** Of one participant within a batch: the moments, or null. */
interface Change {
  who: Announced;
  joined: number | null;
  updated: number | null;
  left: number | null;
  reason: LeaveReason;
}

type Batch = ServerEvents['participants'];

export class Announcements {
  readonly #room: AnnouncingRoom;
  readonly #changes = new Map<string, Change>();
  /** The moment of their list of participants, of those who got one during the batch. */
  readonly #entered = new Map<Participant, number>();
  /** Counts what happens. */
  #moment = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(room: AnnouncingRoom) {
    this.#room = room;
  }

  joined(participant: Announced): void {
    const before = this.#changes.get(participant.id);
    // Gone and back at once, from one node to another perhaps: to those who knew them, nothing but a change.
    const back = before !== undefined && before.left !== null && before.joined === null;
    const moment = ++this.#moment;
    this.#announce(participant, { left: null, ...(back ? { updated: moment } : { joined: moment }) });
  }

  /** Name or tracks. */
  updated(participant: Announced): void {
    this.#announce(participant, { updated: ++this.#moment });
  }

  left(participant: Announced, reason: LeaveReason): void {
    this.#entered.delete(participant as Participant);
    this.#announce(participant, { left: ++this.#moment, reason });
  }

  /** It is given a list of all participants now. */
  entered(participant: Participant): void {
    if (this.#timer) this.#entered.set(participant, ++this.#moment);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #announce(who: Announced, change: Partial<Change>): void {
    if (this.#closed) return;
    const none: Change = { who, joined: null, updated: null, left: null, reason: 'left' };
    this.#changes.set(who.id, { ...(this.#changes.get(who.id) ?? none), ...change, who });
    if (this.#timer) return;
    if (this.#room.participants.size > BATCHES_ABOVE) this.#timer = setTimeout(() => this.#tell(), BATCH_MS).unref();
    else this.#tell(true);
  }

  /** `singly`: also to those who know batches. */
  #tell(singly = false): void {
    this.#timer = null;
    const infos = new Map([...this.#changes].map(([id, { who }]) => [id, this.#room.infoOf(who)]));
    const common = this.#batch(infos, null);
    for (const participant of this.#room.participants.values()) {
      const { client } = participant;
      if (!client) continue;
      const own = this.#changes.has(participant.id) || this.#entered.has(participant);
      const batch = own ? this.#batch(infos, participant) : common;
      if (client.batches && !singly) sendBatch(client, batch);
      else sendSingly(client, batch);
    }
    this.#changes.clear();
    this.#entered.clear();
  }

  /** As it is for `receiver`; null: for one who has been there all the time. */
  #batch(infos: ReadonlyMap<string, ParticipantInfo>, receiver: Participant | null): Batch {
    const since = (receiver && this.#entered.get(receiver)) ?? 0;
    const batch: Batch = { joined: [], updated: [], left: [] };
    for (const [id, info] of infos) {
      if (id === receiver?.id) continue;
      const { joined, updated, left, reason } = this.#changes.get(id) as Change;
      const isNew = (joined ?? 0) > since;
      if (left !== null) {
        if (left > since && !isNew) batch.left.push({ participant: id, reason });
      } else if (isNew) batch.joined.push(info);
      else if ((updated ?? 0) > since) batch.updated.push(info);
    }
    return batch;
  }
}

function sendBatch(client: ParticipantClient, batch: Batch): void {
  if (batch.joined.length + batch.updated.length + batch.left.length > 0) client.send('participants', batch);
}

function sendSingly(client: ParticipantClient, { joined, updated, left }: Batch): void {
  for (const participant of joined) client.send('participant-joined', { participant });
  for (const participant of updated) client.send('participant-updated', { participant });
  for (const one of left) client.send('participant-left', one);
}
