/**
 * Repair packets for one outgoing stream, as packets leave: they are gathered into blocks of one frame or a few, each packet in
 * the next of several parities, so that a burst hits different ones. At the end of a block the parities are merged into as
 * many as the share of redundancy allows, over time exactly.
 *
 * The caller tells of each packet as its receiver gets it: `packet()`, then its body in `part()`s, then `repairs()`.
 */

import { FecParity, MAX_FEC_BODY_BYTES } from './fec-parity.js';
import { writeFlexfec03 } from './flexfec03.js';
import { MAX_ULPFEC_SPAN, writeUlpfec } from './ulpfec.js';

/** Parities at most. */
const ROWS = 12;
/** How many a block may be laid out on: divisors of each other mostly, so that merging keeps neighbours apart. */
const LAYOUTS = [1, 2, 3, 4, 6, 12];
/** Share of its longest age at which a block takes what it gets. */
const RIPE = 0.6;
export const MAX_FEC_SHARE = 0.5;

export class FecEncoder {
  /** Repair packets per packet, 0..0.5. At 0 nothing is gathered. */
  share = 0;
  /** A block isn't kept open for longer than this, ms: repair that comes later than a retransmission is waste. */
  maxBlockMs = 100;
  /** Repair packets that a block should have, 1..12: as many as are lost in a row. It stays open over frames for that. */
  minRepairs = 1;

  private readonly rows = Array.from({ length: ROWS }, () => new FecParity());
  private row: FecParity = this.rows[0];
  /** Of the open block: parities in turn, packets so far. */
  private layout = 1;
  private count = 0;
  /** Packets of a frame: so far, and on average. */
  private frameCount = 0;
  private frameSize = 4;
  private base = 0;
  private openedMs = 0;
  /** Repair packets that may be made, with the fraction left over. */
  private credit = 0;
  /** Of the block that was closed last. */
  private closed = false;

  /**
   * A packet leaves. `first` and `second` are its header's first two bytes, without RED; `bodyLength` counts all after the
   * fixed 12. False when it isn't protected: then give no parts of it.
   */
  packet(
    sequence: number,
    first: number,
    second: number,
    timestamp: number,
    bodyLength: number,
    nowMs: number,
  ): boolean {
    if (this.closed) this.reset();
    if (!(this.share > 0) || bodyLength > MAX_FEC_BODY_BYTES) return false;
    const stale = nowMs - this.openedMs >= this.maxBlockMs;
    if (this.count > 0 && (stale || ((sequence - this.base) & 0xffff) >= MAX_ULPFEC_SPAN)) this.reset();
    if (this.count === 0) {
      this.base = sequence;
      this.openedMs = nowMs;
      // As many parities as a frame gets: what has to be merged costs twice. Against bursts, as many as there are.
      const expected = this.minRepairs > 1 ? ROWS : Math.ceil(this.credit + this.share * this.frameSize - 0.01);
      this.layout = LAYOUTS.find((rows) => rows >= expected) ?? ROWS;
    }
    this.row = this.rows[this.count % this.layout];
    this.row.addHeader((sequence - this.base) & 0xffff, first & 0x3f, second, timestamp, bodyLength);
    this.count++;
    this.frameCount++;
    this.credit = Math.min(ROWS, this.credit + Math.min(this.share, MAX_FEC_SHARE));
    return true;
  }

  /**
   * Bytes of the packet's body, `at` counted from behind its fixed header. Leave out header extensions that change after this
   * (transport-wide sequence numbers): receivers take them as zeros.
   */
  part(at: number, bytes: Uint8Array, offset: number, length: number): void {
    if (at + length <= MAX_FEC_BODY_BYTES) this.row.addBody(at, bytes, offset, length);
  }

  /** How many repair packets are to be sent now, before any further packet; mostly 0. `endOfFrame`: the last one had the marker. */
  repairs(endOfFrame: boolean, nowMs: number): number {
    if (endOfFrame) {
      this.frameSize += (this.frameCount - this.frameSize) / 8;
      this.frameCount = 0;
    }
    if (this.count === 0 || this.closed) return 0;
    const full = this.count >= MAX_ULPFEC_SPAN / 2 || Math.round(this.credit) > this.layout;
    if (!endOfFrame && !full) return 0;
    const wanted = Math.min(Math.round(this.credit), this.count, this.layout);
    // Another frame or so, and the block would be too old.
    const ripe = full || nowMs - this.openedMs >= this.maxBlockMs * RIPE;
    if (wanted < (ripe ? 1 : Math.max(1, this.minRepairs))) {
      if (full) this.reset();
      return 0;
    }
    for (let row = wanted; row < Math.min(this.count, this.layout); row++) {
      this.rows[row % wanted].merge(this.rows[row]);
    }
    this.credit -= wanted;
    this.closed = true;
    return wanted;
  }

  /** Writes repair packet `index` of those just announced; returns the payload's length, 0 when it doesn't fit. */
  writeUlpfec(index: number, dst: Uint8Array, at: number, room: number): number {
    return this.closed ? writeUlpfec(this.rows[index], this.base, dst, at, room) : 0;
  }

  writeFlexfec03(index: number, ssrc: number, dst: Uint8Array, at: number, room: number): number {
    return this.closed ? writeFlexfec03(this.rows[index], ssrc, this.base, dst, at, room) : 0;
  }

  /** Forgets the open block, as when the stream changes its source. */
  reset(): void {
    for (let row = 0; row < Math.min(this.count, this.layout); row++) this.rows[row].clear();
    this.count = 0;
    this.closed = false;
  }
}
