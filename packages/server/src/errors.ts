/**
 * What goes wrong in the server. A `ServerError` is an answer to a client: its code is the protocol's and becomes one HTTP
 * status or one ack error, here and nowhere else. A `StartError` is a sentence for whoever started the server.
 */
import type { ErrorReply } from '@efir/protocol';

export type ErrorCode = ErrorReply['code'];

export class ServerError extends Error {
  override readonly name = 'ServerError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** For `rate-limited`, `unavailable` and the like: when to try again, in seconds. */
    readonly retryAfterSeconds?: number,
    /** With `elsewhere`: where. */
    readonly url?: string,
  ) {
    super(message);
  }
}

export type StartErrorCode =
  | 'bad-config'
  | 'port-in-use'
  | 'port-forbidden'
  | 'bad-certificate'
  | 'media-failed'
  | 'cluster-refused';

/** The message is one sentence with the remedy. */
export class StartError extends Error {
  override readonly name = 'StartError';
  constructor(
    readonly code: StartErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export const HTTP_STATUS: Record<ErrorCode, number> = {
  'bad-request': 400,
  'bad-sdp': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  unsupported: 422,
  'rate-limited': 429,
  'room-full': 503,
  unavailable: 503,
  elsewhere: 307,
  internal: 500,
};

/** Longest message that the protocol carries. */
const MAX_MESSAGE = 500;

/** What the client is told. Whatever is not a `ServerError` is nobody's business but the log's. */
export function errorReply(error: unknown): ErrorReply {
  if (!(error instanceof ServerError)) return { code: 'internal', message: 'something went wrong here' };
  const { code, message, url } = error;
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
  return { code, message: short, ...(url !== undefined && { url }) };
}
