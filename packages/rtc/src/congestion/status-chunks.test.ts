import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_RUN, writeStatusChunks } from './status-chunks.js';

function encode(symbols: number[]): number[] {
  const out = new Uint8Array(symbols.length * 2 + 2);
  const end = writeStatusChunks(Uint8Array.from(symbols), symbols.length, out, 0);
  return Array.from({ length: end / 2 }, (_, i) => (out[2 * i] << 8) | out[2 * i + 1]);
}

/** As the draft describes them, as plainly as can be. */
function decode(chunks: number[], count: number): number[] {
  const symbols = chunks.flatMap((chunk) => {
    const bits = chunk.toString(2).padStart(16, '0');
    if (bits[0] === '0') return Array(Number.parseInt(bits.slice(3), 2)).fill(Number.parseInt(bits.slice(1, 3), 2));
    if (bits[1] === '0') return [...bits.slice(2)].map(Number);
    return bits
      .slice(2)
      .match(/../g)!
      .map((pair) => Number.parseInt(pair, 2));
  });
  return symbols.slice(0, count);
}

test('runs, one-bit and two-bit vectors as in the examples of the draft, sections 3.1.3 and 3.1.4', () => {
  // A run of 221 lost packets; 1 + 5 + 3 + 3 + 2 one-bit statuses; 7 two-bit ones.
  expect(encode(Array(221).fill(0))).toEqual([0b0000_0000_1101_1101]);
  expect(encode([0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0])).toEqual([0b1001_1111_0001_1100]);
  expect(encode([0, 2, 1, 1, 1, 0, 0])).toEqual([0b11_00_10_01_01_01_00_00]);
});

test('a run may be longer than one chunk holds', () => {
  const symbols = Array(MAX_RUN + 10).fill(1);
  expect(encode(symbols)).toEqual([0x2000 | MAX_RUN, 0x2000 | 10]);
});

test('a handful of equal statuses is a run, and the end of the list is no reason for more chunks', () => {
  expect(encode([2, 2, 2])).toEqual([0x4003]);
  expect(encode([1, 0, 1])).toEqual([0x8000 | (0b101 << 11)]);
  expect(encode([1, 2])).toEqual([0xc000 | (0b0110 << 10)]);
});

test('any statuses come back, in no more chunks than promised', () => {
  const stretch = fc.tuple(fc.nat(2), fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 })));
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 40 }), (stretches) => {
      const symbols = stretches.flatMap(([symbol, length]) => Array<number>(length).fill(symbol));
      const chunks = encode(symbols);
      expect(decode(chunks, symbols.length)).toEqual(symbols);
      const front = symbols.findIndex((symbol) => symbol !== 0);
      const leading = front < 0 ? symbols.length : front;
      expect(chunks.length).toBeLessThanOrEqual(1 + Math.ceil((symbols.length - leading) / 7));
    }),
    { numRuns: 3000, seed: 13 },
  );
});
