/** What a receiver reports of one stream (RFC 3550 sections 6.4.1, A.1, A.3 and A.8). */

import { ntpMiddle } from './ntp.js';
import type { ReportBlock } from './write.js';

const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SEQUENCE_MODULUS = 0x10000;
/** No sequence number: one that 16 bits can't hold. */
const NONE = SEQUENCE_MODULUS + 1;

/**
 * Counts one received SSRC. Sequence numbers are checked as in A.1, without its probation: the packets were
 * authenticated, so the first one counts at once.
 */
export class ReceptionStatistics {
  readonly ssrc: number;
  /** Timestamp units a second. */
  clockRate: number;
  /** Packets, duplicates and late ones included. */
  packets = 0;

  private started = false;
  private base = 0;
  private highest = 0;
  private wraps = 0;
  private restartAt = NONE;
  private receivedSinceBase = 0;
  private expectedPrior = 0;
  private receivedPrior = 0;

  private transit = 0;
  private hasTransit = false;
  private jitterUnits = 0;

  private lastSr = 0;
  private lastSrArrivalMs = 0;

  constructor(ssrc: number, clockRate: number) {
    this.ssrc = ssrc;
    this.clockRate = clockRate;
  }

  /** False when the packet was left out, being the first after a jump too large to be believed at once. */
  received(sequence: number, timestamp: number, arrivalMs: number): boolean {
    this.packets++;
    if (!this.started) {
      this.started = true;
      this.restart(sequence);
    } else if (!this.advance(sequence)) {
      return false;
    }
    this.receivedSinceBase++;
    this.measureJitter(timestamp, arrivalMs);
    return true;
  }

  /** A Sender Report of this stream came. */
  senderReport(ntpHigh: number, ntpLow: number, now: number): void {
    this.lastSr = ntpMiddle(ntpHigh, ntpLow);
    this.lastSrArrivalMs = now;
  }

  /** Highest sequence number with the wraps above it, 32 bits. */
  get highestSequence(): number {
    return (this.wraps * SEQUENCE_MODULUS + this.highest) >>> 0;
  }

  get expected(): number {
    return this.started ? this.wraps * SEQUENCE_MODULUS + this.highest - this.base + 1 : 0;
  }

  /** Expected less received, since the start; duplicates can make it negative. */
  get cumulativeLost(): number {
    return this.expected - this.receivedSinceBase;
  }

  get jitterMs(): number {
    return (this.jitterUnits * 1000) / this.clockRate;
  }

  /**
   * The report block for now; the next one's `fractionLost` counts from here. Fills and returns `out`.
   */
  block(now: number, out: ReportBlock = emptyBlock()): ReportBlock {
    const expected = this.expected;
    const expectedInterval = expected - this.expectedPrior;
    const lostInterval = expectedInterval - (this.receivedSinceBase - this.receivedPrior);
    this.expectedPrior = expected;
    this.receivedPrior = this.receivedSinceBase;
    out.ssrc = this.ssrc;
    out.fractionLost =
      expectedInterval <= 0 || lostInterval <= 0
        ? 0
        : Math.min(255, Math.floor((lostInterval * 256) / expectedInterval));
    out.cumulativeLost = Math.max(-0x800000, Math.min(0x7fffff, this.cumulativeLost));
    out.highestSequence = this.highestSequence;
    out.jitter = Math.floor(this.jitterUnits);
    out.lastSr = this.lastSr;
    const delay = Math.round((now - this.lastSrArrivalMs) * 65.536);
    out.delaySinceLastSr = this.lastSr === 0 ? 0 : Math.max(0, Math.min(0xffffffff, delay));
    return out;
  }

  /** A.1. False for a packet whose number can't be placed yet. */
  private advance(sequence: number): boolean {
    const ahead = (sequence - this.highest) & 0xffff;
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.highest) this.wraps++;
      this.highest = sequence;
    } else if (ahead <= SEQUENCE_MODULUS - MAX_MISORDER) {
      if (sequence !== this.restartAt) {
        this.restartAt = (sequence + 1) & 0xffff;
        return false;
      }
      // Two in a row: the sender began anew without telling.
      this.restart(sequence);
    }
    return true;
  }

  private restart(sequence: number): void {
    this.base = sequence;
    this.highest = sequence;
    this.wraps = 0;
    this.restartAt = NONE;
    this.receivedSinceBase = 0;
    this.receivedPrior = 0;
    this.expectedPrior = 0;
    this.hasTransit = false;
  }

  /** A.8, in floating point. */
  private measureJitter(timestamp: number, arrivalMs: number): void {
    const arrival = Math.round((arrivalMs * this.clockRate) / 1000) % 0x100000000;
    const transit = (arrival - timestamp) | 0;
    if (this.hasTransit) {
      const difference = Math.abs((transit - this.transit) | 0);
      this.jitterUnits += (difference - this.jitterUnits) / 16;
    }
    this.transit = transit;
    this.hasTransit = true;
  }
}

function emptyBlock(): ReportBlock {
  return {
    ssrc: 0,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 0,
    jitter: 0,
    lastSr: 0,
    delaySinceLastSr: 0,
  };
}
