/**
 * The receiving side of one transport as a whole: what its path carries, what it wants to see, and so which layers each of
 * its video streams gets.
 */
import { BandwidthEstimator, FecRate, redDistance } from '@efir/rtc';
import { KeyFrameAllowance } from '../routing/key-frame-requests.js';
import type { ReceivingSide } from '../routing/receiving-side.js';
import { MAX_LAYERS } from '../routing/source-batch.js';
import { NO_ENCODING } from '../routing/stream-table.js';
import type { Transport } from '../routing/transport.js';
import type { VirtualStream } from '../routing/virtual-stream.js';
import type { Reception, StreamWant } from '../worker/control.js';
import { allocate, type Demand, type LayerOption, leastBps, RAISE_MARGIN, wantedBps } from './allocate.js';
import { highestFor, layerOptions, type SpatialLayer, spatialLayers } from './layer-options.js';
import { QualityReports } from './quality.js';

const START_BPS = 1_500_000;
const MIN_BPS = 30_000;
const MAX_BPS = 200_000_000;
/** Video streams that wait for their first key frame at one time, so that a join is no storm of requests. */
const MAX_STARTING = 4;
/** One that waits longer no longer holds the next ones up, ms. */
const START_PATIENCE_MS = 1_000;
/** For so long after the first picture was wanted, all get the least before any gets more, ms. */
const SLOW_START_MS = 1_500;
/** Nothing is raised for so long after something was lowered for want of bandwidth, ms. */
const HOLD_MS = 2_000;
/**
 * Running pictures are not paused before bandwidth has been short for so long, ms: an estimate may be that of a bad moment,
 * and who has lost a picture waits a second for it. Unless packets wait longer than the second: then the path is full.
 */
const PAUSE_PATIENCE_MS = 1_000;
const FULL_QUEUE_MS = 150;
/** What sound is taken to need before it has been measured, bit/s a stream, headers included. */
const AUDIO_BPS = 40_000;
const ALLOCATE_EVERY_MS = 500;
/** How much faster than the estimate a burst goes out, and than what has been given, whatever the estimate. */
const PACING_FACTOR = 1.1;
const ALLOCATED_FACTOR = 1.3;
/** A path as wide as this takes a key frame in its stride. */
const UNPACED_BPS = 8_000_000;
/** Changes of the estimate that are looked at at once. */
const NOTABLE = 0.05;

/** Highest spatial layer by level of overload. */
const HIGHEST_SHED = [MAX_LAYERS, 1, 0];

const STAGE: StreamWant = { role: 'stage', height: MAX_LAYERS * 10_000, order: 0 };

/** What a video stream has been given. */
export interface Given {
  spatial: number;
  temporal: number;
  /** There is a source, and no bandwidth for it. */
  paused: boolean;
}

export class Subscriber implements ReceivingSide {
  readonly exact = false;
  reception: Reception = { video: true, maxBps: null };
  /** There once the client has told about the path. */
  estimator: BandwidthEstimator | null = null;
  wantedBps = 0;
  allocatedBps = 0;
  /** Somebody wants to know how it goes. */
  watched = false;
  dirty = false;
  readonly #quality: QualityReports;
  readonly #fec = new FecRate();
  /** Everything is at its best: nothing will change by itself. */
  #settled = false;
  /** What the path would have to carry for all that is wanted. */
  #neededBps = 0;
  #slowUntilMs = -1;
  #loweredMs = Number.NEGATIVE_INFINITY;
  /** Since when there isn't enough for what runs, at its least. */
  #shortMs = Number.POSITIVE_INFINITY;
  #allocatedMs = Number.NEGATIVE_INFINITY;
  #allocatedAtBps = 0;
  readonly #requests = new WeakMap<VirtualStream, KeyFrameAllowance>();
  #startingMs = new Map<VirtualStream, number>();

  constructor(readonly transport: Transport) {
    this.#quality = new QualityReports(transport, this);
  }

  /** Infinity: nothing is known of the path, so nothing is held back. */
  get estimateBps(): number {
    return this.estimator?.targetBps ?? Number.POSITIVE_INFINITY;
  }

  setReception(reception: Reception): void {
    this.reception = reception;
    this.watched = true;
    this.allocate();
  }

  /** Transport-wide feedback, in the arena. */
  feedback(bytes: Uint8Array, offset: number, length: number): void {
    const { engine, number, streams } = this.transport;
    const history = engine.transportCc.history(number);
    if (!history) return;
    if (!this.estimator) {
      if (streams.size === 0) return;
      this.estimator = new BandwidthEstimator({ history, startBps: START_BPS, minBps: MIN_BPS, maxBps: MAX_BPS });
    }
    const lies = this.estimator.lies;
    this.estimator.feedback(bytes, offset, length, engine.now);
    engine.counters.feedbackLies += this.estimator.lies - lies;
    const { targetBps } = this.estimator;
    if (Math.abs(targetBps - this.#allocatedAtBps) > this.#allocatedAtBps * NOTABLE) this.dirty = true;
  }

  remb(bps: number): void {
    this.estimator?.remb(bps, this.transport.engine.now);
  }

  /** About every 100 ms. */
  tick(now: number): void {
    this.estimator?.tick(now);
    if (this.dirty || (!this.#settled && now - this.#allocatedMs > ALLOCATE_EVERY_MS)) this.allocate();
    const quality = this.watched && this.transport.connected ? this.#quality.due(now) : null;
    if (quality) this.transport.engine.notify(quality);
  }

  /** Some times a second: how much redundancy what it loses is worth. */
  protect(now: number): void {
    const { transport, estimator } = this;
    const lossShare = estimator?.lossShare ?? 0;
    for (const stream of transport.streams.values()) {
      if (stream.kind !== 'audio' || stream.repair === undefined) continue;
      stream.protectAudio(redDistance(Math.max(lossShare, stream.reported.fraction), stream.protection?.distance ?? 0));
    }
    if (!estimator || transport.lossless) return;
    const before = this.#fec.share;
    const rttMs = Math.max(estimator.rttMs, transport.roundTripMs ?? 0);
    const mediaBps = Math.max(1, this.allocatedBps);
    // The allocation leaves room for it.
    this.#fec.update(now, { lossShare, burstLength: 1, rttMs, mediaBps, spareBps: mediaBps });
    if (this.#fec.share === 0 && before === 0) return;
    for (const stream of transport.streams.values())
      if (stream.kind === 'video' && stream.repair) stream.protect(this.#fec);
  }

  /** Every 20 ms: begins a probe when one is due. */
  probe(now: number): void {
    const { estimator } = this;
    if (!estimator || this.#neededBps <= estimator.targetBps) return;
    const stream = this.#padded();
    const cluster = stream && estimator.probe(now);
    if (cluster) this.transport.engine.prober.start(this, stream, cluster, now);
  }

  /** A stream that padding can go out on. */
  #padded(): VirtualStream | null {
    for (const stream of this.transport.streams.values())
      if (stream.kind === 'video' && stream.rtxNumber >= 0 && stream.epoch) return stream;
    return null;
  }

  /** A stream's first packet of a new source went out. */
  started(stream: VirtualStream): void {
    if (this.#startingMs.delete(stream)) this.dirty = true;
  }

  forget(stream: VirtualStream): void {
    this.#startingMs.delete(stream);
  }

  mayAsk(stream: VirtualStream, now: number): boolean {
    const allowance = this.#requests.get(stream) ?? new KeyFrameAllowance();
    this.#requests.set(stream, allowance);
    return allowance.take(now);
  }

  allocate(): void {
    this.dirty = false;
    const { transport } = this;
    if (!transport.connected) return;
    const { engine } = transport;
    const { now } = engine;
    this.#allocatedMs = now;
    this.#allocatedAtBps = this.estimateBps;
    const { streams, demands, layers } = this.#demands(now);
    const audioBps = this.#audioBps();
    this.wantedBps = wantedBps(demands) + audioBps;
    const most = Math.min(this.estimateBps, this.reception.maxBps ?? Number.POSITIVE_INFINITY);
    // Redundancy has its share of the path.
    const budget = (most - audioBps) / (1 + this.#fec.share);
    const chosen = allocate(demands, budget, {
      mayRaise: this.#mayRaise(streams, now),
      mayPause: this.#mayPause(leastBps(demands) > budget, now),
    });
    this.allocatedBps = audioBps;
    this.#expire(now);
    this.#settled = this.#startingMs.size === 0 && this.#shortMs === Number.POSITIVE_INFINITY;
    for (const [i, stream] of streams.entries()) {
      const option: LayerOption | undefined = demands[i].options[chosen[i]];
      if (chosen[i] < demands[i].options.length - 1) this.#settled = false;
      if (chosen[i] < demands[i].current) this.#loweredMs = now;
      stream.given.spatial = option?.spatial ?? -1;
      stream.given.temporal = option?.temporal ?? -1;
      stream.given.paused = !option && demands[i].options.length > 0;
      this.allocatedBps += option?.bps ?? 0;
      if (option) this.#aim(stream, layers[i], option, now);
      else stream.stop();
    }
    // What is to be raised needs its margin, or the estimate stays for ever where it is just not enough.
    this.#neededBps = this.wantedBps * (this.#settled ? 1 : RAISE_MARGIN);
    this.estimator?.wanted(this.#neededBps);
    if (this.estimator) {
      const rate = Math.max(this.estimateBps * PACING_FACTOR, this.allocatedBps * ALLOCATED_FACTOR);
      engine.pacing.setRate(transport.number, rate > UNPACED_BPS ? 0 : rate, now);
    }
  }

  /** Demands of all video streams that have a source and are seen. */
  #demands(now: number) {
    const streams: VirtualStream[] = [];
    const demands: Demand[] = [];
    const layers: SpatialLayer[][] = [];
    const { engine, router } = this.transport;
    for (const stream of this.transport.streams.values()) {
      const { producer } = stream;
      if (stream.kind !== 'video') continue;
      const want = stream.want ?? STAGE;
      if (!producer || producer.paused || !this.reception.video || want.height === 0) {
        stream.given.spatial = -1;
        stream.given.paused = false;
        stream.stop();
        continue;
      }
      const usable = spatialLayers(producer, now).filter(({ encoding }) => stream.takes(encoding));
      const speaks = router.speaks(producer);
      const role = want.role === 'thumbnail' && speaks ? 'stage' : want.role;
      const highest = Math.min(highestFor(usable, want, speaks), HIGHEST_SHED[engine.overload]);
      const shed = engine.overload > 1 && role === 'thumbnail';
      const options = shed ? [] : layerOptions(usable, highest, role);
      streams.push(stream);
      layers.push(usable);
      const current = this.#startingMs.has(stream) && options.length > 0 ? 0 : currentOption(stream, options);
      demands.push({ role, order: want.order, options, current });
    }
    return { streams, demands, layers };
  }

  #mayRaise(streams: readonly VirtualStream[], now: number): boolean {
    if (now - this.#loweredMs < HOLD_MS) return false;
    if (streams.length < 2) return true;
    if (this.#slowUntilMs < 0) this.#slowUntilMs = now + SLOW_START_MS;
    if (now >= this.#slowUntilMs) return true;
    const { table } = this.transport.engine;
    return streams.every((stream) => table.current[stream.number] !== NO_ENCODING);
  }

  #mayPause(short: boolean, now: number): boolean {
    if (!short) this.#shortMs = Number.POSITIVE_INFINITY;
    else if (now < this.#shortMs) this.#shortMs = now;
    return now - this.#shortMs >= PAUSE_PATIENCE_MS || (this.estimator?.queueingDelayMs ?? 0) > FULL_QUEUE_MS;
  }

  /** Sets the stream on its way to the layer, or to what flows nearest to it. */
  #aim(stream: VirtualStream, layers: readonly SpatialLayer[], option: LayerOption, now: number): void {
    const { table } = this.transport.engine;
    const layer = nearest(layers, option.spatial);
    if (!layer) return;
    const current = table.current[stream.number];
    if (current === NO_ENCODING && table.pending[stream.number] === NO_ENCODING) {
      if (this.#startingMs.size >= MAX_STARTING) {
        this.dirty = true;
        return;
      }
      this.#startingMs.set(stream, now);
    }
    // On the way down to another encoding, the frames that can be spared are spared at once.
    const currentAt = layers.findIndex(({ encoding }) => encoding.number === current);
    const down = currentAt >= 0 && layer.encoding.number !== current && layers.indexOf(layer) < currentAt;
    stream.limit(layer.within, down ? 0 : option.temporal);
    stream.prepare(layer.encoding);
  }

  #expire(now: number): void {
    for (const [stream, since] of this.#startingMs)
      if (now - since > START_PATIENCE_MS) this.#startingMs.delete(stream);
  }

  #audioBps(): number {
    let bps = 0;
    for (const stream of this.transport.streams.values())
      if (stream.kind === 'audio' && stream.producer) bps += Math.max(AUDIO_BPS, stream.bitrateBps);
    return bps;
  }
}

/** The best option that is not above what the stream has been given; -1: it has nothing. */
function currentOption(stream: VirtualStream, options: readonly LayerOption[]): number {
  const { given, producer } = stream;
  if (given.spatial < 0 || stream.epoch?.encoding.producer.id !== producer?.id) return -1;
  let best = -1;
  for (const [i, { spatial, temporal }] of options.entries()) {
    if (spatial < given.spatial || (spatial === given.spatial && temporal <= given.temporal)) best = i;
  }
  return best;
}

/** The highest that flows at or below, else the lowest that flows above; with none flowing, the one asked for. */
function nearest(layers: readonly SpatialLayer[], spatial: number): SpatialLayer | undefined {
  for (let at = Math.min(spatial, layers.length - 1); at >= 0; at--) if (layers[at].flows) return layers[at];
  return layers.find(({ flows }) => flows) ?? layers[Math.min(spatial, layers.length - 1)];
}
