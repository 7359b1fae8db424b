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

/** Browsers send a frame's packets at most this much faster than the average rate (libwebrtc's pacing factor). */
const PACING_FACTOR = 2.5;

interface Packet {
  bytes: number;
  first: boolean;
  last: boolean;
  keyFrame: boolean;
  pictureId: number;
  timestamp: number;
  dueMs: number;
}

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
  /** Between two packets of a frame; 0: they leave together. */
  #spacingMs = 0;
  #queue: Packet[] = [];
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

  /** 0: nothing is sent. `paced`: a frame's packets are spread as a browser's pacer does; else they leave together. */
  setRate(packetsPerSecond: number, paced: boolean, now: number): void {
    this.clock.setRate(packetsPerSecond, now);
    this.#spacingMs = paced && packetsPerSecond > 0 ? 1000 / (packetsPerSecond * PACING_FACTOR) : 0;
  }

  /** Sends what is due. */
  tick(now: number): void {
    for (let due = this.clock.due(now); due >= 0; due = this.clock.due(now)) this.#enqueue(this.#sizes[due], now);
    let sent = 0;
    while (sent < this.#queue.length && this.#queue[sent].dueMs <= now) this.#send(this.#queue[sent++]);
    if (sent > 0) this.#queue.splice(0, sent);
  }

  #enqueue(sizes: readonly number[], now: number): void {
    const keyFrame = this.#keyFrameNext;
    this.#keyFrameNext = false;
    const pictureId = this.#pictureId;
    this.#pictureId = (pictureId + 1) & 0x7fff;
    const timestamp = Math.round((now * VIDEO_CLOCK) / 1000) >>> 0;
    const startMs = Math.max(now, (this.#queue.at(-1)?.dueMs ?? 0) + this.#spacingMs);
    for (let i = 0; i < sizes.length; i++) {
      this.#queue.push({
        bytes: Math.max(MIN_PAYLOAD, sizes[i]),
        first: i === 0,
        last: i === sizes.length - 1,
        keyFrame,
        pictureId,
        timestamp,
        dueMs: this.#spacingMs === 0 ? now : startMs + i * this.#spacingMs,
      });
    }
    this.frames++;
    if (keyFrame) this.keyFrames++;
  }

  #send({ bytes, first, last, keyFrame, pictureId, timestamp }: Packet): void {
    const payload = this.#payload;
    payload[0] = first ? 0x90 : 0x80;
    payload[1] = 0x80;
    payload[2] = 0x80 | (pictureId >> 8);
    payload[3] = pictureId & 0xff;
    payload.set(keyFrame ? KEY_FRAME : INTER_FRAME, VP8_DESCRIPTOR_BYTES);
    this.#fields.timestamp = timestamp;
    this.#fields.marker = last;
    const sentMs = performance.now();
    writeSendStamp(payload, bytes, stampUs(sentMs));
    this.#peer.send(this.#mid, payload.subarray(0, bytes), this.#fields, sentMs);
    this.packets++;
  }
}
