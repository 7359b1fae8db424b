/**
 * Encoded VP8 frames to RTP payloads (RFC 7741): a four-byte descriptor with a 15-bit picture id that counts frames, then
 * an equal share of the frame.
 */
import { evenSplit } from './even-split.js';

export const VP8_DESCRIPTOR_BYTES = 4;

export interface Vp8PacketizerOptions {
  /** Of one payload, descriptor and all. Default 1,150: room for the header extensions and SRTP in 1,200 and some. */
  maxPayloadBytes?: number;
  /** Of the first frame; default 0. */
  pictureId?: number;
}

export class Vp8Packetizer {
  readonly #maxPayloadBytes: number;
  #pictureId: number;

  constructor({ maxPayloadBytes = 1150, pictureId = 0 }: Vp8PacketizerOptions = {}) {
    if (!(maxPayloadBytes > VP8_DESCRIPTOR_BYTES)) throw new RangeError('a payload must hold more than its descriptor');
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#pictureId = pictureId & 0x7fff;
  }

  /** The payloads of one frame, in order; the last one's packet gets the marker bit. */
  packetize(frame: Uint8Array): Uint8Array[] {
    const sizes = evenSplit(frame.length, this.#maxPayloadBytes - VP8_DESCRIPTOR_BYTES);
    let at = 0;
    const payloads = sizes.map((size) => {
      const payload = new Uint8Array(VP8_DESCRIPTOR_BYTES + size);
      // X=1, S=1 at the frame's start, partition 0; then I=1; then M=1 and the picture id.
      payload[0] = at === 0 ? 0x90 : 0x80;
      payload[1] = 0x80;
      payload[2] = 0x80 | (this.#pictureId >> 8);
      payload[3] = this.#pictureId & 0xff;
      payload.set(frame.subarray(at, at + size), VP8_DESCRIPTOR_BYTES);
      at += size;
      return payload;
    });
    if (payloads.length > 0) this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    return payloads;
  }
}

/** Whether an encoded frame (not a packet) is a key frame: RFC 6386 section 9.1, an inverse bit. */
export function isVp8KeyFrameData(frame: Uint8Array): boolean {
  return frame.length > 0 && (frame[0] & 1) === 0;
}
