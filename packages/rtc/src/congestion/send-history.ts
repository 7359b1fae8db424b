/**
 * What we sent on one transport, by transport-wide sequence number, and what its receiver says became of it. From that:
 * bitrates, loss and round trip over the last second.
 *
 * The receiver isn't trusted. Only packets that were sent, are remembered and weren't counted yet count; its arrival times
 * only move a packet between our own times of sending it and hearing of it; windows go by our clock.
 */

import { RtcError } from '../errors.js';
import { sequenceDelta } from '../rtp/sequence.js';
import { readTransportFeedback, type TransportFeedbackSink } from './feedback-reader.js';

const BUCKETS = 10;
const BUCKET_US = 100_000;
const MAX_RTT_US = 10_000_000;
/** Feedback comes every 50-100 ms: what isn't acknowledged since then isn't known yet. */
const FEEDBACK_GRACE_US = 250_000;
/** A receiver's clock that is off by more is believed to have been set. */
const CLOCK_STEP_US = 2_000_000;

/** An entry: bytes in the low 12 bits, its state above. */
const BYTES_MASK = 0x0fff;
const STATE_MASK = 0xf000;
const EMPTY = 0;
const IN_FLIGHT = 0x1000;
/** The receiver told of newer packets and not of this one: its feedback got lost. */
const UNREPORTED = 0x2000;
const LOST = 0x3000;
const ACKNOWLEDGED = 0x4000;

/** Offsets of the per-bucket figures in `windows`. */
const SENT_BYTES = 0;
const ACKED_BYTES = BUCKETS;
const ACKED_PACKETS = 2 * BUCKETS;
const LOST_PACKETS = 3 * BUCKETS;
const MIN_RTT = 4 * BUCKETS;
const WINDOW_WORDS = 5 * BUCKETS;
const NO_RTT = 0xffffffff;

export interface SendHistoryOptions {
  /** Packets remembered, a power of two of 64..16,384; default 1,024. At 6 bytes each. */
  entries?: number;
  /** Where to keep them, so that many histories can stand side by side; `SendHistory.bytesNeeded(entries)` bytes. */
  memory?: ArrayBuffer;
  /** A multiple of 4. */
  byteOffset?: number;
}

/** The last second. */
export interface SendFigures {
  sentBps: number;
  /** What arrived, at the rate it arrived. */
  acknowledgedBps: number;
  acknowledgedBytes: number;
  /** Packets reported received or lost. */
  reportedPackets: number;
  lostPackets: number;
  /** 0..1 of `reportedPackets`. */
  lossShare: number;
  /** Smallest, with the receiver's wait before its feedback in it; -1 before the first. If the second has none, the last. */
  rttMs: number;
  /** Sent and neither reported nor passed over. */
  inFlightBytes: number;
}

/** Hears of each packet once when it is acknowledged, in the order of sequence numbers. */
export interface AcknowledgementObserver {
  /** `sentUs` as given to `sent()`, modulo 2^32; `arrivalUs` of the receiver's clock, unwrapped. */
  acknowledged(sequence: number, sentUs: number, arrivalUs: number, bytes: number): void;
  /** Reported missing. It may be acknowledged later all the same. */
  lost?(sequence: number, sentUs: number, bytes: number): void;
  /** The packet that is acknowledged next was reported missing before. */
  recovered?(): void;
}

export class SendHistory implements TransportFeedbackSink {
  /** Packets over all time. A packet reported missing and then received is only in `acknowledgedPackets`. */
  sentPackets = 0;
  acknowledgedPackets = 0;
  lostPackets = 0;
  /** Statuses about packets never sent or long forgotten, and messages that made no sense. */
  refused = 0;

  private readonly mask: number;
  private readonly sentUs: Uint32Array;
  private readonly entry: Uint16Array;
  private readonly windows: Uint32Array;

  private started = false;
  private newest = 0;
  /** Every entry before this one is settled. */
  private unsettled = 0;
  private inFlightBytes = 0;
  /** Bucket being filled, and when it began. */
  private bucket = 0;
  private bucketUs = 0;
  /** Full buckets before it since the first packet, up to `BUCKETS - 1`. */
  private age = 0;

  private observer: AcknowledgementObserver | undefined;
  private nowUs = 0;
  private newestAckedSentUs = -1;
  private newestArrivalUs = 0;
  /** How long before `nowUs` the newest arrival was. */
  private newestAgeUs = 0;
  private firstAckUs = -1;
  private lastAckUs = 0;
  private ackWindowFull = false;
  private lastRttUs = -1;

  private hasReference = false;
  private referenceRaw = 0;
  /** Of the receiver's clock, unwrapped, us. */
  private referenceUs = 0;
  /** Our clock less the receiver's, and the fastest way back: NaN before the first feedback. */
  private offsetUs = Number.NaN;

  static bytesNeeded(entries: number): number {
    return WINDOW_WORDS * 4 + entries * 6;
  }

  constructor(options: SendHistoryOptions = {}) {
    const entries = options.entries ?? 1024;
    if (entries < 64 || entries > 16_384 || (entries & (entries - 1)) !== 0) {
      throw new RtcError('bad-options', `A send history has a power of two of entries, 64 to 16384, not ${entries}`);
    }
    const memory = options.memory ?? new ArrayBuffer(SendHistory.bytesNeeded(entries));
    const at = options.byteOffset ?? 0;
    this.mask = entries - 1;
    this.windows = new Uint32Array(memory, at, WINDOW_WORDS);
    this.sentUs = new Uint32Array(memory, at + WINDOW_WORDS * 4, entries);
    this.entry = new Uint16Array(memory, at + WINDOW_WORDS * 4 + entries * 4, entries);
    this.windows.fill(0).fill(NO_RTT, MIN_RTT, MIN_RTT + BUCKETS);
    this.entry.fill(EMPTY);
  }

  /** The newest number sent, modulo 2^16. */
  get newestSequence(): number {
    return this.newest;
  }

  /** A packet goes out. `sequence` is one more than the last, modulo 2^16; `bytes` up to 4,095. */
  sent(sequence: number, nowUs: number, bytes: number): void {
    if (!this.started) this.start(sequence, nowUs);
    else if (sequence !== ((this.newest + 1) & 0xffff)) this.skipTo(sequence);
    this.keepTime(nowUs);
    const slot = sequence & this.mask;
    this.settle(slot, EMPTY);
    const size = bytes & BYTES_MASK;
    this.sentUs[slot] = nowUs;
    this.entry[slot] = IN_FLIGHT | size;
    this.newest = sequence;
    this.inFlightBytes += size;
    this.windows[SENT_BYTES + this.bucket] += size;
    this.sentPackets++;
    if (((sequence - this.unsettled) & 0xffff) > this.mask) this.unsettled = (sequence - this.mask) & 0xffff;
  }

  /**
   * Takes in one RTCP packet of feedback. False when it makes no sense; then nothing changed but `refused`.
   */
  feedback(
    bytes: Uint8Array,
    offset: number,
    length: number,
    nowUs: number,
    observer?: AcknowledgementObserver,
  ): boolean {
    if (!this.started) return false;
    this.keepTime(nowUs);
    this.nowUs = nowUs;
    this.observer = observer;
    this.newestAckedSentUs = -1;
    this.newestAgeUs = MAX_RTT_US;
    if (Number.isNaN(this.offsetUs) && readTransportFeedback(bytes, offset, length, newestArrival)) {
      this.offsetUs = nowUs - newestArrival.us;
    }
    const understood = readTransportFeedback(bytes, offset, length, this);
    this.observer = undefined;
    if (!understood) {
      this.refused++;
      return false;
    }
    if (this.newestAckedSentUs >= 0) this.finish();
    return true;
  }

  /** The figures of the last second. Fills and returns `out`. */
  figures(nowUs: number, out: SendFigures = emptyFigures()): SendFigures {
    if (this.started) this.keepTime(nowUs);
    const windows = this.windows;
    let sentBytes = 0;
    let ackedBytes = 0;
    let acked = 0;
    let lost = 0;
    let rttUs = NO_RTT;
    for (let i = 0; i < BUCKETS; i++) {
      sentBytes += windows[SENT_BYTES + i];
      ackedBytes += windows[ACKED_BYTES + i];
      acked += windows[ACKED_PACKETS + i];
      lost += windows[LOST_PACKETS + i];
      if (windows[MIN_RTT + i] < rttUs) rttUs = windows[MIN_RTT + i];
    }
    if (rttUs === NO_RTT) rttUs = this.lastRttUs;
    const spanUs = this.started ? this.age * BUCKET_US + Math.max(0, (nowUs - this.bucketUs) | 0) : 0;
    out.sentBps = (sentBytes * 8e6) / Math.max(spanUs, BUCKET_US);
    out.acknowledgedBps = (ackedBytes * 8e6) / this.acknowledgedSpanUs(nowUs, spanUs);
    out.acknowledgedBytes = ackedBytes;
    out.reportedPackets = acked + lost;
    out.lostPackets = lost;
    out.lossShare = lost === 0 ? 0 : lost / (acked + lost);
    out.rttMs = rttUs < 0 ? -1 : rttUs / 1000;
    out.inFlightBytes = this.inFlightBytes;
    return out;
  }

  /** For the reader. */
  begin(base: number, _count: number, reference: number, _message: number): void {
    const steps = this.hasReference ? ((reference - this.referenceRaw) << 8) >> 8 : reference;
    this.hasReference = true;
    this.referenceRaw = reference;
    this.referenceUs += steps * 64_000;
    if (((this.newest - base) & 0xffff) > this.mask) return;
    for (; sequenceDelta(base, this.unsettled) > 0; this.unsettled = (this.unsettled + 1) & 0xffff) {
      const slot = this.unsettled & this.mask;
      if ((this.entry[slot] & STATE_MASK) === IN_FLIGHT) this.settle(slot, UNREPORTED);
    }
  }

  /** For the reader. */
  packet(sequence: number, received: boolean, arrivalUs: number): void {
    const slot = sequence & this.mask;
    const entry = this.entry[slot];
    const state = entry & STATE_MASK;
    if (((this.newest - sequence) & 0xffff) > this.mask || state === EMPTY) {
      if (received) this.refused++;
      return;
    }
    if (state === ACKNOWLEDGED || (state === LOST && !received)) return;
    const bytes = entry & BYTES_MASK;
    const sentUs = this.sentUs[slot];
    if (received) {
      if (state === LOST) {
        this.unlose();
        this.observer?.recovered?.();
      }
      this.settle(slot, ACKNOWLEDGED);
      this.acknowledge(sentUs, this.referenceUs + arrivalUs, bytes);
      this.observer?.acknowledged(sequence, sentUs, this.referenceUs + arrivalUs, bytes);
    } else {
      this.settle(slot, LOST);
      this.lostPackets++;
      this.windows[LOST_PACKETS + this.bucket]++;
      this.observer?.lost?.(sequence, sentUs, bytes);
    }
  }

  private acknowledge(sentUs: number, arrivalUs: number, bytes: number): void {
    this.acknowledgedPackets++;
    const offset = this.nowUs - arrivalUs;
    if (offset < this.offsetUs) this.offsetUs = offset;
    const flightUs = Math.max(0, (this.nowUs - sentUs) | 0);
    const ageUs = Math.min(flightUs, offset - this.offsetUs);
    const windows = this.windows;
    const back = this.bucketsBack(ageUs);
    if (back < BUCKETS) {
      const bucket = (this.bucket + BUCKETS - back) % BUCKETS;
      windows[ACKED_BYTES + bucket] += bytes;
    }
    // Counted when heard of, like the lost ones, so that their share is right.
    windows[ACKED_PACKETS + this.bucket]++;
    if (ageUs < this.newestAgeUs) this.newestAgeUs = ageUs;
    if (this.firstAckUs < 0) this.firstAckUs = (this.nowUs - ageUs) >>> 0;
    if (this.newestAckedSentUs < 0 || arrivalUs > this.newestArrivalUs) this.newestArrivalUs = arrivalUs;
    this.newestAckedSentUs = sentUs;
  }

  /** After a message that acknowledged something. */
  private finish(): void {
    this.lastAckUs = this.nowUs - this.newestAgeUs;
    const rttUs = (this.nowUs - this.newestAckedSentUs) | 0;
    if (rttUs >= 0 && rttUs <= MAX_RTT_US) {
      this.lastRttUs = rttUs;
      const at = MIN_RTT + this.bucket;
      if (rttUs < this.windows[at]) this.windows[at] = rttUs;
    }
    // The fastest way back is remembered, and slowly forgotten: clocks drift.
    const slackUs = this.nowUs - this.newestArrivalUs - this.offsetUs;
    this.offsetUs += slackUs > CLOCK_STEP_US ? slackUs : slackUs / 64;
  }

  /** A packet thought lost arrived after all. */
  private unlose(): void {
    this.lostPackets--;
    for (let back = 0; back < BUCKETS; back++) {
      const at = LOST_PACKETS + ((this.bucket + BUCKETS - back) % BUCKETS);
      if (this.windows[at] === 0) continue;
      this.windows[at]--;
      return;
    }
  }

  /** From the first acknowledged arrival in the window to the last, or to where one would have to have come by now. */
  private acknowledgedSpanUs(nowUs: number, spanUs: number): number {
    if (this.firstAckUs < 0) return BUCKET_US;
    const tailUs = Math.max(0, Math.min(FEEDBACK_GRACE_US, (nowUs - this.lastAckUs) | 0));
    let span = spanUs;
    if (!this.ackWindowFull) span = Math.min(span, Math.max(0, (nowUs - this.firstAckUs) | 0));
    return Math.max(BUCKET_US, span - tailUs);
  }

  private bucketsBack(ageUs: number): number {
    const beforeBucket = ageUs - ((this.nowUs - this.bucketUs) | 0);
    return beforeBucket <= 0 ? 0 : Math.ceil(beforeBucket / BUCKET_US);
  }

  private settle(slot: number, state: number): void {
    const entry = this.entry[slot];
    if ((entry & STATE_MASK) === IN_FLIGHT) this.inFlightBytes -= entry & BYTES_MASK;
    this.entry[slot] = state | (entry & BYTES_MASK);
  }

  private start(sequence: number, nowUs: number): void {
    this.started = true;
    this.newest = sequence;
    this.unsettled = sequence;
    this.bucketUs = nowUs >>> 0;
  }

  /** Numbers were left out: what stands in their slots is older. */
  private skipTo(sequence: number): void {
    const skipped = Math.min((sequence - this.newest - 1) & 0xffff, this.mask + 1);
    for (let i = 1; i <= skipped; i++) this.settle((sequence - i) & this.mask, EMPTY);
  }

  private keepTime(nowUs: number): void {
    const elapsedUs = (nowUs - this.bucketUs) | 0;
    // A little backwards is a caller's older stamp; a lot is a pause of more than half the clock's circle.
    if (elapsedUs < BUCKET_US && elapsedUs > -CLOCK_STEP_US) return;
    const steps = elapsedUs < 0 ? BUCKETS : Math.floor(elapsedUs / BUCKET_US);
    const windows = this.windows;
    for (let i = Math.min(steps, BUCKETS); i > 0; i--) {
      this.bucket = (this.bucket + 1) % BUCKETS;
      windows[SENT_BYTES + this.bucket] = 0;
      windows[ACKED_BYTES + this.bucket] = 0;
      windows[ACKED_PACKETS + this.bucket] = 0;
      windows[LOST_PACKETS + this.bucket] = 0;
      windows[MIN_RTT + this.bucket] = NO_RTT;
    }
    this.bucketUs = (elapsedUs < 0 ? nowUs : this.bucketUs + steps * BUCKET_US) >>> 0;
    this.age = Math.min(BUCKETS - 1, this.age + steps);
    if (this.firstAckUs >= 0 && ((nowUs - this.firstAckUs) | 0) >= BUCKETS * BUCKET_US) this.ackWindowFull = true;
  }
}

/** Finds the newest arrival of a first message, by which its others are placed. */
const newestArrival = {
  us: 0,
  referenceUs: 0,
  begin(_base: number, _count: number, reference: number): void {
    this.referenceUs = reference * 64_000;
    this.us = this.referenceUs;
  },
  packet(_sequence: number, received: boolean, arrivalUs: number): void {
    if (received) this.us = Math.max(this.us, this.referenceUs + arrivalUs);
  },
};

function emptyFigures(): SendFigures {
  return {
    sentBps: 0,
    acknowledgedBps: 0,
    acknowledgedBytes: 0,
    reportedPackets: 0,
    lostPackets: 0,
    lossShare: 0,
    rttMs: -1,
    inFlightBytes: 0,
  };
}
