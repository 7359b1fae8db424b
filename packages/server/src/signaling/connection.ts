/**
 * One signalling connection: carries out the requests of its client and is the `ParticipantClient` of whom it speaks for.
 * Knows nothing of sockets; `transport` sends.
 */
import type {
  ArriveReply,
  EnterReply,
  EnterRequest,
  IceServersReply,
  MigratedRequest,
  MuteRequest,
  OfferReply,
  OfferRequest,
  PlainReply,
  PublishRequest,
  RelayRequest,
  SayRequest,
  ServerEvents,
  ViewRequest,
} from '@efir/protocol';
import type { z } from 'zod';
import type { Tokens } from '../auth/tokens.js';
import type { IceServers } from '../auth/turn.js';
import { publisherArrives } from '../broadcast/arrivals.js';
import type { Broadcasts } from '../broadcast/broadcasts.js';
import { otherAddresses } from '../cluster/others.js';
import { ServerError } from '../errors.js';
import type { Limits } from '../limits.js';
import { answerOffer } from '../rooms/negotiation.js';
import type { Calls } from '../rooms/nodes/calls.js';
import { Participant, type ParticipantClient } from '../rooms/participant.js';
import type { Room } from '../rooms/room.js';
import type { Rooms } from '../rooms/rooms.js';
import { Arrival } from './arrival.js';
import { publish, relay, say } from './mesh-relay.js';

export interface ConnectionContext {
  rooms: Rooms;
  broadcasts: Broadcasts;
  calls: Calls;
  tokens: Tokens;
  limits: Limits;
  /** For a participant whose page came from `host` (the HTTP header). */
  iceServers(participant: string, host: string | undefined): IceServers;
}

export interface ConnectionTransport {
  send<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void;
  disconnect(): void;
  /** What rate limits count it under. */
  address: string;
  /** The client is on this machine. */
  loopback: boolean;
  /** The HTTP header. */
  host: string | undefined;
}

const MAX_ALTERNATIVES = 8;

type Ok<T> = Extract<T, { ok: true }>;

export class Connection implements ParticipantClient {
  readonly #context: ConnectionContext;
  readonly #transport: ConnectionTransport;
  #room: Room | null = null;
  #participant: Participant | null = null;
  /** While they are to come over from another node. */
  #arrival: Arrival | null = null;
  #entering = false;
  #batches = false;
  #closed = false;

  constructor(context: ConnectionContext, transport: ConnectionTransport) {
    this.#context = context;
    this.#transport = transport;
  }

  get batches(): boolean {
    return this.#batches;
  }

  get entered(): boolean {
    return this.#participant !== null || this.#entering;
  }

  send<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void {
    this.#transport.send(event, payload);
  }

  close(reason: string, retry: boolean): void {
    this.#participant = null;
    this.#room = null;
    this.#transport.send('closed', { reason, retry });
    this.#transport.disconnect();
  }

  /** The connection is lost, whoever cut it. */
  lost(): void {
    this.#closed = true;
    this.#arrival?.giveUp();
    if (this.#participant) this.#room?.disconnected(this.#participant, this);
    this.#participant = null;
    this.#room = null;
  }

  async enter(request: z.output<typeof EnterRequest>): Promise<Ok<EnterReply>> {
    if (this.entered) throw new ServerError('conflict', 'you are in a room already: leave it first');
    this.#entering = true;
    this.#batches = request.batches;
    try {
      if (request.from !== undefined) return await this.#comeOver(request);
      const resumed = request.resume === undefined ? null : this.#resume(request.room, request.resume, request.name);
      return resumed ?? (await this.#join(request));
    } finally {
      this.#entering = false;
    }
  }

  async offer(request: z.output<typeof OfferRequest>): Promise<Ok<OfferReply>> {
    const { room, participant } = this.#membership();
    return { ok: true, sdp: await answerOffer(room, participant, request, this.#transport.loopback) };
  }

  async arrive(): Promise<Ok<ArriveReply>> {
    const { room, participant } = this.#membership();
    if (!this.#arrival) throw new ServerError('conflict', 'you come from nowhere');
    await this.#arrival.finish(this);
    this.#arrival = null;
    this.#tellLater(room, participant);
    return { ok: true, room: room.info(), participants: room.participantInfos() };
  }

  async mute({ source, muted }: MuteRequest): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    room.mute(participant, source, muted);
    return { ok: true };
  }

  async publish(request: z.output<typeof PublishRequest>): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    publish(room, participant, request);
    return { ok: true };
  }

  async relay(request: z.output<typeof RelayRequest>): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    relay(room, participant, request);
    return { ok: true };
  }

  async migrated(request: MigratedRequest): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    room.topology.report(participant, request);
    return { ok: true };
  }

  async say(request: SayRequest): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    await say(room, participant, request, this.#context.limits);
    return { ok: true };
  }

  async view(request: z.output<typeof ViewRequest>): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    room.view(participant, request);
    return { ok: true };
  }

  async iceServers(): Promise<Ok<IceServersReply>> {
    const { participant } = this.#membership();
    return { ok: true, ...this.#context.iceServers(participant.id, this.#transport.host) };
  }

  async leave(): Promise<Ok<PlainReply>> {
    const { room, participant } = this.#membership();
    this.#participant = null;
    this.#room = null;
    participant.client = null;
    if (this.#arrival) this.#arrival.giveUp();
    else room.leave(participant, 'left');
    this.#arrival = null;
    return { ok: true };
  }

  #resume(roomId: string, secret: string, name: string): Ok<EnterReply> | null {
    const room = this.#context.rooms.find(roomId);
    const participant = room?.resume(secret);
    if (!room || !participant) return null;
    room.connect(participant, this);
    room.rename(participant, name);
    // In a mesh there is nothing of theirs here that could be lost.
    const mesh = room.topology.current === 'mesh' && !participant.sfuOnly;
    const media = participant.media !== null && !participant.needsFresh;
    return this.#entered(room, participant, mesh || media);
  }

  async #comeOver(request: z.output<typeof EnterRequest>): Promise<Ok<EnterReply>> {
    await this.#context.limits.take('joins', this.#transport.address);
    const arrival = await Arrival.begin(this.#context, request, this);
    if (this.#closed) {
      arrival.giveUp();
      throw new ServerError('unavailable', 'the connection is gone');
    }
    this.#arrival = arrival;
    return this.#entered(arrival.room, arrival.participant, false);
  }

  async #join({ room: roomId, name, token, mesh, resume }: z.output<typeof EnterRequest>): Promise<Ok<EnterReply>> {
    const { rooms, broadcasts, calls, tokens, limits } = this.#context;
    await limits.take('joins', this.#transport.address);
    const grant = await tokens.grant(roomId, token);
    if (!rooms.find(roomId)) await limits.take('rooms', this.#transport.address);
    await publisherArrives(broadcasts, roomId);
    const other = broadcasts.home(roomId) ? null : calls.sendOn(roomId, 'participant');
    if (other) throw new ServerError('elsewhere', `this server is to end: ${other.url}`, undefined, other.url);
    const room = await calls.enter(roomId);
    // Perhaps they were on another node, which they can't reach any more.
    const before = resume === undefined ? null : await room.nodes.take(resume);
    if (this.#closed) {
      room.checkEmpty();
      throw new ServerError('unavailable', 'the connection is gone');
    }
    const participant = new Participant({
      ...(before && { id: before.id, before }),
      name: grant.name ?? name,
      nameFixed: grant.name !== undefined,
      permissions: { publish: grant.publish, subscribe: grant.subscribe },
      mesh,
    });
    try {
      room.join(participant);
    } catch (error) {
      room.checkEmpty();
      throw error;
    }
    room.connect(participant, this);
    return this.#entered(room, participant, false);
  }

  #entered(room: Room, participant: Participant, resumed: boolean): Ok<EnterReply> {
    this.#room = room;
    this.#participant = participant;
    const { pending } = room.topology;
    this.#tellLater(room, participant);
    return {
      ok: true,
      participant: participant.id,
      resume: participant.resumeSecret,
      resumed,
      room: room.info(),
      ...(pending && { migration: pending }),
      participants: room.participantInfos(),
      ...this.#alternatives(),
      ...this.#context.iceServers(participant.id, this.#transport.host),
    };
  }

  /** After the reply, which says nothing of it or not all. */
  #tellLater(room: Room, participant: Participant): void {
    setImmediate(() => {
      if (participant.client === this) room.tellState(participant);
    });
  }

  #alternatives(): { alternatives?: string[] } {
    const { cluster, clustered } = this.#context.broadcasts;
    return clustered ? { alternatives: otherAddresses(cluster, MAX_ALTERNATIVES) } : {};
  }

  #membership(): { room: Room; participant: Participant } {
    if (!this.#room || !this.#participant || this.#participant.gone) {
      throw new ServerError('conflict', 'enter a room first');
    }
    return { room: this.#room, participant: this.#participant };
  }
}
