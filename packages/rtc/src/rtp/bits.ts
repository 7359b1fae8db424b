/** Bits of a byte range, high to low order, as AV1's RTP specification counts them (appendix A.8.2). */

/** Reads past the end give 0 and set `overrun`; look at it once, at the end. */
export class BitReader {
  overrun = false;
  private bytes: Uint8Array = EMPTY;
  /** Bits from the start of `bytes`. */
  private at = 0;
  private start = 0;
  private end = 0;

  /** The caller has checked that the range lies inside of `bytes`. */
  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.start = offset * 8;
    this.at = this.start;
    this.end = (offset + length) * 8;
    this.overrun = false;
  }

  /** Bits read so far. */
  get position(): number {
    return this.at - this.start;
  }

  bit(): number {
    if (this.at >= this.end) {
      this.overrun = true;
      return 0;
    }
    const value = (this.bytes[this.at >> 3] >> (7 - (this.at & 7))) & 1;
    this.at++;
    return value;
  }

  /** f(n), unsigned; `count` 0..32. */
  read(count: number): number {
    if (this.at + count > this.end) {
      this.overrun = true;
      this.at = this.end;
      return 0;
    }
    let value = 0;
    let left = count;
    while (left > 0) {
      const free = 8 - (this.at & 7);
      const taken = left < free ? left : free;
      const part = (this.bytes[this.at >> 3] >> (free - taken)) & ((1 << taken) - 1);
      value = ((value << taken) | part) >>> 0;
      this.at += taken;
      left -= taken;
    }
    return value;
  }

  /** ns(n): a number below `limit`, which is 1 or more. */
  readBelow(limit: number): number {
    const width = 32 - Math.clz32(limit);
    const short = 2 ** width - limit;
    const value = this.read(width - 1);
    return value < short ? value : (value << 1) - short + this.bit();
  }
}

/** Writes past the end do nothing and set `overrun`. Bytes are zeroed when first touched. */
export class BitWriter {
  overrun = false;
  private bytes: Uint8Array = EMPTY;
  private at = 0;
  private start = 0;
  private end = 0;

  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.start = offset * 8;
    this.at = this.start;
    this.end = Math.min((offset + length) * 8, bytes.length * 8);
    this.overrun = false;
  }

  /** Whole bytes touched so far. */
  get byteLength(): number {
    return (this.at - this.start + 7) >> 3;
  }

  /** The low `count` bits of `value`; 0..32. */
  write(count: number, value: number): void {
    if (this.at + count > this.end) {
      this.overrun = true;
      return;
    }
    let left = count;
    while (left > 0) {
      const free = 8 - (this.at & 7);
      const taken = left < free ? left : free;
      const part = (value >>> (left - taken)) & ((1 << taken) - 1);
      const index = this.at >> 3;
      if (free === 8) this.bytes[index] = 0;
      this.bytes[index] |= part << (free - taken);
      this.at += taken;
      left -= taken;
    }
  }

  /** ns(n). */
  writeBelow(limit: number, value: number): void {
    const width = 32 - Math.clz32(limit);
    const short = 2 ** width - limit;
    if (value < short) this.write(width - 1, value);
    else this.write(width, value + short);
  }
}

const EMPTY = new Uint8Array(0);
