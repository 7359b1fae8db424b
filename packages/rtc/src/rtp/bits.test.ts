import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitReader, BitWriter } from './bits.js';
import { bitsToBytes } from './dependency-testing.js';

test('bits come high to low, over byte borders', () => {
  const bits = new BitReader();
  bits.reset(bitsToBytes('1111 1111 0 101 11001100 1010'), 1, 2);
  expect(bits.bit()).toBe(0);
  expect(bits.read(3)).toBe(0b101);
  expect(bits.read(8)).toBe(0b11001100);
  expect(bits.position).toBe(12);
  expect(bits.read(0)).toBe(0);
  expect(bits.overrun).toBe(false);
  expect(bits.read(5)).toBe(0);
  expect(bits.overrun).toBe(true);
});

test('32 bits are an unsigned number', () => {
  const bits = new BitReader();
  bits.reset(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0x80), 0, 5);
  bits.read(1);
  expect(bits.read(32)).toBe(0xffffffff);
});

test('ns(5) is coded as the specification’s table has it', () => {
  for (const [value, code] of ['00', '01', '10', '110', '111'].entries()) {
    const reader = new BitReader();
    reader.reset(bitsToBytes(code), 0, 1);
    expect(reader.readBelow(5)).toBe(value);
    expect(reader.position).toBe(code.length);
    const written = new Uint8Array(1);
    const writer = new BitWriter();
    writer.reset(written, 0, 1);
    writer.writeBelow(5, value);
    expect(written).toEqual(bitsToBytes(code));
  }
});

test('ns(1) takes no bits', () => {
  const reader = new BitReader();
  reader.reset(new Uint8Array(1), 0, 1);
  expect(reader.readBelow(1)).toBe(0);
  expect(reader.position).toBe(0);
});

test('what is written is read, and nothing around it changes', () => {
  const part = fc.integer({ min: 1, max: 32 }).chain((count) => fc.tuple(fc.constant(count), fc.nat(2 ** count - 1)));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.nat(3), (parts, offset) => {
      const total = parts.reduce((sum, [count]) => sum + count, 0);
      const bytes = new Uint8Array(offset + Math.ceil(total / 8) + 2).fill(0xaa);
      const writer = new BitWriter();
      writer.reset(bytes, offset, Math.ceil(total / 8));
      for (const [count, value] of parts) writer.write(count, value);
      expect(writer.overrun).toBe(false);
      expect(writer.byteLength).toBe(Math.ceil(total / 8));
      writer.write(8, 0xff);
      expect(writer.overrun).toBe(true);
      expect([...bytes.subarray(0, offset), ...bytes.subarray(-2)].every((byte) => byte === 0xaa)).toBe(true);
      const reader = new BitReader();
      reader.reset(bytes, offset, Math.ceil(total / 8));
      for (const [count, value] of parts) expect(reader.read(count)).toBe(value);
    }),
    { seed: 3 },
  );
});
