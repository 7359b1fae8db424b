export type SfuErrorCode = 'not-found' | 'conflict' | 'bad-request' | 'limit' | 'unavailable';

/** A request to the engine that it can't carry out; `message` is a sentence for the caller's log. */
export class SfuError extends Error {
  constructor(
    readonly code: SfuErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'SfuError';
  }
}
