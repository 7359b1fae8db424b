/**
 * RED for audio (RFC 2198), made from plain packets: the last frames of one source are kept, and go again with the next ones.
 * What it writes is the same for every receiver with the same distance, so it is written once for all of them.
 */

import { sequenceDelta, timestampDelta } from '../rtp/sequence.js';
import {
  MAX_RED_BLOCK_BYTES,
  MAX_RED_TIMESTAMP_OFFSET,
  RED_BLOCK_HEADER_BYTES,
  RED_PRIMARY_HEADER_BYTES,
  writeRedBlockHeader,
  writeRedPrimaryHeader,
} from './red.js';

/** How many frames back redundancy goes at most. */
export const MAX_RED_DISTANCE = 2;
/** Frames kept; a power of two above `MAX_RED_DISTANCE`. */
const SLOTS = 4;

export class RedAudio {
  private readonly frames = new Uint8Array(SLOTS * MAX_RED_BLOCK_BYTES);
  /** -1: nothing there, or a frame too long to be a block. */
  private readonly lengths = new Int16Array(SLOTS).fill(-1);
  private readonly sequences = new Uint16Array(SLOTS);
  private readonly timestamps = new Uint32Array(SLOTS);

  /** A packet of the source came, or was restored. Keeps a copy. */
  push(sequence: number, timestamp: number, bytes: Uint8Array, offset: number, length: number): void {
    const slot = sequence & (SLOTS - 1);
    const kept = this.lengths[slot] >= 0;
    // One that came very late must not take the place of a newer one; a jump far back is another beginning.
    const behind = kept ? -sequenceDelta(sequence, this.sequences[slot]) : 0;
    if (behind > 0 && behind < 1000) return;
    this.sequences[slot] = sequence;
    this.timestamps[slot] = timestamp;
    const fits = length > 0 && length <= MAX_RED_BLOCK_BYTES;
    this.lengths[slot] = fits ? length : -1;
    const at = slot * MAX_RED_BLOCK_BYTES;
    if (!fits) return;
    for (let i = 0; i < length; i++) this.frames[at + i] = bytes[offset + i];
  }

  /**
   * Writes everything of the RED payload that comes before the packet's own frame: headers, and up to `distance` earlier
   * frames, those that are kept, short enough and near enough. Returns its length, 1 or more; the frame goes right behind it.
   * 0 when not even that fits into `room` together with the frame's `length`.
   */
  writePrefix(
    distance: number,
    payloadType: number,
    sequence: number,
    timestamp: number,
    length: number,
    dst: Uint8Array,
    dstOffset: number,
    room: number,
  ): number {
    let left = Math.min(room, dst.length - dstOffset) - length - RED_PRIMARY_HEADER_BYTES;
    if (left < 0) return 0;
    let at = dstOffset;
    let taken = 0;
    // The nearest frames are the most useful ones: they get the room first.
    for (let back = 1; back <= Math.min(distance, MAX_RED_DISTANCE); back++) {
      const frame = this.usable(sequence - back, timestamp);
      if (frame < 0 || RED_BLOCK_HEADER_BYTES + this.lengths[frame] > left) continue;
      left -= RED_BLOCK_HEADER_BYTES + this.lengths[frame];
      taken |= 1 << back;
    }
    for (let back = MAX_RED_DISTANCE; back > 0; back--) {
      if ((taken & (1 << back)) === 0) continue;
      const frame = (sequence - back) & (SLOTS - 1);
      const offset = timestampDelta(timestamp, this.timestamps[frame]);
      at += writeRedBlockHeader(dst, at, payloadType, offset, this.lengths[frame]);
    }
    at += writeRedPrimaryHeader(dst, at, payloadType);
    for (let back = MAX_RED_DISTANCE; back > 0; back--) {
      if ((taken & (1 << back)) === 0) continue;
      const frame = (sequence - back) & (SLOTS - 1);
      const from = frame * MAX_RED_BLOCK_BYTES;
      for (let i = 0; i < this.lengths[frame]; i++) dst[at + i] = this.frames[from + i];
      at += this.lengths[frame];
    }
    return at - dstOffset;
  }

  /** The slot of frame `sequence` if it can go with a packet of `timestamp`; -1. */
  private usable(sequence: number, timestamp: number): number {
    const slot = sequence & (SLOTS - 1);
    if (this.lengths[slot] < 0 || this.sequences[slot] !== (sequence & 0xffff)) return -1;
    const offset = timestampDelta(timestamp, this.timestamps[slot]);
    return offset > 0 && offset <= MAX_RED_TIMESTAMP_OFFSET ? slot : -1;
  }
}

/**
 * The sequence number of a redundant block, of which RED tells only the time: whole frames of `frameSamples` (see
 * `opusDuration`) before the packet's. -1 when the time doesn't fit that.
 */
export function redundantSequence(sequence: number, timestampOffset: number, frameSamples: number): number {
  if (frameSamples <= 0 || timestampOffset === 0 || timestampOffset % frameSamples !== 0) return -1;
  return (sequence - timestampOffset / frameSamples) & 0xffff;
}

/** Loss above which redundancy of a distance begins, and below which it ends. */
const BEGIN = [0, 0.01, 0.08];
const END = [0, 0.004, 0.05];
/** Losses in a row of which one frame back would bring back too few. */
const LONG_BURST = 1.6;

/**
 * How many earlier frames should go with each packet to a receiver that loses `loss` (0..1) of them, `burstLength` in a row, as
 * `before` is now. Opus mends a single loss by itself where the encoder adds FEC; RED mends whole frames, and losses in a row.
 */
export function redDistance(loss: number, before: number, burstLength = 1): number {
  let distance = Math.max(0, Math.min(MAX_RED_DISTANCE, before));
  while (distance < MAX_RED_DISTANCE && loss >= BEGIN[distance + 1]) distance++;
  while (distance > 0 && loss < END[distance]) distance--;
  return distance === 1 && burstLength >= LONG_BURST ? 2 : distance;
}
