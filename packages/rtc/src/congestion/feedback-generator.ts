/**
 * Transport-wide feedback about the packets we receive (draft-holmer-rmcat-transport-wide-cc-extensions-01): what came,
 * and when, in units of 250 us. Chunks are chosen by `writeStatusChunks`.
 */

import { writeUint32 } from '../rtp/header.js';
import { sequenceDelta } from '../rtp/sequence.js';
import { writeStatusChunks } from './status-chunks.js';

/** Sequence numbers remembered behind the newest; a power of two. */
const WINDOW = 4096;
const MASK = WINDOW - 1;
const MAX_MESSAGE_BYTES = 1200;
const HEADER_BYTES = 20;
/** Header, one chunk for what is missing in front, one chunk, one delta. */
const MIN_MESSAGE_BYTES = 28;
const REFERENCE_US = 64_000;
const TICK_US = 250;
/** A packet that comes this much after its number was reported is left out. */
const REREPORT_MS = 500;

/** Statuses and deltas of the message being built. All generators of a thread share them. */
const symbols = new Uint8Array(WINDOW);
const ticks = new Int16Array(WINDOW);

export class TransportFeedbackGenerator {
  /** Messages built, modulo 2^32; the low 8 bits are in each. */
  messages = 0;

  private readonly present = new Uint8Array(WINDOW);
  /** Microseconds modulo 2^32. */
  private readonly arrivals = new Uint32Array(WINDOW);

  private started = false;
  /** Newest number, unwrapped. */
  private newest = 0;
  /** First number that the next message tells of, unwrapped. */
  private next = 0;
  private strayAt = -1;
  /** Newest arrival, modulo 2^32 as it came, and unwrapped. */
  private clockRaw = 0;
  private clockUs = 0;

  /** Numbers before this one aren't reported any more. */
  private horizon = 0;
  private markMs = Number.NEGATIVE_INFINITY;
  private markNext = 0;

  /** Whether `build()` has something to tell. */
  get pending(): boolean {
    return this.started && this.next <= this.newest;
  }

  /**
   * A packet came, whatever its SSRC. `arrivalUs` is in microseconds of any one clock, whole or modulo 2^32.
   * Of duplicates the first counts.
   */
  received(transportSequence: number, arrivalUs: number): void {
    if (!this.started) {
      this.started = true;
      this.clockRaw = arrivalUs >>> 0;
      this.clockUs = arrivalUs;
      this.begin(transportSequence + 0x10000);
    }
    const raw = arrivalUs >>> 0;
    const elapsed = (raw - this.clockRaw) | 0;
    this.clockUs += elapsed;
    this.clockRaw = raw;

    const ahead = sequenceDelta(transportSequence, this.newest & 0xffff);
    let sequence = this.newest + ahead;
    if (ahead > 0) {
      if (ahead >= WINDOW) this.begin(sequence);
      else this.advance(sequence);
    } else if (ahead <= -WINDOW) {
      // Two in a row from far behind: the sender began anew (as in RFC 3550 A.1).
      if (transportSequence !== this.strayAt) {
        this.strayAt = (transportSequence + 1) & 0xffff;
        return;
      }
      sequence += 0x10000;
      this.begin(sequence);
    } else if (sequence < this.horizon) {
      return;
    }
    const slot = sequence & MASK;
    if (this.present[slot]) return;
    this.present[slot] = 1;
    this.arrivals[slot] = raw;
    if (sequence < this.next) this.next = sequence;
  }

  /**
   * Writes one RTCP packet into `out` and returns its length, at most 1,200 bytes; 0 when there is nothing to tell or `out`
   * is shorter than 28 bytes. Where much has come one message isn't enough: call it until it returns 0, every 50-100 ms.
   * A packet that came after its number was reported as missing is told of again, with all after it.
   */
  build(now: number, senderSsrc: number, mediaSsrc: number, out: Uint8Array): number {
    const limit = Math.min(out.length, MAX_MESSAGE_BYTES);
    if (!this.pending || limit < MIN_MESSAGE_BYTES) return 0;
    const base = this.next;
    let count = 0;
    let leading = -1;
    let deltaBytes = 0;
    let reference = 0;
    let clock = 0;
    for (let sequence = base; sequence <= this.newest; sequence++, count++) {
      const slot = sequence & MASK;
      let symbol = 0;
      if (this.present[slot]) {
        const arrival = this.clockUs + ((this.arrivals[slot] - this.clockRaw) | 0);
        if (leading < 0) {
          leading = count;
          reference = Math.floor(arrival / REFERENCE_US);
          clock = reference * REFERENCE_US;
        }
        const tick = Math.round((arrival - clock) / TICK_US);
        if (tick < -32_768 || tick > 32_767) break;
        symbol = tick >= 0 && tick <= 255 ? 1 : 2;
        ticks[count] = tick;
        // Summing up what is written, not what was measured, keeps the rounding from adding up.
        clock += tick * TICK_US;
      }
      const chunks = leading < 0 ? 1 : 1 + Math.ceil((count + 1 - leading) / 7);
      if (((HEADER_BYTES + chunks * 2 + deltaBytes + symbol + 3) & ~3) > limit) break;
      deltaBytes += symbol;
      symbols[count] = symbol;
    }
    this.next = base + count;
    this.moveHorizon(now);

    let at = writeStatusChunks(symbols, count, out, HEADER_BYTES);
    for (let i = 0; i < count; i++) {
      if (symbols[i] === 2) out[at++] = ticks[i] >> 8;
      if (symbols[i] !== 0) out[at++] = ticks[i];
    }
    const padding = -at & 3;
    out.fill(0, at, at + padding);
    at += padding;
    if (padding > 0) out[at - 1] = padding;
    const words = at / 4 - 1;
    out[0] = 0x80 | (padding > 0 ? 0x20 : 0) | 15;
    out[1] = 205;
    out[2] = words >> 8;
    out[3] = words;
    writeUint32(out, 4, senderSsrc);
    writeUint32(out, 8, mediaSsrc);
    writeUint32(out, 12, ((base & 0xffff) << 16) | count);
    writeUint32(out, 16, ((reference & 0xffffff) << 8) | (this.messages & 0xff));
    this.messages = (this.messages + 1) >>> 0;
    return at;
  }

  private begin(sequence: number): void {
    this.present.fill(0);
    this.newest = sequence;
    this.next = sequence;
    this.horizon = sequence - WINDOW + 1;
    this.markNext = this.horizon;
    this.strayAt = -1;
  }

  private advance(sequence: number): void {
    for (let skipped = this.newest + 1; skipped <= sequence; skipped++) this.present[skipped & MASK] = 0;
    this.newest = sequence;
    this.strayAt = -1;
    const oldest = sequence - WINDOW + 1;
    if (this.horizon < oldest) this.horizon = oldest;
    if (this.next < oldest) this.next = oldest;
  }

  private moveHorizon(now: number): void {
    if (now - this.markMs < REREPORT_MS) return;
    this.horizon = Math.max(this.horizon, this.markNext);
    this.markMs = now;
    this.markNext = this.next;
  }
}
