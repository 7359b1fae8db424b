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

/** Each peer costs an encoder of its own: the more there are, the smaller the pictures. By number of peers: rows of pixels, pictures a second. */
const STEPS: readonly (readonly [height: number, frameRate: number])[] = [
  [720, 30],
  [360, 24],
  [270, 20],
  [240, 15],
];

/** While a room moves, both ways are sent and received: fewer pictures on this one leave strength for the other. */
const MOVING_FRAME_RATE = 7;

/** How to encode a source for each of `peers` receivers. `moving`: beside the other path. */
export function meshEncoding(source: TrackSource, peers: number, quality: VideoQuality, moving = false): MeshEncoding {
  if (kindOf(source) === 'audio') return { maxBitrate: AUDIO_MAX_BITRATE_BPS };
  const count = Math.max(1, peers);
  const [height, frameRate] = STEPS[Math.min(count, STEPS.length) - 1] as (typeof STEPS)[number];
  if (source === 'screen') {
    // Text has to stay legible: fewer pictures rather than smaller ones.
    return {
      maxBitrate: Math.round(SCREEN_QUALITY.maxBitrateBps / Math.min(count, 3)),
      maxFramerate: count > 2 ? 5 : SCREEN_QUALITY.frameRate,
      scaleResolutionDownBy: 1,
    };
  }
  return {
    maxBitrate: Math.round(Math.min(quality.maxBitrateBps, MESH_VIDEO_BPS / count)),
    maxFramerate: Math.min(quality.frameRate, frameRate, moving ? MOVING_FRAME_RATE : Number.POSITIVE_INFINITY),
    scaleResolutionDownBy: Math.max(1, quality.height / height),
  };
}

/** Browsers differ in when and how they take parameters; what they refuse stays as it was. */
export async function applyEncoding(sender: RTCRtpSender, encoding: MeshEncoding): Promise<void> {
  try {
    const parameters = sender.getParameters();
    const [first] = parameters.encodings ?? [];
    if (!first || Object.entries(encoding).every(([name, value]) => first[name as keyof MeshEncoding] === value))
      return;
    Object.assign(first, encoding);
    await sender.setParameters(parameters);
  } catch {
    // Closed meanwhile, or too early: it is tried again after the next description.
  }
}
