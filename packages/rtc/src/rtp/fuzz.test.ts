import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DependencyDescriptor, parseDependencyDescriptor } from './dependency-descriptor.js';
import { renumberDependencyDescriptor, writeActiveTargets } from './dependency-rewrite.js';
import { l1t3, makeDescriptor } from './dependency-testing.js';
import { findExtension, readMid } from './extensions.js';
import { DependencyReader, FrameDependencies } from './frame-dependencies.js';
import { parseRtpHeader, RtpHeader } from './header.js';
import { isKeyFrameStart } from './payload.js';
import { parseVp8Descriptor, Vp8Descriptor } from './vp8.js';
import { parseVp9Descriptor, Vp9Descriptor, writeVp9Descriptor } from './vp9.js';
import { readVp9Structure, Vp9Structure } from './vp9-structure.js';

/** Everything a parser says of these bytes. */
type Parser = (bytes: Uint8Array, offset: number, length: number) => unknown;

const parsers: Record<string, Parser> = {
  'RTP header': (bytes, offset, length) => {
    const header = parseRtpHeader(bytes, offset, length, new RtpHeader());
    if (!header) return null;
    expect(header.headerLength + header.payloadLength + header.paddingLength).toBe(length);
    expect(header.payloadLength).toBeGreaterThanOrEqual(0);
    const found: unknown[] = [header];
    for (const id of [1, 2, 3, 5, 14, 15, 16, 255]) {
      const place = findExtension(bytes, offset, header.headerLength, id);
      if (place >= 0) {
        expect((place >> 8) + (place & 0xff)).toBeLessThanOrEqual(header.headerLength);
        found.push(id, place, readMid(bytes, offset + (place >> 8), place & 0xff));
      }
    }
    return found;
  },
  'VP8 descriptor': (bytes, offset, length) => {
    const out = new Vp8Descriptor();
    if (!parseVp8Descriptor(bytes, offset, length, out)) return null;
    expect(out.descriptorLength).toBeLessThan(length);
    expect(isKeyFrameStart('vp8', bytes, offset, length)).toBe(out.keyFrame);
    return out;
  },
  'VP9 descriptor': (bytes, offset, length) => {
    const out = new Vp9Descriptor();
    if (!parseVp9Descriptor(bytes, offset, length, out)) return null;
    expect(out.descriptorLength).toBeLessThan(length);
    expect(isKeyFrameStart('vp9', bytes, offset, length)).toBe(!out.interPredicted && out.startOfFrame && out.sid <= 0);
    const copy = new Uint8Array(out.descriptorLength);
    expect(writeVp9Descriptor(bytes, offset, out, out.pictureId, out.tl0PicIdx, copy, 0)).toBe(out.descriptorLength);
    expect(String(copy)).toBe(String(bytes.slice(offset, offset + out.descriptorLength)));
    const structure = new Vp9Structure();
    expect(readVp9Structure(bytes, offset, out, structure)).toBe(out.structure);
    return spelled(out, structure);
  },
  'H.264 payload': (bytes, offset, length) => isKeyFrameStart('h264', bytes, offset, length),
  'AV1 payload': (bytes, offset, length) => isKeyFrameStart('av1', bytes, offset, length),
  'VP9 payload': (bytes, offset, length) => isKeyFrameStart('vp9', bytes, offset, length),
  'dependency descriptor': (bytes, offset, length) => {
    const out = new DependencyDescriptor();
    return parseDependencyDescriptor(bytes, offset, length, out) ? out : null;
  },
  'whole dependency descriptor': (bytes, offset, length) =>
    readDependencies(new DependencyReader(), bytes, offset, length),
  'whole dependency descriptor after a key frame': (bytes, offset, length) => {
    const reader = new DependencyReader();
    const key = makeDescriptor({ template: 0, frame: 0, structure: l1t3() });
    reader.read(key, 0, key.length, new FrameDependencies());
    return readDependencies(reader, bytes, offset, length);
  },
};

/** As text: that compares thousands of typed arrays in no time. */
function spelled(...values: unknown[]): string {
  return JSON.stringify(values, (_, value) => (ArrayBuffer.isView(value) ? String(value) : value));
}

/** What was read can be rewritten, and then reads the same but for what was changed. */
function readDependencies(reader: DependencyReader, bytes: Uint8Array, offset: number, length: number): unknown {
  const out = new FrameDependencies();
  if (reader.read(bytes, offset, length, out) !== 'read') return null;
  expect(out.bitLength).toBeLessThanOrEqual(length * 8);
  const copy = new Uint8Array(length + 5);
  const copied = writeActiveTargets(bytes, offset, length, out, 1, copy, 0, copy.length);
  expect(copied).toBeGreaterThanOrEqual(Math.min(length, 4));
  renumberDependencyDescriptor(copy, 0, copied, 77, 9);
  const again = new FrameDependencies();
  if (out.structure) {
    expect(new DependencyReader().read(copy, 0, copied, again)).toBe('read');
    expect([...again.indications]).toEqual([...out.indications]);
    expect(again).toMatchObject({ frameNumber: 77, activeTargets: 1, spatialId: out.spatialId, width: out.width });
  }
  return spelled(out, out.structure ? reader.structure : null);
}

/** Bytes in which flags, small lengths and the extension profiles come up often. */
const bytes = fc
  .array(
    fc.oneof(
      fc.nat(255).map((byte) => [byte]),
      fc.nat(4).map((byte) => [byte]),
      fc.constantFrom(
        [0x90],
        [0xb0],
        [0xbe, 0xde, 0, 2],
        [0x10, 0, 0, 2],
        [0x78, 0, 2],
        [0x7c, 0x85],
        [0x9d, 1, 0x2a],
        [0xc0, 0, 1, 0x80, 0x02, 0x3a],
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

for (const [name, parser] of Object.entries(parsers)) {
  test(`${name}: random bytes never throw, and what stands around the range makes no difference`, () => {
    fc.assert(
      fc.property(bytes, fc.nat(255), (packet, filling) => {
        const alone = parser(packet, 0, packet.length);
        const framed = new Uint8Array(packet.length + 24).fill(filling);
        framed.set(packet, 12);
        expect(parser(framed, 12, packet.length)).toEqual(alone);
      }),
      { numRuns: 4000, seed: 17 },
    );
  });

  test(`${name}: ranges outside of the buffer are refused`, () => {
    fc.assert(
      fc.property(
        bytes,
        fc.integer({ min: -4, max: 60 }),
        fc.integer({ min: -4, max: 2000 }),
        (packet, offset, length) => {
          const result = parser(packet, offset, length);
          if (offset < 0 || length <= 0 || offset + length > packet.length)
            expect(result === null || result === false).toBe(true);
        },
      ),
      { numRuns: 1000, seed: 19 },
    );
  });
}
