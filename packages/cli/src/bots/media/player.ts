/**
 * Plays clips in real time, round and round: says which frame or packet is due. Timestamps rise in units of the RTP clock,
 * whatever is skipped. Times in ms.
 */
import type { AudioClip, ClipFrame, VideoLayer } from './clips.js';

const VIDEO_CLOCK = 90_000;
const AUDIO_CLOCK = 48_000;
const OPUS_FRAME_MS = 20;
/** Behind by more than this, what was missed is not caught up with. */
const MAX_LAG_MS = 500;
/** While nobody speaks, an encoder with DTX sends a packet so often (RFC 6716 section 2.1.9). */
const DTX_FRAMES = 20;
const SILENCE = 127;

/** Moments at a steady rate. */
export class Beat {
  readonly #intervalMs: number;
  readonly #startMs: number;
  #count = 0;

  constructor(intervalMs: number, startMs: number) {
    this.#intervalMs = intervalMs;
    this.#startMs = startMs;
  }

  /** The number of the next moment if it is there, else -1. Call it until it is -1. */
  due(now: number): number {
    const lag = now - (this.#startMs + this.#count * this.#intervalMs);
    if (lag < 0) return -1;
    if (lag > MAX_LAG_MS) this.#count += Math.floor(lag / this.#intervalMs);
    return this.#count++;
  }
}

export function videoTimestamp(moment: number, framesPerSecond: number): number {
  return Math.round((moment * VIDEO_CLOCK) / framesPerSecond);
}

/** One size of a picture, as an encoder would give it: from a key frame on, and with another when asked. */
export class LayerPlayer {
  readonly layer: VideoLayer;
  #index = 0;
  #on = true;

  /** `startIndex` lets robots with one clip show different pictures; it is moved to the next key frame. */
  constructor(layer: VideoLayer, startIndex = 0) {
    this.layer = layer;
    this.#index = this.#keyFrameFrom(startIndex % layer.frames.length);
  }

  get on(): boolean {
    return this.#on;
  }

  /** Switched on, it begins with a key frame. */
  switch(on: boolean): void {
    if (on && !this.#on) this.skipToKeyFrame();
    this.#on = on;
  }

  next(): ClipFrame {
    const frame = this.layer.frames[this.#index];
    this.#index = (this.#index + 1) % this.layer.frames.length;
    return frame;
  }

  /** Goes on with the clip's next key frame. */
  skipToKeyFrame(): void {
    this.#index = this.#keyFrameFrom(this.#index);
  }

  #keyFrameFrom(start: number): number {
    const { frames } = this.layer;
    for (let i = 0; i < frames.length; i++) {
      const index = (start + i) % frames.length;
      if (frames[index].keyFrame) return index;
    }
    return 0;
  }
}

export interface DueVoice {
  packet: Uint8Array;
  level: number;
  timestamp: number;
  /** Speech begins after silence: the packet's marker bit (RFC 3551 section 4.1). */
  begins: boolean;
}

export class VoicePlayer {
  readonly #clip: AudioClip;
  readonly #beat: Beat;
  /** An Opus packet without a frame: its first byte alone. */
  readonly #silence: Uint8Array;
  #index: number;
  #speaking = false;
  #silentFrames = 0;

  constructor(clip: AudioClip, startMs: number, startIndex = 0) {
    this.#clip = clip;
    this.#beat = new Beat(OPUS_FRAME_MS, startMs);
    this.#silence = clip.packets[0].subarray(0, 1);
    this.#index = startIndex % clip.packets.length;
  }

  /** The next packet if one is due by now, else null: in silence few are. Who begins to speak begins with the clip. */
  due(now: number, speaks = true): DueVoice | null {
    for (;;) {
      const moment = this.#beat.due(now);
      if (moment < 0) return null;
      const timestamp = (moment * OPUS_FRAME_MS * AUDIO_CLOCK) / 1000;
      if (!speaks) {
        if (this.#speaking) this.#index = 0;
        this.#speaking = false;
        if (this.#silentFrames++ % DTX_FRAMES > 0) continue;
        return { packet: this.#silence, level: SILENCE, timestamp, begins: false };
      }
      const begins = !this.#speaking;
      this.#speaking = true;
      this.#silentFrames = 0;
      const index = this.#index;
      this.#index = (index + 1) % this.#clip.packets.length;
      return { packet: this.#clip.packets[index], level: this.#clip.levels[index], timestamp, begins };
    }
  }
}
