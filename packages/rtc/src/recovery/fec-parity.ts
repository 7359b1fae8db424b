/**
 * The parity of some RTP packets, as ULPFEC (RFC 5109 section 7.3) and FlexFEC build it: of the header's recoverable fields, of
 * the length, and of all bytes after the fixed header (CSRCs, extensions, payload, padding). Which packets: a mask of sequence
 * numbers from a base on.
 */

import { XorBuffer } from './xor.js';

/** Longest protected packet without its fixed header; longer ones can't be protected. */
export const MAX_FEC_BODY_BYTES = 1500;
/** Sequence numbers a mask spans at most: 109 in FlexFEC, 48 in ULPFEC. */
export const MAX_FEC_SPAN = 109;

export class FecParity {
  /** P, X, CC in the low 6 bits; the high 2 mean nothing. */
  first = 0;
  /** Marker and payload type. */
  second = 0;
  timestamp = 0;
  /** Of the bytes after the fixed headers, 16 bits. */
  lengthParity = 0;
  /** Bytes of `body` in use: the longest packet's. */
  bodyLength = 0;
  /** Protected packets. */
  count = 0;
  /** One past the last protected sequence number, from the base. */
  span = 0;
  /** Bit 0, for the base, is the highest of byte 0. */
  readonly mask = new Uint8Array((MAX_FEC_SPAN + 7) >> 3);
  private readonly buffer = new XorBuffer(MAX_FEC_BODY_BYTES);

  get body(): Uint8Array {
    return this.buffer.bytes;
  }

  clear(): void {
    this.buffer.bytes.fill(0, 0, this.bodyLength);
    this.mask.fill(0);
    this.first = 0;
    this.second = 0;
    this.timestamp = 0;
    this.lengthParity = 0;
    this.bodyLength = 0;
    this.count = 0;
    this.span = 0;
  }

  /** Adds a packet's header. `index`: its sequence number from the base; `bodyLength`: bytes after its fixed header. */
  addHeader(index: number, first: number, second: number, timestamp: number, bodyLength: number): void {
    this.first ^= first;
    this.second ^= second;
    this.timestamp = (this.timestamp ^ timestamp) >>> 0;
    this.lengthParity ^= bodyLength;
    if (bodyLength > this.bodyLength) this.bodyLength = bodyLength;
    if (index >= this.span) this.span = index + 1;
    this.mask[index >> 3] |= 0x80 >> (index & 7);
    this.count++;
  }

  /** Adds bytes of that packet's body. What is never added counts as zeros. */
  addBody(at: number, bytes: Uint8Array, offset: number, length: number): void {
    this.buffer.xor(at, bytes, offset, length);
  }

  /** Adds all packets of `other`, which has the same base and none of ours. */
  merge(other: FecParity): void {
    this.first ^= other.first;
    this.second ^= other.second;
    this.timestamp = (this.timestamp ^ other.timestamp) >>> 0;
    this.lengthParity ^= other.lengthParity;
    this.bodyLength = Math.max(this.bodyLength, other.bodyLength);
    this.span = Math.max(this.span, other.span);
    this.count += other.count;
    for (let i = 0; i < this.mask.length; i++) this.mask[i] |= other.mask[i];
    this.buffer.xor(0, other.body, 0, other.bodyLength);
  }
}
