/** Where the server meets SDP: offers are read, agreed on and answered by `@efir/rtc`; its errors become the protocol's. */
import { type Negotiated, negotiate, type ParsedOffer, parseOffer, SdpError, type SdpErrorCode } from '@efir/rtc';
import { type ErrorCode, ServerError } from '../errors.js';

export interface OfferPolicy {
  /** The client may send. */
  publish: boolean;
  /** The client may receive. */
  subscribe: boolean;
  /** In order of preference. */
  videoCodecs: readonly string[];
  /** All that we send is one stream of this id, for players that take it so. */
  streamId?: string;
}

/** Throws `ServerError` `bad-sdp` or `too-large`. */
export function readOffer(sdp: string): ParsedOffer {
  return translated(() => parseOffer(sdp));
}

/** Throws `ServerError` `unsupported` if there is nothing to agree on, `conflict` if it contradicts the offer before. */
export function agreeOn(
  offer: ParsedOffer,
  policy: OfferPolicy,
  own: { previous: Negotiated | undefined; allocateSsrc: () => number; cname: string; data: boolean },
): Negotiated {
  return translated(() => negotiate(offer, { ...policy, ...own, repair: REPAIR }));
}

/** What we can add for those who lose packets, where they offer to take it. */
const REPAIR = { redAudio: true, ulpfec: true, flexfec: true };

/** All others are `bad-sdp`. */
const CODES: Partial<Record<SdpErrorCode, ErrorCode>> = {
  unsupported: 'unsupported',
  'too-large': 'too-large',
  changed: 'conflict',
};

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    throw new ServerError(CODES[error.code] ?? 'bad-sdp', error.message);
  }
}
