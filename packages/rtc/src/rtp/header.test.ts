import { expect, test } from 'vitest';
import { parseRtpHeader, RtpHeader, writeRtpHeader } from './header.js';

const plain = [0x80, 0xe0, 0x12, 0x34, 0xff, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef];

function parse(bytes: number[], offset = 0, length = bytes.length): RtpHeader | null {
  return parseRtpHeader(Uint8Array.from(bytes), offset, length);
}

test('a plain header', () => {
  expect(parse([...plain, 1, 2, 3])).toEqual({
    marker: true,
    payloadType: 96,
    sequence: 0x1234,
    timestamp: 0xff000001,
    ssrc: 0xdeadbeef,
    csrcCount: 0,
    headerLength: 12,
    payloadLength: 3,
    paddingLength: 0,
  });
});

test('CSRCs, the extension block and padding are told apart from the payload', () => {
  const packet = [0xb2, ...plain.slice(1), ...Array(8).fill(9), 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 7, 7, 7, 0, 0, 3];
  expect(parse(packet)).toMatchObject({ csrcCount: 2, headerLength: 28, payloadLength: 3, paddingLength: 3 });
});

test('a packet of padding alone has no payload', () => {
  expect(parse([0xa0, ...plain.slice(1), 0, 0, 0, 4])).toMatchObject({ payloadLength: 0, paddingLength: 4 });
});

test('the packet may lie anywhere in a larger buffer', () => {
  expect(parse([7, 7, 7, ...plain, 5, 6, 7, 7], 3, 14)).toMatchObject({ sequence: 0x1234, payloadLength: 2 });
});

test('what is no whole RTP packet is refused', () => {
  expect(parse(plain.slice(0, 11))).toBeNull();
  expect(parse([0x40, ...plain.slice(1)])).toBeNull();
  // CSRCs, extension head and extension body cut off.
  expect(parse([0x81, ...plain.slice(1)])).toBeNull();
  expect(parse([0x90, ...plain.slice(1), 0xbe, 0xde, 0])).toBeNull();
  expect(parse([0x90, ...plain.slice(1), 0xbe, 0xde, 0, 1])).toBeNull();
  // More padding than there is, none where it was announced.
  expect(parse([0xa0, ...plain.slice(1), 0, 0, 4])).toBeNull();
  expect(parse([0xa0, ...plain.slice(1), 5, 5, 0])).toBeNull();
  expect(parse([0xa0, ...plain.slice(1)])).toBeNull();
  // Outside of the buffer.
  expect(parse(plain, 0, 13)).toBeNull();
  expect(parse(plain, 1, 12)).toBeNull();
  expect(parse(plain, -1, 12)).toBeNull();
});

test('what is written is read back', () => {
  const bytes = new Uint8Array(40);
  const fields = { marker: true, payloadType: 111, sequence: 65_535, timestamp: 0xfffffffe, ssrc: 0x80000001 };
  expect(writeRtpHeader(bytes, 2, { ...fields, csrcs: [5, 0xffffffff] })).toBe(20);
  const out = new RtpHeader();
  expect(parseRtpHeader(bytes, 2, 30, out)).toBe(out);
  expect(out).toMatchObject({ ...fields, csrcCount: 2, headerLength: 20, payloadLength: 10 });
  expect([...bytes.subarray(14, 22)]).toEqual([0, 0, 0, 5, 255, 255, 255, 255]);
  expect(writeRtpHeader(bytes, 0, { ...fields, extension: true, padding: true })).toBe(12);
  expect(bytes[0]).toBe(0xb0);
});

test('a header that does not fit is not begun', () => {
  const bytes = new Uint8Array(15);
  const fields = { marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0 };
  expect(writeRtpHeader(bytes, 4, fields)).toBe(0);
  expect(writeRtpHeader(bytes, 0, { ...fields, csrcs: [1] })).toBe(0);
  expect(writeRtpHeader(new Uint8Array(200), 0, { ...fields, csrcs: new Uint32Array(16) })).toBe(0);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});
