/** What tells that this machine can't keep up: read from `getStats()`, compared with the look before. */

// biome-ignore lint/suspicious/noExplicitAny: statistics are dictionaries whose members differ by browser.
type Report = any;

interface Totals {
  /** Of all received pictures. */
  decoded: number;
  dropped: number;
  decodeSeconds: number;
  at: number;
}

/** So large a share of the pictures is dropped after decoding, or not decoded in time. */
const DROPPED_SHARE = 0.3;
/** So much of all cores' time goes to decoding. */
const DECODE_SHARE = 0.75;
/** Fewer pictures than this between two looks say nothing. */
const LEAST_PICTURES = 20;

export interface Measured {
  /** Pictures come faster than they are decoded and shown. */
  receiving: boolean;
  /** The camera's encoder is held back by the machine. */
  sending: boolean;
}

export class StrainMeter {
  private before: Totals | null = null;

  constructor(private readonly cores = globalThis.navigator?.hardwareConcurrency ?? 4) {}

  /** Reports of all connections of the path in use. */
  read(reports: Iterable<Report>): Measured {
    const totals: Totals = { decoded: 0, dropped: 0, decodeSeconds: 0, at: 0 };
    let sending = false;
    for (const report of reports) {
      if (report.kind !== 'video') continue;
      if (report.type === 'inbound-rtp') {
        totals.decoded += report.framesDecoded ?? 0;
        totals.dropped += report.framesDropped ?? 0;
        totals.decodeSeconds += report.totalDecodeTime ?? 0;
        totals.at = Math.max(totals.at, report.timestamp ?? 0);
      } else if (report.type === 'outbound-rtp' && report.active !== false) {
        sending ||= report.qualityLimitationReason === 'cpu';
      }
    }
    const { before } = this;
    this.before = totals;
    return { receiving: before !== null && isStrained(before, totals, this.cores), sending };
  }
}

function isStrained(before: Totals, after: Totals, cores: number): boolean {
  const decoded = after.decoded - before.decoded;
  const dropped = after.dropped - before.dropped;
  const seconds = (after.at - before.at) / 1000;
  // Less than before: a connection was closed.
  if (decoded < 0 || dropped < 0 || seconds <= 0 || decoded + dropped < LEAST_PICTURES) return false;
  const busy = (after.decodeSeconds - before.decodeSeconds) / seconds;
  return dropped / (decoded + dropped) > DROPPED_SHARE || busy > DECODE_SHARE * cores;
}
