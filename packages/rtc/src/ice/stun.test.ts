import { md5 } from '@noble/hashes/legacy.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import {
  buildStun,
  errorCodeAttribute,
  integrityKey,
  looksLikeStun,
  parseStun,
  readErrorCode,
  readPriority,
  readTieBreaker,
  readUsername,
  readXorMappedAddress,
  STUN_BINDING,
  StunAttribute,
  StunClass,
  uint32Attribute,
  uint64Attribute,
  unknownAttributesAttribute,
  usernameAttribute,
  usernameOf,
  verifyIntegrity,
  xorMappedAddressAttribute,
} from './stun.js';
import { fromHex, seeded, TRANSACTION } from './testing.js';

const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';

/** RFC 5769 section 2.1. */
const SAMPLE_REQUEST = fromHex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74 00240004 6e0001ff
  80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249
  c1b571a2 80280004 e57a3bcf`);
/** Section 2.2. */
const SAMPLE_RESPONSE_V4 = fromHex(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`);
/** Section 2.3. */
const SAMPLE_RESPONSE_V6 = fromHex(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa
  a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`);
/** Section 2.4, long-term credentials. */
const SAMPLE_LONG_TERM = fromHex(`
  00010060 2112a442 78ad3433 c6ad72c0 29da412e 00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000 0015001c
  662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341 0014000b 6578616d 706c652e 6f726700 00080014
  f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666`);

test('the request of RFC 5769 section 2.1 is read and its integrity holds', () => {
  const message = parseStun(SAMPLE_REQUEST)!;
  expect(message).toMatchObject({ class: StunClass.request, method: STUN_BINDING, unknown: [] });
  expect(readUsername(message)).toEqual({ local: 'evtj', remote: 'h6vY' });
  expect(usernameOf(SAMPLE_REQUEST)).toEqual({ local: 'evtj', remote: 'h6vY' });
  expect(readPriority(message)).toBe(0x6e0001ff);
  expect(readTieBreaker(message, 'controlled')).toBe(0x932ff9b151263b36n);
  expect(readTieBreaker(message, 'controlling')).toBeNull();
  expect(verifyIntegrity(message, integrityKey(PASSWORD))).toBe(true);
  expect(verifyIntegrity(message, integrityKey('VOkJxbRl1RmTxUk/WvJxBu'))).toBe(false);
});

test.each([
  ['2.2 (IPv4)', SAMPLE_RESPONSE_V4, '192.0.2.1'],
  ['2.3 (IPv6)', SAMPLE_RESPONSE_V6, '2001:db8:1234:5678:11:2233:4455:6677'],
])('the response of RFC 5769 section %s gives the mapped address', (_, packet, address) => {
  const message = parseStun(packet)!;
  expect(message.class).toBe(StunClass.success);
  expect(readXorMappedAddress(message)).toEqual({ address, port: 32_853 });
  expect(verifyIntegrity(message, integrityKey(PASSWORD))).toBe(true);
});

test('the long-term request of RFC 5769 section 2.4 verifies with its MD5 key', () => {
  const key = md5(utf8ToBytes('\u30de\u30c8\u30ea\u30c3\u30af\u30b9:example.org:TheMatrIX'));
  expect(verifyIntegrity(parseStun(SAMPLE_LONG_TERM)!, key)).toBe(true);
});

test('every single changed bit of a request before its FINGERPRINT is noticed', () => {
  const key = integrityKey(PASSWORD);
  for (let bit = 0; bit < (SAMPLE_REQUEST.length - 8) * 8; bit++) {
    const packet = SAMPLE_REQUEST.slice();
    packet[bit >> 3] ^= 1 << (bit & 7);
    const message = parseStun(packet);
    expect(message !== null && verifyIntegrity(message, key), `bit ${bit}`).toBe(false);
  }
});

test('what was built is read back', () => {
  const key = integrityKey('a'.repeat(24));
  const packet = buildStun({
    class: StunClass.request,
    transactionId: TRANSACTION,
    attributes: [
      usernameAttribute('abcd:efghi'),
      uint32Attribute(StunAttribute.priority, 0xfedcba98),
      uint64Attribute(StunAttribute.iceControlling, 0xfedcba9876543210n),
      [StunAttribute.useCandidate, new Uint8Array(0)],
    ],
    key,
  });
  expect(looksLikeStun(packet)).toBe(true);
  const message = parseStun(packet)!;
  expect(message.transactionId).toEqual(TRANSACTION);
  expect(readUsername(message)).toEqual({ local: 'abcd', remote: 'efghi' });
  expect(readPriority(message)).toBe(0xfedcba98);
  expect(readTieBreaker(message, 'controlling')).toBe(0xfedcba9876543210n);
  expect(message.attributes.has(StunAttribute.useCandidate)).toBe(true);
  expect(verifyIntegrity(message, key)).toBe(true);
});

test('classes and methods keep their bits apart', () => {
  for (const type of Object.values(StunClass)) {
    for (const method of [0x001, 0x003, 0x00f, 0x010, 0x07f, 0x080, 0xfff]) {
      const packet = buildStun({ class: type, method, transactionId: TRANSACTION });
      expect(parseStun(packet)).toMatchObject({ class: type, method });
    }
  }
});

test('error responses carry code and unknown attributes', () => {
  const packet = buildStun({
    class: StunClass.error,
    transactionId: TRANSACTION,
    attributes: [errorCodeAttribute(420, 'Unknown Attribute'), unknownAttributesAttribute([0x7001, 0x7002])],
  });
  const message = parseStun(packet)!;
  expect(readErrorCode(message)).toBe(420);
  expect([...message.attributes.get(StunAttribute.unknownAttributes)!]).toEqual([0x70, 0x01, 0x70, 0x02]);
});

test('an address that is not a literal one has no XOR-MAPPED-ADDRESS', () => {
  expect(xorMappedAddressAttribute({ address: 'localhost', port: 1 }, TRANSACTION)).toBeNull();
});

test('attributes that must be understood and are not are listed, others are not', () => {
  const message = parseStun(
    buildStun({
      class: StunClass.request,
      transactionId: TRANSACTION,
      attributes: [
        [0x7fff, new Uint8Array(3)],
        [0xc001, new Uint8Array(4)],
      ],
    }),
  )!;
  expect(message.unknown).toEqual([0x7fff]);
});

test('attributes behind MESSAGE-INTEGRITY are not seen', () => {
  const inner = buildStun({
    class: StunClass.request,
    transactionId: TRANSACTION,
    attributes: [usernameAttribute('abcd:efgh')],
    key: integrityKey('x'.repeat(22)),
    fingerprint: false,
  });
  const packet = new Uint8Array(inner.length + 4);
  packet.set(inner);
  packet.set([0x00, 0x25, 0x00, 0x00], inner.length);
  packet[3] = packet.length - 20;
  const message = parseStun(packet)!;
  expect(message.attributes.has(StunAttribute.useCandidate)).toBe(false);
  expect(verifyIntegrity(message, integrityKey('x'.repeat(22)))).toBe(true);
});

test('a FINGERPRINT that is not the last attribute is refused', () => {
  const inner = buildStun({ class: StunClass.request, transactionId: TRANSACTION });
  const packet = new Uint8Array(inner.length + 4);
  packet.set(inner);
  packet.set([0x00, 0x25, 0x00, 0x00], inner.length);
  packet[3] = packet.length - 20;
  expect(parseStun(packet)).toBeNull();
});

test('a message of more attributes than any client sends is refused', () => {
  const attributes = Array.from({ length: 65 }, () => [0x8022, new Uint8Array(0)] as [number, Uint8Array]);
  expect(parseStun(buildStun({ class: StunClass.request, transactionId: TRANSACTION, attributes }))).toBeNull();
});

test.each([
  ['no colon', 'abcd'],
  ['two colons', 'a:b:c'],
  ['an empty half', ':abc'],
  ['a space', 'a b:c'],
])('a USERNAME with %s is none', (_, username) => {
  const attributes = [usernameAttribute(username)];
  const packet = buildStun({ class: StunClass.request, transactionId: TRANSACTION, attributes });
  expect(usernameOf(packet)).toBeNull();
});

test('random, cut and mutated packets are read or refused, never more', () => {
  const random = seeded(1);
  const samples = [SAMPLE_REQUEST, SAMPLE_RESPONSE_V4, SAMPLE_RESPONSE_V6, SAMPLE_LONG_TERM];
  const key = integrityKey(PASSWORD);
  for (let round = 0; round < 20_000; round++) {
    const sample = samples[round % samples.length];
    let packet = sample.slice(0, round % 3 === 0 ? Math.floor(random() * sample.length) : sample.length);
    if (round % 5 === 0) packet = Uint8Array.from({ length: Math.floor(random() * 200) }, () => random() * 256);
    for (let change = 0; change < 4 && packet.length > 0; change++) {
      packet[Math.floor(random() * packet.length)] = random() * 256;
    }
    // A right length field takes more packets past the first check.
    if (round % 2 === 0 && packet.length >= 20) packet[3] = packet.length - 20;
    usernameOf(packet);
    const message = parseStun(packet);
    if (!message) continue;
    readUsername(message);
    readXorMappedAddress(message);
    readErrorCode(message);
    readPriority(message);
    readTieBreaker(message, 'controlling');
    verifyIntegrity(message, key);
  }
});

test('views into a larger buffer are read as the packet itself', () => {
  const arena = new Uint8Array(300).fill(0xee);
  arena.set(SAMPLE_REQUEST, 100);
  expect(looksLikeStun(arena, 100, SAMPLE_REQUEST.length)).toBe(true);
  expect(looksLikeStun(arena, 100, 250)).toBe(false);
  const message = parseStun(arena.subarray(100, 100 + SAMPLE_REQUEST.length))!;
  expect(verifyIntegrity(message, integrityKey(PASSWORD))).toBe(true);
});
