/**
 * When a publisher's frames are due at a wanted packet rate. A recorded shape keeps its rhythm, played faster or slower; other
 * shapes are spread evenly. Changing the rate never bunches frames up. Times in ms.
 */
import type { FrameShape } from './frame-shape.js';

/** Behind by more than this, what was missed is left out. */
const MAX_LAG_MS = 100;

export class FrameClock {
  readonly #packets: number[];
  readonly #offsets: number[];
  readonly #roundMs: number;
  readonly #naturalPps: number;
  #speed = 0;
  /** Position in the rounds, in ms of normal speed. */
  #position = 0;
  #atMs = 0;
  #frame = 0;

  constructor(shape: FrameShape, headerBytes: number) {
    this.#packets = shape.frames(headerBytes).map((frame) => frame.length);
    const total = this.#packets.reduce((sum, count) => sum + count, 0);
    this.#roundMs = shape.roundMs ?? total;
    // Evenly spread: a frame takes time as it has packets, so that the packet rate is even, too.
    let before = 0;
    const even = this.#packets.map((count) => {
      const at = (before / total) * this.#roundMs;
      before += count;
      return at;
    });
    this.#offsets = shape.atMs ?? even;
    this.#naturalPps = (total * 1000) / this.#roundMs;
  }

  get packetsPerFrame(): number {
    return this.#packets.reduce((sum, count) => sum + count, 0) / this.#packets.length;
  }

  /** Packets a second of the shape as it is. */
  get naturalPps(): number {
    return this.#naturalPps;
  }

  /** 0: nothing is due. */
  setRate(packetsPerSecond: number, now: number): void {
    this.#advance(now);
    this.#speed = packetsPerSecond / this.#naturalPps;
  }

  /** Index of a frame that is due by now, or -1. Call it until it is -1. */
  due(now: number): number {
    this.#advance(now);
    const frames = this.#offsets.length;
    const dueAt = Math.floor(this.#frame / frames) * this.#roundMs + this.#offsets[this.#frame % frames];
    if (this.#speed === 0 || dueAt > this.#position) return -1;
    const index = this.#frame % frames;
    this.#frame++;
    return index;
  }

  #advance(now: number): void {
    const elapsed = Math.min(MAX_LAG_MS, Math.max(0, now - this.#atMs));
    this.#position += elapsed * this.#speed;
    this.#atMs = now;
  }
}
