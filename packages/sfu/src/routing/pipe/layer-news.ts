/** What the sink of a pipe is told of layers, so that it knows what one costs before it asks for it: when it has changed. */
import type { Encoding } from '../encoding.js';
import type { Producer } from '../producer.js';
import { MAX_ENCODINGS, type PipedLayers } from './messages.js';

const EVERY_MS = 100;
/** Encodings told of at a time. */
const BATCH = 50;
/** Rates may be off by this share. */
const NOTABLE = 0.2;
const MAX_BPS = 1_000_000_000;

export class LayerNews {
  /** As told last, by producer and encoding. */
  readonly #told = new Map<string, PipedLayers[]>();
  #dueMs = Number.NEGATIVE_INFINITY;

  forget(producer: string): void {
    this.#told.delete(producer);
  }

  due(announced: ReadonlyMap<string, { producer: Producer }>, now: number): PipedLayers[] {
    const news: PipedLayers[] = [];
    if (now < this.#dueMs) return news;
    this.#dueMs = now + EVERY_MS;
    for (const [id, { producer }] of announced) {
      if (producer.kind !== 'video') continue;
      let told = this.#told.get(id);
      if (!told) {
        told = [];
        this.#told.set(id, told);
      }
      for (const [index, encoding] of producer.encodings.slice(0, MAX_ENCODINGS).entries()) {
        const layers = describe(id, index, encoding);
        if (!layers || (told[index] && !differs(told[index], layers))) continue;
        told[index] = layers;
        news.push(layers);
        if (news.length === BATCH) return news;
      }
    }
    return news;
  }
}

/** Null: nothing is known yet. */
function describe(producer: string, encoding: number, { layers }: Encoding): PipedLayers | null {
  const { topSpatial: spatial, topTemporal: temporal } = layers;
  const heights: number[] = [];
  const bps: number[] = [];
  for (let s = 0; s <= spatial; s++) {
    heights.push(Math.min(16_384, layers.height(s)));
    for (let t = 0; t <= temporal; t++) bps.push(Math.min(MAX_BPS, Math.round(layers.bps(s, t))));
  }
  if (heights.every((height) => height === 0) && bps.every((rate) => rate === 0)) return null;
  return { producer, encoding, spatial, temporal, heights, bps };
}

function differs(a: PipedLayers, b: PipedLayers): boolean {
  if (a.spatial !== b.spatial || a.temporal !== b.temporal) return true;
  if (a.heights.some((height, i) => height !== b.heights[i])) return true;
  return a.bps.some((rate, i) => Math.abs(rate - b.bps[i]) > rate * NOTABLE);
}
