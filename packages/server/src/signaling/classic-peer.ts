/**
 * A client of the classic rooms protocol in a room. To the room it is a participant like others, whose id is its socket's;
 * to the client everybody in the room is a peer. A socket is in one room at a time.
 */
import type { ClassicJoin, ClassicRelayIce, ClassicRelaySdp, ClassicServerEvents, ServerEvents } from '@efir/protocol';
import type { z } from 'zod';
import type { Tokens } from '../auth/tokens.js';
import { ServerError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { Calls } from '../rooms/nodes/calls.js';
import { Participant, type ParticipantClient } from '../rooms/participant.js';
import type { Room } from '../rooms/room.js';
import type { Rooms } from '../rooms/rooms.js';
import { relay } from './mesh-relay.js';

export interface ClassicContext {
  rooms: Rooms;
  calls: Calls;
  tokens: Tokens;
  limits: Limits;
}

export interface ClassicTransport {
  /** Of the socket. */
  id: string;
  send<E extends keyof ClassicServerEvents>(event: E, payload: ClassicServerEvents[E]): void;
  /** What rate limits count it under. */
  address: string;
  /** A join token, from the handshake's `auth`. */
  token: string | undefined;
}

export class ClassicPeer implements ParticipantClient {
  readonly #context: ClassicContext;
  readonly #transport: ClassicTransport;
  #room: Room | null = null;
  #participant: Participant | null = null;
  /** Those it was told to connect to. */
  readonly #peers = new Set<string>();
  #lost = false;

  constructor(context: ClassicContext, transport: ClassicTransport) {
    this.#context = context;
    this.#transport = transport;
  }

  /** Again into the same room it is a warning, into another one the first is left. Throws `ServerError`. */
  async join({ room: id }: z.output<typeof ClassicJoin>): Promise<void> {
    const { rooms, calls, limits } = this.#context;
    if (this.#room?.id === id) {
      this.#transport.send('warning', { message: `you are in room ${id} already` });
      return;
    }
    await limits.take('joins', this.#transport.address);
    const { publish, subscribe } = await this.#context.tokens.grant(id, this.#transport.token);
    if (!publish || !subscribe) throw new ServerError('forbidden', 'in a mesh everybody sends and receives');
    if (!rooms.find(id)) await limits.take('rooms', this.#transport.address);
    const room = await calls.enter(id);
    if (this.#lost) {
      room.checkEmpty();
      return;
    }
    this.leave();
    this.#enter(room);
  }

  /** Nothing if it is in no room. */
  leave(): void {
    const room = this.#room;
    const participant = this.#participant;
    this.#forgetRoom();
    if (!room || !participant) return;
    participant.client = null;
    room.leave(participant, 'left');
  }

  relaySdp({ peerID, sessionDescription }: z.output<typeof ClassicRelaySdp>): void {
    const { room, participant } = this.#membership();
    relay(room, participant, { to: peerID, description: sessionDescription });
  }

  relayIce({ peerID, iceCandidate }: z.output<typeof ClassicRelayIce>): void {
    const { room, participant } = this.#membership();
    const candidate = iceCandidate && { sdpMid: null, sdpMLineIndex: null, ...iceCandidate };
    relay(room, participant, { to: peerID, candidate });
  }

  /** The socket is gone, and the participant with it: nobody can come back as the same one. */
  lost(): void {
    this.#lost = true;
    this.leave();
  }

  send<E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]): void {
    // The event tells the payload's type, which the compiler can't see.
    if (event === 'participant-joined') this.#joined(payload as ServerEvents['participant-joined']);
    else if (event === 'participant-left') this.#left(payload as ServerEvents['participant-left']);
    else if (event === 'relay') this.#relayed(payload as ServerEvents['relay']);
  }

  /** Put out of the room; the socket may join another one. */
  close(reason: string): void {
    this.#forgetRoom();
    this.#transport.send('error-message', { code: 'unavailable', message: reason });
  }

  #enter(room: Room): void {
    const { id } = this.#transport;
    const others = [...room.participants.values()];
    const participant = new Participant({
      id,
      name: `Guest ${id.replace(/[^A-Za-z0-9]/g, '').slice(0, 4)}`,
      permissions: { publish: true, subscribe: true },
      classic: true,
    });
    try {
      room.join(participant);
    } catch (error) {
      room.checkEmpty();
      throw error;
    }
    room.connect(participant, this);
    this.#room = room;
    this.#participant = participant;
    // Who is away for a moment offers on coming back.
    for (const other of others) this.#addPeer(other.id, other.client !== null);
  }

  #joined({ participant }: ServerEvents['participant-joined']): void {
    this.#addPeer(participant.id, false);
  }

  #left({ participant }: ServerEvents['participant-left']): void {
    if (this.#peers.delete(participant)) this.#transport.send('remove-peer', { peerID: participant });
  }

  #relayed({ from, description, candidate }: ServerEvents['relay']): void {
    if (description) this.#transport.send('session-description', { peerID: from, sessionDescription: description });
    else if (candidate) this.#transport.send('ice-candidate', { peerID: from, iceCandidate: candidate });
  }

  #addPeer(peerID: string, createOffer: boolean): void {
    this.#peers.add(peerID);
    this.#transport.send('add-peer', { peerID, createOffer });
  }

  #forgetRoom(): void {
    this.#room = null;
    this.#participant = null;
    if (!this.#lost) for (const peerID of this.#peers) this.#transport.send('remove-peer', { peerID });
    this.#peers.clear();
  }

  #membership(): { room: Room; participant: Participant } {
    if (!this.#room || !this.#participant) throw new ServerError('conflict', 'join a room first');
    return { room: this.#room, participant: this.#participant };
  }
}
