/**
 * Redundancy of one outgoing stream for a receiver that loses packets on a long way: repair packets for video (ULPFEC in RED,
 * or FlexFEC on an SSRC of its own), earlier frames in RED for audio.
 */
import { FecEncoder, type FecRate, type RepairParameters } from '@efir/rtc';

export class Protection {
  /** Video. */
  readonly encoder: FecEncoder | null;
  /** Audio: how many earlier frames go with each packet. */
  distance = 0;
  /** Of the FlexFEC stream. */
  nextSequence = 1;
  /** Repair packets sent. */
  packets = 0;

  constructor(
    readonly kind: 'ulpfec' | 'flexfec' | 'red',
    /** Payload type of the repair packets; of RED for audio. */
    readonly payloadType: number,
  ) {
    this.encoder = kind === 'red' ? null : new FecEncoder();
  }

  /** Video: takes the rate over; it may have changed since. */
  setRate(rate: FecRate): void {
    if (!this.encoder) return;
    this.encoder.share = rate.share;
    this.encoder.maxBlockMs = rate.maxBlockMs;
    this.encoder.minRepairs = rate.minRepairs;
  }
}

/** What the receiver can take; null: nothing. */
export function protectionFor(kind: 'audio' | 'video', repair: RepairParameters | undefined): Protection | null {
  if (!repair) return null;
  if (kind === 'audio') return repair.red === undefined ? null : new Protection('red', repair.red);
  if (repair.flexfec !== undefined) return new Protection('flexfec', repair.flexfec);
  if (repair.red !== undefined && repair.ulpfec !== undefined) return new Protection('ulpfec', repair.ulpfec);
  return null;
}
