/**
 * Audio packets in, frames to decode out, as evenly as a decoder wants them. The delay follows how unevenly they come; whether
 * to play faster or slower is told to the caller, who has the samples. What is missing is concealed, not awaited.
 */

import { timestampDelta } from '../../rtp/sequence.js';
import { isOpusDtx, opusDuration, opusHasFec } from '../opus.js';
import { DelayHistogram } from './delay-histogram.js';

export interface AudioJitterBufferOptions {
  /** Default 48,000. */
  clockRate?: number;
  /** Default 0. */
  minDelayMs?: number;
  /** Default 500. More than that is thrown away. */
  maxDelayMs?: number;
}

/**
 * - `frame`: decode `payload`.
 * - `fec`: decode the copy of the lost frame that `payload`, the next one, has in it.
 * - `conceal`: the frame is lost or late; let the decoder invent it.
 * - `silence`: nobody speaks (DTX), or nothing has come yet.
 */
export type AudioKind = 'frame' | 'fec' | 'conceal' | 'silence';

export interface AudioOutput {
  kind: AudioKind;
  payload: Uint8Array | null;
  /** RTP time of its first sample. */
  timestamp: number;
  /** At the clock rate. */
  samples: number;
  /** How to play it: faster when more is buffered than needed, slower when less. */
  speed: 'normal' | 'faster' | 'slower';
}

interface Frame {
  timestamp: number;
  /** -1: from redundancy. */
  sequence: number;
  samples: number;
  payload: Uint8Array;
}

const MAX_FRAMES = 200;
const QUANTILE = 0.97;
/** A timestamp further away is another beginning. */
const MAX_JUMP_SECONDS = 10;
const DEFAULT_FRAME_MS = 20;
/** Longer than that nobody invents sound. */
const MAX_CONCEALED_MS = 200;
const MAX_HOLES = 16;

export class AudioJitterBuffer {
  received = 0;
  /** Came when their time was over. */
  late = 0;
  duplicates = 0;
  /** Thrown away because too much was buffered. */
  discarded = 0;
  /** Lost frames that redundancy or FEC brought back. */
  recovered = 0;
  /** Frames played, and of those concealed. */
  played = 0;
  concealed = 0;

  private readonly options: Required<AudioJitterBufferOptions>;
  private readonly delays: DelayHistogram;
  /** By timestamp, the oldest first. */
  private frames: Frame[] = [];
  /** What is to be played next; -1 before anything is. */
  private position = -1;
  private frameSamples: number;
  /** Samples invented while the buffer was empty: not a gap in time yet. */
  private borrowed = 0;
  /** Nothing is played until something comes. */
  private resting = false;
  private lastSequence = -1;
  private lastWasDtx = false;
  /** Timestamps of frames that were concealed lately. */
  private readonly holes: number[] = [];

  constructor(options: AudioJitterBufferOptions = {}) {
    this.options = { clockRate: 48_000, minDelayMs: 0, maxDelayMs: 500, ...options };
    this.delays = new DelayHistogram(this.options.clockRate, QUANTILE);
    this.frameSamples = (this.options.clockRate * DEFAULT_FRAME_MS) / 1000;
  }

  /** What the buffer aims at: jitter and one frame, ms. */
  get targetDelayMs(): number {
    const { minDelayMs, maxDelayMs } = this.options;
    return Math.min(maxDelayMs, Math.max(minDelayMs, this.delays.delayMs + this.toMs(this.frameSamples)));
  }

  /** Audio that is there to play, holes included, ms. */
  get bufferedMs(): number {
    const newest = this.frames[this.frames.length - 1];
    if (!newest) return 0;
    const from = this.position < 0 ? this.frames[0].timestamp : this.position;
    return Math.max(0, this.toMs(timestampDelta(newest.timestamp, from) + newest.samples));
  }

  /**
   * An Opus frame came; keeps a copy. `redundant`: out of RED, for which a sequence number of -1 will do. It fills a hole or is
   * a duplicate, and counts as late as it is: then the buffer waits for redundancy if losses are many.
   */
  insert(
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    nowMs: number,
    redundant = false,
  ): void {
    const samples = (opusDuration(bytes, offset, length) * this.options.clockRate) / 48_000;
    if (samples === 0) return;
    const newest = this.frames[this.frames.length - 1];
    const reference = this.position >= 0 ? this.position : newest?.timestamp;
    if (reference !== undefined) {
      const distance = Math.abs(timestampDelta(timestamp, reference));
      if (distance > MAX_JUMP_SECONDS * this.options.clockRate) {
        if (redundant) return;
        this.restart();
      }
    }
    if (this.frames.some((frame) => frame.timestamp === timestamp)) {
      if (!redundant) this.duplicates++;
      return;
    }
    if (this.position >= 0 && timestampDelta(timestamp, this.position) < 0) {
      // Too late; but what it would have mended is a reason to wait longer.
      const hole = this.holes.indexOf(timestamp);
      if (hole >= 0) this.holes.splice(hole, 1);
      if (hole >= 0 || !redundant) this.delays.add(timestamp, nowMs);
      if (!redundant) this.late++;
      return;
    }
    this.delays.add(timestamp, nowMs);
    if (redundant) this.recovered++;
    else this.received++;
    this.frameSamples = samples;
    let at = this.frames.length;
    while (at > 0 && timestampDelta(this.frames[at - 1].timestamp, timestamp) > 0) at--;
    const payload = bytes.slice(offset, offset + length);
    this.frames.splice(at, 0, { timestamp, sequence: redundant ? -1 : sequence, samples, payload });
    if (this.frames.length > MAX_FRAMES) this.discard(1);
  }

  /** The next piece to play. Call it whenever the last one is played. */
  next(nowMs: number): AudioOutput {
    const idle = this.position < 0 || this.resting;
    if (idle && !this.start(nowMs)) return this.output('silence', null, this.frameSamples);
    this.played++;
    const excessMs = this.bufferedMs - this.options.maxDelayMs;
    if (excessMs > 0 && this.frames.length > 1) this.discardOver(this.options.maxDelayMs);
    const next = this.frames[0];
    if (!next) return this.underrun();
    const gap = timestampDelta(next.timestamp, this.position);
    if (gap <= 0) return this.play(next);
    // What was invented while nothing came is what is missing now.
    const repaid = Math.min(gap, this.borrowed);
    for (let at = 0; at < repaid; at += this.frameSamples) this.noteHole((this.position + at) >>> 0);
    this.borrowed = 0;
    this.position = (this.position + repaid) >>> 0;
    if (repaid === gap) return this.play(next);
    return this.fill(next, gap - repaid);
  }

  private play(frame: Frame): AudioOutput {
    this.frames.shift();
    this.position = frame.timestamp;
    this.borrowed = 0;
    this.lastSequence = frame.sequence;
    this.lastWasDtx = isOpusDtx(frame.payload.length);
    return this.advance('frame', frame.payload, frame.samples);
  }

  /** A hole of `gap` samples before `next`. */
  private fill(next: Frame, gap: number): AudioOutput {
    const samples = Math.min(gap, this.frameSamples);
    const follows = next.sequence >= 0 && next.sequence === ((this.lastSequence + 1) & 0xffff);
    // No packet is missing: there was nothing to say.
    if (follows || this.lastWasDtx) return this.advance('silence', null, samples);
    if (gap === next.samples && opusHasFec(next.payload, 0, next.payload.length)) {
      this.recovered++;
      return this.advance('fec', next.payload, samples);
    }
    this.concealed++;
    this.noteHole(this.position);
    return this.advance('conceal', null, samples);
  }

  private noteHole(timestamp: number): void {
    this.holes.push(timestamp);
    if (this.holes.length > MAX_HOLES) this.holes.shift();
  }

  private underrun(): AudioOutput {
    if (this.lastWasDtx || this.toMs(this.borrowed) >= MAX_CONCEALED_MS) {
      this.resting = true;
      return this.output('silence', null, this.frameSamples);
    }
    // Time stands still: what comes is played all the same, later.
    this.borrowed += this.frameSamples;
    this.concealed++;
    return this.output('conceal', null, this.frameSamples);
  }

  /** With silence before it, the first frame waits as long as the buffer's target says. */
  private start(nowMs: number): boolean {
    const first = this.frames[0];
    if (!first || nowMs < this.delays.earliestMs(first.timestamp) + this.targetDelayMs) return false;
    this.position = first.timestamp;
    this.borrowed = 0;
    this.resting = false;
    return true;
  }

  private advance(kind: AudioKind, payload: Uint8Array | null, samples: number): AudioOutput {
    const output = this.output(kind, payload, samples);
    this.position = (this.position + samples) >>> 0;
    return output;
  }

  private output(kind: AudioKind, payload: Uint8Array | null, samples: number): AudioOutput {
    const timestamp = Math.max(0, this.position);
    const idle = this.position < 0 || this.resting;
    return { kind, payload, timestamp, samples, speed: idle ? 'normal' : this.speed() };
  }

  private speed(): AudioOutput['speed'] {
    const target = this.targetDelayMs;
    const buffered = this.bufferedMs;
    if (buffered > target * 1.25 + this.toMs(this.frameSamples)) return 'faster';
    return buffered < target * 0.75 - this.toMs(this.frameSamples) && !this.lastWasDtx ? 'slower' : 'normal';
  }

  private discardOver(limitMs: number): void {
    let count = 0;
    const newest = this.frames[this.frames.length - 1];
    while (count < this.frames.length - 1) {
      if (this.toMs(timestampDelta(newest.timestamp, this.frames[count].timestamp) + newest.samples) <= limitMs) break;
      count++;
    }
    this.discard(count);
    if (this.frames.length > 0) this.position = this.frames[0].timestamp;
  }

  private discard(count: number): void {
    this.frames.splice(0, count);
    this.discarded += count;
  }

  private restart(): void {
    this.discarded += this.frames.length;
    this.frames = [];
    this.position = -1;
    this.borrowed = 0;
    this.resting = false;
    this.lastSequence = -1;
    this.lastWasDtx = false;
  }

  private toMs(samples: number): number {
    return (samples * 1000) / this.options.clockRate;
  }
}
