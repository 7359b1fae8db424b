/**
 * Packets of one received stream restored from ULPFEC or FlexFEC. A repair packet restores one missing packet once all others
 * it protects are there; what is restored may let another do so.
 */

import { findExtension } from '../rtp/extensions.js';
import { parseRtpHeader, RTP_HEADER_BYTES, RtpHeader, writeUint32 } from '../rtp/header.js';
import { sequenceDelta } from '../rtp/sequence.js';
import type { FecHeader } from './fec-header.js';
import { MAX_FEC_BODY_BYTES, MAX_FEC_SPAN } from './fec-parity.js';
import { XorBuffer } from './xor.js';

/** Packets kept; a power of two above what a mask spans. */
const PACKETS = 256;
const REPAIRS = 32;
const PACKET_BYTES = RTP_HEADER_BYTES + MAX_FEC_BODY_BYTES;
/** Repair for packets so far behind the newest is forgotten. */
const MAX_BEHIND = PACKETS - MAX_FEC_SPAN;

export interface FecDecoderOptions {
  /** Of the protected stream. */
  ssrc: number;
  /** Ids of header extensions that are written after protection, such as the transport-wide sequence number's. */
  mutableExtensions?: readonly number[];
}

interface Repair {
  used: boolean;
  /** Newest protected sequence number. */
  newest: number;
  count: number;
  first: number;
  second: number;
  timestamp: number;
  lengthParity: number;
  bodyLength: number;
  readonly sequences: Uint16Array;
  readonly body: Uint8Array;
}

export class FecDecoder {
  /** Packets restored. */
  recovered = 0;
  /** Repair packets that led to something that is no RTP packet. */
  malformed = 0;

  private readonly ssrc: number;
  private readonly mutable: readonly number[];
  private readonly packets = new Uint8Array(PACKETS * PACKET_BYTES);
  /** 0: nothing there. */
  private readonly lengths = new Uint16Array(PACKETS);
  private readonly sequences = new Uint16Array(PACKETS);
  private newest = -1;
  private readonly repairs: Repair[] = Array.from({ length: REPAIRS }, () => ({
    used: false,
    newest: 0,
    count: 0,
    first: 0,
    second: 0,
    timestamp: 0,
    lengthParity: 0,
    bodyLength: 0,
    sequences: new Uint16Array(MAX_FEC_SPAN),
    body: new Uint8Array(MAX_FEC_BODY_BYTES),
  }));
  private nextRepair = 0;
  private readonly header = new RtpHeader();
  private readonly buffer = new XorBuffer(MAX_FEC_BODY_BYTES);

  constructor(options: FecDecoderOptions) {
    this.ssrc = options.ssrc;
    this.mutable = (options.mutableExtensions ?? []).slice(0, 8);
  }

  /** A packet of the stream came, RED taken off. Keeps a copy. */
  packet(bytes: Uint8Array, offset: number, length: number): void {
    const header = parseRtpHeader(bytes, offset, length, this.header);
    if (!header || header.ssrc !== this.ssrc || length > PACKET_BYTES) return;
    const at = this.store(header.sequence, length);
    if (at < 0) return;
    for (let i = 0; i < length; i++) this.packets[at + i] = bytes[offset + i];
    for (const id of this.mutable) {
      const found = findExtension(this.packets, at, header.headerLength, id);
      if (found >= 0) this.packets.fill(0, at + (found >> 8), at + (found >> 8) + (found & 0xff));
    }
  }

  /** A repair packet came, whose `header` was read out of `bytes`. Keeps a copy; the oldest goes when there are too many. */
  repair(header: FecHeader, bytes: Uint8Array): void {
    if (header.bodyLength > MAX_FEC_BODY_BYTES || (header.ssrc !== 0 && header.ssrc !== this.ssrc)) return;
    const newest = header.sequences[header.count - 1];
    // Nobody protects what is long gone, or what is yet to come.
    if (this.newest >= 0 && Math.abs(sequenceDelta(newest, this.newest)) > MAX_BEHIND) return;
    const repair = this.repairs[this.nextRepair];
    this.nextRepair = (this.nextRepair + 1) % REPAIRS;
    repair.used = true;
    repair.newest = newest;
    repair.count = header.count;
    repair.first = header.first;
    repair.second = header.second;
    repair.timestamp = header.timestamp;
    repair.lengthParity = header.lengthParity;
    repair.bodyLength = header.bodyLength;
    for (let i = 0; i < header.count; i++) repair.sequences[i] = header.sequences[i];
    for (let i = 0; i < header.bodyLength; i++) repair.body[i] = bytes[header.bodyOffset + i];
  }

  /**
   * Restores a packet if one can be: writes it to `out` (which has room for 1,512 bytes) and returns its length; 0 when there
   * is none. Ask again until then, after each packet and repair packet. Mutable extensions are zeros in it.
   */
  restore(out: Uint8Array): number {
    for (const repair of this.repairs) {
      if (!repair.used) continue;
      if (this.newest >= 0 && sequenceDelta(this.newest, repair.newest) > MAX_BEHIND) {
        repair.used = false;
        continue;
      }
      const missing = this.onlyMissing(repair);
      if (missing === SEVERAL) continue;
      repair.used = false;
      if (missing === NONE) continue;
      const length = this.rebuild(repair, missing, out);
      if (length === 0) {
        this.malformed++;
        continue;
      }
      this.recovered++;
      return length;
    }
    return 0;
  }

  private onlyMissing(repair: Repair): number {
    let missing = NONE;
    for (let i = 0; i < repair.count; i++) {
      if (this.has(repair.sequences[i])) continue;
      if (missing !== NONE) return SEVERAL;
      missing = repair.sequences[i];
    }
    return missing;
  }

  private has(sequence: number): boolean {
    const slot = sequence & (PACKETS - 1);
    return this.lengths[slot] > 0 && this.sequences[slot] === sequence;
  }

  private rebuild(repair: Repair, missing: number, out: Uint8Array): number {
    let { first, second, timestamp, lengthParity } = repair;
    const { buffer, packets } = this;
    buffer.bytes.fill(0);
    buffer.xor(0, repair.body, 0, repair.bodyLength);
    for (let i = 0; i < repair.count; i++) {
      const sequence = repair.sequences[i];
      if (sequence === missing) continue;
      const slot = sequence & (PACKETS - 1);
      const at = slot * PACKET_BYTES;
      const bodyLength = this.lengths[slot] - RTP_HEADER_BYTES;
      parseRtpHeader(packets, at, this.lengths[slot], this.header);
      first ^= packets[at];
      second ^= packets[at + 1];
      timestamp ^= this.header.timestamp;
      lengthParity ^= bodyLength;
      buffer.xor(0, packets, at + RTP_HEADER_BYTES, bodyLength);
    }
    // A level that covers packets in part leaves us without the rest.
    if (lengthParity > repair.bodyLength) return 0;
    const length = RTP_HEADER_BYTES + lengthParity;
    out[0] = 0x80 | (first & 0x3f);
    out[1] = second;
    out[2] = missing >> 8;
    out[3] = missing;
    writeUint32(out, 4, timestamp);
    writeUint32(out, 8, this.ssrc);
    for (let i = 0; i < lengthParity; i++) out[RTP_HEADER_BYTES + i] = buffer.bytes[i];
    if (!parseRtpHeader(out, 0, length, this.header)) return 0;
    const at = this.store(missing, length);
    for (let i = 0; at >= 0 && i < length; i++) packets[at + i] = out[i];
    return length;
  }

  /** Makes room for a packet; -1 when it is too old or there already. */
  private store(sequence: number, length: number): number {
    const ahead = this.newest < 0 ? 1 : sequenceDelta(sequence, this.newest);
    if (this.has(sequence) && Math.abs(ahead) < PACKETS) return -1;
    if (ahead <= -PACKETS && ahead > -1000) return -1;
    if (ahead > 0 || ahead <= -1000) this.newest = sequence;
    const slot = sequence & (PACKETS - 1);
    this.lengths[slot] = length;
    this.sequences[slot] = sequence;
    return slot * PACKET_BYTES;
  }
}

const NONE = -1;
const SEVERAL = -2;
