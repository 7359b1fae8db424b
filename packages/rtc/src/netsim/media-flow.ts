/**
 * A sender whose encoder follows the bandwidth estimator, with pacing and probes, and a receiver that answers with real
 * transport-wide feedback: what a call does to a path, and what the path does to it.
 */

import { BandwidthEstimator } from '../congestion/estimator.js';
import { TransportFeedbackGenerator } from '../congestion/feedback-generator.js';
import { Pacer } from '../congestion/pacer.js';
import type { ProbeCluster } from '../congestion/probing.js';
import { SendHistory } from '../congestion/send-history.js';
import { Encoder, type EncoderOptions } from './encoder.js';
import type { Random } from './random.js';
import type { SimulatedLink } from './simulated-link.js';
import type { VirtualTime } from './virtual-time.js';

export interface MediaFlowOptions {
  time: VirtualTime;
  random: Random;
  forward: SimulatedLink;
  /** The way of the feedback. */
  backward: SimulatedLink;
  startMs?: number;
  stopMs?: number;
  startBps?: number;
  minBps?: number;
  maxBps?: number;
  /** Added each way, for flows of different round trips over one bottleneck. */
  extraDelayMs?: number;
  feedbackEveryMs?: number;
  encoder?: Omit<EncoderOptions, 'random'>;
  /** What allocation would ask for; default: all there is. */
  wantedBps?: number;
  /** Changes each feedback before the sender reads it; null: lost. */
  forge?: (feedback: Uint8Array) => Uint8Array | null;
}

export interface FlowSample {
  atMs: number;
  targetBps: number;
  /** Received in the last 100 ms. */
  receivedBps: number;
  queueingDelayMs: number;
}

const PACKET_BYTES = 1200;
/** IP, UDP, SRTP and header extensions of a packet of feedback. */
const FEEDBACK_OVERHEAD_BYTES = 50;
const TICK_MS = 25;
const SAMPLE_MS = 100;
/** The encoder leaves out frames while this much waits for the pacer. */
const MAX_PACER_QUEUE_MS = 200;

export class MediaFlow {
  readonly estimator: BandwidthEstimator;
  readonly samples: FlowSample[] = [];
  receivedBytes = 0;
  probes = 0;
  paddingBytes = 0;
  skippedFrames = 0;

  private readonly options: MediaFlowOptions;
  private readonly time: VirtualTime;
  private readonly history = new SendHistory();
  private readonly generator = new TransportFeedbackGenerator();
  private readonly encoder: Encoder;
  private readonly pacer: Pacer;
  private readonly waiting: number[] = [];
  private waitingBytes = 0;
  private pumping = false;
  private probing = false;
  private sequence = 0;
  private sampledBytes = 0;
  private readonly message = new Uint8Array(1200);

  constructor(options: MediaFlowOptions) {
    this.options = options;
    this.time = options.time;
    const startBps = options.startBps ?? 300_000;
    this.estimator = new BandwidthEstimator({
      history: this.history,
      startBps,
      minBps: options.minBps ?? 50_000,
      maxBps: options.maxBps ?? 20_000_000,
    });
    if (options.wantedBps !== undefined) this.estimator.wanted(options.wantedBps);
    this.encoder = new Encoder({ random: options.random, ...options.encoder });
    this.pacer = new Pacer(startBps);
    this.time.at(options.startMs ?? this.time.nowMs, () => this.start());
  }

  private get running(): boolean {
    return this.time.nowMs < (this.options.stopMs ?? Number.POSITIVE_INFINITY);
  }

  private start(): void {
    const frame = (): void => {
      if (!this.running) return;
      this.encode();
      this.time.after(this.encoder.frameMs, frame);
    };
    frame();
    this.time.every(TICK_MS, () => this.tick());
    this.time.every(this.options.feedbackEveryMs ?? 50, () => this.answer());
    this.time.every(SAMPLE_MS, () => this.sample());
  }

  private encode(): void {
    const target = this.estimator.targetBps;
    if (this.waitingBytes * 8 > (target * MAX_PACER_QUEUE_MS) / 1000) {
      this.skippedFrames++;
      return;
    }
    for (let left = this.encoder.frame(target, this.time.nowMs); left > 0; left -= PACKET_BYTES) {
      const bytes = Math.min(left, PACKET_BYTES);
      this.waiting.push(bytes);
      this.waitingBytes += bytes;
    }
    this.pump();
  }

  private pump(): void {
    if (this.pumping || this.probing) return;
    while (this.waiting.length > 0 && this.pacer.mayNow(this.time.nowMs)) this.sendMedia();
    if (this.waiting.length === 0) return;
    this.pumping = true;
    this.time.after(Math.max(1, this.pacer.waitMs(this.time.nowMs)), () => {
      this.pumping = false;
      this.pump();
    });
  }

  private sendMedia(): number {
    const bytes = this.waiting.shift()!;
    this.waitingBytes -= bytes;
    this.send(bytes);
    return bytes;
  }

  private send(bytes: number): void {
    const sequence = this.sequence;
    this.sequence = (sequence + 1) & 0xffff;
    const nowMs = this.time.nowMs;
    this.pacer.spend(nowMs, bytes);
    this.history.sent(sequence, Math.round(nowMs * 1000), bytes);
    this.options.forward.send(bytes, () => this.received(sequence, bytes), this.options.extraDelayMs);
  }

  private received(sequence: number, bytes: number): void {
    this.receivedBytes += bytes;
    this.generator.received(sequence, Math.round(this.time.nowMs * 1000) + 5_000_000);
  }

  private tick(): boolean {
    if (!this.running) return false;
    const nowMs = this.time.nowMs;
    this.estimator.tick(nowMs);
    this.pacer.setTarget(this.estimator.targetBps, nowMs);
    if (!this.probing) {
      const cluster = this.estimator.probe(nowMs);
      if (cluster !== null) this.sendProbe(cluster);
    }
    return true;
  }

  private sendProbe(cluster: ProbeCluster): void {
    this.probing = true;
    this.probes++;
    const startMs = this.time.nowMs;
    let packets = 0;
    let total = 0;
    const next = (): void => {
      let bytes: number;
      if (this.waiting.length > 0) {
        bytes = this.sendMedia();
      } else {
        bytes = cluster.paddingBytes;
        this.paddingBytes += bytes;
        this.send(bytes);
      }
      packets++;
      total += bytes;
      const dueMs = (total * 8000) / cluster.bps;
      if (packets >= cluster.minPackets && dueMs >= cluster.minMs) {
        this.estimator.probeSent(cluster.id, (this.sequence - 1) & 0xffff);
        this.probing = false;
        this.pump();
        return;
      }
      this.time.at(startMs + dueMs, next);
    };
    next();
  }

  private answer(): boolean {
    if (!this.running) return false;
    for (;;) {
      const length = this.generator.build(this.time.nowMs, 1, 2, this.message);
      if (length === 0) return true;
      const copy = this.message.slice(0, length);
      const feedback = this.options.forge ? this.options.forge(copy) : copy;
      if (feedback === null) continue;
      const heard = (): void => {
        this.estimator.feedback(feedback, 0, feedback.length, this.time.nowMs);
      };
      this.options.backward.send(length + FEEDBACK_OVERHEAD_BYTES, heard, this.options.extraDelayMs);
    }
  }

  private sample(): boolean {
    const { targetBps, queueingDelayMs } = this.estimator;
    const receivedBps = ((this.receivedBytes - this.sampledBytes) * 8000) / SAMPLE_MS;
    this.sampledBytes = this.receivedBytes;
    this.samples.push({ atMs: this.time.nowMs, targetBps, receivedBps, queueingDelayMs });
    return this.running;
  }
}
