/**
 * Packets of one video stream in, whole pictures out, in the order a decoder needs them and when it is time to show them. The
 * delay follows how unevenly pictures come to be complete, retransmissions included. What can't be decoded is dropped, and a
 * key frame asked for.
 */

import { SequenceUnwrapper } from '../../rtp/sequence.js';
import { DelayHistogram } from './delay-histogram.js';
import { FrameReferences, type PictureNumbers } from './frame-references.js';
import { beginsPicture, type FrameNumbers, pictureNumbers, type VideoCodecName } from './picture-numbers.js';

export interface VideoJitterBufferOptions {
  codec: VideoCodecName;
  /** Default 0. */
  minDelayMs?: number;
  /** Default 1,000. A picture that still misses packets then is given up. */
  maxDelayMs?: number;
}

export interface VideoFrame {
  keyFrame: boolean;
  /** RTP time. */
  timestamp: number;
  /** In order. */
  payloads: Uint8Array[];
  /** When it should be shown, on the clock of `nowMs`. */
  renderMs: number;
}

interface Slot {
  /** Unwrapped; -1: nothing there. */
  sequence: number;
  timestamp: number;
  marker: boolean;
  /** Null for a packet without media (padding, FEC). */
  payload: Uint8Array | null;
  numbers: FrameNumbers | null;
}

interface Picture extends VideoFrame {
  /** Unwrapped. */
  first: number;
  last: number;
  numbers: PictureNumbers;
}

/** Packets remembered; a power of two. */
const SLOTS = 1024;
const MAX_PICTURES = 60;
const MAX_PICTURE_PACKETS = 512;
const QUANTILE = 0.95;
const CLOCK_RATE = 90_000;

export class VideoJitterBuffer {
  /** Only a key frame helps: ask for one until it is false again. True at first. */
  keyFrameNeeded = true;
  /** Packets that came when their picture's time was over. */
  late = 0;
  duplicates = 0;
  /** Pictures that came whole and were of no use, and holes that were left behind. */
  dropped = 0;
  skipped = 0;
  delivered = 0;

  private readonly codec: VideoCodecName;
  private readonly minDelayMs: number;
  private readonly maxDelayMs: number;
  private readonly slots: Slot[] = Array.from({ length: SLOTS }, emptySlot);
  private readonly sequences = new SequenceUnwrapper();
  private readonly delays = new DelayHistogram(CLOCK_RATE, QUANTILE);
  private references = new FrameReferences();
  /** By first packet. */
  private pictures: Picture[] = [];
  /** Everything before it is delivered or given up; -1 before the first. */
  private next = -1;
  /** What is right before it was given up. */
  private broken = false;
  private newest = -1;

  constructor({ codec, minDelayMs = 0, maxDelayMs = 1000 }: VideoJitterBufferOptions) {
    this.codec = codec;
    this.minDelayMs = minDelayMs;
    this.maxDelayMs = maxDelayMs;
  }

  get targetDelayMs(): number {
    return Math.min(this.maxDelayMs, Math.max(this.minDelayMs, this.delays.delayMs));
  }

  /** Whole pictures that wait. */
  get waiting(): number {
    return this.pictures.length;
  }

  /** A packet of the stream came or was restored; keeps a copy. `numbers`: of its dependency descriptor, where there is one. */
  insert(
    sequence: number,
    timestamp: number,
    marker: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    nowMs: number,
    numbers: FrameNumbers | null = null,
  ): void {
    const payload = length > 0 ? bytes.slice(offset, offset + length) : null;
    this.take(sequence, { timestamp, marker, payload, numbers }, nowMs);
  }

  /** A sequence number of the stream that has no media: padding, or FEC. */
  insertEmpty(sequence: number, timestamp: number, nowMs: number): void {
    this.take(sequence, { timestamp, marker: false, payload: null, numbers: null }, nowMs);
  }

  /** The next picture to decode, once it is time; null until then. Call it again at once after each. */
  pull(nowMs: number): VideoFrame | null {
    while (this.pictures.length > 0) {
      const picture = this.pictures[0];
      const reached = this.next >= 0 && this.reaches(picture.first);
      const contiguous = reached && !this.broken;
      const dueMs = this.dueMs(picture);
      if (this.references.isDecodable(picture.numbers, contiguous)) {
        return nowMs < dueMs ? null : this.deliver(picture, contiguous, dueMs);
      }
      const later = this.pictures.findIndex(({ numbers }, i) => i > 0 && this.references.isDecodable(numbers, false));
      if (later > 0 && nowMs >= this.dueMs(this.pictures[later])) {
        this.drop(later);
        continue;
      }
      // What is missing may still come, unless nothing is.
      if (!reached && nowMs < dueMs + this.patienceMs) return null;
      this.giveUp();
    }
    return null;
  }

  /** When `pull` is worth calling next; infinity when nothing waits. */
  get nextMs(): number {
    return this.pictures.length === 0 ? Number.POSITIVE_INFINITY : this.dueMs(this.pictures[0]);
  }

  private take(sequence: number, packet: Omit<Slot, 'sequence'>, nowMs: number): void {
    const at = this.sequences.unwrap(sequence);
    if (this.newest >= 0 && Math.abs(at - this.newest) >= SLOTS) this.flush();
    else if (this.next >= 0 && at < this.next) {
      const slot = this.slots[at % SLOTS];
      if (slot.sequence === at) this.duplicates++;
      else this.late++;
      return;
    }
    const slot = this.slots[at % SLOTS];
    if (slot.sequence === at) {
      this.duplicates++;
      return;
    }
    Object.assign(slot, packet);
    slot.sequence = at;
    if (at > this.newest) this.newest = at;
    this.complete(at, nowMs);
    // It may be the proof of where its neighbours begin or end.
    this.complete(at + 1, nowMs);
    this.complete(at - 1, nowMs);
  }

  /** Makes a picture of the packets around `at`, if they are all there. */
  private complete(at: number, nowMs: number): void {
    const seed = this.at(at);
    if (!seed?.payload || at < this.next || this.pictures.some(({ first, last }) => at >= first && at <= last)) return;
    const first = this.begin(at, seed.timestamp);
    const last = this.end(at, seed.timestamp);
    if (first < 0 || last < 0) return;
    const payloads: Uint8Array[] = [];
    const frames: FrameNumbers[] = [];
    for (let i = first; i <= last; i++) {
      const { payload, numbers } = this.slots[i % SLOTS];
      if (payload) payloads.push(payload);
      if (numbers && frames[frames.length - 1]?.frameNumber !== numbers.frameNumber) frames.push(numbers);
    }
    const numbers = pictureNumbers(this.codec, payloads, frames);
    if (!numbers) {
      this.dropped++;
      return;
    }
    this.delays.add(seed.timestamp, nowMs);
    const { keyFrame } = numbers;
    const picture: Picture = { keyFrame, timestamp: seed.timestamp, payloads, renderMs: 0, first, last, numbers };
    let index = this.pictures.length;
    while (index > 0 && this.pictures[index - 1].first > first) index--;
    this.pictures.splice(index, 0, picture);
    if (this.pictures.length > MAX_PICTURES) this.giveUp();
  }

  private begin(at: number, timestamp: number): number {
    for (let first = at; at - first < MAX_PICTURE_PACKETS; first--) {
      if (first === this.next) return first;
      const before = this.at(first - 1);
      if (!before) return this.begins(first) ? first : -1;
      if (before.timestamp !== timestamp || before.marker) return first;
    }
    return -1;
  }

  private begins(first: number): boolean {
    const packet = this.at(first);
    if (!packet?.payload) return false;
    return packet.numbers ? packet.numbers.begins : beginsPicture(this.codec, packet.payload);
  }

  private end(at: number, timestamp: number): number {
    for (let last = at; last - at < MAX_PICTURE_PACKETS; last++) {
      const packet = this.at(last);
      if (!packet) return -1;
      if (packet.marker) return last;
      const after = this.at(last + 1);
      if (after && after.timestamp !== timestamp) return last;
    }
    return -1;
  }

  private at(sequence: number): Slot | null {
    if (sequence < 0) return null;
    const slot = this.slots[sequence % SLOTS];
    return slot.sequence === sequence ? slot : null;
  }

  /** Whether only packets without media are between what is done and `first`. */
  private reaches(first: number): boolean {
    if (first < this.next || first - this.next > SLOTS) return false;
    for (let i = this.next; i < first; i++) {
      const slot = this.at(i);
      if (!slot || slot.payload) return false;
    }
    return true;
  }

  private dueMs(picture: Picture): number {
    return this.delays.earliestMs(picture.timestamp) + this.targetDelayMs;
  }

  /** How much longer than planned a picture may hold up those behind it. */
  private get patienceMs(): number {
    return Math.max(0, this.maxDelayMs - this.targetDelayMs);
  }

  private deliver(picture: Picture, contiguous: boolean, dueMs: number): VideoFrame {
    if (!contiguous && this.next >= 0) this.skipped++;
    this.pictures.shift();
    this.references.decode(picture.numbers, contiguous);
    this.keyFrameNeeded = false;
    this.broken = false;
    this.next = picture.last + 1;
    this.delivered++;
    const { keyFrame, timestamp, payloads } = picture;
    return { keyFrame, timestamp, payloads, renderMs: dueMs };
  }

  /** The first picture will never be decoded. */
  private giveUp(): void {
    this.keyFrameNeeded = true;
    this.drop(1);
  }

  private drop(count: number): void {
    this.next = this.pictures[count - 1].last + 1;
    this.broken = true;
    this.pictures.splice(0, count);
    this.dropped += count;
  }

  /** The sender began anew. */
  private flush(): void {
    for (const slot of this.slots) slot.sequence = -1;
    this.dropped += this.pictures.length;
    this.pictures = [];
    this.references = new FrameReferences();
    this.next = -1;
    this.newest = -1;
    this.broken = false;
    this.keyFrameNeeded = true;
  }
}

function emptySlot(): Slot {
  return { sequence: -1, timestamp: 0, marker: false, payload: null, numbers: null };
}
