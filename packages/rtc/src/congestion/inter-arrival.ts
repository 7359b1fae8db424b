/**
 * Packets sent within 5 ms are one group (a pacer's burst), and so are those that arrive together after a hold-up of the
 * path. Tells of each two successive groups how much further apart they arrived than they were sent.
 * Source: draft-ietf-rmcat-gcc-02, section 5.2.
 */

const GROUP_US = 5000;
const BURST_ARRIVAL_US = 5000;
const MAX_BURST_US = 100_000;
/** Groups further apart than this say nothing of a queue: the sender paused, or a clock was set. */
const MAX_GAP_US = 3_000_000;

export class InterArrival {
  /** Of the last two groups, us. Valid after `packet` returned true. */
  sendDeltaUs = 0;
  arrivalDeltaUs = 0;
  /** When the newer of them arrived, of the receiver's clock, us. */
  arrivalUs = 0;
  /** Times that arrivals made no sense next to the times of sending. */
  implausible = 0;

  private groups = 0;
  private firstSentUs = 0;
  private lastSentUs = 0;
  private firstArrivalUs = 0;
  private lastArrivalUs = 0;
  private previousSentUs = 0;
  private previousArrivalUs = 0;

  /** A packet was acknowledged; `sentUs` modulo 2^32, `arrivalUs` unwrapped. True when a pair of groups is complete. */
  packet(sentUs: number, arrivalUs: number): boolean {
    if (this.groups === 0) {
      this.begin(sentUs, arrivalUs);
      this.groups = 1;
      return false;
    }
    const sinceFirstUs = (sentUs - this.firstSentUs) | 0;
    // Sent before this group: reordered on the way or late in a report. It's no edge of a group.
    if (sinceFirstUs < 0 && sinceFirstUs > -MAX_GAP_US) return false;
    const sinceLastUs = (sentUs - this.lastSentUs) | 0;
    const arrivedSinceUs = arrivalUs - this.lastArrivalUs;
    const excessUs = arrivedSinceUs - sinceLastUs;
    if (sinceFirstUs < 0 || sinceLastUs > MAX_GAP_US || excessUs > MAX_GAP_US || excessUs < -MAX_GAP_US) {
      if (sinceFirstUs >= 0 && sinceLastUs <= MAX_GAP_US) this.implausible++;
      this.reset();
      this.begin(sentUs, arrivalUs);
      this.groups = 1;
      return false;
    }
    if (this.belongs(sinceFirstUs, excessUs, arrivedSinceUs, arrivalUs)) {
      if (sinceLastUs > 0) this.lastSentUs = sentUs;
      if (arrivedSinceUs > 0) this.lastArrivalUs = arrivalUs;
      return false;
    }
    let complete = false;
    if (this.groups > 1) {
      this.sendDeltaUs = (this.lastSentUs - this.previousSentUs) | 0;
      this.arrivalDeltaUs = this.lastArrivalUs - this.previousArrivalUs;
      this.arrivalUs = this.lastArrivalUs;
      complete = this.arrivalDeltaUs >= 0;
    }
    this.previousSentUs = this.lastSentUs;
    this.previousArrivalUs = this.lastArrivalUs;
    this.groups = 2;
    this.begin(sentUs, arrivalUs);
    return complete;
  }

  /** Forgets all groups: the path or the receiver's clock is another. */
  reset(): void {
    this.groups = 0;
  }

  private belongs(sinceFirstUs: number, excessUs: number, arrivedSinceUs: number, arrivalUs: number): boolean {
    if (sinceFirstUs <= GROUP_US) return true;
    return excessUs < 0 && arrivedSinceUs <= BURST_ARRIVAL_US && arrivalUs - this.firstArrivalUs < MAX_BURST_US;
  }

  private begin(sentUs: number, arrivalUs: number): void {
    this.firstSentUs = sentUs;
    this.lastSentUs = sentUs;
    this.firstArrivalUs = arrivalUs;
    this.lastArrivalUs = arrivalUs;
  }
}
