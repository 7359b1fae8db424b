import { RtcError } from '../errors.js';

export type SdpErrorCode =
  /** Not SDP, or SDP that contradicts itself. */
  | 'garbage'
  /** Too many characters, lines or sections. */
  | 'too-large'
  /** Nothing in it that we could take part in. */
  | 'unsupported'
  | 'no-ice'
  | 'no-fingerprint'
  | 'no-bundle'
  | 'no-rtcp-mux'
  | 'bad-setup'
  /** A new offer contradicts what was agreed before. */
  | 'changed';

/** A description that can't be used; the message says why to whoever sent it. */
export class SdpError extends RtcError {
  declare readonly code: SdpErrorCode;

  constructor(code: SdpErrorCode, message: string) {
    super(code, message);
  }
}
