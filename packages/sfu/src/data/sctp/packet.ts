/**
 * SCTP packets as they come: checked whole before anything looks inside (RFC 9260 section 3). Chunks are ranges of the packet;
 * lengths are right, parameters end where they say, lists have as many entries as they claim.
 */
import { crc32c } from 'werift-sctp/lib/common/src/crc.js';

export const DATA = 0;
export const INIT = 1;
export const INIT_ACK = 2;
export const SACK = 3;
export const HEARTBEAT = 4;
export const HEARTBEAT_ACK = 5;
export const ABORT = 6;
export const SHUTDOWN = 7;
export const SHUTDOWN_ACK = 8;
export const ERROR = 9;
export const COOKIE_ECHO = 10;
export const COOKIE_ACK = 11;
export const SHUTDOWN_COMPLETE = 14;
export const RECONFIG = 130;
export const FORWARD_TSN = 192;

export const COMMON_HEADER_BYTES = 12;
export const DATA_HEADER_BYTES = 16;
const CHUNK_HEADER_BYTES = 4;
const MAX_PACKET_BYTES = 2_048;
/** More than fit with one byte of data each into what a sender puts into one datagram. */
const MAX_CHUNKS = 96;

export interface ChunkView {
  type: number;
  flags: number;
  /** First byte of the body, after the chunk's header. */
  at: number;
  /** Where the body ends, without padding. */
  end: number;
}

export interface PacketView {
  sourcePort: number;
  destinationPort: number;
  tag: number;
  chunks: ChunkView[];
}

/** Null for anything that is not a whole SCTP packet. Overwrites the checksum with zeros. */
export function readPacket(bytes: Uint8Array): PacketView | null {
  if (bytes.length < COMMON_HEADER_BYTES + CHUNK_HEADER_BYTES || bytes.length > MAX_PACKET_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const checksum = view.getUint32(8, true);
  view.setUint32(8, 0);
  if (crc32c(bytes as Buffer) !== checksum) return null;
  const chunks: ChunkView[] = [];
  for (let at = COMMON_HEADER_BYTES; at < bytes.length; ) {
    if (at + CHUNK_HEADER_BYTES > bytes.length || chunks.length === MAX_CHUNKS) return null;
    const length = view.getUint16(at + 2);
    if (length < CHUNK_HEADER_BYTES || at + length > bytes.length) return null;
    const chunk = { type: bytes[at], flags: bytes[at + 1], at: at + CHUNK_HEADER_BYTES, end: at + length };
    if (!wellFormed(view, chunk)) return null;
    chunks.push(chunk);
    at += (length + 3) & ~3;
  }
  const alone = chunks.some(({ type }) => type === INIT || type === INIT_ACK || type === SHUTDOWN_COMPLETE);
  if (alone && chunks.length > 1) return null;
  return { sourcePort: view.getUint16(0), destinationPort: view.getUint16(2), tag: view.getUint32(4), chunks };
}

/** Writes the checksum over a packet that is complete but for it. */
export function sealPacket(packet: Uint8Array): void {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  view.setUint32(8, 0);
  view.setUint32(8, crc32c(packet as Buffer), true);
}

function wellFormed(view: DataView, { type, at, end }: ChunkView): boolean {
  const length = end - at;
  switch (type) {
    case DATA:
      return length > DATA_HEADER_BYTES - CHUNK_HEADER_BYTES;
    case INIT:
    case INIT_ACK:
      return length >= 16 && view.getUint32(at) !== 0 && parametersFit(view, at + 16, end);
    case SACK:
      return length >= 12 && length === 12 + 4 * (view.getUint16(at + 8) + view.getUint16(at + 10));
    case HEARTBEAT:
    case ABORT:
    case ERROR:
      return parametersFit(view, at, end);
    case RECONFIG:
      return parametersFit(view, at, end) && reconfigFits(view, at);
    case COOKIE_ECHO:
      return length > 0;
    case SHUTDOWN:
      return length === 4;
    case FORWARD_TSN:
      return length >= 4 && length % 4 === 0;
    default:
      return true;
  }
}

/** RFC 9260 section 3.2.1: type, length of at least 4, value, padding. */
function parametersFit(view: DataView, from: number, end: number): boolean {
  let count = 0;
  for (let at = from; at < end; ) {
    if (at + 4 > end || ++count > 32) return false;
    const length = view.getUint16(at + 2);
    if (length < 4 || at + length > end) return false;
    at += (length + 3) & ~3;
  }
  return true;
}

/** The first parameter; a second one is a response (RFC 6525 section 3.1). */
function reconfigFits(view: DataView, at: number): boolean {
  const type = view.getUint16(at);
  const length = view.getUint16(at + 2) - 4;
  if (type === 13) return length >= 12 && length % 2 === 0;
  return type !== 16 || length >= 8;
}

/** Gap blocks ascend, and lie within what was sent (RFC 9260 section 3.3.4). */
export function gapsFit(view: DataView, at: number, sentAhead: number): boolean {
  const count = view.getUint16(at + 8);
  let last = 0;
  for (let i = 0; i < count; i++) {
    const begin = view.getUint16(at + 12 + 4 * i);
    const end = view.getUint16(at + 14 + 4 * i);
    if (begin <= last || end < begin || end > sentAhead) return false;
    last = end;
  }
  return true;
}
