/** Compound RTCP (RFC 3550 section 6, RFC 4585, RFC 5104, RFC 5506), walked in place. */

import { readUint32 } from '../rtp/header.js';

export const RTCP_SENDER_REPORT = 200;
export const RTCP_RECEIVER_REPORT = 201;
export const RTCP_SDES = 202;
export const RTCP_BYE = 203;
export const RTCP_TRANSPORT_FEEDBACK = 205;
export const RTCP_PAYLOAD_FEEDBACK = 206;

export const FEEDBACK_NACK = 1;
export const FEEDBACK_TRANSPORT_CC = 15;
export const FEEDBACK_PLI = 1;
export const FEEDBACK_FIR = 4;
export const FEEDBACK_APPLICATION = 15;

/** At most so many lost packets are told of one compound packet: nobody keeps more, and the rest would only cost time. */
export const MAX_NACKS_PER_COMPOUND = 1000;

const REMB_NAME = 0x52454d42;

/** What the walk calls, in the order of the packet. `ssrc`s are the sender's unless said otherwise. */
export interface RtcpVisitor {
  senderReport?(
    ssrc: number,
    ntpHigh: number,
    ntpLow: number,
    rtpTimestamp: number,
    packets: number,
    octets: number,
  ): void;
  /** `ssrc` is the stream reported on. `fractionLost` in 1/256, `cumulativeLost` signed, `jitter` in timestamp units. */
  reportBlock?(
    sender: number,
    ssrc: number,
    fractionLost: number,
    cumulativeLost: number,
    highestSequence: number,
    jitter: number,
    lastSr: number,
    delaySinceLastSr: number,
  ): void;
  /** Once for each packet asked for. */
  nack?(sender: number, media: number, sequence: number): void;
  pli?(sender: number, media: number): void;
  /** `sequence` is the command's 8-bit number: the same number again is the same command (RFC 5104 section 4.3.1). */
  fir?(sender: number, media: number, sequence: number): void;
  /** The whole RTCP packet, for `readTransportFeedback`. */
  transportFeedback?(bytes: Uint8Array, offset: number, length: number): void;
  /** Receiver-estimated maximum bitrate (draft-alvestrand-rmcat-remb). */
  remb?(sender: number, bitrateBps: number): void;
  bye?(ssrc: number): void;
  sdes?(ssrc: number, cname: string): void;
}

/**
 * Walks the compound packet in `bytes[offset, offset + length)`. False when it is cut off or malformed; what came before the
 * fault has been told. Packets of types not known are stepped over.
 */
export function parseRtcp(bytes: Uint8Array, offset: number, length: number, visitor: RtcpVisitor): boolean {
  if (length < 4 || offset < 0 || offset + length > bytes.length) return false;
  const end = offset + length;
  let at = offset;
  let nacksLeft = MAX_NACKS_PER_COMPOUND;
  while (at < end) {
    if (at + 4 > end || bytes[at] >> 6 !== 2) return false;
    const size = (((bytes[at + 2] << 8) | bytes[at + 3]) + 1) * 4;
    const next = at + size;
    if (next > end) return false;
    let bodyEnd = next;
    if (bytes[at] & 0x20) {
      const padding = bytes[next - 1];
      if (next !== end || padding === 0 || padding > size - 4) return false;
      bodyEnd -= padding;
    }
    const count = bytes[at] & 0x1f;
    let ok = true;
    switch (bytes[at + 1]) {
      case RTCP_SENDER_REPORT:
        ok = senderReport(bytes, at, bodyEnd, count, visitor);
        break;
      case RTCP_RECEIVER_REPORT:
        ok = at + 8 <= bodyEnd && reportBlocks(bytes, at + 8, bodyEnd, count, readUint32(bytes, at + 4), visitor);
        break;
      case RTCP_SDES:
        ok = sdes(bytes, at + 4, bodyEnd, count, visitor);
        break;
      case RTCP_BYE:
        ok = bye(bytes, at + 4, bodyEnd, count, visitor);
        break;
      case RTCP_TRANSPORT_FEEDBACK:
        if (at + 12 > bodyEnd) return false;
        if (count === FEEDBACK_NACK) nacksLeft = nack(bytes, at, bodyEnd, nacksLeft, visitor);
        else if (count === FEEDBACK_TRANSPORT_CC) visitor.transportFeedback?.(bytes, at, size);
        break;
      case RTCP_PAYLOAD_FEEDBACK:
        if (at + 12 > bodyEnd) return false;
        ok = payloadFeedback(bytes, at, bodyEnd, count, visitor);
        break;
    }
    if (!ok) return false;
    at = next;
  }
  return true;
}

function senderReport(bytes: Uint8Array, at: number, end: number, count: number, visitor: RtcpVisitor): boolean {
  if (at + 28 + count * 24 > end) return false;
  const ssrc = readUint32(bytes, at + 4);
  visitor.senderReport?.(
    ssrc,
    readUint32(bytes, at + 8),
    readUint32(bytes, at + 12),
    readUint32(bytes, at + 16),
    readUint32(bytes, at + 20),
    readUint32(bytes, at + 24),
  );
  return reportBlocks(bytes, at + 28, end, count, ssrc, visitor);
}

function reportBlocks(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  sender: number,
  visitor: RtcpVisitor,
): boolean {
  if (start + count * 24 > end) return false;
  if (!visitor.reportBlock) return true;
  for (let i = 0, at = start; i < count; i++, at += 24) {
    const loss = readUint32(bytes, at + 4);
    visitor.reportBlock(
      sender,
      readUint32(bytes, at),
      loss >>> 24,
      (loss << 8) >> 8,
      readUint32(bytes, at + 8),
      readUint32(bytes, at + 12),
      readUint32(bytes, at + 16),
      readUint32(bytes, at + 20),
    );
  }
  return true;
}

/** Returns how many more may be told. */
function nack(bytes: Uint8Array, at: number, end: number, allowed: number, visitor: RtcpVisitor): number {
  let left = allowed;
  if (!visitor.nack) return left;
  const sender = readUint32(bytes, at + 4);
  const media = readUint32(bytes, at + 8);
  for (let item = at + 12; item + 4 <= end && left > 0; item += 4) {
    const first = (bytes[item] << 8) | bytes[item + 1];
    visitor.nack(sender, media, first);
    left--;
    let following = (bytes[item + 2] << 8) | bytes[item + 3];
    for (let sequence = first + 1; following !== 0 && left > 0; sequence++, following >>= 1) {
      if ((following & 1) === 0) continue;
      visitor.nack(sender, media, sequence & 0xffff);
      left--;
    }
  }
  return left;
}

function payloadFeedback(bytes: Uint8Array, at: number, end: number, format: number, visitor: RtcpVisitor): boolean {
  const sender = readUint32(bytes, at + 4);
  const media = readUint32(bytes, at + 8);
  if (format === FEEDBACK_PLI) {
    visitor.pli?.(sender, media);
  } else if (format === FEEDBACK_FIR) {
    if (at + 20 > end) return false;
    // The packet's own media field is 0; each entry names its stream.
    for (let item = at + 12; item + 8 <= end; item += 8) {
      visitor.fir?.(sender, readUint32(bytes, item), bytes[item + 4]);
    }
  } else if (format === FEEDBACK_APPLICATION && at + 20 <= end && readUint32(bytes, at + 12) === REMB_NAME) {
    const exponent = bytes[at + 17] >> 2;
    const mantissa = ((bytes[at + 17] & 0x03) << 16) | (bytes[at + 18] << 8) | bytes[at + 19];
    visitor.remb?.(sender, mantissa * 2 ** exponent);
  }
  return true;
}

function sdes(bytes: Uint8Array, start: number, end: number, count: number, visitor: RtcpVisitor): boolean {
  let at = start;
  for (let chunk = 0; chunk < count; chunk++) {
    if (at + 4 > end) return false;
    const ssrc = readUint32(bytes, at);
    at += 4;
    for (;;) {
      if (at >= end) return false;
      const type = bytes[at];
      if (type === 0) break;
      if (at + 2 > end) return false;
      const length = bytes[at + 1];
      if (at + 2 + length > end) return false;
      if (type === 1) visitor.sdes?.(ssrc, latin1(bytes, at + 2, length));
      at += 2 + length;
    }
    // At least one zero byte ends the items, then more up to the next 32-bit border.
    at += 4 - ((at - start) & 3);
    if (at > end) return false;
  }
  return true;
}

function bye(bytes: Uint8Array, start: number, end: number, count: number, visitor: RtcpVisitor): boolean {
  if (start + count * 4 > end) return false;
  for (let i = 0; i < count; i++) visitor.bye?.(readUint32(bytes, start + i * 4));
  return true;
}

/** CNAMEs are opaque: compared, not shown. One character a byte keeps them apart without a decoder that could throw. */
function latin1(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[at + i]);
  return text;
}
