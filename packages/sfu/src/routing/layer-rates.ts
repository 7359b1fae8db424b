/** What an encoding's layers cost and how large they are: bytes counted as they come, rates once in a while. */
import { MAX_LAYERS } from './source-batch.js';

const CELLS = MAX_LAYERS * MAX_LAYERS;
/** Share of a new rate in the average. */
const FRESH = 0.5;
/** A layer without a packet for so long is switched off, ms. */
const SILENT_MS = 1_500;
/** A layer begins with a key frame, which says nothing of its rate, ms. */
const SETTLE_MS = 500;
/** Frames come closer together than this, ms. */
const RECENT_MS = 300;

export class LayerRates {
  /** Highest layers seen since the stream began. */
  topSpatial = 0;
  topTemporal = 0;
  readonly #bytes = new Float64Array(CELLS);
  readonly #bps = new Float64Array(CELLS);
  readonly #lastMs = new Float64Array(MAX_LAYERS).fill(Number.NEGATIVE_INFINITY);
  /** When it was last switched on. */
  readonly #onSinceMs = new Float64Array(MAX_LAYERS);
  readonly #heights = new Uint16Array(MAX_LAYERS);
  #sinceMs = -1;
  /** They are known from where the stream is whole; here some layers may be left out. */
  #told = false;

  /** Tells what the whole stream has, as it is known elsewhere; from now on nothing is measured here. */
  tell(topSpatial: number, topTemporal: number, bps: (spatial: number, temporal: number) => number): void {
    this.#told = true;
    this.topSpatial = topSpatial;
    this.topTemporal = topTemporal;
    for (let cell = 0; cell < CELLS; cell++) this.#bps[cell] = bps(Math.floor(cell / MAX_LAYERS), cell % MAX_LAYERS);
  }

  packet(spatial: number, temporal: number, bytes: number, now: number): void {
    if (spatial > this.topSpatial) this.topSpatial = spatial;
    if (temporal > this.topTemporal) this.topTemporal = temporal;
    this.#bytes[spatial * MAX_LAYERS + temporal] += bytes;
    if (now - this.#lastMs[spatial] > RECENT_MS) this.#onSinceMs[spatial] = now;
    this.#lastMs[spatial] = now;
  }

  /** Pixels of a spatial layer. */
  resolution(spatial: number, height: number): void {
    this.#heights[spatial] = height;
  }

  /** 0: not known. */
  height(spatial: number): number {
    return this.#heights[spatial];
  }

  /** Bit/s of one layer by itself; 0 before the first `measure`. */
  bps(spatial: number, temporal: number): number {
    return this.#bps[spatial * MAX_LAYERS + temporal];
  }

  flows(spatial: number, now: number): boolean {
    return now - this.#lastMs[spatial] < SILENT_MS;
  }

  /** Rates over the time since the last call; a layer that is off keeps its last one, for what it will cost again. */
  measure(now: number): void {
    if (this.#sinceMs < 0) {
      this.#sinceMs = now;
      this.#bytes.fill(0);
    }
    const elapsed = now - this.#sinceMs;
    if (elapsed < 200) return;
    this.#sinceMs = now;
    if (this.#told) return;
    for (let cell = 0; cell < CELLS; cell++) {
      const bytes = this.#bytes[cell];
      this.#bytes[cell] = 0;
      const spatial = Math.floor(cell / MAX_LAYERS);
      // Also one that was on for a part of the time would count for too little.
      if (now - this.#lastMs[spatial] > RECENT_MS || this.#onSinceMs[spatial] + SETTLE_MS > now - elapsed) continue;
      const bps = (bytes * 8_000) / elapsed;
      this.#bps[cell] = this.#bps[cell] === 0 ? bps : this.#bps[cell] * (1 - FRESH) + bps * FRESH;
    }
  }

  /** The stream begins anew, maybe in another codec. */
  reset(): void {
    if (this.#told) return;
    this.topSpatial = 0;
    this.topTemporal = 0;
    this.#bytes.fill(0);
    this.#bps.fill(0);
    this.#heights.fill(0);
    this.#sinceMs = -1;
  }
}
