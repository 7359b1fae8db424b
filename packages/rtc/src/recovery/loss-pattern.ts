/**
 * How a receiver loses packets: what share, and how many in a row. Fed packet by packet from transport-wide feedback or from
 * gaps in what arrives, as of the last few hundred packets.
 */

/** Each packet counts this much less than the next one. */
const DECAY = 1 - 1 / 250;

export class LossPattern {
  private weight = 0;
  private lost = 0;
  /** Beginnings of losses. */
  private runs = 0;
  private inRun = false;

  /** The next packet in sending order came, or didn't. */
  packet(received: boolean): void {
    this.weight = this.weight * DECAY + 1;
    this.lost = this.lost * DECAY + (received ? 0 : 1);
    this.runs = this.runs * DECAY + (received || this.inRun ? 0 : 1);
    this.inRun = !received;
  }

  /** 0..1; 0 before anything is known. */
  get share(): number {
    return this.weight < 1 ? 0 : this.lost / this.weight;
  }

  /** Packets lost in a row, on average; 1 when losses are single ones or none. */
  get burstLength(): number {
    return this.runs < 0.5 ? 1 : Math.max(1, this.lost / this.runs);
  }
}
