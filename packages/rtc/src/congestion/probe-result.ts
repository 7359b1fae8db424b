/**
 * What a probe cluster measured: the rate it was sent at, divided by how much longer it took to arrive than to send.
 * So lost packets don't spoil it, and no clock of a receiver can make it more than what we sent.
 */

const MIN_ACKED = 4;
const MIN_ACKED_SHARE = 0.5;
const MAX_SPAN_US = 1_000_000;
/** Arriving this much slower than sent, the path was full; a bit less than measured leaves it time to drain. */
const FULL = 0.9;
const FULL_SHARE = 0.95;

export class ProbeResult {
  /** Of the cluster being measured; 0: none. */
  id = 0;
  probedBps = 0;

  private first = 0;
  private last = -1;
  private reported = false;
  private sentPackets = 0;
  private sentBytes = 0;
  private acked = 0;
  private ackedBytes = 0;
  private firstSentUs = 0;
  private lastSentUs = 0;
  private firstArrivalUs = 0;
  private lastArrivalUs = 0;
  private firstBytes = 0;

  /** A cluster is about to be sent, from sequence number `first` on. */
  begin(id: number, probedBps: number, first: number): void {
    this.id = id;
    this.probedBps = probedBps;
    this.first = first;
    this.last = -1;
    this.reported = false;
    this.acked = 0;
    this.ackedBytes = 0;
    this.sentBytes = 0;
  }

  /** It was sent up to `last`, `bytes` in all, media included. */
  sent(last: number, bytes: number): void {
    this.last = last;
    this.sentPackets = ((last - this.first) & 0xffff) + 1;
    this.sentBytes = bytes;
  }

  /** `sentUs` modulo 2^32. */
  packet(sequence: number, sentUs: number, arrivalUs: number, bytes: number): void {
    const index = (sequence - this.first) & 0xffff;
    if (index >= 0x8000) return;
    if (this.last >= 0 && index >= this.sentPackets) {
      this.reported = true;
      return;
    }
    if (this.last >= 0 && index === this.sentPackets - 1) this.reported = true;
    if (this.acked === 0) {
      this.firstSentUs = sentUs;
      this.lastSentUs = sentUs;
      this.firstArrivalUs = arrivalUs;
      this.lastArrivalUs = arrivalUs;
      this.firstBytes = bytes;
    }
    this.acked++;
    this.ackedBytes += bytes;
    if (((sentUs - this.lastSentUs) | 0) > 0) this.lastSentUs = sentUs;
    if (arrivalUs > this.lastArrivalUs) this.lastArrivalUs = arrivalUs;
    if (arrivalUs < this.firstArrivalUs) this.firstArrivalUs = arrivalUs;
  }

  /** Whether all of it has been reported. */
  get complete(): boolean {
    return this.id !== 0 && this.last >= 0 && this.reported;
  }

  /** The rate the path carried, bps; 0 when too little arrived. Ends the measurement. */
  take(): number {
    this.id = 0;
    const sendUs = (this.lastSentUs - this.firstSentUs) | 0;
    const arriveUs = this.lastArrivalUs - this.firstArrivalUs;
    if (this.acked < MIN_ACKED || this.acked < this.sentPackets * MIN_ACKED_SHARE) return 0;
    if (sendUs <= 0 || sendUs > MAX_SPAN_US || arriveUs > MAX_SPAN_US) return 0;
    const meanBytes = this.sentBytes > 0 ? this.sentBytes / this.sentPackets : this.ackedBytes / this.acked;
    // Of what was sent between the first and the last that arrived; the first only starts the watch.
    const packets = (this.sentPackets * (this.acked - 1)) / this.acked;
    const bytes = Math.min(packets * meanBytes, Math.max(0, this.sentBytes - this.firstBytes) || packets * meanBytes);
    const sentBps = Math.min((bytes * 8e6) / sendUs, this.probedBps * 1.5);
    const stretch = Math.max(1, arriveUs / sendUs);
    const bps = sentBps / stretch;
    return stretch * FULL > 1 ? bps * FULL_SHARE : bps;
  }
}
