import type { InboundCounters } from './inbound.js';

/** Of all associations of a worker together, by metric name. */
export interface SctpCounters extends InboundCounters {
  sctpPacketsReceived: number;
  sctpPacketsSent: number;
  /** Not SCTP, or with chunks that are not what they claim. */
  sctpMalformed: number;
  sctpWrongTag: number;
  /** Well-formed, but not in this state or about what was never sent. */
  sctpRefused: number;
  sctpRetransmitted: number;
  /** Messages given up under partial reliability. */
  sctpAbandoned: number;
}

export function sctpCounters(): SctpCounters {
  return {
    sctpPacketsReceived: 0,
    sctpPacketsSent: 0,
    sctpMalformed: 0,
    sctpWrongTag: 0,
    sctpRefused: 0,
    sctpRetransmitted: 0,
    sctpAbandoned: 0,
    sctpDuplicates: 0,
    sctpBeyondWindow: 0,
    sctpTooLong: 0,
    sctpStrayFragments: 0,
  };
}
