/**
 * How much redundancy a receiver's video should have. As long as a retransmission comes in time, none: it costs only what was
 * lost. When loss is frequent and the way is long, what is repaired by asking comes too late for the picture.
 */

import { MAX_FEC_SHARE } from './fec-encoder.js';

export interface FecConditions {
  /** Share of packets lost, 0..1, and how many in a row on average: see `LossPattern`. */
  lossShare: number;
  burstLength: number;
  rttMs: number;
  /** What the protected video takes, and what the estimate leaves beside everything that is sent. */
  mediaBps: number;
  spareBps: number;
}

/** A retransmission over a shorter way comes in time: receivers buffer about as much. */
const SHORT_RTT_MS = 70;
/** Loss times round trip, ms of delay that an average packet suffers: redundancy begins and ends there. */
const BEGIN_MS = 1.5;
const END_MS = 0.7;
/** On a short way it is retransmissions that are lost again which come too late: loss squared times round trip, ms. */
const AGAIN_BEGIN_MS = 0.4;
const AGAIN_END_MS = 0.2;
/** Share of redundancy for no loss at all, and for each share of loss. */
const BASE = 0.08;
const PER_LOSS = 3;
/** More for losses in a row, as each needs a repair packet in the same block. */
const PER_BURST = 0.2;
const MAX_BURST = 6;
/** It goes up at once, and down no faster than this, per second, and by no less. */
const FALL_PER_SECOND = 0.05;
const STEP = 0.02;

export class FecRate {
  /** Repair packets per packet, 0..0.5: for `FecEncoder`. */
  share = 0;
  /** How long a block may be open: for `FecEncoder`. */
  maxBlockMs = 100;
  /** Repair packets of a block: for `FecEncoder`. */
  minRepairs = 1;

  private updatedMs = Number.NEGATIVE_INFINITY;

  /** Decides again; call it some times a second. Returns `share`. */
  update(nowMs: number, conditions: FecConditions): number {
    const { rttMs } = conditions;
    // Repair should be there well before a retransmission would.
    this.maxBlockMs = Math.min(150, Math.max(40, rttMs / 2));
    this.minRepairs = Math.min(MAX_BURST, Math.max(1, Math.round(1.5 * conditions.burstLength - 0.5)));
    const wanted = this.wanted(conditions);
    const elapsedMs = Math.min(1000, Math.max(0, nowMs - this.updatedMs));
    this.updatedMs = nowMs;
    const affordable = conditions.mediaBps > 0 ? Math.max(0, conditions.spareBps / conditions.mediaBps) : 0;
    const floor = this.share - (FALL_PER_SECOND * elapsedMs) / 1000;
    let next = wanted > this.share + STEP ? wanted : Math.max(wanted, Math.min(this.share, floor));
    // The bandwidth is no matter of taste.
    next = Math.min(next, affordable, MAX_FEC_SHARE);
    this.share = next < STEP ? 0 : next;
    return this.share;
  }

  private wanted({ lossShare, burstLength, rttMs }: FecConditions): number {
    const on = this.share > 0;
    const late = rttMs >= SHORT_RTT_MS && lossShare * rttMs >= (on ? END_MS : BEGIN_MS);
    const lostAgain = lossShare ** 2 * rttMs >= (on ? AGAIN_END_MS : AGAIN_BEGIN_MS);
    if (!late && !lostAgain) return 0;
    const bursts = 1 + PER_BURST * (Math.min(MAX_BURST, Math.max(1, burstLength)) - 1);
    return Math.min(MAX_FEC_SHARE, (BASE + PER_LOSS * lossShare) * bursts);
  }
}
