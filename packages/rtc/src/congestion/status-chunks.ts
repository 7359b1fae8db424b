/** Packet status chunks of transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.2-3.1.4). */

export const STATUS_LOST = 0;
export const STATUS_SMALL_DELTA = 1;
export const STATUS_LARGE_DELTA = 2;
/** Statuses in a vector of one bit and of two bits each. */
export const ONE_BIT_STATUSES = 14;
export const TWO_BIT_STATUSES = 7;
export const MAX_RUN = 0x1fff;

/**
 * Writes `count` statuses as chunks at `out[start]` and returns where they end. Every chunk takes what holds the most:
 * a run, 14 one-bit statuses (none of them large) or 7 two-bit ones. So each but the last covers at least 7, a run of
 * more than 14 in front is one chunk, and there are at most `1 + ceil((count - run in front) / 7)`.
 */
export function writeStatusChunks(symbols: Uint8Array, count: number, out: Uint8Array, start: number): number {
  let at = start;
  for (let i = 0; i < count; ) {
    const symbol = symbols[i];
    const runLimit = Math.min(count, i + MAX_RUN);
    let run = i + 1;
    while (run < runLimit && symbols[run] === symbol) run++;
    const oneBitEnd = Math.min(count, i + ONE_BIT_STATUSES);
    let small = i;
    while (small < oneBitEnd && symbols[small] !== STATUS_LARGE_DELTA) small++;

    let chunk: number;
    let end: number;
    if (run >= oneBitEnd || (run - i >= TWO_BIT_STATUSES && small < oneBitEnd)) {
      end = run;
      chunk = (symbol << 13) | (run - i);
    } else if (small === oneBitEnd) {
      end = oneBitEnd;
      chunk = 0x8000;
      for (let j = i; j < end; j++) chunk |= symbols[j] << (13 - (j - i));
    } else {
      end = Math.min(count, i + TWO_BIT_STATUSES);
      chunk = 0xc000;
      for (let j = i; j < end; j++) chunk |= symbols[j] << (12 - 2 * (j - i));
    }
    out[at++] = chunk >> 8;
    out[at++] = chunk;
    i = end;
  }
  return at;
}
