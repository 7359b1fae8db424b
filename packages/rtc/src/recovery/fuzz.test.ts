import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOpusDtx, opusDuration, opusHasFec } from './opus.js';
import { parseRed, RedBlocks } from './red.js';

type Parser = (bytes: Uint8Array, offset: number, length: number) => unknown;

const parsers: Record<string, Parser> = {
  RED: (bytes, offset, length) => {
    const out = new RedBlocks();
    if (!parseRed(bytes, offset, length, out)) return null;
    const blocks = Array.from({ length: out.count }, (_, i) => [
      out.payloadTypes[i],
      out.timestampOffsets[i],
      out.lengths[i],
    ]);
    // Blocks follow each other without a hole, up to the end.
    for (let i = 1; i < out.count; i++) expect(out.offsets[i]).toBe(out.offsets[i - 1] + out.lengths[i - 1]);
    expect(out.offsets[out.count - 1] + out.lengths[out.count - 1]).toBe(offset + length);
    expect(out.offsets[0]).toBe(offset + 4 * (out.count - 1) + 1);
    return blocks;
  },
  Opus: (bytes, offset, length) => {
    const duration = opusDuration(bytes, offset, length);
    expect(duration).toBeLessThanOrEqual(5760);
    const fec = opusHasFec(bytes, offset, length);
    if (duration === 0) expect(fec).toBe(false);
    return duration === 0 ? null : [duration, fec, isOpusDtx(length)];
  },
};

const bytes = fc
  .array(
    fc.oneof(
      fc.nat(255).map((byte) => [byte]),
      fc.nat(4).map((byte) => [byte]),
      fc.constantFrom([0xef, 0x0f, 0, 3], [0x80, 0, 0, 0], [0x4b, 0xc2], [0x4b, 0x42, 255], [0x6f]),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

for (const [name, parser] of Object.entries(parsers)) {
  test(`${name}: random bytes never throw, and what stands around the range makes no difference`, () => {
    fc.assert(
      fc.property(bytes, fc.nat(255), (payload, filling) => {
        const framed = new Uint8Array(payload.length + 24).fill(filling);
        framed.set(payload, 12);
        expect(parser(framed, 12, payload.length)).toEqual(parser(payload, 0, payload.length));
      }),
      { numRuns: 4000, seed: 23 },
    );
  });

  test(`${name}: ranges outside of the buffer are refused`, () => {
    fc.assert(
      fc.property(
        bytes,
        fc.integer({ min: -4, max: 60 }),
        fc.integer({ min: -4, max: 2000 }),
        (payload, offset, length) => {
          if (offset >= 0 && length > 0 && offset + length <= payload.length) return;
          expect(parser(payload, offset, length)).toBeNull();
        },
      ),
      { numRuns: 1000, seed: 29 },
    );
  });
}
