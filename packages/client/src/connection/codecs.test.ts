import { expect, test } from 'vitest';
import { forwarded, orderCodecs } from './codecs.js';

const browser = [
  { mimeType: 'video/VP8' },
  { mimeType: 'video/rtx' },
  { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
  { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
  { mimeType: 'video/H264', sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f' },
  { mimeType: 'video/H264', sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' },
  { mimeType: 'video/AV1' },
  { mimeType: 'video/red' },
];
const names = (codecs: { mimeType: string }[]) => codecs.map(({ mimeType }) => mimeType.slice(6));

test('the order of the room comes before the order of the browser', () => {
  expect(names(orderCodecs(browser, ['av1', 'vp9']))).toEqual([
    'AV1',
    'VP9',
    'VP9',
    'VP8',
    'H264',
    'H264',
    'rtx',
    'red',
  ]);
});

test('the variants that the server forwards come first among their own', () => {
  const ordered = orderCodecs(browser, ['h264', 'vp9']);
  expect(ordered[0]?.sdpFmtpLine).toContain('packetization-mode=1');
  expect(ordered[2]?.sdpFmtpLine).toBe('profile-id=0');
});

test('a codec asked for alone leaves only itself and its repair', () => {
  expect(names(orderCodecs(browser, ['vp8'], 'av1'))).toEqual(['AV1', 'rtx', 'red']);
});

test('a codec that the browser lacks changes nothing', () => {
  const withoutAv1 = browser.filter(({ mimeType }) => mimeType !== 'video/AV1');
  expect(names(orderCodecs(withoutAv1, ['vp8'], 'av1'))).toHaveLength(withoutAv1.length);
});

test('a receiving section keeps one of each codec that is forwarded, with repair', () => {
  expect(names(browser.filter(forwarded))).toEqual(['VP8', 'rtx', 'VP9', 'H264', 'AV1']);
  expect(forwarded({ mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=f4001f' })).toBe(
    false,
  );
  expect(forwarded({ mimeType: 'audio/PCMU' })).toBe(false);
});
