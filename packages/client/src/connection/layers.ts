import type { TrackSource, VideoCodec } from '@efir/protocol';
import { AUDIO_MAX_BITRATE_BPS, SCREEN_QUALITY, type VideoQuality } from '../options.js';
import { kindOf } from '../track.js';

/** Names of the layers of simulcast, the lowest first. */
export const RIDS = ['l', 'm', 'h'] as const;

/** Enough for a talking head at so many rows of pixels. */
const LAYER_BITRATES: readonly (readonly [height: number, bps: number])[] = [
  [180, 150_000],
  [360, 500_000],
  [720, 1_500_000],
  [Number.POSITIVE_INFINITY, 3_000_000],
];
/** Below this many rows a picture isn't worth sending beside a larger one. */
const LEAST_HEIGHT = 135;

/** What nobody takes is kept going like this, so that it is there at once when it is wanted. */
export const IDLE = { maxFramerate: 4, maxBitrate: 60_000 } as const;

/** `RTCRtpEncodingParameters` and what types don't have yet. */
export interface LayerEncoding extends RTCRtpEncodingParameters {
  scalabilityMode?: string;
}

export interface LayerOptions {
  quality: VideoQuality;
  /** The codec that will be used, as far as can be told. */
  codec: VideoCodec;
  /** A machine without cores to spare. */
  weak: boolean;
}

/**
 * How a source is encoded for the SFU: a camera by VP8 and H.264 in up to three sizes, each in three frame rates; by VP9 and
 * AV1 in one stream that holds them all; a screen in one size, so that text stays sharp.
 */
export function sendEncodings(source: TrackSource, { quality, codec, weak }: LayerOptions): LayerEncoding[] {
  if (kindOf(source) === 'audio') return [{ maxBitrate: AUDIO_MAX_BITRATE_BPS }];
  if (source === 'screen') {
    const { maxBitrateBps, frameRate } = SCREEN_QUALITY;
    return [{ maxBitrate: maxBitrateBps, maxFramerate: frameRate, scalabilityMode: 'L1T3' }];
  }
  const scales = cameraScales(quality.height, weak);
  const maxFramerate = quality.frameRate;
  if (codec === 'vp9' || codec === 'av1') {
    const scalabilityMode = scales.length > 1 ? `L${scales.length}T3_KEY` : 'L1T3';
    return [{ maxBitrate: quality.maxBitrateBps, maxFramerate, scalabilityMode }];
  }
  const temporal = codec === 'vp8' ? { scalabilityMode: 'L1T3' } : {};
  if (scales.length === 1) return [{ maxBitrate: quality.maxBitrateBps, maxFramerate, ...temporal }];
  return scales.map((scale, index) => ({
    rid: RIDS[index] as string,
    scaleResolutionDownBy: scale,
    maxBitrate: Math.min(quality.maxBitrateBps, bitrateFor(quality.height / scale)),
    maxFramerate,
    ...temporal,
  }));
}

/** By how much each layer is smaller than the camera's picture, the lowest first. */
function cameraScales(height: number, weak: boolean): number[] {
  const scales = [4, 2, 1].filter((scale) => scale === 1 || height / scale >= LEAST_HEIGHT);
  // The middle one is missed least.
  return weak && scales.length === 3 ? [4, 1] : scales;
}

function bitrateFor(height: number): number {
  return LAYER_BITRATES.find(([most]) => height <= most * 1.2)?.[1] ?? 0;
}

/** What governs the layers of one sender at a moment. */
export interface LayerState {
  /** The highest spatial layer that somebody takes, from 0; -1: none. */
  taken: number;
  /** How many layers from the top are left out, because the machine can't keep up. */
  dropped: number;
  /** Pictures a second at most; null: as the quality says. */
  frameRate: number | null;
}

/** What an encoding is to be told in this state; `encodings`: as they began. */
export function encodingsIn(
  { taken, dropped, frameRate }: LayerState,
  encodings: readonly LayerEncoding[],
): Pick<LayerEncoding, 'active' | 'maxFramerate' | 'maxBitrate'>[] {
  const top = Math.max(0, Math.min(taken, encodings.length - 1 - dropped));
  const idle = taken < 0;
  return encodings.map((encoding, index) => {
    const limits: Pick<LayerEncoding, 'maxFramerate' | 'maxBitrate'> = {};
    const rate = Math.min(encoding.maxFramerate ?? Number.POSITIVE_INFINITY, frameRate ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(rate)) limits.maxFramerate = idle ? Math.min(rate, IDLE.maxFramerate) : rate;
    if (encoding.maxBitrate !== undefined) {
      limits.maxBitrate =
        idle && encodings.length > 1 ? Math.min(encoding.maxBitrate, IDLE.maxBitrate) : encoding.maxBitrate;
    }
    // Many layers in one stream are the SFU's to choose from.
    return { active: encodings.length === 1 || index <= top, ...limits };
  });
}
