/**
 * How much may be sent to one receiver: the lower of what delay and loss allow, raised by probes, bounded by what the
 * receiver says itself. It owns no clock and no queue; whoever sends keeps the history and calls it about each feedback.
 *
 * Nothing a receiver says makes the rate exceed 1.5 times what it was sent, or a probe's own rate.
 */

import { RtcError } from '../errors.js';
import { AckedBitrate } from './acked-bitrate.js';
import { Aimd } from './aimd.js';
import { Drain, flightShare } from './drain.js';
import { InterArrival } from './inter-arrival.js';
import { LossBased } from './loss-based.js';
import { OveruseDetector, type PathUse } from './overuse.js';
import { ProbeResult } from './probe-result.js';
import { type ProbeCluster, ProbeController } from './probing.js';
import { QueueingDelay } from './queueing-delay.js';
import { ReportBased } from './report-based.js';
import type { AcknowledgementObserver, SendFigures } from './send-history.js';
import { Trendline } from './trendline.js';

/** What was sent, as `SendHistory` keeps it. */
export interface SentPackets {
  /** The newest transport-wide sequence number sent, modulo 2^16. */
  readonly newestSequence: number;
  /** Statuses of packets never sent or long forgotten. */
  readonly refused: number;
  feedback(
    bytes: Uint8Array,
    offset: number,
    length: number,
    nowUs: number,
    observer?: AcknowledgementObserver,
  ): boolean;
  figures(nowUs: number, out?: SendFigures): SendFigures;
}

export interface BandwidthEstimatorOptions {
  history: SentPackets;
  startBps: number;
  minBps: number;
  maxBps: number;
}

/** Feedback comes every 50-100 ms; this long without any while packets are in flight, it is missing. */
const FEEDBACK_TIMEOUT_MS = 1000;
const SILENCE_STEP_MS = 500;
const SILENCE_FACTOR = 0.7;
/** Reports count when there has been no feedback for this long. */
const FEEDBACK_FRESH_MS = 5000;
const REMB_TIMEOUT_MS = 10_000;
/** Less than this share of the estimate sent: application-limited; until it is more than the second. */
const LIMITED_BELOW = 0.65;
const LIMITED_UNTIL = 0.8;
/** Probing is for a path without a queue, and not right after it was overused. */
const CALM_QUEUE_MS = 50;
const CALM_AFTER_MS = 1000;
/** An overuse that was noticed before the queue was this long needs a small step only. */
const SHORT_QUEUE_MS = 40;
/** A probe that filled the path tells something only when it found much more. */
const CLEARLY_MORE = 1.15;
const FULL_SHARE = 0.9;
const PROBE_FRESH_MS = 500;
/** Arrivals can outrun sending only while a queue drains. */
/** The last window having this share of what usually arrives, the path got narrower and the mean is outdated. */
const COLLAPSE = 0.6;
const MAX_ACKED_OVER_SENT = 1.5;
const MAX_RTT_MS = 10_000;

/** Read and done with inside one call. */
const figures: SendFigures = {
  sentBps: 0,
  acknowledgedBps: 0,
  acknowledgedBytes: 0,
  reportedPackets: 0,
  lostPackets: 0,
  lossShare: 0,
  rttMs: -1,
  inFlightBytes: 0,
};

export class BandwidthEstimator implements AcknowledgementObserver {
  /** What may be sent, media, repeats, protection and padding together. */
  targetBps: number;
  /** Of the last seconds, 0..1. */
  lossShare = 0;
  /** -1 before the first feedback. */
  rttMs = -1;
  /** What the receiver got; 0 before half a second is known. */
  ackedBps = 0;
  state: PathUse = 'normal';
  /** Clearly less is sent than the estimate allows. */
  applicationLimited = false;
  /** Feedback that couldn't be true: malformed, about packets never sent, or with impossible times. */
  lies = 0;

  private readonly history: SentPackets;
  private readonly minBps: number;
  private readonly maxBps: number;
  private wantedBps = Number.POSITIVE_INFINITY;

  private readonly arrivals = new InterArrival();
  private readonly trendline = new Trendline();
  private readonly detector = new OveruseDetector();
  private readonly acked = new AckedBitrate();
  private readonly queue = new QueueingDelay();
  private readonly drain = new Drain();
  private readonly aimd: Aimd;
  private readonly loss = new LossBased();
  private readonly reports = new ReportBased();
  private readonly probes = new ProbeController();
  private readonly probeResult = new ProbeResult();

  private probedBps = 0;
  private probedMs = Number.NEGATIVE_INFINITY;
  private feedbackMs = Number.NEGATIVE_INFINITY;
  private silenceMs = -1;
  private rembBps = Number.POSITIVE_INFINITY;
  private rembMs = Number.NEGATIVE_INFINITY;
  private refusedBefore = 0;
  /** Packets that the feedback being read tells of for the first time. */
  private heard = 0;
  private inFlightBytes = 0;
  private sentBps = 0;

  constructor(options: BandwidthEstimatorOptions) {
    const { startBps, minBps, maxBps } = options;
    if (!(minBps > 0) || !(startBps >= minBps) || !(maxBps >= startBps)) {
      throw new RtcError(
        'bad-options',
        `A bandwidth needs 0 < min <= start <= max, not ${minBps}, ${startBps}, ${maxBps}`,
      );
    }
    this.history = options.history;
    this.minBps = minBps;
    this.maxBps = maxBps;
    this.targetBps = startBps;
    this.aimd = new Aimd(startBps);
  }

  /** How long packets wait in queues of the path. */
  get queueingDelayMs(): number {
    return this.queue.ms;
  }

  /** Share of packets lost whatever the rate, as on radio. */
  get inherentLoss(): number {
    return this.loss.inherent;
  }

  /**
   * One RTCP packet of transport-wide feedback. False when it is malformed or speaks of nothing that was sent; then nothing
   * changed but `lies`.
   */
  feedback(bytes: Uint8Array, offset: number, length: number, nowMs: number): boolean {
    const implausible = this.arrivals.implausible;
    this.heard = 0;
    const understood = this.history.feedback(bytes, offset, length, nowMs * 1000, this);
    const refused = this.history.refused;
    const { refusedBefore } = this;
    const lied = refused !== refusedBefore || implausible !== this.arrivals.implausible;
    this.refusedBefore = refused;
    if (lied) this.lies++;
    if (!understood) {
      if (!lied) this.lies++;
      return false;
    }
    // Old news, or about nothing that was sent: as good as no feedback.
    if (this.heard === 0) return refused === refusedBefore;
    this.feedbackMs = nowMs;
    this.silenceMs = -1;
    this.queue.finish(nowMs);
    this.observe(nowMs);
    this.finishProbe(nowMs);
    this.decide(nowMs);
    return true;
  }

  /** A receiver report's loss (0..1) and round trip (below 0: unknown). Counts where there is no transport-wide feedback. */
  receiverReport(fractionLost: number, rttMs: number, nowMs: number): void {
    if (nowMs - this.feedbackMs < FEEDBACK_FRESH_MS) return;
    if (!(fractionLost >= 0 && fractionLost <= 1)) return;
    if (rttMs >= 0 && rttMs <= MAX_RTT_MS) this.rttMs = rttMs;
    this.lossShare = fractionLost;
    this.watchLimit(this.history.figures(nowMs * 1000, figures).sentBps);
    this.aimd.set(
      this.bound(this.reports.update(this.aimd.bps, fractionLost, this.rttMs, this.applicationLimited, nowMs)),
      nowMs,
    );
    this.publish(nowMs);
  }

  /** The receiver's own estimate: an upper bound, for 10 s. */
  remb(bps: number, nowMs: number): void {
    if (!(bps >= 0)) return;
    this.rembBps = Math.max(this.minBps, bps);
    this.rembMs = nowMs;
    this.publish(nowMs);
  }

  /** Every 25-100 ms. */
  tick(nowMs: number): void {
    const { sentBps, inFlightBytes } = this.history.figures(nowMs * 1000, figures);
    this.watchLimit(sentBps);
    this.sentBps = sentBps;
    this.inFlightBytes = inFlightBytes;
    if (this.feedbackMs === Number.NEGATIVE_INFINITY) return;
    const timeoutMs = FEEDBACK_TIMEOUT_MS + 2 * Math.max(0, this.rttMs);
    if (inFlightBytes > 0 && nowMs - this.feedbackMs > timeoutMs) {
      if (this.silenceMs >= 0 && nowMs - this.silenceMs < SILENCE_STEP_MS) return;
      this.silenceMs = nowMs;
      this.aimd.set(this.bound(this.aimd.bps * SILENCE_FACTOR), nowMs);
    }
    this.publish(nowMs);
  }

  /** The most that could be used; probing looks no further. */
  wanted(bps: number): void {
    this.wantedBps = Math.max(this.minBps, bps);
  }

  /**
   * A probe to send at once, beginning with the next packet, or null. Between this and `probeSent` nothing else may be
   * asked for. Call it every 10-50 ms.
   */
  probe(nowMs: number): ProbeCluster | null {
    const calm =
      this.detector.state !== 'overuse' &&
      !this.drain.active &&
      this.queue.ms < CALM_QUEUE_MS &&
      nowMs - this.aimd.lastDecreaseMs > CALM_AFTER_MS &&
      this.silenceMs < 0;
    const ceiling = Math.min(this.maxBps, this.liveRemb(nowMs));
    const cluster = this.probes.next(this.targetBps, this.wantedBps, ceiling, calm, nowMs);
    if (cluster !== null) this.probeResult.begin(cluster.id, cluster.bps, (this.history.newestSequence + 1) & 0xffff);
    return cluster;
  }

  /** The cluster went out, media and padding, up to transport-wide number `lastSequence`. */
  probeSent(id: number, lastSequence: number): void {
    if (id === this.probeResult.id) this.probeResult.sent(lastSequence);
  }

  /** For the history: a packet arrived. */
  acknowledged(sequence: number, sentUs: number, arrivalUs: number, bytes: number): void {
    this.heard++;
    this.acked.add(arrivalUs, bytes, this.applicationLimited);
    this.queue.packet(sentUs, arrivalUs);
    this.loss.packet(sentUs, bytes, false);
    if (this.probeResult.id !== 0) this.probeResult.acknowledged(sequence, sentUs, arrivalUs, bytes);
    const implausible = this.arrivals.implausible;
    if (this.arrivals.packet(sentUs, arrivalUs)) {
      const deltaMs = (this.arrivals.arrivalDeltaUs - this.arrivals.sendDeltaUs) / 1000;
      this.trendline.add(deltaMs, this.arrivals.arrivalUs);
      this.detector.update(this.trendline.trendMs, this.arrivals.sendDeltaUs / 1000);
    } else if (implausible !== this.arrivals.implausible) {
      this.trendline.reset();
      this.detector.reset();
      this.queue.reset();
    }
  }

  /** For the history: a packet was reported missing. */
  lost(sequence: number, sentUs: number, bytes: number): void {
    this.heard++;
    if (this.probeResult.id !== 0) this.probeResult.lost(sequence);
    this.loss.packet(sentUs, bytes, true);
  }

  /** For the history: the packet acknowledged next was reported missing before. */
  recovered(): void {
    this.loss.recovered();
  }

  private observe(nowMs: number): void {
    this.history.figures(nowMs * 1000, figures);
    this.watchLimit(figures.sentBps);
    this.sentBps = figures.sentBps;
    this.inFlightBytes = figures.inFlightBytes;
    if (figures.rttMs >= 0) this.rttMs = figures.rttMs;
    this.ackedBps = Math.min(this.acked.bps, figures.sentBps * MAX_ACKED_OVER_SENT);
    // The trend is that of the last twenty groups, which take a second to send while little is sent: what the queue did
    // since then is the better witness, and what arrives now says nothing of the capacity.
    const stale = this.detector.state === 'overuse' && this.queue.falling;
    this.state = stale ? 'underuse' : this.detector.state;
    this.drain.update(this.state === 'overuse', this.queue.ms, nowMs);
  }

  private decide(nowMs: number): void {
    // What would arrive if the path lost nothing by itself: rates are about what is sent.
    const acked = this.ackedBps / (1 - this.loss.inherent);
    const latest = this.acked.latestBps / (1 - this.loss.inherent);
    let arriving = acked;
    if (this.state === 'overuse') {
      // While a queue drains more arrives than is sent, and that is what the path carries.
      arriving = this.acked.bps / (1 - this.loss.inherent);
      if (latest > 0 && latest < arriving * COLLAPSE) arriving = latest;
    }
    // The queue that a probe made isn't the estimate's, and what it measured is fresher than any mean.
    if (nowMs - this.probedMs < PROBE_FRESH_MS) arriving = Math.max(arriving, this.probedBps);
    const queue = this.drain.contested(nowMs) ? 'contested' : this.queue.ms < SHORT_QUEUE_MS ? 'short' : 'usual';
    this.aimd.update(this.state, arriving, this.rttMs, this.applicationLimited, nowMs, queue);
    this.loss.update(this.aimd.bps, acked, this.queue.ms, this.applicationLimited, nowMs);
    this.lossShare = this.loss.share;
    this.publish(nowMs);
  }

  private finishProbe(nowMs: number): void {
    const result = this.probeResult;
    if (!result.complete) return;
    const { id } = result;
    const bps = result.take(this.loss.inherent);
    this.probes.result(id, bps > 0 && !result.full, bps, nowMs);
    this.probedBps = bps;
    this.probedMs = nowMs;
    const current = this.aimd.bps;
    const needed = result.full && !this.probes.exploring ? current * CLEARLY_MORE : current;
    // A path that was full shows its rate among others that it carries, not quite what they would leave to us.
    const raised = result.full ? bps * FULL_SHARE : bps;
    if (this.state !== 'overuse' && bps > needed && raised > current) {
      this.aimd.set(this.bound(raised), nowMs);
      this.loss.raise(raised);
      this.acked.loosen();
    }
  }

  private publish(nowMs: number): void {
    this.aimd.bps = this.bound(this.aimd.bps);
    let bps = Math.min(this.aimd.bps, this.loss.bps, this.liveRemb(nowMs));
    if (nowMs - this.feedbackMs < FEEDBACK_FRESH_MS) {
      const emptyRoundTripMs = Math.max(0, this.rttMs - this.queue.ms);
      const flight = flightShare(this.inFlightBytes, Math.max(bps, this.sentBps), emptyRoundTripMs);
      bps *= Math.min(this.drain.share, flight);
    }
    this.targetBps = this.bound(bps);
  }

  private watchLimit(sentBps: number): void {
    const share = sentBps / this.targetBps;
    if (share < LIMITED_BELOW) this.applicationLimited = true;
    else if (share > LIMITED_UNTIL) this.applicationLimited = false;
  }

  private liveRemb(nowMs: number): number {
    return nowMs - this.rembMs < REMB_TIMEOUT_MS ? this.rembBps : Number.POSITIVE_INFINITY;
  }

  private bound(bps: number): number {
    return Math.min(this.maxBps, Math.max(this.minBps, bps));
  }
}
