/** The worker's `load` notice, once a second: what it costs, what goes through it, and all counters. */
import type { Datapath } from '@efir/datapath';
import type { Engine } from '../routing/engine.js';
import type { LoadFigures } from './control.js';
import { LoadMeter } from './load.js';

export class LoadReport {
  readonly #meter = new LoadMeter();
  #last = { atMs: 0, rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 };

  constructor(
    readonly engine: Engine,
    readonly datapath: Datapath,
    /** Of other parts of the worker, by metric name. */
    readonly counters: readonly object[],
  ) {}

  /** Figures since the last call. */
  next(): LoadFigures {
    const { engine } = this;
    const stats = this.datapath.stats();
    const atMs = this.datapath.nowUs() / 1000;
    const seconds = Math.max(0.001, (atMs - this.#last.atMs) / 1000);
    const rate = (now: number, before: number) => Math.round((now - before) / seconds);
    const figures: LoadFigures = {
      ...this.#meter.sample(),
      receiveBps: rate(stats.rxBytes, this.#last.rxBytes) * 8,
      sendBps: rate(stats.txBytes, this.#last.txBytes) * 8,
      receivePps: rate(stats.rxPackets, this.#last.rxPackets),
      sendPps: rate(stats.txPackets, this.#last.txPackets),
      routers: engine.routers.size,
      transports: engine.transports.size,
      producers: [...engine.routers.values()].reduce((sum, router) => sum + router.producers.size, 0),
      virtualStreams: engine.streams.reduce((sum, stream) => sum + (stream ? 1 : 0), 0),
      counters: {
        ...stats,
        ...engine.counters,
        ...Object.assign({}, ...this.counters),
        ...engine.data.counters,
        forwarded: engine.fanout.writer.forwarded,
      },
    };
    const { rxBytes, txBytes, rxPackets, txPackets } = stats;
    this.#last = { atMs, rxBytes, txBytes, rxPackets, txPackets };
    return figures;
  }
}
