import { createCipheriv } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addon } from './addon.js';

const PROFILE = 'AEAD_AES_128_GCM';
const NONE = new Uint8Array(0);
const { sealRtp, openRtp, sealRtcp, openRtcp, useGcm } = addon().__vectors;
const best = (['vaes', 'aesni', 'evp'] as const).find((kind) => useGcm(kind));
const kinds = (['vaes', 'aesni', 'evp'] as const).filter((kind) => useGcm(kind));

/** The same numbers in each run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

function fill(length: number, next: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => next() & 0xff);
}

/** AES-128-GCM as OpenSSL has it, with an IV made as RFC 7714 says. */
function reference(key: Uint8Array, salt: Uint8Array, words: number[], aad: Uint8Array, plain: Uint8Array): Buffer {
  const iv = Buffer.alloc(12);
  words.forEach((word, i) => {
    iv.writeUInt16BE(word, i * 2);
  });
  for (let i = 0; i < 12; i++) iv[i] ^= salt[i];
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function rtpPacket(
  extensionWords: number,
  payload: number,
  next: () => number,
): { packet: Uint8Array; header: number } {
  const header = 12 + (extensionWords ? 4 + extensionWords * 4 : 0);
  const packet = fill(header + payload, next);
  packet[0] = extensionWords ? 0x90 : 0x80;
  packet[1] = 96;
  if (extensionWords) packet.set([0xbe, 0xde, extensionWords >> 8, extensionWords & 0xff], 12);
  return { packet, header };
}

function words(packet: Uint8Array, rollOver: number): number[] {
  const view = new DataView(packet.buffer, packet.byteOffset);
  return [0, view.getUint16(8), view.getUint16(10), rollOver >>> 16, rollOver & 0xffff, view.getUint16(2)];
}

afterAll(() => {
  useGcm(best ?? 'evp');
});

describe.each(kinds)('AES-128-GCM by %s', (kind) => {
  beforeAll(() => {
    expect(useGcm(kind)).toBe(true);
  });

  test('packets of every length are what OpenSSL makes of them, and open again', () => {
    const next = numbers(1);
    for (let payload = 0; payload <= 1400; payload++) {
      const { packet, header } = rtpPacket(payload % 20, payload, next);
      const key = fill(16, next);
      const salt = fill(12, next);
      const rollOver = next();
      const sealed = sealRtp(PROFILE, key, salt, NONE, packet, rollOver)!;
      const expected = reference(
        key,
        salt,
        words(packet, rollOver),
        packet.subarray(0, header),
        packet.subarray(header),
      );
      if (!expected.equals(sealed.subarray(header))) expect.fail(`payload of ${payload} bytes is sealed otherwise`);
      const opened = openRtp(PROFILE, key, salt, NONE, sealed, rollOver)!;
      if (!Buffer.from(packet).equals(opened)) expect.fail(`payload of ${payload} bytes is opened otherwise`);
    }
  });

  test('headers of every length are authenticated as OpenSSL does it', () => {
    const next = numbers(2);
    for (let extensionWords = 0; extensionWords <= 300; extensionWords++) {
      const { packet, header } = rtpPacket(extensionWords, 33, next);
      const key = fill(16, next);
      const salt = fill(12, next);
      const sealed = sealRtp(PROFILE, key, salt, NONE, packet, 0)!;
      const expected = reference(key, salt, words(packet, 0), packet.subarray(0, header), packet.subarray(header));
      if (!expected.equals(sealed.subarray(header))) expect.fail(`header of ${header} bytes is sealed otherwise`);
    }
  });

  test('RTCP authenticates its header and its index', () => {
    const next = numbers(3);
    for (let length = 12; length <= 600; length += 4) {
      const packet = fill(length, next);
      packet[0] = 0x80;
      packet[1] = 200;
      const key = fill(16, next);
      const salt = fill(12, next);
      const index = next() & 0x7fffffff;
      const sealed = sealRtcp(PROFILE, key, salt, NONE, packet, index)!;
      const word = Buffer.alloc(4);
      word.writeUInt32BE((index | 0x80000000) >>> 0);
      const view = new DataView(packet.buffer);
      const iv = [0, view.getUint16(4), view.getUint16(6), 0, index >>> 16, index & 0xffff];
      const aad = Buffer.concat([packet.subarray(0, 8), word]);
      const expected = reference(key, salt, iv, aad, packet.subarray(8));
      expect(Buffer.from(sealed.subarray(8, -4)).equals(expected)).toBe(true);
      expect(Buffer.from(openRtcp(PROFILE, key, salt, NONE, sealed, 0)!).equals(packet)).toBe(true);
    }
  });

  test('any changed bit of a packet of several groups of blocks is noticed', () => {
    const next = numbers(4);
    const { packet } = rtpPacket(3, 700, next);
    const key = fill(16, next);
    const salt = fill(12, next);
    const sealed = sealRtp(PROFILE, key, salt, NONE, packet, 9)!;
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      // The length of the extension decides what is a header at all.
      if (bit < 2 || (bit >= 3 && bit < 8) || (bit >= 14 * 8 && bit < 16 * 8)) continue;
      const changed = sealed.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      if (openRtp(PROFILE, key, salt, NONE, changed, 9) !== undefined) expect.fail(`bit ${bit} isn't noticed`);
    }
  });

  test('what is sealed here opens by OpenSSL and the other way round', () => {
    const next = numbers(5);
    const { packet } = rtpPacket(2, 1200, next);
    const key = fill(16, next);
    const salt = fill(12, next);
    for (const other of kinds) {
      useGcm(kind);
      const sealed = sealRtp(PROFILE, key, salt, NONE, packet, 1)!;
      useGcm(other);
      expect(Buffer.from(openRtp(PROFILE, key, salt, NONE, sealed, 1)!).equals(packet)).toBe(true);
      useGcm(kind);
    }
  });
});
