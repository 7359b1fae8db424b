/** Compound RTCP, written packet by packet into one buffer. */

import { writeUint32 } from '../rtp/header.js';
import { sequenceDelta } from '../rtp/sequence.js';
import {
  FEEDBACK_FIR,
  FEEDBACK_NACK,
  FEEDBACK_PLI,
  RTCP_BYE,
  RTCP_PAYLOAD_FEEDBACK,
  RTCP_RECEIVER_REPORT,
  RTCP_SDES,
  RTCP_SENDER_REPORT,
  RTCP_TRANSPORT_FEEDBACK,
} from './parse.js';

/** What one compound packet may hold, so that with SRTCP's tail it passes any path. */
export const MAX_RTCP_BYTES = 1200;

/** One stream's reception, as RFC 3550 section 6.4.1 puts it. */
export interface ReportBlock {
  ssrc: number;
  /** 1/256 of the packets since the last report, 0..255. */
  fractionLost: number;
  /** Signed 24 bits; out of range is clamped. */
  cumulativeLost: number;
  /** With the number of wraps in the upper 16 bits. */
  highestSequence: number;
  /** Timestamp units. */
  jitter: number;
  /** Middle 32 bits of the last Sender Report's NTP time, 0 if there was none. */
  lastSr: number;
  /** 1/65,536 s. */
  delaySinceLastSr: number;
}

export interface SenderInfo {
  ssrc: number;
  ntpHigh: number;
  ntpLow: number;
  rtpTimestamp: number;
  /** Packets and payload bytes since the start, modulo 2^32. */
  packets: number;
  octets: number;
}

const NO_BLOCKS: readonly ReportBlock[] = [];

/**
 * Appends RTCP packets to a buffer. Each method returns false, and writes nothing, when its packet doesn't fit in what is
 * left (`buffer`'s length, at most 1,200 bytes) or can't be expressed (more than 31 blocks, a CNAME above 255 bytes).
 */
export class RtcpWriter {
  readonly buffer: Uint8Array;
  private readonly limit: number;
  private used = 0;

  constructor(buffer: Uint8Array = new Uint8Array(MAX_RTCP_BYTES)) {
    this.buffer = buffer;
    this.limit = Math.min(buffer.length, MAX_RTCP_BYTES);
  }

  /** Bytes written since `reset()`. */
  get length(): number {
    return this.used;
  }

  /** A view of what was written; valid until the next write after `reset()`. */
  get packet(): Uint8Array {
    return this.buffer.subarray(0, this.used);
  }

  reset(): void {
    this.used = 0;
  }

  senderReport(info: SenderInfo, blocks: readonly ReportBlock[] = NO_BLOCKS): boolean {
    const at = this.begin(RTCP_SENDER_REPORT, blocks.length, 28 + blocks.length * 24);
    if (at < 0) return false;
    const bytes = this.buffer;
    writeUint32(bytes, at + 4, info.ssrc);
    writeUint32(bytes, at + 8, info.ntpHigh);
    writeUint32(bytes, at + 12, info.ntpLow);
    writeUint32(bytes, at + 16, info.rtpTimestamp);
    writeUint32(bytes, at + 20, info.packets);
    writeUint32(bytes, at + 24, info.octets);
    this.blocks(at + 28, blocks);
    return true;
  }

  /** Without blocks it still makes a compound packet's obligatory head. */
  receiverReport(ssrc: number, blocks: readonly ReportBlock[] = NO_BLOCKS): boolean {
    const at = this.begin(RTCP_RECEIVER_REPORT, blocks.length, 8 + blocks.length * 24);
    if (at < 0) return false;
    writeUint32(this.buffer, at + 4, ssrc);
    this.blocks(at + 8, blocks);
    return true;
  }

  /** One chunk with a CNAME, one byte a character. */
  sdes(ssrc: number, cname: string): boolean {
    if (cname.length > 255) return false;
    // Header, SSRC, type and length, the text, and one to four zero bytes.
    const at = this.begin(RTCP_SDES, 1, 12 + ((cname.length + 2) & ~3));
    if (at < 0) return false;
    const bytes = this.buffer;
    writeUint32(bytes, at + 4, ssrc);
    bytes[at + 8] = 1;
    bytes[at + 9] = cname.length;
    for (let i = 0; i < cname.length; i++) bytes[at + 10 + i] = cname.charCodeAt(i);
    bytes.fill(0, at + 10 + cname.length, this.used);
    return true;
  }

  /**
   * Asks for the first `count` of `sequences`, which ascend (modulo 2^16); neighbours share an entry. All of them or none;
   * of none it writes nothing and is content.
   */
  nack(sender: number, media: number, sequences: ArrayLike<number>, count: number = sequences.length): boolean {
    if (count === 0) return true;
    let entries = 0;
    for (let i = 0; i < count; entries++) i = entryEnd(sequences, i, count);
    const at = this.begin(RTCP_TRANSPORT_FEEDBACK, FEEDBACK_NACK, 12 + entries * 4);
    if (at < 0) return false;
    const bytes = this.buffer;
    writeUint32(bytes, at + 4, sender);
    writeUint32(bytes, at + 8, media);
    for (let i = 0, item = at + 12; i < count; item += 4) {
      const end = entryEnd(sequences, i, count);
      const first = sequences[i];
      let following = 0;
      for (let j = i + 1; j < end; j++) {
        const distance = sequenceDelta(sequences[j], first);
        if (distance > 0) following |= 1 << (distance - 1);
      }
      bytes[item] = first >>> 8;
      bytes[item + 1] = first;
      bytes[item + 2] = following >>> 8;
      bytes[item + 3] = following;
      i = end;
    }
    return true;
  }

  pli(sender: number, media: number): boolean {
    const at = this.begin(RTCP_PAYLOAD_FEEDBACK, FEEDBACK_PLI, 12);
    if (at < 0) return false;
    writeUint32(this.buffer, at + 4, sender);
    writeUint32(this.buffer, at + 8, media);
    return true;
  }

  /** `sequence` goes up by one, modulo 256, with each new command to the same stream. */
  fir(sender: number, media: number, sequence: number): boolean {
    const at = this.begin(RTCP_PAYLOAD_FEEDBACK, FEEDBACK_FIR, 20);
    if (at < 0) return false;
    writeUint32(this.buffer, at + 4, sender);
    writeUint32(this.buffer, at + 8, 0);
    writeUint32(this.buffer, at + 12, media);
    writeUint32(this.buffer, at + 16, (sequence & 0xff) << 24);
    return true;
  }

  bye(ssrc: number): boolean {
    const at = this.begin(RTCP_BYE, 1, 8);
    if (at < 0) return false;
    writeUint32(this.buffer, at + 4, ssrc);
    return true;
  }

  /** Appends a packet made elsewhere, such as transport-wide feedback. */
  append(bytes: Uint8Array, length: number = bytes.length): boolean {
    if (this.used + length > this.limit) return false;
    this.buffer.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.used);
    this.used += length;
    return true;
  }

  /** Writes the common header of a packet of `size` bytes and returns where it starts, or -1. */
  private begin(type: number, count: number, size: number): number {
    const at = this.used;
    if (count > 31 || at + size > this.limit) return -1;
    const words = size / 4 - 1;
    this.buffer[at] = 0x80 | count;
    this.buffer[at + 1] = type;
    this.buffer[at + 2] = words >>> 8;
    this.buffer[at + 3] = words;
    this.used = at + size;
    return at;
  }

  private blocks(start: number, blocks: readonly ReportBlock[]): void {
    const bytes = this.buffer;
    for (let i = 0, at = start; i < blocks.length; i++, at += 24) {
      const block = blocks[i];
      const lost = Math.max(-0x800000, Math.min(0x7fffff, block.cumulativeLost));
      writeUint32(bytes, at, block.ssrc);
      writeUint32(bytes, at + 4, (block.fractionLost << 24) | (lost & 0xffffff));
      writeUint32(bytes, at + 8, block.highestSequence);
      writeUint32(bytes, at + 12, block.jitter);
      writeUint32(bytes, at + 16, block.lastSr);
      writeUint32(bytes, at + 20, block.delaySinceLastSr);
    }
  }
}

/** Index after the last sequence number that shares an entry with number `start`: within 16 after it. */
function entryEnd(sequences: ArrayLike<number>, start: number, count: number): number {
  const first = sequences[start];
  let end = start + 1;
  while (end < count) {
    const distance = sequenceDelta(sequences[end], first);
    if (distance < 0 || distance > 16) break;
    end++;
  }
  return end;
}
