/** The clips that come with the package (`fixtures/generate.mjs` makes them): pictures and voices for publishing bots. */
import { readFile } from 'node:fs/promises';
import { isVp8KeyFrameData } from '@efir/sfu';
import { MediaFileError } from './errors.js';
import { readIvf } from './ivf.js';
import { readOggOpus } from './ogg-opus.js';

export interface VideoClip {
  frames: Uint8Array[];
  /** By frame. */
  keyFrame: boolean[];
  framesPerSecond: number;
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
/** Levels below this are a pause between words. */
export const VOICE_LEVEL = 50;

export async function loadClips(): Promise<Clips> {
  return {
    videos: await Promise.all(['clip-a', 'clip-b'].map(loadVideo)),
    voices: await Promise.all(['speech-a', 'speech-b'].map(loadVoice)),
  };
}

async function loadVideo(name: string): Promise<VideoClip> {
  const { codec, frames, framesPerSecond } = readIvf(await readFile(new URL(`${name}.ivf`, FIXTURES)));
  if (codec !== 'VP80') throw new MediaFileError(`${name}.ivf is ${codec}, not VP8`);
  const keyFrame = frames.map(isVp8KeyFrameData);
  if (!keyFrame[0]) throw new MediaFileError(`${name}.ivf does not begin with a key frame`);
  return { frames, keyFrame, framesPerSecond };
}

async function loadVoice(name: string): Promise<AudioClip> {
  const { packets } = readOggOpus(await readFile(new URL(`${name}.ogg`, FIXTURES)));
  const measured = await readFile(new URL(`${name}.levels`, FIXTURES));
  const levels = Uint8Array.from(packets, (_, i) => Math.min(127, measured[i] ?? 127));
  return { packets, levels };
}
