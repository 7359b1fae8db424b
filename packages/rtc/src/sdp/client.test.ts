/** Our clients' offers against our own answers, and answers of other servers. */
import { expect, test } from 'vitest';
import { writeAnswer } from './answer.js';
import { parseAnswer } from './client-answer.js';
import { type ClientOfferSection, clientCodecs, clientExtensions, createOffer } from './client-offer.js';
import { parseOffer } from './offer.js';
import type { IceParameters, SdpFingerprint } from './parameters.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import { agree, answerTo, codecList, counter, LOCAL, sectionsOf } from './testing.js';

const ICE: IceParameters = { usernameFragment: 'clnt', password: 'c'.repeat(22) };
const FINGERPRINT: SdpFingerprint = { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'CD').join(':') };
const MICROPHONE: ClientOfferSection = { mid: '0', kind: 'audio', direction: 'sendonly', ssrc: 11, cname: 'bot' };
const CAMERA: ClientOfferSection = {
  mid: '1',
  kind: 'video',
  direction: 'sendonly',
  ssrc: 21,
  rtxSsrc: 22,
  cname: 'bot',
};

const offer = (sections: ClientOfferSection[]) => createOffer({ ice: ICE, fingerprint: FINGERPRINT, sections });

test('a publisher is understood', () => {
  const agreed = agree(offer([MICROPHONE, { ...CAMERA, streamId: 's', trackId: 't' }]));
  const [audio, video] = agreed.sections;
  expect(agreed).toMatchObject({ dtlsRole: 'server', remoteIce: ICE, fingerprints: [FINGERPRINT], rejected: [] });
  expect(codecList(audio)).toBe('opus 111');
  expect(audio.extensions).toEqual(clientExtensions('audio'));
  expect(audio.uplink).toEqual({ encodings: [{ ssrc: 11 }], cname: 'bot', trackId: '0' });
  expect(audio.downlink).toBeUndefined();
  expect(codecList(video)).toBe('vp8 96/97, h264 102/103');
  expect(video.codecs).toEqual(clientCodecs('video'));
  expect(video.extensions).toEqual(clientExtensions('video'));
  expect(video.uplink).toEqual({ encodings: [{ ssrc: 21, rtxSsrc: 22 }], cname: 'bot', streamId: 's', trackId: 't' });
});

test('simulcast by rid is understood', () => {
  const sdp = offer([{ mid: 'v', kind: 'video', direction: 'sendonly', rids: ['l', 'm', 'h'] }]);
  expect(agree(sdp).sections[0].uplink?.encodings).toEqual([{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }]);
  expect(parseAnswer(answerTo(sdp)).sections[0].receiveRids).toEqual(['l', 'm', 'h']);
});

test('a subscriber reads our answer: transport, candidates, a stream for each section', () => {
  const sections = Array.from(
    { length: 20 },
    (_, index): ClientOfferSection => ({
      mid: String(index),
      kind: index % 2 ? 'video' : 'audio',
      direction: 'recvonly',
      codecs: clientCodecs(index % 2 ? 'video' : 'audio', ['opus', 'av1', 'vp9', 'h264', 'vp8']),
    }),
  );
  const answer = parseAnswer(answerTo(offer(sections)));
  expect(answer).toMatchObject({
    ice: LOCAL.ice,
    iceLite: true,
    fingerprints: [LOCAL.fingerprint],
    dtlsRole: 'client',
  });
  expect(answer.candidates.map(({ protocol, address, port, tcpType }) => [protocol, address, port, tcpType])).toEqual([
    ['udp', '198.51.100.7', 40_000, undefined],
    ['udp', '2001:db8::7', 40_000, undefined],
    ['tcp', '198.51.100.7', 40_000, 'passive'],
  ]);
  expect(answer.sections).toHaveLength(20);
  expect(answer.sections[0]).toMatchObject({
    accepted: true,
    direction: 'sendonly',
    extensions: clientExtensions('audio'),
    stream: { ssrc: 1_001, cname: 'ours', streamId: 'stream-0', trackId: 'track-0' },
  });
  expect(codecList(answer.sections[1])).toBe('av1 45/46, vp9 98/99, h264 102/103, vp8 96/97');
  expect(answer.sections[1].stream).toMatchObject({ ssrc: 1_002, rtxSsrc: 1_003 });
});

test('a section that was rejected says so', () => {
  const { sections, data } = parseAnswer(answerTo(chromiumAv, { data: false }));
  expect(data).toBeUndefined();
  expect(sections.map(({ mid, kind, accepted }) => [mid, kind, accepted])).toEqual([
    ['0', 'audio', true],
    ['1', 'video', true],
    ['2', 'application', false],
  ]);
});

test('a client that adds a section and stops another is followed', () => {
  const allocateSsrc = counter();
  const first = agree(offer([MICROPHONE, CAMERA]), { allocateSsrc });
  const sections: ClientOfferSection[] = [
    MICROPHONE,
    { ...CAMERA, stopped: true },
    { mid: '2', kind: 'video', direction: 'recvonly' },
  ];
  const second = agree(offer(sections), { previous: first, allocateSsrc });
  expect(second.sections.map(({ mid }) => mid)).toEqual(['0', '2']);
  expect(second.sections[0]).toEqual(first.sections[0]);
  expect(parseAnswer(writeAnswer(second, LOCAL)).sections.map(({ accepted }) => accepted)).toEqual([true, false, true]);
});

test('a client that insists on a DTLS role gets the other one', () => {
  for (const [setup, role] of [
    ['active', 'client'],
    ['passive', 'server'],
    ['actpass', 'client'],
  ] as const) {
    const sdp = createOffer({ ice: ICE, fingerprint: FINGERPRINT, sections: [MICROPHONE], setup });
    expect(parseOffer(sdp).setup).toBe(setup);
    expect(parseAnswer(answerTo(sdp)).dtlsRole).toBe(role);
  }
});

test("another server's answer: no ICE-lite, no SSRCs, a name for a candidate, trickling", () => {
  const sdp = [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    `a=fingerprint:sha-256 ${FINGERPRINT.value}`,
    'a=group:BUNDLE 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=setup:active',
    'a=mid:0',
    'a=ice-ufrag:jbJTpnfaRAcgQTad',
    'a=ice-pwd:QcTqYYWKZRUbiixrLkeUVMwugbKDSJBe',
    'a=candidate:1 1 udp 1 2cf0b2c0-0842-4fe3-aaa0-4556a2dfbadc.local 9 typ host',
    'a=candidate:2 1 udp 1 192.0.2.3 9 typ srflx raddr 0.0.0.0 rport 0',
    'a=candidate:2 2 udp 1 192.0.2.3 10 typ srflx raddr 0.0.0.0 rport 0',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=sendrecv',
    '',
  ].join('\r\n');
  const answer = parseAnswer(sdp);
  expect(answer).toMatchObject({ iceLite: false, dtlsRole: 'server' });
  expect(answer.candidates.map(({ type, port }) => [type, port])).toEqual([['srflx', 9]]);
  expect(answer.sections[0]).toMatchObject({ direction: 'sendrecv', extensions: {}, stream: {} });
});

test('answers that lead nowhere are refused with the reason', () => {
  const good = answerTo(chromiumAv);
  for (const [sdp, code] of [
    [good.replaceAll('a=setup:passive', 'a=setup:actpass'), 'bad-setup'],
    [good.replaceAll(/a=setup.*\r\n/g, ''), 'bad-setup'],
    [good.replaceAll(/^m=(\w+) \d+/gm, 'm=$1 0'), 'unsupported'],
    [good.replace(/a=group.*\r\n/, ''), 'no-bundle'],
    [good.replaceAll(/a=ice-pwd.*\r\n/g, ''), 'no-ice'],
    ['', 'garbage'],
  ]) {
    expect(() => parseAnswer(sdp)).toThrow(expect.objectContaining({ code }));
  }
});

test('an offer of many sections stays within what a server reads', () => {
  const sections = Array.from(
    { length: 30 },
    (_, index): ClientOfferSection => ({
      mid: String(index),
      kind: index % 2 ? 'video' : 'audio',
      direction: 'recvonly',
    }),
  );
  const sdp = offer(sections);
  expect(sdp.length).toBeLessThan(65_536);
  expect(sectionsOf(sdp)).toHaveLength(31);
  expect(agree(sdp).sections).toHaveLength(30);
});
