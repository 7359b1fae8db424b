/** What goes wrong between nodes. The message is a sentence for the log or for whoever asked. */

export type ClusterErrorCode =
  /** The cluster's memory can't be reached, or is not to be trusted yet: try again in `retryAfterSeconds`. */
  | 'unavailable'
  /** The other node did not answer in time. */
  | 'timeout'
  /** There is no such node, or it is gone. */
  | 'no-node'
  /** The other node answered with an error, which is in `remoteCode` and the message. */
  | 'refused'
  /** Above the size that one message may have. */
  | 'too-large'
  /** Too many requests are under way. */
  | 'overloaded'
  /** The nodes that are there have another secret. */
  | 'wrong-secret'
  /** A node with this id is there. */
  | 'id-taken'
  /** This node has left. */
  | 'closed';

export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  constructor(
    readonly code: ClusterErrorCode,
    message: string,
    readonly details: { retryAfterSeconds?: number; remoteCode?: string } = {},
  ) {
    super(message);
  }

  get retryAfterSeconds(): number | undefined {
    return this.details.retryAfterSeconds;
  }

  /** The code that the other node's handler failed with. */
  get remoteCode(): string | undefined {
    return this.details.remoteCode;
  }
}
