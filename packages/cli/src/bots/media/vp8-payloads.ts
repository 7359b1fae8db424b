/**
 * VP8 frames as RTP payloads (RFC 7741) that many robots send: cut once, with a descriptor whose picture id and TL0PICIDX
 * are each robot's own.
 */
import { evenSplit } from '@efir/sfu';

/** X I L T, 15 bits of picture id, TL0PICIDX, temporal layer. */
export const DESCRIPTOR_BYTES = 6;
/** Of one payload, descriptor and all: leaves room for header extensions and SRTP in 1,200 and some. */
const MAX_PAYLOAD_BYTES = 1140;

/** The payloads of one frame in order. `sync`: of the frames before, it needs those of the base layer only. */
export function packetize(frame: Uint8Array, temporal: number, sync: boolean): Uint8Array[] {
  let at = 0;
  return evenSplit(frame.length, MAX_PAYLOAD_BYTES - DESCRIPTOR_BYTES).map((size) => {
    const payload = new Uint8Array(DESCRIPTOR_BYTES + size);
    // S at the frame's start, partition 0.
    payload[0] = at === 0 ? 0x90 : 0x80;
    payload[1] = 0xe0;
    payload[2] = 0x80;
    payload[5] = (temporal << 6) | (sync ? 0x20 : 0);
    payload.set(frame.subarray(at, at + size), DESCRIPTOR_BYTES);
    at += size;
    return payload;
  });
}

/** One sender's numbers of one stream. */
export class Vp8Numbers {
  /** A payload's descriptor with the numbers of the frame under way. */
  readonly head = new Uint8Array(DESCRIPTOR_BYTES);
  #pictureId: number;
  #tl0: number;

  constructor(first: number) {
    this.#pictureId = first & 0x7fff;
    this.#tl0 = first & 0xff;
  }

  /** The next frame. */
  frame(temporal: number): void {
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    if (temporal === 0) this.#tl0 = (this.#tl0 + 1) & 0xff;
  }

  /** Makes `head` that of `payload`. */
  stamp(payload: Uint8Array): void {
    const { head } = this;
    head[0] = payload[0];
    head[1] = payload[1];
    head[2] = 0x80 | (this.#pictureId >> 8);
    head[3] = this.#pictureId & 0xff;
    head[4] = this.#tl0;
    head[5] = payload[5];
  }
}
