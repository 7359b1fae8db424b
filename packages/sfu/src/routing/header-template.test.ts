import { findExtension, parseRtpHeader, RtpHeader } from '@efir/rtc';
import { expect, test } from 'vitest';
import { headerTemplate } from './header-template.js';

const bytesOf = (words: Uint32Array, length: number) => new Uint8Array(words.buffer, 0, length * 4);

test('without extensions the template is a bare header with a CSRC', () => {
  const { words, length, transportCcShift } = headerTemplate(0x01020304, 96, {}, 'v');
  const header = new RtpHeader();
  expect(parseRtpHeader(bytesOf(words, length), 0, length * 4, header)).toBeTruthy();
  expect(header).toMatchObject({ ssrc: 0x01020304, payloadType: 96, csrcCount: 1, headerLength: 16 });
  expect(transportCcShift).toBe(0);
});

test.each([3, 200])('extension id %i finds its number and mid again', (id) => {
  const { words, length, transportCcShift } = headerTemplate(9, 96, { transportCc: id, mid: 4 }, 'abcdef');
  words[5] |= (0x12 << transportCcShift) | (0x34 << (transportCcShift + 8));
  const bytes = bytesOf(words, length);
  const cc = findExtension(bytes, 0, bytes.length, id);
  expect([bytes[cc >> 8], bytes[(cc >> 8) + 1]]).toEqual([0x12, 0x34]);
  const mid = findExtension(bytes, 0, bytes.length, 4);
  expect(String.fromCharCode(...bytes.subarray(mid >> 8, (mid >> 8) + (mid & 0xff)))).toBe('abcdef');
});
