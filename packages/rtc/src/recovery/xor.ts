/** Exclusive-or of byte ranges, four bytes at a time whatever the ranges' alignment is. */

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Sources mostly lie in one arena: its words are looked at through one view. */
let viewed: ArrayBufferLike = new ArrayBuffer(0);
let viewedWords: Int32Array<ArrayBufferLike> = new Int32Array(viewed);

/** A buffer to accumulate in. */
export class XorBuffer {
  readonly bytes: Uint8Array;
  private readonly words: Int32Array;

  constructor(size: number) {
    const buffer = new ArrayBuffer((size + 3) & ~3);
    this.bytes = new Uint8Array(buffer, 0, size);
    this.words = new Int32Array(buffer);
  }

  /** `this[at...] ^= bytes[offset, offset + length)`. The caller has checked both ranges. */
  xor(at: number, bytes: Uint8Array, offset: number, length: number): void {
    const to = this.bytes;
    let done = 0;
    if (LITTLE_ENDIAN && length >= 16) {
      for (; ((at + done) & 3) !== 0; done++) to[at + done] ^= bytes[offset + done];
      done += this.xorWords((at + done) >> 2, bytes, offset + done, length - done);
    }
    for (; done < length; done++) to[at + done] ^= bytes[offset + done];
  }

  /** Whole words of the range; returns how many bytes that were. */
  private xorWords(at: number, bytes: Uint8Array, offset: number, length: number): number {
    if (bytes.buffer !== viewed) {
      viewed = bytes.buffer;
      viewedWords = new Int32Array(viewed, 0, viewed.byteLength >> 2);
    }
    const from = viewedWords;
    const to = this.words;
    const start = bytes.byteOffset + offset;
    const first = start >> 2;
    const shift = (start & 3) * 8;
    let count = length >> 2;
    if (shift === 0) {
      for (let i = 0; i < count; i++) to[at + i] ^= from[first + i];
      return count * 4;
    }
    // The last word must lie in the view as a whole.
    if (first + count >= from.length) count = from.length - 1 - first;
    let word = from[first];
    for (let i = 0; i < count; i++) {
      const next = from[first + i + 1];
      to[at + i] ^= (word >>> shift) | (next << (32 - shift));
      word = next;
    }
    return count * 4;
  }
}
