/**
 * The classic rooms protocol on the default namespace of Socket.IO, for clients that know nothing but these events: a mesh
 * in which every pair has a PeerConnection. Requests need no ack; one that is refused is told by `error-message`.
 * `peerID` is the other's socket id, or the participant id of somebody in our app.
 */
import { z } from 'zod';
import type { ErrorReply } from './errors.js';
import { ParticipantId } from './room.js';
import { MAX_CANDIDATE_LENGTH, MAX_SDP_LENGTH } from './topology.js';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Rooms of classic clients are UUIDs of version 4 (RFC 9562); they alone are told in `share-rooms`. */
export const ClassicRoomId = z.string().regex(UUID_V4, 'a room id is a UUID of version 4');

/** `join`. */
export const ClassicJoin = z.object({ room: ClassicRoomId });

/** `relay-sdp`. Further fields of what browsers give are dropped. */
export const ClassicRelaySdp = z.object({
  peerID: ParticipantId,
  sessionDescription: z.object({
    type: z.enum(['offer', 'answer', 'pranswer', 'rollback']),
    sdp: z.string().max(MAX_SDP_LENGTH).default(''),
  }),
});

/** `relay-ice`. Null, the end of candidates, is not passed on: classic clients don't expect it. */
export const ClassicRelayIce = z.object({
  peerID: ParticipantId,
  iceCandidate: z
    .object({
      candidate: z.string().max(MAX_CANDIDATE_LENGTH),
      sdpMid: z.string().max(64).nullish(),
      sdpMLineIndex: z.number().int().min(0).max(65_535).nullish(),
      usernameFragment: z.string().max(256).nullish(),
    })
    .nullable(),
});

export interface ClassicServerEvents {
  /** Rooms that somebody is in: on connection, and to everyone on every change. */
  'share-rooms': { rooms: string[] };
  /** Make a connection to that peer; who has `createOffer` offers. */
  'add-peer': { peerID: string; createOffer: boolean };
  'remove-peer': { peerID: string };
  'session-description': { peerID: string; sessionDescription: { type: string; sdp: string } };
  'ice-candidate': { peerID: string; iceCandidate: z.output<typeof ClassicRelayIce>['iceCandidate'] };
  /** A request was refused. */
  'error-message': ErrorReply;
  /** A request had no effect: the room was joined already. */
  warning: { message: string };
}
