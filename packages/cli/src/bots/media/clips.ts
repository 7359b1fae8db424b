/** The clips that come with the package (`fixtures/generate.mjs` makes them): pictures and voices for publishing bots. */
import { readFile } from 'node:fs/promises';
import { isVp8KeyFrameData } from '@efir/sfu';
import { MediaFileError } from './errors.js';
import { readIvf } from './ivf.js';
import { readOggOpus } from './ogg-opus.js';
import { packetize } from './vp8-payloads.js';

export interface ClipFrame {
  /** Ready to be sent but for the numbers in their descriptors. */
  payloads: Uint8Array[];
  keyFrame: boolean;
  /** Temporal layer. */
  temporal: number;
}

/** One picture in one size. */
export interface VideoLayer {
  height: number;
  frames: ClipFrame[];
}

export interface VideoClip {
  framesPerSecond: number;
  /** From the smallest; frame n of each is one moment, and key frames are at the same places. */
  layers: VideoLayer[];
}

export interface AudioClip {
  /** Opus, 20 ms each. */
  packets: Uint8Array[];
  /** By packet, -dBov 0..127 (RFC 6464). */
  levels: Uint8Array;
}

export interface Clips {
  videos: VideoClip[];
  voices: AudioClip[];
}

const FIXTURES = new URL('../../../fixtures/', import.meta.url);
const HEIGHTS = [180, 360, 720];
/** Temporal layer of frame n modulo 4. */
const TEMPORAL_PATTERN = [0, 2, 1, 2];
/** Levels below this are a pause between words. */
export const VOICE_LEVEL = 50;

export async function loadClips(): Promise<Clips> {
  return {
    videos: await Promise.all(['clip-a', 'clip-b'].map(loadVideo)),
    voices: await Promise.all(['speech-a', 'speech-b'].map(loadVoice)),
  };
}

async function loadVideo(name: string): Promise<VideoClip> {
  const files = await Promise.all(HEIGHTS.map((height) => readFile(new URL(`${name}-${height}.ivf`, FIXTURES))));
  const sizes = files.map(readIvf);
  for (const { codec, frames } of sizes) {
    if (codec !== 'VP80') throw new MediaFileError(`${name} is ${codec}, not VP8`);
    if (!isVp8KeyFrameData(frames[0])) throw new MediaFileError(`${name} does not begin with a key frame`);
  }
  return {
    framesPerSecond: sizes[0].framesPerSecond,
    layers: sizes.map(({ height, frames }) => ({ height, frames: frames.map(clipFrame) })),
  };
}

function clipFrame(data: Uint8Array, index: number): ClipFrame {
  const keyFrame = isVp8KeyFrameData(data);
  const temporal = TEMPORAL_PATTERN[index % TEMPORAL_PATTERN.length];
  // The encoder refers to the base layer alone in all frames but the last of the pattern.
  const sync = temporal > 0 && index % TEMPORAL_PATTERN.length !== TEMPORAL_PATTERN.length - 1;
  return { payloads: packetize(data, temporal, sync), keyFrame, temporal };
}

async function loadVoice(name: string): Promise<AudioClip> {
  const { packets } = readOggOpus(await readFile(new URL(`${name}.ogg`, FIXTURES)));
  const measured = await readFile(new URL(`${name}.levels`, FIXTURES));
  const levels = Uint8Array.from(packets, (_, i) => Math.min(127, measured[i] ?? 127));
  return { packets, levels };
}
