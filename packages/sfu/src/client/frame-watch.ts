/**
 * What a viewer would notice of a video stream, guessed from packets: frames (by the marker bit), freezes, waits for a key
 * frame, whose picture it is and how large. A freeze is WebRTC's: a gap between frames of one source above max(3 x average,
 * average + 150 ms). Times in ms.
 */

/** Weight of a new interval in the average, about the last 30 frames. */
const AVERAGE_WEIGHT = 1 / 30;

export class FrameWatch {
  frames = 0;
  keyFrames = 0;
  freezes = 0;
  freezeMs = 0;
  /** Waits for a key frame that are over, and how long they took together. */
  keyFrameWaits = 0;
  keyFrameWaitMs = 0;
  /** Longest time between two frames, of one source or of two; set it to 0 to begin anew. */
  longestGapMs = 0;
  /** CSRC of the last frame; 0: it had none. */
  source = 0;
  /** When its first frame was there; -1: there was none. */
  sourceSinceMs = -1;
  /** Pixels; 0: not known. */
  height = 0;
  /** When its first frame of this height was there. */
  heightSinceMs = -1;
  firstFrameMs = -1;
  lastFrameMs = -1;
  sourceChanges = 0;
  /** Other heights of one source. */
  layerChanges = 0;
  #waitingSince = -1;
  #averageMs = 0;
  #packetSource = 0;
  #packetHeight = 0;

  get waiting(): boolean {
    return this.#waitingSince >= 0;
  }

  /** How long the wait now under way has lasted; 0 without one. */
  waitedMs(now: number): number {
    return this.waiting ? now - this.#waitingSince : 0;
  }

  /** Nothing can be decoded from here on until a key frame comes. */
  needsKeyFrame(now: number): void {
    if (!this.waiting) this.#waitingSince = now;
  }

  /** A packet of a frame of this source. */
  packet(source: number): void {
    this.#packetSource = source;
  }

  /** A key frame begins; `height` 0: not known. */
  keyFrame(now: number, height = 0): void {
    this.keyFrames++;
    this.#packetHeight = height;
    if (!this.waiting) return;
    this.keyFrameWaits++;
    this.keyFrameWaitMs += now - this.#waitingSince;
    this.#waitingSince = -1;
  }

  /** A frame's last packet came. */
  frame(now: number): void {
    this.frames++;
    const other = this.#packetSource !== this.source;
    if (this.lastFrameMs >= 0) {
      this.longestGapMs = Math.max(this.longestGapMs, now - this.lastFrameMs);
      if (!other) this.#interval(now - this.lastFrameMs);
    }
    if (this.firstFrameMs < 0) this.firstFrameMs = now;
    this.lastFrameMs = now;
    if (other || this.#packetHeight !== this.height) this.heightSinceMs = now;
    if (other) {
      if (this.sourceSinceMs >= 0) this.sourceChanges++;
    } else if (this.height > 0 && this.#packetHeight !== this.height) this.layerChanges++;
    if (other || this.sourceSinceMs < 0) this.sourceSinceMs = now;
    this.source = this.#packetSource;
    this.height = this.#packetHeight;
  }

  #interval(ms: number): void {
    if (this.#averageMs > 0 && ms > Math.max(3 * this.#averageMs, this.#averageMs + 150)) {
      this.freezes++;
      this.freezeMs += ms;
    }
    // Freezes count in the average, so that fewer frames for good are not frozen for ever.
    this.#averageMs += (ms - this.#averageMs) * (this.#averageMs === 0 ? 1 : AVERAGE_WEIGHT);
  }
}
