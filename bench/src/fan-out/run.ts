/**
 * The fan-out bench: one publisher, N subscribers, real DTLS-SRTP on loopback, the worker alone on its CPU. Every subscriber
 * decrypts all it gets and answers with transport-wide feedback (100 ms) and reports (1 s), as browsers do.
 */
import { ClientHub, DelayHistogram } from '@efir/sfu';
import { describeMachine, GENERATOR_CPU, pinSelf, raisePriority, WORKER_CPU } from '../measure/machine.js';
import { median, round } from '../measure/median.js';
import { cpuNs, rssBytes } from '../measure/process-cost.js';
import { workerWindow } from '../measure/worker-window.js';
import type { FanOutOptions } from '../options.js';
import { PublisherProcess, type Shape } from '../stage/publisher-process.js';
import { Stage } from '../stage/stage.js';
import { findSaturation, type Saturation } from './saturation.js';
import { type CostPoint, fitViewerCost, VIEWER_LOADS } from './viewer-cost.js';
import { Yardstick } from './yardstick.js';

/** Share of saturation at which cost is measured. */
const COST_LOAD = 0.7;
const YARDSTICK_PACKETS = 400_000;
const YARDSTICK_BURST = 6;
/** Enough to have written every slot of the worker's arena before its memory is taken as the zero line. */
const WARM_UP_PACKETS = 20_000;
/** What a viewer costs is measured with so many and with this part of them. */
const FEWER = 4;
const FLATNESS_SIZES = [50, 100, 500, 1000];

export interface CostRound {
  nsPerPacket: number;
  yardstickNsPerPacket: number;
}

/** From the publisher's sending to the kernel's receiving for the subscriber. */
interface DelayFigures {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface FanOutResult {
  nsPerPacket: number;
  yardstickNsPerPacket: number;
  ratio: number;
  packetsPerSecond: number;
  rssPerSubscriberKb: number;
  forwardDelayP50Ms: number;
  forwardDelayP99Ms: number;
  [more: string]: unknown;
}

type Log = (line: string) => void;

export async function fanOut(options: FanOutOptions, log: Log): Promise<FanOutResult> {
  const machine = describeMachine();
  const pinned = machine.cores >= 2 && pinSelf(GENERATOR_CPU);
  if (!pinned) log('Only one CPU, or no taskset: worker and load generator share it, and figures mean little.');
  const set = { options, pinned, log };
  const result = await withRun(set, options.subscribers, (run) => run.all());
  if (options.flatness) {
    const flatness: SizeCost[] = [{ subscribers: options.subscribers, ...pick(result) }];
    for (const size of FLATNESS_SIZES.filter((size) => size !== options.subscribers)) {
      flatness.push(await withRun(set, size, async (run) => ({ subscribers: size, ...summary(await run.costOnly()) })));
    }
    flatness.sort((a, b) => a.subscribers - b.subscribers);
    const costs = flatness.map((size) => size.nsPerPacket);
    Object.assign(result, { flatness, flatWithin: spread(costs) });
  }
  return { ...result, machine, pinned, priority: options.priority };
}

/** What a viewer costs at viewers' rates: the input of `efir plan`. */
export async function viewerCost(options: FanOutOptions, log: Log): Promise<Record<string, unknown>> {
  const machine = describeMachine();
  const pinned = machine.cores >= 2 && pinSelf(GENERATOR_CPU);
  const points: CostPoint[] = [];
  for (const shape of ['single', 'equal'] as const) {
    for (const viewers of [Math.ceil(options.subscribers / FEWER), options.subscribers]) {
      const set = { options, pinned, log, shape };
      points.push(...(await withRun(set, viewers, (run) => run.viewerCost(VIEWER_LOADS[shape]))));
    }
  }
  const { frameCostNs, packetCostNs, viewerCostUs, workerCostUs } = fitViewerCost(points);
  return {
    frameCostNs: round(frameCostNs),
    packetCostNs: round(packetCostNs),
    viewerCostUs: round(viewerCostUs, 1),
    workerCostUs: round(workerCostUs),
    points: points.map((point) => [
      point.viewers,
      round(point.framesPerSecond, 1),
      round(point.packetsPerSecond, 1),
      round(point.usPerSecond),
    ]),
    ...{ bench: 'fan-out --viewer', subscribers: options.subscribers, machine, pinned },
  };
}

interface SizeCost {
  subscribers: number;
  nsPerPacket: number;
  ratio: number;
}

interface RunSet {
  options: FanOutOptions;
  pinned: boolean;
  log: Log;
  /** Of the frames; default: as the options say. */
  shape?: Shape;
}

/** Sets a fresh worker and load up, and takes them down whatever happens. */
async function withRun<T>(
  { options, pinned, log, shape = options.trace ? 'trace' : 'equal' }: RunSet,
  subscribers: number,
  body: (run: FanOutRun) => Promise<T>,
): Promise<T> {
  const pin = pinned ? WORKER_CPU : undefined;
  const delays = new DelayHistogram();
  const hub = new ClientHub({ datapath: { maxPeers: subscribers + 16 }, delays });
  const stage = await Stage.open(pin);
  const publisher = await PublisherProcess.start(stage, shape);
  const yardstick = new Yardstick(subscribers, pin);
  const pids = [process.pid, stage.worker.pid, publisher.pid, yardstick.pid];
  const restorePriority = options.priority ? raisePriority(pids) : null;
  try {
    return await body(new FanOutRun(options, subscribers, stage, publisher, yardstick, hub, delays, log));
  } finally {
    restorePriority?.();
    yardstick.close();
    publisher.close();
    await stage.close();
    hub.close();
  }
}

class FanOutRun {
  constructor(
    readonly options: FanOutOptions,
    readonly subscribers: number,
    readonly stage: Stage,
    readonly publisher: PublisherProcess,
    readonly yardstick: Yardstick,
    readonly hub: ClientHub,
    readonly delays: DelayHistogram,
    readonly log: Log,
  ) {}

  async all(): Promise<FanOutResult> {
    const emptyRss = await this.emptyRss();
    await this.join();
    const rss = await this.settledRss();
    const saturation = await this.saturation();
    const costs = await this.cost(saturation);
    const delay = await this.delay(saturation.publishedPps / 2, false);
    const pacedDelay = await this.delay(saturation.publishedPps / 2, true);
    return this.result(saturation, costs, (rss - emptyRss) / this.subscribers, delay, pacedDelay);
  }

  async costOnly(): Promise<CostRound[]> {
    await this.join();
    return this.cost(await this.saturation());
  }

  async join(): Promise<void> {
    this.log(`joining ${this.subscribers} subscribers`);
    await this.stage.growTo(this.subscribers, this.hub);
  }

  /** Of the worker with its publisher and nobody else, after its arena has been written all over. */
  async emptyRss(): Promise<number> {
    const { publisher, stage } = this;
    const before = await publisher.rate(4000);
    while ((await publisher.rate(4000)) - before < WARM_UP_PACKETS) await sleep(200);
    await publisher.rate(0);
    await sleep(500);
    const rss = rssBytes(stage.worker.pid);
    this.log(`worker without subscribers: ${round(rss / 2 ** 20, 1)} MiB`);
    return rss;
  }

  /** With the subscribers there, after some seconds of an ordinary picture's load. */
  async settledRss(): Promise<number> {
    await this.publisher.rate(180);
    await sleep(this.options.seconds * 1000);
    return rssBytes(this.stage.worker.pid);
  }

  async saturation(): Promise<Saturation> {
    const { stage, publisher, hub, log } = this;
    const startPps = Math.max(60, 60_000 / stage.subscribers.length);
    const probes = {
      cpuNs: () => cpuNs(stage.worker.pid),
      generatorDrops: () => hub.datapath.stats().rxKernelDrops,
    };
    const saturation = await findSaturation(stage, publisher, startPps, probes);
    log(
      `saturation: ${round(saturation.packetsPerSecond)} packets/s, worker CPU ${round(saturation.workerCpu * 100)} %` +
        (saturation.generatorDrops > 0 ? `, and the load generator dropped ${saturation.generatorDrops}` : ''),
    );
    return saturation;
  }

  /** Worker and yardstick in turn. */
  async cost(saturation: Saturation): Promise<CostRound[]> {
    const rounds: CostRound[] = [];
    for (let i = 0; i < this.options.rounds; i++) {
      const nsPerPacket = await this.window(saturation.publishedPps * COST_LOAD);
      const yardstickNsPerPacket = await this.bare();
      rounds.push({ nsPerPacket, yardstickNsPerPacket });
      this.log(`round ${i + 1}: worker ${round(nsPerPacket)} ns/packet, yardstick ${round(yardstickNsPerPacket)}`);
    }
    return rounds;
  }

  async window(publishedPps: number): Promise<number> {
    await this.publisher.rate(publishedPps);
    await sleep(500);
    const window = await workerWindow(this.stage.worker, this.options.seconds);
    return window.nsPerPacket;
  }

  async viewerCost(rates: readonly number[]): Promise<CostPoint[]> {
    await this.join();
    const points: CostPoint[] = [];
    const { subscribers: viewers, publisher, stage, options } = this;
    const { packetsPerFrame } = publisher;
    for (let i = 0; i < options.rounds; i++) {
      for (const rate of rates) {
        await publisher.rate(rate);
        await sleep(1500);
        const window = await workerWindow(stage.worker, options.seconds);
        const usPerSecond = window.cpuNs / window.elapsedMs;
        const packetsPerSecond = window.packetsPerSecond / viewers;
        points.push({ viewers, framesPerSecond: packetsPerSecond / packetsPerFrame, packetsPerSecond, usPerSecond });
        this.log(`${rate} packets/s, ${packetsPerFrame} a frame: ${round(usPerSecond / viewers)} us a second for each`);
      }
    }
    return points;
  }

  async bare(): Promise<number> {
    await this.publisher.rate(0);
    await sleep(300);
    return this.yardstick.run(YARDSTICK_PACKETS, YARDSTICK_BURST);
  }

  async delay(publishedPps: number, paced: boolean): Promise<DelayFigures> {
    await this.publisher.rate(publishedPps, paced);
    await sleep(1000);
    this.delays.clear();
    await sleep(this.options.seconds * 1000);
    const { delays } = this;
    const figures = {
      p50Ms: delays.quantileMs(0.5),
      p99Ms: delays.quantileMs(0.99),
      maxMs: delays.maxUs / 1000,
    };
    await this.publisher.rate(0);
    this.log(
      `delay at half load${paced ? ', paced frames' : ''}: ${figures.p50Ms} ms (median), ${figures.p99Ms} ms (99 %)`,
    );
    return figures;
  }

  result(
    saturation: Saturation,
    costs: CostRound[],
    rssPerSubscriber: number,
    delay: DelayFigures,
    pacedDelay: DelayFigures,
  ): FanOutResult {
    const { options, stage, yardstick } = this;
    const { nsPerPacket, ratio } = summary(costs);
    return {
      nsPerPacket,
      yardstickNsPerPacket: round(median(costs.map((cost) => cost.yardstickNsPerPacket))),
      ratio,
      packetsPerSecond: round(saturation.packetsPerSecond),
      rssPerSubscriberKb: round(rssPerSubscriber / 1024, 1),
      forwardDelayP50Ms: delay.p50Ms,
      forwardDelayP99Ms: delay.p99Ms,
      forwardDelayMaxMs: round(delay.maxMs, 2),
      pacedForwardDelayP50Ms: pacedDelay.p50Ms,
      pacedForwardDelayP99Ms: pacedDelay.p99Ms,
      bench: 'fan-out',
      frames: options.trace ? 'trace' : 'equal',
      subscribers: this.subscribers,
      srtpProfile: stage.subscribers[0]?.srtpProfile,
      rounds: costs.map((cost) => [round(cost.nsPerPacket), round(cost.yardstickNsPerPacket)]),
      costAtLoad: COST_LOAD,
      workerRssMb: round(rssBytes(stage.worker.pid) / 2 ** 20, 1),
      saturationWorkerCpu: round(saturation.workerCpu, 2),
      packetsPerCpuSecond: round(saturation.packetsPerCpuSecond),
      saturationLimit: saturation.generatorDrops > 0 ? 'load generator' : 'worker',
      steps: saturation.steps.map((step) => [
        round(step.offeredPps),
        round(step.receivedPps),
        round(step.workerCpu, 2),
      ]),
      yardstickDrained: yardstick.drained(),
      subscribersDo: 'decrypt every packet, transport-wide feedback each 100 ms, receiver reports each second',
    };
  }
}

/** 0.1: all are within 10 % of the middle between least and most. */
function spread(costs: number[]): number {
  const most = Math.max(...costs);
  const least = Math.min(...costs);
  return round((most - least) / (most + least), 3);
}

function pick({ nsPerPacket, ratio }: FanOutResult) {
  return { nsPerPacket, ratio };
}

function summary(costs: CostRound[]): { nsPerPacket: number; ratio: number } {
  const nsPerPacket = median(costs.map((cost) => cost.nsPerPacket));
  const ratio = median(costs.map((cost) => cost.nsPerPacket / cost.yardstickNsPerPacket));
  return { nsPerPacket: round(nsPerPacket), ratio: round(ratio, 3) };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
