/**
 * Bodies of the REST API. `GET /api/rooms` -> `RoomList`; `GET`/`PUT /api/rooms/{room}` -> `RoomInfo`;
 * `POST /api/rooms/{room}/token` -> `TokenReply`; every failure -> `ErrorBody`. `PUT` takes `RoomSettings`.
 */
import { z } from 'zod';
import { ErrorReply } from './errors.js';
import { DisplayName, RoomInfo } from './room.js';

/** Of every HTTP answer from 400 on. */
export const ErrorBody = z.object({ error: ErrorReply });
export type ErrorBody = z.infer<typeof ErrorBody>;

export const RoomList = z.array(RoomInfo);
export type RoomList = z.infer<typeof RoomList>;

/** Longest life of a join token: 30 days. */
export const MAX_TOKEN_TTL_SECONDS = 30 * 24 * 3600;

/** `POST /api/rooms/{room}/token`. */
export const TokenRequest = z.strictObject({
  /** The participant's name, whatever they ask for themselves. */
  name: DisplayName.optional(),
  /** May send. */
  publish: z.boolean().default(true),
  /** May receive. */
  subscribe: z.boolean().default(true),
  ttlSeconds: z.number().int().min(1).max(MAX_TOKEN_TTL_SECONDS).default(3600),
});
export type TokenRequest = z.infer<typeof TokenRequest>;

export const TokenReply = z.object({
  /** For `enter` (`token`) and for WHIP and WHEP (`Authorization: Bearer`). */
  token: z.string(),
  /** ms since the epoch. */
  expiresAt: z.number(),
});
export type TokenReply = z.infer<typeof TokenReply>;
