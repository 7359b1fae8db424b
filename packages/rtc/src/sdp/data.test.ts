import { expect, test } from 'vitest';
import { writeAnswer } from './answer.js';
import { parseAnswer } from './client-answer.js';
import { createOffer } from './client-offer.js';
import { parseOffer } from './offer.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import chromiumData from './recorded/offer-chromium-datachannel.sdp?raw';
import firefoxAv from './recorded/offer-firefox-av-datachannel.sdp?raw';
import firefoxData from './recorded/offer-firefox-datachannel.sdp?raw';
import wrtcAv from './recorded/offer-wrtc-av-datachannel.sdp?raw';
import { agree, answerTo, LOCAL, sectionsOf } from './testing.js';

const ICE = { usernameFragment: 'clnt', password: 'c'.repeat(22) };
const FINGERPRINT = { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'CD').join(':') };

test('the data section is answered with our SCTP port and message size, on the bundle’s transport', () => {
  const answer = answerTo(chromiumAv);
  expect(answer).toContain('a=group:BUNDLE 0 1 2\r\n');
  const [, audio, , data] = sectionsOf(answer);
  expect(data[0]).toBe('m=application 40000 UDP/DTLS/SCTP webrtc-datachannel');
  expect(data).toContain('a=mid:2');
  expect(data).toContain('a=sctp-port:5000');
  expect(data).toContain('a=max-message-size:262144');
  const transport = /^a=(ice-|fingerprint|setup|candidate|end-of-candidates)/;
  expect(data.filter((line) => transport.test(line))).toEqual(audio.filter((line) => transport.test(line)));
  expect(data.some((line) => /^a=(sendrecv|rtcp|rtpmap|msid)/.test(line))).toBe(false);
});

test.each([
  ['Chromium', chromiumAv, '2', 262_144],
  ['Chromium, data alone', chromiumData, '0', 262_144],
  ['Firefox', firefoxAv, '2', 1_073_741_823],
  ['Firefox, data alone', firefoxData, '0', 1_073_741_823],
  ['libwebrtc in Node', wrtcAv, '2', 262_144],
])('%s: what it offers is what is agreed on', (_, sdp, mid, maxMessageSize) => {
  expect(agree(sdp).data).toEqual({ mid, sctpPort: 5_000, maxMessageSize });
});

test('the forms without a port of its own: bundle-only, discard, and a stopped section', () => {
  const line = 'm=application 54936 UDP/DTLS/SCTP webrtc-datachannel';
  const discard = chromiumAv.replace(line, line.replace('54936', '9'));
  const stopped = chromiumAv.replace(line, line.replace('54936', '0'));
  const bundleOnly = stopped.replace('a=mid:2', 'a=mid:2\r\na=bundle-only');
  expect(agree(discard).data?.mid).toBe('2');
  expect(agree(bundleOnly).data?.mid).toBe('2');
  expect(agree(stopped)).toMatchObject({ rejected: [{ mid: '2', reason: 'it is off (port 0)' }] });
  expect(agree(stopped).data).toBeUndefined();
});

test('a missing message size means 64 KB, zero means no limit', () => {
  const without = chromiumData.replace(/a=max-message-size:.*\r?\n/, '');
  expect(agree(without).data?.maxMessageSize).toBe(65_536);
  const zero = chromiumData.replace('max-message-size:262144', 'max-message-size:0');
  expect(agree(zero).data?.maxMessageSize).toBe(Number.MAX_SAFE_INTEGER);
});

test.each([
  ['another protocol', 'UDP/DTLS/SCTP', 'UDP/BFCP', /protocol UDP\/BFCP/],
  ['the format of old drafts', ' webrtc-datachannel', ' 5000', /no section of data channels/],
  ['no port', 'a=sctp-port:5000', 'a=x-port:5000', /no a=sctp-port/],
  ['an impossible port', 'a=sctp-port:5000', 'a=sctp-port:99999', /no a=sctp-port/],
])('%s is rejected in its place and the media goes on', (_, from, to, reason) => {
  const agreed = agree(chromiumAv.replace(from, to));
  expect(agreed.data).toBeUndefined();
  expect(agreed.rejected).toEqual([{ mid: '2', reason: expect.stringMatching(reason) }]);
  expect(agreed.sections).toHaveLength(2);
});

test('a section outside the bundle and a second data section are rejected', () => {
  const outside = agree(chromiumAv.replace('a=group:BUNDLE 0 1 2', 'a=group:BUNDLE 0 1'));
  expect(outside.rejected).toEqual([{ mid: '2', reason: 'it is not in the BUNDLE group' }]);
  const section = chromiumAv.slice(chromiumAv.indexOf('m=application')).replace('a=mid:2', 'a=mid:3');
  const twice = agree(chromiumAv.replace('BUNDLE 0 1 2', 'BUNDLE 0 1 2 3') + section);
  expect(twice.data?.mid).toBe('2');
  expect(twice.rejected).toEqual([{ mid: '3', reason: 'there is a data section already' }]);
});

test('in later offers the section stays, may be stopped, and keeps kind and port', () => {
  const previous = agree(chromiumAv);
  expect(agree(chromiumAv, { previous }).data).toEqual(previous.data);
  const stopped = chromiumAv.replace('m=application 54936', 'm=application 0');
  const after = agree(stopped, { previous });
  expect(after.data).toBeUndefined();
  expect(after.sections).toHaveLength(2);
  const moved = chromiumAv.replace('a=sctp-port:5000', 'a=sctp-port:5001');
  expect(() => agree(moved, { previous })).toThrow(expect.objectContaining({ code: 'changed' }));
  const alone = agree(chromiumData);
  const video = chromiumAv
    .slice(0, chromiumAv.indexOf('m=application'))
    .replace('BUNDLE 0 1 2', 'BUNDLE 0 1')
    .replaceAll(/sha-256 .*/g, `sha-256 ${alone.fingerprints[0].value}`);
  expect(() => agree(video, { previous: alone })).toThrow(
    expect.objectContaining({ code: 'changed', message: 'Section "0" was application and is audio now.' }),
  );
});

test('our own clients offer data channels, alone or beside media, and read the answer', () => {
  const alone = createOffer({ ice: ICE, fingerprint: FINGERPRINT, sections: [], data: { mid: 'd' } });
  expect(parseOffer(alone).sections).toHaveLength(1);
  expect(agree(alone).data).toEqual({ mid: 'd', sctpPort: 5_000, maxMessageSize: 262_144 });
  expect(parseAnswer(answerTo(alone)).data).toEqual({ mid: 'd', sctpPort: 5_000, maxMessageSize: 262_144 });

  const beside = createOffer({
    ice: ICE,
    fingerprint: FINGERPRINT,
    sections: [{ mid: '0', kind: 'audio', direction: 'sendonly', ssrc: 11 }],
    data: { mid: '1', sctpPort: 6_000, maxMessageSize: 1_000 },
  });
  const agreed = agree(beside);
  expect(agreed.data).toEqual({ mid: '1', sctpPort: 6_000, maxMessageSize: 1_000 });
  const answer = parseAnswer(writeAnswer(agreed, LOCAL));
  expect(answer.sections.map(({ mid, accepted }) => [mid, accepted])).toEqual([
    ['0', true],
    ['1', true],
  ]);
  expect(answer.data?.sctpPort).toBe(5_000);
});
