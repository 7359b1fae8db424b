/** The section of the data channels (RFC 8841): SCTP over the bundle's DTLS. There is one association, so one section. */
import { SdpError } from './error.js';
import type { Section } from './section.js';

export interface DataParameters {
  mid: string;
  /** The client's SCTP port. Ours is `SCTP_PORT`. */
  sctpPort: number;
  /** Longest message that the client takes, bytes. */
  maxMessageSize: number;
}

/** What our answers say; also what clients use unless told otherwise. */
export const SCTP_PORT = 5_000;
/** Longest message that we take, bytes. */
export const MAX_DATA_MESSAGE_BYTES = 262_144;

const DATA_PROTOCOL = /^(UDP|TCP)\/DTLS\/SCTP$/;
const DATA_FORMAT = 'webrtc-datachannel';
/** RFC 8841 section 6.1: what holds when the attribute is missing. */
const DEFAULT_MAX_MESSAGE_SIZE = 65_536;

/** Why the section can't be served, or null. */
export function dataRejection(section: Section): string | null {
  if (!DATA_PROTOCOL.test(section.protocol)) return `the protocol ${section.protocol.slice(0, 32)} is not served`;
  if (!section.formats.split(' ').includes(DATA_FORMAT)) return 'it is no section of data channels';
  if (section.sctpPort === undefined) return 'it has no a=sctp-port';
  return null;
}

export function readData(section: Section): DataParameters {
  const { mid, sctpPort = SCTP_PORT, maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE } = section;
  // 0: whatever the implementation bears (RFC 8841 section 6.1).
  return { mid, sctpPort, maxMessageSize: maxMessageSize === 0 ? Number.MAX_SAFE_INTEGER : maxMessageSize };
}

/** The association of a section stays the one it is. */
export function checkDataContinuity(data: DataParameters, previous: DataParameters | undefined): void {
  if (previous && previous.mid === data.mid && previous.sctpPort !== data.sctpPort) {
    throw new SdpError('changed', `Section "${data.mid}" has another a=sctp-port than before.`);
  }
}

/** Lines of a data section of ours, in an offer or an answer; the transport's come from the caller. */
export function dataLines(mid: string, sctpPort = SCTP_PORT, maxMessageSize = MAX_DATA_MESSAGE_BYTES) {
  return {
    type: 'application',
    protocol: 'UDP/DTLS/SCTP',
    payloads: DATA_FORMAT,
    mid,
    sctpPort,
    maxMessageSize,
    rtp: [],
    fmtp: [],
  };
}
