import { expect, test } from 'vitest';
import { FecHeader } from './fec-header.js';
import { FecParity } from './fec-parity.js';
import { flexfec03HeaderBytes, readFlexfec03, writeFlexfec03 } from './flexfec03.js';
import { readUlpfec, ulpfecHeaderBytes, writeUlpfec } from './ulpfec.js';

/** Packets A to D of RFC 5109 section 10: marker and payload type, timestamp, length; sequence numbers 8 to 11. */
const PACKETS = [
  [11, 3, 200],
  [0x80 | 18, 5, 140],
  [11, 7, 100],
  [0x80 | 18, 9, 340],
];

function parityOf(indexes: number[]): FecParity {
  const parity = new FecParity();
  for (const index of indexes) {
    const [second, timestamp, length] = PACKETS[index];
    parity.addHeader(index, 0, second, timestamp, length);
    parity.addBody(0, new Uint8Array(length).fill(index + 1), 0, length);
  }
  return parity;
}

function sequences(header: FecHeader): number[] {
  return [...header.sequences.subarray(0, header.count)];
}

function spanning(indexes: number[]): FecParity {
  const parity = new FecParity();
  for (const index of indexes) parity.addHeader(index, 0, 96, 0, 0);
  return parity;
}

test('ULPFEC over the RFC’s four packets has the header that the RFC gives (section 10.2)', () => {
  const bytes = new Uint8Array(400);
  expect(writeUlpfec(parityOf([0, 1, 2, 3]), 8, bytes, 0, 400)).toBe(14 + 340);
  // E L P X CC, M PT: 11 ^ 18 ^ 11 ^ 18 and 0 ^ 1 ^ 0 ^ 1; base 8; timestamp 3 ^ 5 ^ 7 ^ 9 = 8; length 372; 340; mask 61,440.
  expect([...bytes.subarray(0, 14)]).toEqual([
    0,
    0,
    0,
    8,
    0,
    0,
    0,
    8,
    372 >> 8,
    372 & 0xff,
    340 >> 8,
    340 & 0xff,
    0xf0,
    0,
  ]);
  // All four bodies, then three, then two, then one.
  expect([bytes[14], bytes[14 + 100], bytes[14 + 140], bytes[14 + 200]]).toEqual([1 ^ 2 ^ 3 ^ 4, 1 ^ 2 ^ 4, 1 ^ 4, 4]);
});

test('ULPFEC over two packets: marker, payload type, timestamp and length recovery of section 10.1', () => {
  const bytes = new Uint8Array(400);
  expect(writeUlpfec(parityOf([0, 1]), 8, bytes, 0, 400)).toBe(14 + 200);
  expect([...bytes.subarray(0, 14)]).toEqual([0, 0x80 | 25, 0, 8, 0, 0, 0, 6, 0, 68, 0, 200, 0xc0, 0]);
});

test('ULPFEC’s mask is short up to 16 sequence numbers, long up to 48, and there is no more', () => {
  const bytes = new Uint8Array(100);
  const header = new FecHeader();
  for (const [indexes, length] of [
    [[0, 15], 14],
    [[0, 16], 18],
    [[0, 20, 47], 18],
  ] as const) {
    expect(ulpfecHeaderBytes(indexes[indexes.length - 1] + 1)).toBe(length);
    expect(writeUlpfec(spanning([...indexes]), 65_530, bytes, 5, 90)).toBe(length);
    expect(readUlpfec(bytes, 5, length, header)).toBe(true);
    expect(sequences(header)).toEqual(indexes.map((index) => (65_530 + index) & 0xffff));
  }
  expect(writeUlpfec(spanning([0, 48]), 0, bytes, 0, 100)).toBe(0);
  expect(writeUlpfec(spanning([0]), 0, bytes, 0, 13)).toBe(0);
});

test('FlexFEC’s header as draft 03 draws it, with each of the three mask sizes', () => {
  const bytes = new Uint8Array(400);
  const header = new FecHeader();
  expect(writeFlexfec03(parityOf([0, 1, 2, 3]), 0x01020304, 8, bytes, 0, 400)).toBe(20 + 340);
  expect([...bytes.subarray(0, 20)]).toEqual([
    ...[0, 0, 372 >> 8, 372 & 0xff, 0, 0, 0, 8],
    ...[1, 0, 0, 0, 1, 2, 3, 4, 0, 8],
    // K, then packets 8 to 11.
    ...[0b1111_1000, 0],
  ]);
  expect(bytes[20]).toBe(1 ^ 2 ^ 3 ^ 4);
  for (const [indexes, length] of [
    [[0, 14], 20],
    [[0, 15], 24],
    [[0, 14, 15, 45], 24],
    [[0, 46], 32],
    [[3, 14, 15, 45, 46, 108], 32],
  ] as const) {
    expect(flexfec03HeaderBytes(indexes[indexes.length - 1] + 1)).toBe(length);
    expect(writeFlexfec03(spanning([...indexes]), 7, 65_000, bytes, 3, 90)).toBe(length);
    expect(readFlexfec03(bytes, 3, length, header)).toBe(true);
    expect(header).toMatchObject({ ssrc: 7, sequenceBase: 65_000, bodyOffset: 3 + length, bodyLength: 0 });
    expect(sequences(header)).toEqual(indexes.map((index) => (65_000 + index) & 0xffff));
  }
  expect(writeFlexfec03(spanning([0, 109]), 7, 0, bytes, 0, 400)).toBe(0);
});

test('headers cut short, that protect nothing, or of other forms are refused', () => {
  const header = new FecHeader();
  const ulpfec = new Uint8Array(400);
  const ulpfecLength = writeUlpfec(parityOf([0, 1]), 8, ulpfec, 0, 400);
  for (let length = 0; length < ulpfecLength; length++) expect(readUlpfec(ulpfec, 0, length, header)).toBe(false);
  const flexfec = new Uint8Array(400);
  writeFlexfec03(spanning([0, 46]), 7, 8, flexfec, 0, 400);
  for (let length = 0; length < 32; length++) expect(readFlexfec03(flexfec, 0, length, header)).toBe(false);
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  };
  // The E bit; no mask.
  expect(readUlpfec(changed(ulpfec, 0, 0x80), 0, ulpfecLength, header)).toBe(false);
  expect(readUlpfec(changed(ulpfec, 12, 0), 0, ulpfecLength, header)).toBe(false);
  // Retransmission, fixed masks, two streams, no K at all.
  for (const [at, value] of [
    [0, 0x80],
    [0, 0x40],
    [8, 2],
    [24, 0],
  ]) {
    expect(readFlexfec03(changed(flexfec, at, value), 0, 32, header)).toBe(false);
  }
});
