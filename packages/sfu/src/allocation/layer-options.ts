/** In which ways a producer's picture can be sent for a tile, from the least to the best. */
import type { Encoding } from '../routing/encoding.js';
import type { Producer } from '../routing/producer.js';
import { MAX_LAYERS } from '../routing/source-batch.js';
import type { StreamWant } from '../worker/control.js';
import type { LayerOption } from './allocate.js';

/** A layer may be shown this much larger than it is before the next one is wanted. */
const STRETCH = 1.25;
/** A layer that hasn't come yet is taken to cost this much, by its place: 180p, 360p, 720p. */
const NOMINAL_BPS = [150_000, 500_000, 1_700_000, 3_000_000];

/** One spatial layer, wherever it comes from. */
export interface SpatialLayer {
  encoding: Encoding;
  /** Spatial layer within the encoding. */
  within: number;
  /** 0: unknown. */
  height: number;
  flows: boolean;
}

/** Spatial layers from the lowest: of simulcast one an encoding, of SVC those within the one. */
export function spatialLayers(producer: Producer, now: number): SpatialLayer[] {
  const { ordered } = producer;
  if (ordered.length > 1) {
    return ordered.map((encoding) => ({
      encoding,
      within: MAX_LAYERS - 1,
      height: encoding.layers.height(0),
      flows: encoding.flowing(now) !== null,
    }));
  }
  const [encoding] = ordered;
  if (!encoding) return [];
  const layers: SpatialLayer[] = [];
  const flowing = encoding.flowing(now);
  for (let within = 0; within <= encoding.layers.topSpatial; within++) {
    layers.push({
      encoding,
      within,
      height: encoding.layers.height(within),
      flows: flowing !== null && (within === 0 || flowing.layers.flows(within, now)),
    });
  }
  return layers;
}

/**
 * The highest spatial layer worth sending for a tile. A thumbnail takes the lowest, a stage the lowest that fills it; who
 * speaks is shown at the best.
 */
export function highestFor(layers: readonly SpatialLayer[], want: StreamWant, speaks: boolean): number {
  const top = layers.length - 1;
  if (speaks) return top;
  if (want.role === 'thumbnail') return 0;
  if (want.role === 'screen') return top;
  for (let spatial = 0; spatial < top; spatial++) {
    const { height } = layers[spatial];
    if (height > 0 && height * STRETCH >= want.height) return spatial;
  }
  return top;
}

/** Layers up to `highest`, each with its temporal ones where those make sense. */
export function layerOptions(
  layers: readonly SpatialLayer[],
  highest: number,
  role: StreamWant['role'],
): LayerOption[] {
  const options: LayerOption[] = [];
  const simulcast = layers.length > 1 && layers[0].encoding !== layers[1].encoding;
  let below = 0;
  for (let spatial = 0; spatial <= highest; spatial++) {
    const { encoding, within } = layers[spatial];
    const { layers: rates } = encoding;
    const at = simulcast ? 0 : within;
    const sum = (temporal: number): number => {
      let bps = 0;
      for (let t = 0; t <= temporal; t++) bps += simulcast ? spatialSum(encoding, t) : rates.bps(at, t);
      return bps;
    };
    const whole = sum(MAX_LAYERS - 1) || NOMINAL_BPS[Math.min(spatial, NOMINAL_BPS.length - 1)];
    const top = rates.topTemporal;
    // The lowest picture may lose frames to stay; of a shared screen each layer may, sharpness first.
    if ((spatial === 0 || role === 'screen') && top > 0) {
      for (let temporal = 0; temporal < top; temporal++) {
        const bps = sum(temporal);
        if (bps > 0) options.push({ spatial, temporal, bps: below + bps });
      }
    }
    options.push({ spatial, temporal: MAX_LAYERS - 1, bps: below + whole });
    // Layers of SVC build on those below, simulcast ones stand alone.
    if (!simulcast) below += whole;
  }
  return role === 'screen' ? sharpestFirst(options) : increasing(options);
}

function spatialSum(encoding: Encoding, temporal: number): number {
  let bps = 0;
  for (let spatial = 0; spatial < MAX_LAYERS; spatial++) bps += encoding.layers.bps(spatial, temporal);
  return bps;
}

/** A better one that costs less makes the worse one pointless. */
function increasing(options: readonly LayerOption[]): LayerOption[] {
  const kept: LayerOption[] = [];
  for (const option of options) {
    while (kept.length > 0 && kept[kept.length - 1].bps >= option.bps) kept.pop();
    kept.push(option);
  }
  return kept;
}

/** Of the sharpest layer all frame rates, and below them the least of the blurred ones, for paths that carry nothing else. */
function sharpestFirst(options: readonly LayerOption[]): LayerOption[] {
  const sharpest = options.at(-1)?.spatial ?? 0;
  const sharp = options.filter(({ spatial }) => spatial === sharpest);
  const least = options.filter(({ spatial, bps }) => spatial < sharpest && bps < sharp[0].bps);
  return increasing([...least, ...sharp]);
}
