/** A video encoder as the network sees it: frames of varying size around a target rate that it follows with some lag. */

import { gaussian, type Random } from './random.js';

export interface EncoderOptions {
  random: Random;
  framesPerSecond?: number;
  minBps?: number;
  maxBps?: number;
  /** 0: only the first. */
  keyFrameEveryMs?: number;
  /** Time in which it has followed 63 % of a change of its target. */
  lagMs?: number;
}

/** Of a key frame over a usual one. What it takes the next frames give back. */
const KEY_FRAME_SIZE = 4;
const SIZE_DEVIATION = 0.15;
const PAYBACK_FRAMES = 15;

export class Encoder {
  readonly frameMs: number;
  private readonly random: Random;
  private readonly minBps: number;
  private readonly maxBps: number;
  private readonly keyFrameEveryMs: number;
  private readonly lagMs: number;
  private bps = 0;
  private keyFrameMs = Number.NEGATIVE_INFINITY;
  private owedBytes = 0;

  constructor(options: EncoderOptions) {
    this.random = options.random;
    this.frameMs = 1000 / (options.framesPerSecond ?? 30);
    this.minBps = options.minBps ?? 30_000;
    this.maxBps = options.maxBps ?? 50_000_000;
    this.keyFrameEveryMs = options.keyFrameEveryMs ?? 0;
    this.lagMs = options.lagMs ?? 150;
  }

  /** Bytes of the frame of this moment. */
  frame(targetBps: number, nowMs: number): number {
    const wanted = Math.min(this.maxBps, Math.max(this.minBps, targetBps));
    if (this.bps === 0) this.bps = wanted;
    this.bps += (wanted - this.bps) * (1 - Math.exp(-this.frameMs / this.lagMs));
    const usual = (this.bps * this.frameMs) / 8000;
    const first = this.keyFrameMs === Number.NEGATIVE_INFINITY;
    if (first || (this.keyFrameEveryMs > 0 && nowMs - this.keyFrameMs >= this.keyFrameEveryMs)) {
      this.keyFrameMs = nowMs;
      this.owedBytes += usual * (KEY_FRAME_SIZE - 1);
      return Math.round(usual * KEY_FRAME_SIZE);
    }
    const payback = Math.min(this.owedBytes / PAYBACK_FRAMES, usual / 2);
    this.owedBytes -= payback;
    const varied = usual * Math.max(0.3, 1 + SIZE_DEVIATION * gaussian(this.random));
    return Math.max(60, Math.round(varied - payback));
  }
}
