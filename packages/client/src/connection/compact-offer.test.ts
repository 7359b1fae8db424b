import { expect, test } from 'vitest';
import { compactOffer } from './compact-offer.js';

const transport = [
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  'a=fingerprint:sha-256 AA:BB',
  'a=setup:actpass',
];
const video = (mid: number, direction: string) => [
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 98',
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  ...transport,
  `a=mid:${mid}`,
  'a=extmap:1 urn:ietf:params:rtp-hdrext:toffset',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
  'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  `a=${direction}`,
  'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 goog-remb',
  'a=rtcp-fb:96 nack',
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:98 AV1/90000',
  'a=rtcp-fb:98 goog-remb',
  'a=rtcp-fb:98 nack',
  'a=rtcp-fb:98 nack pli',
];
const offer = (...sections: string[][]) =>
  `${['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', ...sections.flat()].join('\r\n')}\r\n`;

test('the transport is described once, by the first section', () => {
  const sdp = compactOffer(offer(video(0, 'sendonly'), video(1, 'recvonly')));
  for (const line of [...transport, 'a=rtcp-mux']) expect(sdp.split(`${line}\r\n`)).toHaveLength(2);
  expect(sdp.indexOf('a=ice-ufrag')).toBeLessThan(sdp.indexOf('a=mid:1'));
});

test('a receiving section says shared feedback once; a sending one is left in full', () => {
  const [, sending, receiving] = compactOffer(offer(video(0, 'sendonly'), video(1, 'recvonly'))).split('m=video');
  expect(receiving).toContain('a=rtcp-fb:* nack\r\na=rtcp-fb:* nack pli\r\n');
  expect(receiving).not.toMatch(/rtcp-fb:\d/);
  expect(sending).toContain('a=rtcp-fb:96 nack\r\n');
  expect(sending).toContain('rtp-stream-id');
  expect(receiving).not.toContain('rtp-stream-id');
});

test('codecs that differ in feedback keep their own lines', () => {
  const odd = video(1, 'recvonly').filter((line) => line !== 'a=rtcp-fb:98 nack pli');
  expect(compactOffer(offer(video(0, 'sendonly'), odd))).toContain('a=rtcp-fb:98 nack\r\n');
});

test('everything else stays, in its order', () => {
  const sdp = compactOffer(offer(video(0, 'recvonly')));
  for (const line of ['a=group:BUNDLE 0 1', 'a=mid:0', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96']) {
    expect(sdp).toContain(`${line}\r\n`);
  }
  expect(sdp).toMatch(/\r\n$/);
  expect(sdp).not.toMatch(/\r\n\r\n/);
});
