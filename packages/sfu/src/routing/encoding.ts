/**
 * One RTP stream that a publisher sends us: an SSRC, with the RTX stream that repairs it. Knows what was received, what is
 * missing, and which arena packet holds which sequence number.
 */
import { type CodecParameters, DependencyReader, NackGenerator, ReceptionStatistics, RedAudio } from '@efir/rtc';
import { KeyFrameRequests } from './key-frame-requests.js';
import { LayerRates } from './layer-rates.js';
import type { Producer } from './producer.js';

/** Packets back that can be found for retransmission; at 1,000 packets/s a second. */
const RING = 1024;
const RING_MASK = RING - 1;
/** Without a packet for so long an encoding counts as switched off, ms. */
const SILENT_MS = 1_500;
/** Flag of a ring entry: the arena holds the RTX packet, whose payload begins behind the original sequence number. */
export const FROM_RTX = 1;

export class Encoding {
  ssrc = 0;
  rtxSsrc = 0;
  codec: CodecParameters | null = null;
  /** Virtual streams that take this encoding, or wait to. */
  streams = new Int32Array(4);
  streamCount = 0;
  /** Packets of this loop turn in the batch. */
  readonly chain = { head: -1, tail: -1 };
  readonly keyFrames = new KeyFrameRequests();
  readonly layers = new LayerRates();
  reception: ReceptionStatistics | null = null;
  nack: NackGenerator | null = null;

  /** Audio: the last frames, once a receiver wants them again. */
  frames: RedAudio | null = null;
  /** The most that a receiver loses, 0..1: the publisher's encoder should know. */
  worstLoss = 0;

  /** The same encoding by another way, that is left for this one. */
  before: Encoding | null = null;

  /** Newest packet that went to the streams; meaningful once `everForwarded`. */
  everForwarded = false;
  forwardedSequence = 0;
  forwardedTimestamp = 0;
  forwardedAtMs = 0;
  /** VP8; -1: none. */
  forwardedPictureId = -1;
  forwardedTl0 = -1;
  forwardedFrameNumber = -1;

  /** Last Sender Report, on our clock: that RTP time was at that ms. */
  reportAtMs = 0;
  reportTimestamp = 0;
  reported = false;

  packets = 0;
  bytes = 0;
  repaired = 0;
  nacksSent = 0;
  lastPacketMs = 0;
  bitrateBps = 0;
  #dependencies: DependencyReader | null = null;
  #bytesAtRate = 0;
  #rateAtMs = 0;

  readonly #packet = new Uint32Array(RING);
  readonly #sequence = new Int32Array(RING).fill(-1);
  readonly #flags = new Uint8Array(RING);
  readonly #length = new Uint16Array(RING);

  constructor(
    readonly number: number,
    readonly producer: Producer,
    readonly rid: string | undefined,
  ) {}

  /** Packets come. */
  flows(now: number): boolean {
    return this.packets > 0 && now - this.lastPacketMs < SILENT_MS;
  }

  /** The one whose packets come: this, or the same by the way so far; null: neither. */
  flowing(now: number): Encoding | null {
    if (this.flows(now)) return this;
    return this.before?.flows(now) ? this.before : null;
  }

  /** Remembers where a source sequence number lies. */
  store(sequence: number, packet: number, flags: number, payloadLength: number): void {
    const at = sequence & RING_MASK;
    this.#packet[at] = packet;
    this.#sequence[at] = sequence;
    this.#flags[at] = flags;
    this.#length[at] = payloadLength;
  }

  /** Arena packet number of a source sequence number, or -1. */
  find(sequence: number): number {
    const at = sequence & RING_MASK;
    return this.#sequence[at] === sequence ? this.#packet[at] : -1;
  }

  foundFlags(sequence: number): number {
    return this.#flags[sequence & RING_MASK];
  }

  /** Payload bytes, for a sequence number that `find` found. */
  foundLength(sequence: number): number {
    return this.#length[sequence & RING_MASK];
  }

  /** The stream of packets begins (again), with this codec. */
  begin(codec: CodecParameters): void {
    this.codec = codec;
    this.before = null;
    this.layers.reset();
    this.#dependencies = null;
    this.frames = null;
    this.reception = new ReceptionStatistics(this.ssrc, codec.clockRate);
    this.nack = codec.feedback.nack ? new NackGenerator() : null;
  }

  /** Audio: earlier frames are kept from now on, to go with later packets. */
  keepFrames(): void {
    this.frames ??= new RedAudio();
  }

  /** What dependency descriptors of this stream are read against. */
  dependencies(): DependencyReader {
    this.#dependencies ??= new DependencyReader();
    return this.#dependencies;
  }

  attach(stream: number): void {
    for (let i = 0; i < this.streamCount; i++) if (this.streams[i] === stream) return;
    if (this.streamCount === this.streams.length) {
      const grown = new Int32Array(this.streams.length * 2);
      grown.set(this.streams);
      this.streams = grown;
    }
    this.streams[this.streamCount++] = stream;
  }

  detach(stream: number): void {
    for (let i = 0; i < this.streamCount; i++) {
      if (this.streams[i] !== stream) continue;
      this.streams[i] = this.streams[--this.streamCount];
      return;
    }
  }

  /** Rates over the time since the last call. */
  measure(now: number): void {
    this.layers.measure(now);
    const elapsed = now - this.#rateAtMs;
    if (elapsed < 200) return;
    this.bitrateBps = Math.round(((this.bytes - this.#bytesAtRate) * 8_000) / elapsed);
    this.#bytesAtRate = this.bytes;
    this.#rateAtMs = now;
  }
}
