/**
 * What a probe cluster measured: the rate it was sent at, divided by how much slower it arrived. That is the slope of a
 * line through its packets' delays, which jitter bends less than the first and last arrival, and no clock of a receiver
 * can make the rate more than what we sent.
 */

const MIN_ACKED = 4;
const MIN_ACKED_SHARE = 0.5;
const MAX_SPAN_MS = 1000;
/** Arriving so much slower than sent, the path was full. */
const FULL_STRETCH = 1.2;

export class ProbeResult {
  /** Of the cluster being measured; 0: none. */
  id = 0;
  /** Whether the path carried less than the probe just taken. */
  full = false;

  private probedBps = 0;
  private first = 0;
  /** -1 before all is sent. */
  private last = -1;
  private reported = false;
  private sentPackets = 0;
  private acked = 0;
  private ackedBytes = 0;
  private originSentUs = 0;
  private originArrivalUs = 0;
  private spanMs = 0;
  /** Of times of sending and of delays on top of the first packet's, ms. */
  private sumTime = 0;
  private sumDelay = 0;
  private sumSquare = 0;
  private sumProduct = 0;

  /** A cluster is about to be sent, from sequence number `first` on. */
  begin(id: number, probedBps: number, first: number): void {
    this.id = id;
    this.probedBps = probedBps;
    this.first = first;
    this.last = -1;
    this.reported = false;
    this.acked = 0;
    this.ackedBytes = 0;
    this.spanMs = 0;
    this.sumTime = 0;
    this.sumDelay = 0;
    this.sumSquare = 0;
    this.sumProduct = 0;
  }

  /** It was sent, up to sequence number `last`. */
  sent(last: number): void {
    this.last = last;
    this.sentPackets = ((last - this.first) & 0xffff) + 1;
  }

  /** A packet was reported; whether it is the cluster's. */
  private concerns(sequence: number): boolean {
    const index = (sequence - this.first) & 0xffff;
    if (index >= 0x8000) return false;
    if (this.last < 0) return true;
    if (index >= this.sentPackets - 1) this.reported = true;
    return index < this.sentPackets;
  }

  /** A packet arrived; `sentUs` modulo 2^32. */
  acknowledged(sequence: number, sentUs: number, arrivalUs: number, bytes: number): void {
    if (!this.concerns(sequence)) return;
    if (this.acked === 0) {
      this.originSentUs = sentUs;
      this.originArrivalUs = arrivalUs;
    }
    const timeMs = ((sentUs - this.originSentUs) | 0) / 1000;
    const delayMs = (arrivalUs - this.originArrivalUs) / 1000 - timeMs;
    this.acked++;
    this.ackedBytes += bytes;
    this.spanMs = Math.max(this.spanMs, timeMs);
    this.sumTime += timeMs;
    this.sumDelay += delayMs;
    this.sumSquare += timeMs * timeMs;
    this.sumProduct += timeMs * delayMs;
  }

  lost(sequence: number): void {
    this.concerns(sequence);
  }

  /** Whether all of it has been reported. */
  get complete(): boolean {
    return this.id !== 0 && this.reported;
  }

  /**
   * The rate the path carried, bps; 0 when too little arrived to tell. `inherentLoss`, 0..1, is no sign of a full path. Ends
   * the measurement.
   */
  take(inherentLoss: number): number {
    this.id = 0;
    this.full = true;
    const { acked, sentPackets, spanMs } = this;
    if (acked < MIN_ACKED || acked < sentPackets * MIN_ACKED_SHARE) return 0;
    if (spanMs <= 0 || spanMs > MAX_SPAN_MS) return 0;
    const spread = this.sumSquare - (this.sumTime * this.sumTime) / acked;
    if (!(spread > 0)) return 0;
    const slope = (this.sumProduct - (this.sumTime * this.sumDelay) / acked) / spread;
    if (!(slope < 100)) return 0;
    const stretch = Math.max(1, 1 + slope);
    const arrived = Math.min(1, acked / sentPackets / (1 - inherentLoss));
    this.full = stretch / arrived > FULL_STRETCH;
    // Between the first and the last packet that arrived lie all but one of their number.
    const sentBps = ((this.ackedBytes * (acked - 1)) / acked / (acked / sentPackets)) * (8000 / spanMs);
    return (Math.min(sentBps, this.probedBps * 1.2) * arrived) / stretch;
  }
}
