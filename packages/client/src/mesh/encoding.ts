import type { TrackSource } from '@efir/protocol';
import { AUDIO_MAX_BITRATE_BPS, SCREEN_QUALITY, type VideoQuality } from '../options.js';
import { kindOf } from '../track.js';

/** What the cameras of one participant may take of the uplink, all peers together. */
export const MESH_VIDEO_BPS = 2_500_000;

export interface MeshEncoding {
  maxBitrate: number;
  maxFramerate?: number;
  scaleResolutionDownBy?: number;
}

/**
 * Each peer costs an encoder of its own: the more there are, the smaller and rarer the pictures. By number of peers: rows of
 * pixels, pictures a second, and the same on a weak machine.
 */
const STEPS: readonly (readonly [height: number, frameRate: number, weakFrameRate: number])[] = [
  [720, 30, 24],
  [360, 24, 15],
  [270, 20, 12],
  [240, 15, 8],
];

/** While a room moves, both ways are sent and received: fewer pictures on each leave strength for both. */
export const MOVING_FRAME_RATE = 5;

/** One that has no cores to spare. */
export const isWeak = (cores = globalThis.navigator?.hardwareConcurrency ?? 4): boolean => cores <= 2;

/** How to encode a source for each of `peers` receivers. `moving`: beside the other path. */
export function meshEncoding(
  source: TrackSource,
  peers: number,
  quality: VideoQuality,
  { moving = false, weak = isWeak() } = {},
): MeshEncoding {
  if (kindOf(source) === 'audio') return { maxBitrate: AUDIO_MAX_BITRATE_BPS };
  const count = Math.max(1, peers);
  const [height, frameRate, weakFrameRate] = STEPS[Math.min(count, STEPS.length) - 1] as (typeof STEPS)[number];
  if (source === 'screen') {
    // Text has to stay legible: fewer pictures rather than smaller ones.
    return {
      maxBitrate: Math.round(SCREEN_QUALITY.maxBitrateBps / Math.min(count, 3)),
      maxFramerate: count > 2 ? 5 : SCREEN_QUALITY.frameRate,
      scaleResolutionDownBy: 1,
    };
  }
  const limit = Math.min(weak ? weakFrameRate : frameRate, moving ? MOVING_FRAME_RATE : Number.POSITIVE_INFINITY);
  return {
    maxBitrate: Math.round(Math.min(quality.maxBitrateBps, MESH_VIDEO_BPS / count)),
    maxFramerate: Math.min(quality.frameRate, limit),
    scaleResolutionDownBy: Math.max(1, quality.height / height),
  };
}

/** What a sender was told last: asking it takes longer than remembering. */
const applied = new WeakMap<RTCRtpSender, string>();

/** Browsers differ in when and how they take parameters; what they refuse stays as it was. */
export async function applyEncoding(sender: RTCRtpSender, encoding: Partial<MeshEncoding>): Promise<void> {
  const wanted = JSON.stringify(encoding);
  if (applied.get(sender) === wanted) return;
  try {
    const parameters = sender.getParameters();
    const [first] = parameters.encodings ?? [];
    if (!first) return;
    Object.assign(first, encoding);
    await sender.setParameters(parameters);
    applied.set(sender, wanted);
  } catch {
    // Closed meanwhile, or too early: it is tried again after the next description.
  }
}
