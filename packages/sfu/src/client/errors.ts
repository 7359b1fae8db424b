export type ClientErrorCode =
  /** The answer has no address of the server's that this hub can reach. */
  | 'no-candidates'
  /** ICE or DTLS failed. */
  | 'connect-failed'
  /** A section or stream that isn't there. */
  | 'not-found'
  /** The peer or its hub is closed. */
  | 'closed';

/** What the client engine can't do; `message` is a sentence. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  constructor(
    readonly code: ClientErrorCode,
    message: string,
  ) {
    super(message);
  }
}
