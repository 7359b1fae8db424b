/**
 * Which packets of one received stream to ask for again (RFC 4585 section 6.2.1), and when.
 *
 * A gap becomes a request only after a grace: reordering is not loss. Each packet is asked for at most `maxTries` times, a
 * round trip apart, and given up when it is too old or too far behind. Times in ms.
 */

import { sequenceDelta } from '../rtp/sequence.js';

/** Sequence numbers remembered behind the newest; a power of two above `MAX_BEHIND`. */
const WINDOW = 1024;
/** A packet further behind the newest is given up, and a jump further ahead is a new beginning. */
const MAX_BEHIND = 1000;
/** A retry sooner than this would only ask for what is on its way. */
const MIN_RETRY_MS = 20;
const MAX_RETRY_MS = 1000;
/** Newer packets that end the grace early. */
const REORDER_PACKETS = 2;

/** Slot states; `ASKED + n` is a missing packet asked for n times. */
const RECEIVED = 0;
const UNKNOWN = 1;
const FORGOTTEN = 2;
const ASKED = 3;

const NO_TIME = 0xffffffff;

export interface NackGeneratorOptions {
  /** Grace before the first request of a gap; default 15. */
  graceMs?: number;
  /** Requests for one packet; default 10, at most 200. */
  maxTries?: number;
  /** A packet missing for longer is given up; default 2,000. */
  maxAgeMs?: number;
}

/**
 * - `new`: the newest so far.
 * - `recovered`: it had been asked for, and here it is (by RTX or as itself).
 * - `late`: it was missing but not asked for, or had been given up, or came from before the stream's first packet.
 * - `duplicate`: it was here before. Don't forward it.
 */
export type NackArrival = 'new' | 'recovered' | 'late' | 'duplicate';

export class NackGenerator {
  /**
   * Packets were given up that a decoder may need: only a key frame heals that. Stays until `keyFrame()` tells of one that
   * is newer than what was lost, or the caller clears it.
   */
  keyFrameNeeded = false;
  /** Requests handed out, retries included. */
  requested = 0;
  /** Packets that came after they had been asked for. */
  recovered = 0;
  /** Packets given up. */
  lost = 0;

  private readonly graceMs: number;
  private readonly maxTries: number;
  private readonly maxAgeMs: number;

  private readonly state = new Uint8Array(WINDOW).fill(UNKNOWN);
  /** When the gap was seen, ms modulo 2^32; `NO_TIME` before the first `due()`. */
  private readonly since = new Uint32Array(WINDOW);
  /** When it was last asked for, ms modulo 2^32. */
  private readonly asked = new Uint32Array(WINDOW);
  /** `arrivals` when the gap was seen. */
  private readonly arrivalsThen = new Uint16Array(WINDOW);

  private started = false;
  private newest = 0;
  /** Packets that advanced the stream, modulo 2^16. */
  private arrivals = 0;
  private missingCount = 0;
  /** No packet is missing before this one. */
  private oldestMissing = 0;
  /** The newest given up; -1 when none, or when it is so far behind that any key frame is newer. */
  private newestLost = -1;
  /** What would follow a packet from far behind. */
  private strayAt = -1;

  constructor(options: NackGeneratorOptions = {}) {
    this.graceMs = options.graceMs ?? 15;
    this.maxTries = Math.max(1, Math.min(200, options.maxTries ?? 10));
    this.maxAgeMs = options.maxAgeMs ?? 2000;
  }

  /** Packets missing now and not given up. */
  get missing(): number {
    return this.missingCount;
  }

  /**
   * A packet of the stream came, or was restored from RTX. Without `now` a gap's grace counts from the next `due()`.
   */
  received(sequence: number, now?: number): NackArrival {
    if (!this.started) {
      this.started = true;
      this.newest = sequence;
      this.oldestMissing = sequence;
      this.state[sequence & (WINDOW - 1)] = RECEIVED;
      return 'new';
    }
    const ahead = sequenceDelta(sequence, this.newest);
    if (ahead > 0) {
      this.arrivals = (this.arrivals + 1) & 0xffff;
      if (ahead > MAX_BEHIND) this.startAnew(sequence);
      else this.advance(sequence, ahead, now);
      return 'new';
    }
    if (ahead < -MAX_BEHIND) return this.stray(sequence);
    this.strayAt = -1;
    return this.fill(sequence);
  }

  /**
   * Writes the sequence numbers to ask for now into `out`, oldest first, and returns how many; each then counts as asked
   * for at `now`. What doesn't fit is due at the next call. Call it every 10-20 ms, or sooner after a gap.
   */
  due(now: number, rttMs: number, out: Uint16Array): number {
    if (this.missingCount === 0) return 0;
    const time = clock(now);
    const retryMs = rttMs > MIN_RETRY_MS ? Math.min(rttMs, MAX_RETRY_MS) : MIN_RETRY_MS;
    let count = 0;
    let oldest = -1;
    for (let sequence = this.oldestMissing; sequence !== this.newest; sequence = (sequence + 1) & 0xffff) {
      const slot = sequence & (WINDOW - 1);
      const tries = this.state[slot] - ASKED;
      if (tries < 0) continue;
      if (this.since[slot] === NO_TIME) this.since[slot] = time;
      const age = (time - this.since[slot]) | 0;
      if (age > this.maxAgeMs) {
        this.giveUp(sequence);
        continue;
      }
      let isDue: boolean;
      if (tries === 0) {
        const newer = (this.arrivals - this.arrivalsThen[slot]) & 0xffff;
        isDue = newer >= REORDER_PACKETS || age >= this.graceMs;
      } else {
        isDue = ((time - this.asked[slot]) | 0) >= retryMs;
        // The last request has had its round trip.
        if (isDue && tries >= this.maxTries) {
          this.giveUp(sequence);
          continue;
        }
      }
      if (oldest < 0) oldest = sequence;
      if (isDue && count < out.length) {
        out[count++] = sequence;
        this.state[slot]++;
        this.asked[slot] = time;
      }
    }
    this.oldestMissing = oldest < 0 ? this.newest : oldest;
    this.requested += count;
    return count;
  }

  /** A key frame starts at `sequence`, of which `received()` was told: nothing before it is worth asking for. */
  keyFrame(sequence: number): void {
    if (this.missingCount > 0) {
      let old = this.oldestMissing;
      for (; old !== this.newest && sequenceDelta(old, sequence) < 0; old = (old + 1) & 0xffff) {
        const slot = old & (WINDOW - 1);
        if (this.state[slot] < ASKED) continue;
        this.state[slot] = FORGOTTEN;
        this.missingCount--;
      }
      this.oldestMissing = old;
    }
    if (this.newestLost < 0 || sequenceDelta(sequence, this.newestLost) > 0) {
      this.keyFrameNeeded = false;
      this.newestLost = -1;
    }
  }

  private advance(sequence: number, ahead: number, now: number | undefined): void {
    const time = now === undefined ? NO_TIME : clock(now);
    for (let step = 1; step <= ahead; step++) {
      const entering = (this.newest + step) & 0xffff;
      this.leave((entering - MAX_BEHIND) & 0xffff);
      const slot = entering & (WINDOW - 1);
      if (step === ahead) {
        this.state[slot] = RECEIVED;
        break;
      }
      this.state[slot] = ASKED;
      this.since[slot] = time;
      // This very packet is the first newer one.
      this.arrivalsThen[slot] = this.arrivals - 1;
      if (this.missingCount++ === 0) this.oldestMissing = entering;
    }
    this.newest = sequence;
    // What fell out of the window isn't missing any more, and would share its slot with what is.
    if (((sequence - this.oldestMissing) & 0xffff) > MAX_BEHIND) this.oldestMissing = (sequence - MAX_BEHIND) & 0xffff;
    if (this.newestLost >= 0 && ((sequence - this.newestLost) & 0xffff) > 2 * MAX_BEHIND) this.newestLost = -1;
  }

  /** `sequence` falls out of the window. */
  private leave(sequence: number): void {
    const slot = sequence & (WINDOW - 1);
    if (this.state[slot] >= ASKED) this.giveUp(sequence);
    this.state[slot] = UNKNOWN;
  }

  private fill(sequence: number): NackArrival {
    const slot = sequence & (WINDOW - 1);
    const state = this.state[slot];
    if (state === RECEIVED) return 'duplicate';
    this.state[slot] = RECEIVED;
    if (state < ASKED) return 'late';
    this.missingCount--;
    if (state === ASKED) return 'late';
    this.recovered++;
    return 'recovered';
  }

  private giveUp(sequence: number): void {
    this.state[sequence & (WINDOW - 1)] = FORGOTTEN;
    this.missingCount--;
    this.lost++;
    this.keyFrameNeeded = true;
    if (this.newestLost < 0 || sequenceDelta(sequence, this.newestLost) > 0) this.newestLost = sequence;
  }

  /** Far behind: one such packet may be a stray, two in a row are a sender that began anew (as in RFC 3550 A.1). */
  private stray(sequence: number): NackArrival {
    if (sequence !== this.strayAt) {
      this.strayAt = (sequence + 1) & 0xffff;
      return 'late';
    }
    this.arrivals = (this.arrivals + 1) & 0xffff;
    this.startAnew(sequence);
    return 'new';
  }

  private startAnew(sequence: number): void {
    this.lost += this.missingCount;
    this.missingCount = 0;
    this.state.fill(UNKNOWN);
    this.state[sequence & (WINDOW - 1)] = RECEIVED;
    this.newest = sequence;
    this.oldestMissing = sequence;
    this.strayAt = -1;
    this.keyFrameNeeded = true;
    // A key frame that starts with this very packet is good.
    this.newestLost = (sequence - 1) & 0xffff;
  }
}

/** Whole ms modulo 2^32. */
function clock(now: number): number {
  return Math.floor(now) >>> 0;
}
