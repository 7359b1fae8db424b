import { describe, expect, test } from 'vitest';
import { addon } from './addon.js';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ''), 'hex'));
const hex = (data: Uint8Array | undefined) => (data ? Buffer.from(data).toString('hex') : undefined);
const flat = (text: string) => text.replace(/\s+/g, '').toLowerCase();
const { derive, sealRtp, openRtp, sealRtcp, openRtcp } = addon().__vectors;
const NONE = new Uint8Array(0);

describe('RFC 3711 appendix B', () => {
  const masterKey = bytes('E1F97A0D3E018BE0D64FA32C06DE4139');
  const masterSalt = bytes('0EC675AD498AFEEBB6960B3AABE6');

  test('B.3: session keys are derived from master key and salt', () => {
    expect(hex(derive(masterKey, masterSalt, 0, 16))).toBe(flat('C61E7A93744F39EE10734AFE3FF7A087'));
    expect(hex(derive(masterKey, masterSalt, 2, 14))).toBe(flat('30CBBC08863D8C85D49DB34A9AE1'));
    expect(hex(derive(masterKey, masterSalt, 1, 94))).toBe(
      flat(`CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
            E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
            6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`),
    );
  });

  test('B.2: AES-CM gives the key stream', () => {
    const header = bytes('80 00 0000 00000000 00000000');
    const packet = new Uint8Array(12 + 48);
    packet.set(header);
    const sealed = sealRtp(
      'AES128_CM_SHA1_80',
      bytes('2B7E151628AED2A6ABF7158809CF4F3C'),
      bytes('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
      NONE,
      packet,
      0,
    );
    expect(hex(sealed?.subarray(12, 60))).toBe(
      flat('E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0'),
    );
  });

  test('a packet sealed with AES-CM and HMAC-SHA1-80 is the one other implementations make', () => {
    const key = derive(masterKey, masterSalt, 0, 16);
    const salt = derive(masterKey, masterSalt, 2, 14);
    const auth = derive(masterKey, masterSalt, 1, 20);
    const plain = bytes('800f1234 decafbad cafebabe abababab abababab abababab abababab');
    const sealed = sealRtp('AES128_CM_SHA1_80', key, salt, auth, plain, 0);
    expect(hex(sealed)).toBe(
      flat('800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb'),
    );
    expect(hex(openRtp('AES128_CM_SHA1_80', key, salt, auth, sealed!, 0))).toBe(hex(plain));
  });
});

describe('RFC 7714', () => {
  const key = bytes('000102030405060708090a0b0c0d0e0f');
  const salt = bytes('517569642070726f2071756f');

  test('section 16.1: SRTP with AEAD_AES_128_GCM', () => {
    const plain = bytes(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
                         69736120 696e2070 61727465 73207472 6573`);
    const sealed = sealRtp('AEAD_AES_128_GCM', key, salt, NONE, plain, 0);
    expect(hex(sealed)).toBe(
      flat(`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
            0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`),
    );
    expect(hex(openRtp('AEAD_AES_128_GCM', key, salt, NONE, sealed!, 0))).toBe(hex(plain));
    expect(openRtp('AEAD_AES_128_GCM', key, salt, NONE, sealed!, 1)).toBeUndefined();
  });

  test('section 17.1: SRTCP with AEAD_AES_128_GCM', () => {
    const plain = bytes(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
                         deadbeef deadbeef deadbeef deadbeef deadbeef`);
    const sealed = sealRtcp('AEAD_AES_128_GCM', key, salt, NONE, plain, 0x5d4);
    expect(hex(sealed)).toBe(
      flat(`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
            c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872
            45d9eade 800005d4`),
    );
    expect(hex(openRtcp('AEAD_AES_128_GCM', key, salt, NONE, sealed!, 0))).toBe(hex(plain));
  });
});

describe.each(['AEAD_AES_128_GCM', 'AES128_CM_SHA1_80'] as const)('%s', (profile) => {
  const key = bytes('00112233445566778899aabbccddeeff');
  const salt = bytes('a0a1a2a3a4a5a6a7a8a9aaab');
  const auth = bytes('b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3');

  test('any changed bit of an RTP packet is noticed', () => {
    const plain = bytes('90600001 00000002 00000003 bede0001 10ff0000 0102030405');
    const sealed = sealRtp(profile, key, salt, auth, plain, 7)!;
    expect(hex(openRtp(profile, key, salt, auth, sealed, 7))).toBe(hex(plain));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      expect(openRtp(profile, key, salt, auth, changed, 7)).toBeUndefined();
    }
  });

  test('any changed bit of an RTCP packet is noticed', () => {
    const plain = bytes('80c90001 00000003 81ca0002 00000003 01020000');
    const sealed = sealRtcp(profile, key, salt, auth, plain, 99)!;
    expect(hex(openRtcp(profile, key, salt, auth, sealed, 0))).toBe(hex(plain));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      expect(openRtcp(profile, key, salt, auth, changed, 0)).toBeUndefined();
    }
  });
});
