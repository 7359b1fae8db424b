/**
 * Plays clips in real time, round and round: says which frame or packet is due and when the next one is. Timestamps rise in
 * units of the RTP clock, whatever is skipped. Times in ms.
 */
import type { AudioClip, VideoClip } from './clips.js';

const VIDEO_CLOCK = 90_000;
const AUDIO_CLOCK = 48_000;
const OPUS_FRAME_MS = 20;
/** Behind by more than this, what was missed is not caught up with. */
const MAX_LAG_MS = 500;

export interface DueFrame {
  frame: Uint8Array;
  keyFrame: boolean;
  timestamp: number;
}

export interface DueVoice {
  packet: Uint8Array;
  level: number;
  timestamp: number;
}

export class VideoPlayer {
  readonly #clip: VideoClip;
  readonly #intervalMs: number;
  readonly #startMs: number;
  #count = 0;
  #index: number;

  /** `startIndex` lets robots with one clip show different pictures; it is moved to the next key frame. */
  constructor(clip: VideoClip, startMs: number, startIndex = 0) {
    this.#clip = clip;
    this.#intervalMs = 1000 / clip.framesPerSecond;
    this.#startMs = startMs;
    this.#index = this.#keyFrameFrom(startIndex % clip.frames.length);
  }

  /** The next frame if it is due by now, else null. Call it until it is null. */
  due(now: number): DueFrame | null {
    const lag = now - this.#dueMs;
    if (lag < 0) return null;
    if (lag > MAX_LAG_MS) this.#count += Math.floor(lag / this.#intervalMs);
    const index = this.#index;
    const timestamp = Math.round((this.#count * VIDEO_CLOCK) / this.#clip.framesPerSecond);
    this.#index = (index + 1) % this.#clip.frames.length;
    this.#count++;
    return { frame: this.#clip.frames[index], keyFrame: this.#clip.keyFrame[index], timestamp };
  }

  /** Goes on with the clip's next key frame. */
  skipToKeyFrame(): void {
    this.#index = this.#keyFrameFrom(this.#index);
  }

  get #dueMs(): number {
    return this.#startMs + this.#count * this.#intervalMs;
  }

  #keyFrameFrom(start: number): number {
    const { keyFrame } = this.#clip;
    for (let i = 0; i < keyFrame.length; i++) {
      const index = (start + i) % keyFrame.length;
      if (keyFrame[index]) return index;
    }
    return 0;
  }
}

export class VoicePlayer {
  readonly #clip: AudioClip;
  readonly #startMs: number;
  readonly #startIndex: number;
  #count = 0;

  constructor(clip: AudioClip, startMs: number, startIndex = 0) {
    this.#clip = clip;
    this.#startMs = startMs;
    this.#startIndex = startIndex;
  }

  due(now: number): DueVoice | null {
    const lag = now - (this.#startMs + this.#count * OPUS_FRAME_MS);
    if (lag < 0) return null;
    if (lag > MAX_LAG_MS) this.#count += Math.floor(lag / OPUS_FRAME_MS);
    const index = (this.#startIndex + this.#count) % this.#clip.packets.length;
    const timestamp = (this.#count * OPUS_FRAME_MS * AUDIO_CLOCK) / 1000;
    this.#count++;
    return { packet: this.#clip.packets[index], level: this.#clip.levels[index], timestamp };
  }
}
