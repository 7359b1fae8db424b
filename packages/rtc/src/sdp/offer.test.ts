import { expect, test } from 'vitest';
import { RtcError } from '../errors.js';
import { SdpError } from './error.js';
import { parseOffer } from './offer.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import chromiumRecvonly from './recorded/offer-chromium-recvonly.sdp?raw';
import firefoxRecvonly from './recorded/offer-firefox-recvonly.sdp?raw';
import { agree } from './testing.js';

function refusal(sdp: string): SdpError {
  try {
    parseOffer(sdp);
  } catch (error) {
    expect(error).toBeInstanceOf(SdpError);
    expect(error).toBeInstanceOf(RtcError);
    return error as SdpError;
  }
  throw new Error('it was accepted');
}

const without = (pattern: RegExp, sdp = chromiumRecvonly) => sdp.replaceAll(pattern, '');

test.each([
  ['nothing', '', 'garbage', /v=0/],
  ['a page', '<html></html>', 'garbage', /v=0/],
  ['JSON', '{"type":"offer","sdp":"v=0"}', 'garbage', /v=0/],
  ['a session without sections', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n', 'garbage', /no m-line/],
  ['a broken m-line', chromiumRecvonly.replace(/m=audio .*/, 'm=audio'), 'garbage', /m-line of section 0/],
  ['a port range', chromiumRecvonly.replace(/m=audio \d+/, 'm=audio 9/2'), 'garbage', /m-line of section 0/],
  ['an impossible port', chromiumRecvonly.replace(/m=audio \d+/, 'm=audio 70000'), 'garbage', /port/],
  ['the same mid twice', chromiumRecvonly.replace('a=mid:1', 'a=mid:0'), 'garbage', /Two sections have the mid "0"/],
  ['a section without mid', chromiumRecvonly.replace('a=mid:1\r\n', ''), 'garbage', /Section 1 has no a=mid/],
  ['a mid with a slash', chromiumRecvonly.replace('a=mid:1', 'a=mid:a/b'), 'garbage', /Section 1/],
  ['too many characters', `${chromiumRecvonly}${'a=x\r\n'.repeat(13_000)}`, 'too-large', /65536/],
  ['too many lines', `${chromiumRecvonly}${'a\n'.repeat(9_000)}`, 'too-large', /lines/],
  ['no BUNDLE', without(/a=group.*\r\n/g), 'no-bundle', /BUNDLE/],
  ['a BUNDLE of others', chromiumRecvonly.replace('BUNDLE 0 1', 'BUNDLE a b'), 'no-bundle', /none of the live/],
  ['no rtcp-mux', without(/a=rtcp-mux\r\n/g), 'no-rtcp-mux', /rtcp-mux/],
  ['no ICE password', without(/a=ice-pwd.*\r\n/g), 'no-ice', /ice-pwd/],
  ['a short ICE password', chromiumRecvonly.replaceAll(/a=ice-pwd:.*/g, 'a=ice-pwd:short'), 'no-ice', /22/],
  ['a short ufrag', chromiumRecvonly.replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:abc'), 'no-ice', /4 to 256/],
  ['no fingerprint', without(/a=fingerprint.*\r\n/g), 'no-fingerprint', /no a=fingerprint/],
  [
    'half a fingerprint',
    chromiumRecvonly.replaceAll(/(a=fingerprint:sha-256 .{20}).*/g, '$1'),
    'no-fingerprint',
    /whole/,
  ],
  ['a SHA-1 fingerprint', chromiumRecvonly.replaceAll('sha-256', 'sha-1'), 'no-fingerprint', /sha-256/],
  ['held connections', chromiumRecvonly.replaceAll('actpass', 'holdconn'), 'bad-setup', /actpass/],
  ['an ICE-lite client', chromiumRecvonly.replace('t=0 0', 't=0 0\r\na=ice-lite'), 'unsupported', /ICE-lite/],
  ['sections that are all off', chromiumRecvonly.replaceAll(/^m=(\w+) \d+/gm, 'm=$1 0'), 'unsupported', /port 0/],
])('an offer with %s is refused and told why', (_, sdp, code, message) => {
  expect(refusal(sdp)).toMatchObject({ code, message: expect.stringMatching(message) });
});

test('what is not even text is refused like garbage', () => {
  for (const value of [undefined, null, 7, {}, []]) expect(refusal(value as unknown as string).code).toBe('garbage');
});

test('512 sections are read and one more is not', () => {
  const head = 'v=0\r\ns=-\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\n';
  const fingerprint = `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => '0A').join(':')}\r\n`;
  const offer = (count: number) => {
    const mids = Array.from({ length: count }, (_, index) => String(index));
    const sections = mids.map(
      (mid) => `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\na=mid:${mid}\r\na=rtpmap:111 opus/48000/2\r\n`,
    );
    return `${head}${fingerprint}a=group:BUNDLE ${mids.join(' ')}\r\n${sections.join('')}`;
  };
  expect(parseOffer(offer(512)).sections).toHaveLength(512);
  expect(refusal(offer(513)).code).toBe('too-large');
});

test('lines may end in LF alone', () => {
  expect(parseOffer(chromiumAv.replaceAll('\r\n', '\n'))).toEqual(parseOffer(chromiumAv));
});

test('transport lines may be in the first section or the session only', () => {
  const [session, audio, video] = chromiumRecvonly.split(/(?=m=)/);
  const bare = video.replaceAll(/a=(ice-\w+|fingerprint|setup|rtcp-mux|candidate).*\r\n/g, '');
  const whole = parseOffer(chromiumRecvonly);
  expect(parseOffer(session + audio + bare)).toMatchObject({ ice: whole.ice, fingerprints: whole.fingerprints });
  const lines = audio.match(/a=(ice-ufrag|ice-pwd|fingerprint|setup).*\r\n/g)!.join('');
  const bareAudio = audio.replaceAll(/a=(ice-\w+|fingerprint|setup).*\r\n/g, '');
  expect(parseOffer(session + lines + bareAudio + bare)).toMatchObject({ ice: whole.ice, setup: 'actpass' });
});

test('every fingerprint of a certificate is kept, those of weak hashes are not', () => {
  const strong = `a=fingerprint:SHA-512 ${Array.from({ length: 64 }, () => 'ab').join(':')}\r\n`;
  const weak = `a=fingerprint:sha-1 ${Array.from({ length: 20 }, () => 'AB').join(':')}\r\n`;
  const sdp = chromiumRecvonly.replace('a=fingerprint', `${weak}${strong}a=fingerprint`);
  expect(parseOffer(sdp).fingerprints.map(({ algorithm, value }) => [algorithm, value.slice(0, 5)])).toEqual([
    ['sha-512', 'AB:AB'],
    ['sha-256', '8B:A6'],
  ]);
});

test('credentials of digits only stay text', () => {
  const sdp = chromiumRecvonly
    .replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:0012')
    .replaceAll(/a=ice-pwd:.*/g, 'a=ice-pwd:1234567890123456789012345678');
  expect(parseOffer(sdp).ice).toEqual({ usernameFragment: '0012', password: '1234567890123456789012345678' });
});

test('a lone section needs neither BUNDLE nor mid', () => {
  const [session, audio] = firefoxRecvonly.split(/(?=m=)/);
  const sdp = session.replace(/a=group.*\r\n/, '') + audio.replace(/a=mid.*\r\n/, '');
  expect(parseOffer(sdp)).toMatchObject({ bundle: ['0'], sections: [{ mid: '0', kind: 'audio' }] });
});

test('names of object properties are nothing special in an offer', () => {
  const sdp = chromiumRecvonly
    .replace('a=mid:1', 'a=mid:__proto__')
    .replace('BUNDLE 0 1', 'BUNDLE 0 __proto__')
    .replace('a=fmtp:98 profile-id=0', 'a=fmtp:98 __proto__=1;constructor=2;profile-id=0');
  const { sections } = parseOffer(sdp);
  expect(sections[1].mid).toBe('__proto__');
  const vp9 = sections[1].codecs.find((codec) => codec.payloadType === 98)!;
  expect(Object.getPrototypeOf(vp9.fmtp)).toBe(Object.prototype);
  expect(vp9.fmtp['profile-id']).toBe('0');
  const agreed = agree(sdp);
  expect(agree(sdp, { previous: agreed, allocateSsrc: () => expect.unreachable() })).toEqual(agreed);
});
