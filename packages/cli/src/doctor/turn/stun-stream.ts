/** STUN over TCP without further framing (RFC 8489 section 6.2.2): the header tells the length. */

const HEADER_BYTES = 20;
/** No answer of a TURN server is longer. */
const MAX_BYTES = 2_000;

export class StunStream {
  #pending: Uint8Array = new Uint8Array(0);

  /** Calls `onMessage` with each whole message. False: this is no STUN, or a message that is too long. */
  push(chunk: Uint8Array, onMessage: (packet: Uint8Array) => void): boolean {
    let bytes: Uint8Array = Buffer.concat([this.#pending, chunk]);
    while (bytes.length >= 4) {
      const size = HEADER_BYTES + ((bytes[2] << 8) | bytes[3]);
      if (bytes[0] >= 0x40 || size > MAX_BYTES) return false;
      if (bytes.length < size) break;
      onMessage(bytes.subarray(0, size));
      bytes = bytes.subarray(size);
    }
    this.#pending = bytes;
    return true;
  }
}
