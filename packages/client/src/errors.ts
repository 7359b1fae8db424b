import type { ErrorReply, TrackSource } from '@efir/protocol';

/** What went wrong on this side of the wire. */
export type LocalErrorCode =
  /** No such device, or none that meets the constraints. */
  | 'no-device'
  /** The person or the browser's policy said no. */
  | 'permission-denied'
  /** The device is there, but another program holds it or the system failed to start it. */
  | 'device-busy'
  /** The page isn't served over HTTPS (or from localhost): browsers give no devices to it. */
  | 'not-secure'
  /** This browser lacks something without which a call can't work. */
  | 'unsupported-browser'
  /** The person closed the picker of what to share. */
  | 'cancelled'
  /** The server can't be reached, or the connection to it broke. */
  | 'signalling'
  /** The server didn't answer in time. */
  | 'timeout'
  /** Signalling works, but media gets through neither by UDP nor by TCP. */
  | 'media-blocked'
  /** The relay (TURN) did not take our credentials. */
  | 'relay-refused'
  /** The credentials for the relay are out of date: come in again for new ones. */
  | 'relay-expired'
  /** Only relays are allowed, and there is none, or none answers. */
  | 'relay-unreachable'
  /** No data channel leads there, or it was closed. */
  | 'no-channel'
  /** The browser refused a session description. */
  | 'negotiation'
  /** A device went away during the call. */
  | 'device-lost'
  /** The room was left or closed. */
  | 'closed';

/** Codes that the server sends are passed on as they are: `room-full`, `unauthorized`, `not-found`, … */
export type EfirErrorCode = LocalErrorCode | ErrorReply['code'];

/** The one error class of this SDK: switch on `code`; `message` is an English sentence for logs. */
export class EfirError extends Error {
  override readonly name = 'EfirError';
  constructor(
    readonly code: EfirErrorCode,
    message: string,
    /** The track it is about, if any; `cause` is the browser's own error. */
    readonly details: { source?: TrackSource; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
  }

  get source(): TrackSource | undefined {
    return this.details.source;
  }
}

/** Anything thrown, as an `EfirError`. */
export function asEfirError(error: unknown, code: EfirErrorCode = 'internal'): EfirError {
  if (error instanceof EfirError) return error;
  return new EfirError(code, error instanceof Error ? error.message : String(error), { cause: error });
}

const MEDIA_ERRORS: Record<string, LocalErrorCode> = {
  NotFoundError: 'no-device',
  DevicesNotFoundError: 'no-device',
  OverconstrainedError: 'no-device',
  NotAllowedError: 'permission-denied',
  PermissionDeniedError: 'permission-denied',
  SecurityError: 'permission-denied',
  NotReadableError: 'device-busy',
  TrackStartError: 'device-busy',
  AbortError: 'device-busy',
  TypeError: 'not-secure',
};

/** What `getUserMedia` and `getDisplayMedia` reject with, by name (Media Capture and Streams, section 10). */
export function mediaError(error: unknown, source: TrackSource): EfirError {
  if (error instanceof EfirError) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const code = MEDIA_ERRORS[name] ?? 'device-busy';
  const text = error instanceof Error && error.message ? error.message : name || 'unknown failure';
  return new EfirError(code, `The ${source} can't be used: ${text}`, { source, cause: error });
}
