/**
 * One RTP stream that a client receives: what a browser's statistics would say of it, and what it would ask of the sender
 * (missing packets, a key frame). Packets are read where they lie in the arena. Times in ms.
 */
import {
  type CodecParameters,
  isKeyFrameStart,
  type MediaKind,
  NackGenerator,
  parseVp8Descriptor,
  ReceptionStatistics,
  RTX_HEADER_BYTES,
  readOriginalSequence,
  Vp8Descriptor,
} from '@efir/rtc';
import type { DelayHistogram } from './delay-histogram.js';
import { FrameWatch } from './frame-watch.js';
import { readSendStamp, stampUs } from './send-stamp.js';

const descriptor = new Vp8Descriptor();

export interface IncomingStreamOptions {
  mid: string;
  kind: MediaKind;
  ssrc: number;
  rtxSsrc?: number;
  codecs: CodecParameters[];
  /** Delays of payloads with a send stamp are counted here; left out: stamps aren't looked for. */
  delays?: DelayHistogram;
}

export interface IncomingStreamStats {
  mid: string;
  kind: MediaKind;
  ssrc: number;
  codec: string | null;
  packets: number;
  /** Payload bytes without retransmissions. */
  bytes: number;
  /** Missing and not repaired. */
  lost: number;
  jitterMs: number;
  /** Packets asked for, repeats included. */
  nacked: number;
  repaired: number;
  plis: number;
  frames: number;
  keyFrames: number;
  freezes: number;
  freezeMs: number;
  keyFrameWaits: number;
  keyFrameWaitMs: number;
  firstPacketMs: number | null;
}

export class IncomingStream {
  readonly options: IncomingStreamOptions;
  readonly video: FrameWatch | null;
  reception: ReceptionStatistics | null = null;
  packets = 0;
  bytes = 0;
  repaired = 0;
  plis = 0;
  firstPacketMs = -1;
  lastPliMs = Number.NEGATIVE_INFINITY;

  /** By payload type. */
  readonly #codecs: (CodecParameters | undefined)[] = new Array(128);
  /** Payload types that carry RTX. */
  readonly #isRtx = new Uint8Array(128);
  readonly #delays: DelayHistogram | null;
  #nack: NackGenerator | null = null;
  #codec: CodecParameters | null = null;
  #payloadType = -1;

  constructor(options: IncomingStreamOptions) {
    this.options = options;
    this.video = options.kind === 'video' ? new FrameWatch() : null;
    this.#delays = options.delays ?? null;
    for (const codec of options.codecs) {
      this.#codecs[codec.payloadType & 0x7f] = codec;
      if (codec.rtxPayloadType !== undefined) this.#isRtx[codec.rtxPayloadType & 0x7f] = 1;
    }
  }

  /** Something is missing that could be asked for. */
  get missing(): number {
    return this.#nack?.missing ?? 0;
  }

  get codec(): string | null {
    return this.#codec?.name ?? null;
  }

  /** A packet of the stream's own SSRC. `arrivalUs`: `performance.now()` in microseconds; `source`: its CSRC, 0 without one. */
  received(
    arena: Uint8Array,
    payloadAt: number,
    payloadLength: number,
    markerType: number,
    sequence: number,
    timestamp: number,
    arrivalUs: number,
    source = 0,
  ): void {
    const now = arrivalUs / 1000;
    const payloadType = markerType & 0x7f;
    if (payloadType !== this.#payloadType && !this.#begin(payloadType, now)) return;
    this.packets++;
    this.bytes += payloadLength;
    this.reception!.received(sequence, timestamp, now);
    if (this.#delays !== null && payloadLength > 0) {
      const sentUs = readSendStamp(arena, payloadAt + payloadLength);
      if (sentUs >= 0) this.#delays.add(stampUs(now) - sentUs);
    }
    // Padding alone is sent to probe the path: it is no picture.
    if (this.video !== null && payloadLength > 0) {
      this.video.packet(source);
      this.#picture(this.video, arena, payloadAt, payloadLength, sequence, now);
      if (markerType & 0x80) this.video.frame(now);
    } else this.#nack?.received(sequence, now);
  }

  /** A packet of its RTX stream. */
  repair(arena: Uint8Array, payloadAt: number, payloadLength: number, markerType: number, arrivalUs: number): void {
    const sequence = readOriginalSequence(arena, payloadAt, payloadLength);
    if (sequence < 0 || this.#isRtx[markerType & 0x7f] === 0 || this.#nack === null) return;
    const now = arrivalUs / 1000;
    const length = payloadLength - RTX_HEADER_BYTES;
    const arrival = this.#nack.received(sequence, now);
    if (arrival !== 'recovered' && arrival !== 'late') return;
    this.repaired++;
    if (this.video && this.#isKeyFrame(arena, payloadAt + RTX_HEADER_BYTES, length)) {
      this.video.keyFrame(now, descriptor.height);
      this.#nack.keyFrame(sequence);
    }
  }

  senderReport(ntpHigh: number, ntpLow: number, now: number): void {
    this.reception?.senderReport(ntpHigh, ntpLow, now);
  }

  /** Sequence numbers to ask for now, into `out`; returns how many. */
  due(now: number, rttMs: number, out: Uint16Array): number {
    if (this.#nack === null || this.#nack.missing === 0) return 0;
    return this.#nack.due(now, rttMs, out);
  }

  /** Whether to ask for a key frame now: one is needed, and none was asked for in the last `pauseMs`. */
  pliDue(now: number, pauseMs: number): boolean {
    if (this.video === null || this.#codec === null) return false;
    if (this.#nack?.keyFrameNeeded) this.video.needsKeyFrame(now);
    if (!this.video.waiting || now - this.lastPliMs < pauseMs) return false;
    this.lastPliMs = now;
    this.plis++;
    return true;
  }

  stats(): IncomingStreamStats {
    const { mid, kind, ssrc } = this.options;
    const { video, reception } = this;
    return {
      mid,
      kind,
      ssrc,
      codec: this.codec,
      packets: this.packets,
      bytes: this.bytes,
      lost: Math.max(0, (reception?.cumulativeLost ?? 0) - this.repaired),
      jitterMs: reception?.jitterMs ?? 0,
      nacked: this.#nack?.requested ?? 0,
      repaired: this.repaired,
      plis: this.plis,
      frames: video?.frames ?? 0,
      keyFrames: video?.keyFrames ?? 0,
      freezes: video?.freezes ?? 0,
      freezeMs: video?.freezeMs ?? 0,
      keyFrameWaits: video?.keyFrameWaits ?? 0,
      keyFrameWaitMs: video?.keyFrameWaitMs ?? 0,
      firstPacketMs: this.firstPacketMs < 0 ? null : this.firstPacketMs,
    };
  }

  /** The payload type changed: another codec, or the first packet. */
  #begin(payloadType: number, now: number): boolean {
    const codec = this.#codecs[payloadType];
    if (!codec) return false;
    this.#payloadType = payloadType;
    if (codec === this.#codec) return true;
    const first = this.#codec === null;
    this.#codec = codec;
    if (first) {
      this.firstPacketMs = now;
      this.reception = new ReceptionStatistics(this.options.ssrc, codec.clockRate);
      if (codec.feedback.nack) this.#nack = new NackGenerator();
    } else this.reception!.clockRate = codec.clockRate;
    this.video?.needsKeyFrame(now);
    return true;
  }

  #picture(
    video: FrameWatch,
    arena: Uint8Array,
    payloadAt: number,
    payloadLength: number,
    sequence: number,
    now: number,
  ): void {
    const arrival = this.#nack === null ? 'new' : this.#nack.received(sequence, now);
    if (arrival === 'duplicate' || !this.#isKeyFrame(arena, payloadAt, payloadLength)) return;
    video.keyFrame(now, descriptor.height);
    this.#nack?.keyFrame(sequence);
  }

  /** Leaves the picture's height in `descriptor`, as far as it is known: 0 except for VP8. */
  #isKeyFrame(arena: Uint8Array, payloadAt: number, payloadLength: number): boolean {
    if (this.#codec?.name === 'vp8') {
      return parseVp8Descriptor(arena, payloadAt, payloadLength, descriptor) && descriptor.keyFrame;
    }
    descriptor.height = 0;
    return this.#codec !== null && isKeyFrameStart(this.#codec.name, arena, payloadAt, payloadLength);
  }
}
