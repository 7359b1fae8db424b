/**
 * Sends frames that look like VP8 and hold nothing: a key frame at the start and whenever one is asked for, a time stamp at
 * the end of each packet.
 */
import { type ClientPeer, SEND_STAMP_BYTES, stampUs, VP8_DESCRIPTOR_BYTES, writeSendStamp } from '@efir/sfu';
import { FrameClock } from './frame-clock.js';
import type { FrameShape } from './frame-shape.js';

const VIDEO_CLOCK = 90_000;
/** RFC 6386 section 9.1: frame tag of a key frame, start code, 1280x720; then of an inter frame. */
const KEY_FRAME = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02];
const INTER_FRAME = [0x11, 0, 0];
const MIN_PAYLOAD = VP8_DESCRIPTOR_BYTES + KEY_FRAME.length + SEND_STAMP_BYTES;
const MAX_PAYLOAD = 1500;

export class FrameSource {
  readonly clock: FrameClock;
  packets = 0;
  frames = 0;
  keyFrames = 0;
  readonly #peer: ClientPeer;
  readonly #mid: string;
  readonly #sizes: number[][];
  readonly #payload = new Uint8Array(MAX_PAYLOAD);
  readonly #fields = { timestamp: 0, marker: false };
  #pictureId = 0;
  #keyFrameNext = true;

  constructor(peer: ClientPeer, mid: string, shape: FrameShape) {
    const { headerBytes } = peer.outgoing.get(mid)!;
    this.#peer = peer;
    this.#mid = mid;
    this.#sizes = shape.frames(headerBytes);
    this.clock = new FrameClock(shape, headerBytes);
    for (let i = 0; i < MAX_PAYLOAD; i++) this.#payload[i] = (i * 131) & 0xff;
    peer.on('keyFrame', () => {
      this.#keyFrameNext = true;
    });
  }

  /** Sends the frames that are due; the packets of one frame leave together. */
  tick(now: number): void {
    for (let due = this.clock.due(now); due >= 0; due = this.clock.due(now)) this.#send(this.#sizes[due], now);
  }

  #send(sizes: readonly number[], now: number): void {
    const payload = this.#payload;
    const keyFrame = this.#keyFrameNext;
    this.#keyFrameNext = false;
    payload[1] = 0x80;
    payload[2] = 0x80 | (this.#pictureId >> 8);
    payload[3] = this.#pictureId & 0xff;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    this.#fields.timestamp = Math.round((now * VIDEO_CLOCK) / 1000) >>> 0;
    for (let i = 0; i < sizes.length; i++) {
      const size = Math.max(MIN_PAYLOAD, sizes[i]);
      payload[0] = i === 0 ? 0x90 : 0x80;
      payload.set(keyFrame ? KEY_FRAME : INTER_FRAME, VP8_DESCRIPTOR_BYTES);
      this.#fields.marker = i === sizes.length - 1;
      const sentMs = performance.now();
      writeSendStamp(payload, size, stampUs(sentMs));
      this.#peer.send(this.#mid, payload.subarray(0, size), this.#fields, sentMs);
    }
    this.packets += sizes.length;
    this.frames++;
    if (keyFrame) this.keyFrames++;
  }
}
