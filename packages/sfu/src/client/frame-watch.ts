/**
 * What a viewer would notice of a video stream, guessed from packets: frames (by the marker bit), freezes, and waits for a
 * key frame. A freeze is WebRTC's: a gap between frames above max(3 x average, average + 150 ms). Times in ms.
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
  /** Longest time between two frames; set it to 0 to begin anew. */
  longestGapMs = 0;
  #waitingSince = -1;
  #lastFrameAt = -1;
  #averageMs = 0;

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

  /** A key frame begins. */
  keyFrame(now: number): void {
    this.keyFrames++;
    if (!this.waiting) return;
    this.keyFrameWaits++;
    this.keyFrameWaitMs += now - this.#waitingSince;
    this.#waitingSince = -1;
  }

  /** A frame's last packet came. */
  frame(now: number): void {
    this.frames++;
    if (this.#lastFrameAt >= 0) {
      const interval = now - this.#lastFrameAt;
      this.longestGapMs = Math.max(this.longestGapMs, interval);
      if (this.#averageMs > 0 && interval > Math.max(3 * this.#averageMs, this.#averageMs + 150)) {
        this.freezes++;
        this.freezeMs += interval;
      } else {
        this.#averageMs += (interval - this.#averageMs) * (this.#averageMs === 0 ? 1 : AVERAGE_WEIGHT);
      }
    }
    this.#lastFrameAt = now;
  }
}
