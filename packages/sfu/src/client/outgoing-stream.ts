/**
 * One RTP stream that a client sends: gives already packetised payloads their headers and numbers, keeps the last ones for
 * retransmission (RFC 4588), counts for Sender Reports. Timestamps are the caller's, in units of the clock rate.
 */
import { type ExtensionIds, type SenderInfo, writeUint32 } from '@efir/rtc';
import { type ClientHeader, clientHeader } from './header-template.js';
import type { RowBatch } from './row-batch.js';

export interface OutgoingStreamOptions {
  mid: string;
  /** The simulcast layer that it is. */
  rid?: string;
  ssrc: number;
  payloadType: number;
  clockRate: number;
  extensions: ExtensionIds;
  rtx?: { ssrc: number; payloadType: number };
  /** Sequence numbers to begin with, below 2^15 (the roll-over counter must start at 0 on both ends). */
  firstSequence: number;
  /** Added to the caller's timestamps. */
  timestampOffset?: number;
}

/** The datapath's handles of the streams. */
export interface StreamHandles {
  media: number;
  rtx: number | null;
}

export interface PacketFields {
  timestamp: number;
  marker: boolean;
  /** -dBov, 0 (loudest) .. 127; left out: silence. */
  audioLevel?: number;
  /** The packet holds speech (the V bit of RFC 6464). */
  voice?: boolean;
  /** Goes over the payload's first bytes: what differs from sender to sender where many send one payload. */
  head?: Uint8Array;
}

/** One count over all of a transport's packets. */
export interface TransportSequence {
  next: number;
}

/** Packets that can be sent again. */
const HISTORY = 1024;
const HISTORY_MASK = HISTORY - 1;
/** A packet is not repeated twice within this time, however often it is asked for. */
const REPEAT_PAUSE_MS = 10;

export class OutgoingStream {
  readonly options: OutgoingStreamOptions;
  packets = 0;
  /** Payload bytes. */
  octets = 0;
  retransmitted = 0;

  readonly #batch: RowBatch;
  readonly #transport: TransportSequence;
  readonly #handles: StreamHandles;
  readonly #header: ClientHeader;
  readonly #rtxHeader: ClientHeader | null;
  #sequence: number;
  #rtxSequence: number;
  #lastTimestamp = 0;
  #lastSentMs = -1;

  readonly #heldSequence = new Int32Array(HISTORY).fill(-1);
  readonly #heldPacket = new Uint32Array(HISTORY);
  readonly #heldOffset = new Uint16Array(HISTORY);
  readonly #heldLength = new Uint16Array(HISTORY);
  readonly #heldTimestamp = new Uint32Array(HISTORY);
  readonly #heldMarker = new Uint8Array(HISTORY);
  readonly #heldLevel = new Uint8Array(HISTORY);
  readonly #repeatedMs = new Float64Array(HISTORY);

  constructor(options: OutgoingStreamOptions, handles: StreamHandles, batch: RowBatch, transport: TransportSequence) {
    const { ssrc, payloadType, extensions, mid, rid, rtx } = options;
    this.options = options;
    this.#handles = handles;
    this.#batch = batch;
    this.#transport = transport;
    this.#header = clientHeader({ ssrc, payloadType, extensions, mid, rid, audioLevel: true });
    this.#rtxHeader = rtx ? clientHeader({ ...rtx, extensions, mid, repairedRid: rid, audioLevel: false }) : null;
    this.#sequence = options.firstSequence & 0x7fff;
    this.#rtxSequence = options.firstSequence & 0x7fff;
  }

  /** Bytes that the header adds to each payload. */
  get headerBytes(): number {
    return this.#header.bytes.length;
  }

  /** Sends one payload. `nowMs`: any monotonic clock, the same for all calls. */
  send(payload: Uint8Array, fields: PacketFields, nowMs: number): void {
    this.sendStored(this.#batch.store(payload, fields.head), 0, payload.length, fields, nowMs);
  }

  /** Sends a payload that lies in the arena already. */
  sendStored(packet: number, offset: number, length: number, fields: PacketFields, nowMs: number): void {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const timestamp = (fields.timestamp + (this.options.timestampOffset ?? 0)) >>> 0;
    const level = (fields.voice ? 0x80 : 0) | ((fields.audioLevel ?? 127) & 0x7f);
    const at = sequence & HISTORY_MASK;
    this.#heldSequence[at] = sequence;
    this.#heldPacket[at] = packet;
    this.#heldOffset[at] = offset;
    this.#heldLength[at] = length;
    this.#heldTimestamp[at] = timestamp;
    this.#heldMarker[at] = fields.marker ? 0x80 : 0;
    this.#heldLevel[at] = level;
    this.#repeatedMs[at] = Number.NEGATIVE_INFINITY;

    const end = this.#writeHeader(this.#header, sequence, at);
    this.#batch.add(this.#handles.media, end, packet, offset, length);
    this.packets++;
    this.octets += length;
    this.#lastTimestamp = timestamp;
    this.#lastSentMs = nowMs;
  }

  /** Answers a NACK. False when the packet is too old, there is no RTX, or it was repeated just now. */
  resend(sequence: number, nowMs: number): boolean {
    const at = sequence & HISTORY_MASK;
    if (!this.#rtxHeader || this.#handles.rtx === null || this.#heldSequence[at] !== sequence) return false;
    if (nowMs - this.#repeatedMs[at] < REPEAT_PAUSE_MS) return false;
    this.#repeatedMs[at] = nowMs;
    const rtxSequence = this.#rtxSequence;
    this.#rtxSequence = (rtxSequence + 1) & 0xffff;
    const start = this.#batch.prefixOffset();
    const length = this.#writeHeader(this.#rtxHeader, rtxSequence, at);
    this.#batch.prefix[start + length] = sequence >> 8;
    this.#batch.prefix[start + length + 1] = sequence;
    this.#batch.add(this.#handles.rtx, length + 2, this.#heldPacket[at], this.#heldOffset[at], this.#heldLength[at]);
    this.retransmitted++;
    return true;
  }

  /** For a Sender Report at `nowMs`; null before the first packet. The NTP time is the caller's. */
  senderInfo(nowMs: number, ntpHigh: number, ntpLow: number): SenderInfo | null {
    if (this.#lastSentMs < 0) return null;
    const sinceLast = Math.round(((nowMs - this.#lastSentMs) * this.options.clockRate) / 1000);
    return {
      ssrc: this.options.ssrc,
      ntpHigh,
      ntpLow,
      rtpTimestamp: (this.#lastTimestamp + sinceLast) >>> 0,
      packets: this.packets >>> 0,
      octets: this.octets >>> 0,
    };
  }

  /** Copies the template into the next row's prefix and fills in the numbers of the held packet `at`. */
  #writeHeader(header: ClientHeader, sequence: number, at: number): number {
    const start = this.#batch.prefixOffset();
    const { prefix } = this.#batch;
    prefix.set(header.bytes, start);
    prefix[start + 1] |= this.#heldMarker[at];
    prefix[start + 2] = sequence >> 8;
    prefix[start + 3] = sequence;
    writeUint32(prefix, start + 4, this.#heldTimestamp[at]);
    if (header.transportSequenceAt > 0) {
      const number = this.#transport.next;
      this.#transport.next = (number + 1) & 0xffff;
      prefix[start + header.transportSequenceAt] = number >> 8;
      prefix[start + header.transportSequenceAt + 1] = number;
    }
    if (header.audioLevelAt > 0) prefix[start + header.audioLevelAt] = this.#heldLevel[at];
    return header.bytes.length;
  }
}
