/** Arithmetic on numbers that wrap: RTP and transport-wide sequence numbers (16 bits), RTP timestamps (32 bits). */

/** `a - b` modulo 2^16 as a signed number, -32,768..32,767. Positive: `a` is the newer. */
export function sequenceDelta(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** Whether `a` comes after `b`. Half the circle away counts as older. */
export function sequenceNewer(a: number, b: number): boolean {
  return ((a - b) << 16) >> 16 > 0;
}

/** `a - b` modulo 2^32 as a signed number. */
export function timestampDelta(a: number, b: number): number {
  return (a - b) | 0;
}

/**
 * Turns 16-bit sequence numbers into a count that never wraps, each taken as the nearest to the newest seen. Starts at
 * the first number's own value plus 65,536, so that packets from before the first one stay positive.
 */
export class SequenceUnwrapper {
  private newest = -1;

  unwrap(sequence: number): number {
    if (this.newest < 0) {
      this.newest = (sequence & 0xffff) + 0x10000;
      return this.newest;
    }
    const unwrapped = this.newest + sequenceDelta(sequence, this.newest);
    if (unwrapped > this.newest) this.newest = unwrapped;
    return unwrapped;
  }

  reset(): void {
    this.newest = -1;
  }
}
