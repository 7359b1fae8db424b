/**
 * What two nodes say to each other to make a pipe: the one that wants a room's streams asks, with what authenticates its end;
 * the answer has the same of the other end, and where that is.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { RoomName } from '../schema.js';

/** RFC 8445 section 5.3: ice-char, 4 to 256 of ufrag and 22 to 256 of password. */
const Ice = z.strictObject({
  usernameFragment: z.string().regex(/^[A-Za-z0-9+/]{4,64}$/),
  password: z.string().regex(/^[A-Za-z0-9+/]{22,128}$/),
});
const Fingerprint = z.strictObject({
  algorithm: z.literal('sha-256'),
  value: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$/),
});
const Candidate = z.strictObject({
  protocol: z.enum(['udp', 'tcp']),
  address: z.string().refine((text) => isIP(text) !== 0, 'is an IP address'),
  port: z.number().int().min(1).max(65_535),
});

export const PIPE_OPEN = 'pipe-open';
export const PipeOpen = z.strictObject({
  type: z.literal(PIPE_OPEN),
  room: RoomName,
  /** What came to the asked node by pipes is wanted as well. */
  relay: z.boolean(),
  ice: Ice,
  fingerprint: Fingerprint,
});
export type PipeOpen = z.infer<typeof PipeOpen>;

export const PipeOpened = z.strictObject({
  ice: Ice,
  fingerprint: Fingerprint,
  candidates: z.array(Candidate).min(1).max(64),
});
export type PipeOpened = z.infer<typeof PipeOpened>;
