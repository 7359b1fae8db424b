/**
 * RFC 4571 framing, as ICE-TCP uses it (RFC 6544 section 3): two bytes of length in network order, then the packet.
 */

/** Longest packet that is taken from a TCP client, bytes. */
export const MAX_FRAME_BYTES = 2000;

/** The packet with its length in front, as a new array. The packet is at most 65,535 bytes long. */
export function frame(packet: Uint8Array): Uint8Array {
  const framed = new Uint8Array(packet.length + 2);
  framed[0] = packet.length >> 8;
  framed[1] = packet.length;
  framed.set(packet, 2);
  return framed;
}

/** Cuts a TCP stream into packets. Holds at most one unfinished packet. */
export class FrameReader {
  readonly #maxBytes: number;
  /** Length prefix and packet that is being put together. */
  readonly #pending: Uint8Array;
  #filled = 0;
  #broken = false;

  constructor(maxBytes = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
    this.#pending = new Uint8Array(maxBytes + 2);
  }

  /**
   * Takes what came; calls `onFrame` with each whole packet. The packet is a view of the chunk or of an inner buffer and
   * valid during the call only. Empty frames are skipped.
   * Returns false when a frame is longer than the limit: the stream can't be read any more, close the connection.
   */
  push(chunk: Uint8Array, onFrame: (packet: Uint8Array) => void): boolean {
    let at = 0;
    while (!this.#broken && at < chunk.length) {
      if (this.#filled === 0 && chunk.length - at >= 2) {
        const length = (chunk[at] << 8) | chunk[at + 1];
        if (length > this.#maxBytes) {
          this.#broken = true;
          break;
        }
        if (chunk.length - at - 2 >= length) {
          if (length > 0) onFrame(chunk.subarray(at + 2, at + 2 + length));
          at += 2 + length;
          continue;
        }
      }
      at += this.#append(chunk, at, onFrame);
    }
    return !this.#broken;
  }

  /** Fills the inner buffer up to the end of its length prefix or packet; returns how much was taken. */
  #append(chunk: Uint8Array, at: number, onFrame: (packet: Uint8Array) => void): number {
    const pending = this.#pending;
    const wanted = this.#filled < 2 ? 2 : 2 + ((pending[0] << 8) | pending[1]);
    const taken = Math.min(wanted - this.#filled, chunk.length - at);
    pending.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled < 2) return taken;
    const length = (pending[0] << 8) | pending[1];
    if (length > this.#maxBytes) {
      this.#broken = true;
    } else if (this.#filled === 2 + length) {
      this.#filled = 0;
      if (length > 0) onFrame(pending.subarray(2, 2 + length));
    }
    return taken;
  }
}
