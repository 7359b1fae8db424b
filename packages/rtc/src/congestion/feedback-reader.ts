/** Reads transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1) without trust. */

import { readUint32 } from '../rtp/header.js';
import { ONE_BIT_STATUSES, TWO_BIT_STATUSES } from './status-chunks.js';

/**
 * A message about more packets than this is refused. A few bytes of run-length chunks can speak of 65,535, and nobody
 * remembers so many.
 */
export const MAX_FEEDBACK_STATUSES = 4096;

const HEADER_BYTES = 20;
const TICK_US = 250;

export interface TransportFeedbackSink {
  /**
   * `referenceTime` is in units of 64 ms, 24 bits, of the receiver's clock; `message` counts its messages in 8 bits, so that
   * one can tell if some were lost.
   */
  begin(baseSequence: number, count: number, referenceTime: number, message: number): void;
  /**
   * One status, in ascending order from the base, modulo 2^16. `arrivalUs` is the arrival since `referenceTime`; it can be
   * negative, and means nothing when the packet wasn't received.
   */
  packet(transportSequence: number, received: boolean, arrivalUs: number): void;
}

/**
 * Tells `sink` what the RTCP packet `bytes[offset, offset + length)` says. False, and the sink not called, when it isn't
 * transport-wide feedback, is cut off, contradicts itself or is about more than `MAX_FEEDBACK_STATUSES` packets.
 */
export function readTransportFeedback(
  bytes: Uint8Array,
  offset: number,
  length: number,
  sink: TransportFeedbackSink,
): boolean {
  if (length < HEADER_BYTES || offset < 0 || offset + length > bytes.length) return false;
  if ((bytes[offset] & 0xdf) !== 0x8f || bytes[offset + 1] !== 205) return false;
  const size = (((bytes[offset + 2] << 8) | bytes[offset + 3]) + 1) * 4;
  if (size > length) return false;
  let end = offset + size;
  if (bytes[offset] & 0x20) {
    const padding = bytes[end - 1];
    if (padding === 0 || padding > size - HEADER_BYTES) return false;
    end -= padding;
  }
  const base = (bytes[offset + 12] << 8) | bytes[offset + 13];
  const count = (bytes[offset + 14] << 8) | bytes[offset + 15];
  if (count === 0 || count > MAX_FEEDBACK_STATUSES) return false;
  const chunks = offset + HEADER_BYTES;
  const deltas = findDeltas(bytes, chunks, end, count);
  if (deltas < 0) return false;
  const reference = readUint32(bytes, offset + 16);
  sink.begin(base, count, reference >>> 8, reference & 0xff);
  tell(bytes, chunks, deltas, base, count, sink);
  return true;
}

/** Where the deltas start, or -1 when chunks or deltas are missing or a status is one that doesn't exist. */
function findDeltas(bytes: Uint8Array, chunks: number, end: number, count: number): number {
  let at = chunks;
  let deltaBytes = 0;
  for (let left = count; left > 0; ) {
    if (at + 2 > end) return -1;
    const chunk = (bytes[at] << 8) | bytes[at + 1];
    at += 2;
    const statuses = Math.min(left, statusesIn(chunk));
    left -= statuses;
    if (chunk < 0x8000) {
      // The symbol is the number of its delta's bytes, too.
      const symbol = chunk >> 13;
      if (symbol === 3 && statuses > 0) return -1;
      deltaBytes += symbol * statuses;
      continue;
    }
    for (let i = 0; i < statuses; i++) {
      const symbol = statusAt(chunk, i);
      if (symbol === 3) return -1;
      deltaBytes += symbol;
    }
  }
  return at + deltaBytes <= end ? at : -1;
}

function tell(
  bytes: Uint8Array,
  chunks: number,
  deltas: number,
  base: number,
  count: number,
  sink: TransportFeedbackSink,
): void {
  let chunkAt = chunks;
  let deltaAt = deltas;
  let arrivalUs = 0;
  for (let done = 0; done < count; ) {
    const chunk = (bytes[chunkAt] << 8) | bytes[chunkAt + 1];
    chunkAt += 2;
    const statuses = Math.min(count - done, statusesIn(chunk));
    for (let i = 0; i < statuses; i++, done++) {
      const symbol = statusAt(chunk, i);
      if (symbol === 1) {
        arrivalUs += bytes[deltaAt] * TICK_US;
      } else if (symbol === 2) {
        arrivalUs += (((bytes[deltaAt] << 24) >> 16) | bytes[deltaAt + 1]) * TICK_US;
      }
      deltaAt += symbol;
      sink.packet((base + done) & 0xffff, symbol !== 0, arrivalUs);
    }
  }
}

function statusesIn(chunk: number): number {
  if (chunk < 0x8000) return chunk & 0x1fff;
  return chunk < 0xc000 ? ONE_BIT_STATUSES : TWO_BIT_STATUSES;
}

function statusAt(chunk: number, index: number): number {
  if (chunk < 0x8000) return chunk >> 13;
  if (chunk < 0xc000) return (chunk >> (13 - index)) & 1;
  return (chunk >> (12 - 2 * index)) & 3;
}
