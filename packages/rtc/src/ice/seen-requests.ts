/**
 * The last requests of a client, so that a copy of one is known as such: MESSAGE-INTEGRITY says nothing about where a packet
 * comes from, and whoever recorded a nomination could send it again and draw the media to himself.
 * Kept as 32-bit hashes, 1 KB a client; requests older than the last 128 are forgotten.
 */
const CAPACITY = 128;

export type Sighting =
  | 'new'
  /** Came before by the same path: a retransmission. */
  | 'again'
  /** Came before by another path: not from the client, or so late that it may as well be. */
  | 'elsewhere';

export class SeenRequests {
  readonly #transactions = new Uint32Array(CAPACITY);
  readonly #paths = new Uint32Array(CAPACITY);
  #count = 0;

  /** @param transactionId 12 bytes */
  see(transactionId: Uint8Array, path: string): Sighting {
    const transaction = hashBytes(transactionId);
    const from = hashText(path);
    const filled = Math.min(this.#count, CAPACITY);
    for (let index = 0; index < filled; index++) {
      if (this.#transactions[index] === transaction) return this.#paths[index] === from ? 'again' : 'elsewhere';
    }
    this.#transactions[this.#count % CAPACITY] = transaction;
    this.#paths[this.#count % CAPACITY] = from;
    this.#count++;
    return 'new';
  }
}

/** FNV-1a. */
function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ bytes[index], 0x01000193);
  return hash >>> 0;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
