import { expect, test } from 'vitest';
import { parseAnswer } from './client-answer.js';
import { type ClientOfferSection, clientRepair, createOffer } from './client-offer.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import chromiumRecvonly from './recorded/offer-chromium-recvonly.sdp?raw';
import firefoxRecvonly from './recorded/offer-firefox-recvonly.sdp?raw';
import type { RepairPolicy } from './repair.js';
import { agree, answerTo, sectionsOf } from './testing.js';

const ALL: RepairPolicy = { redAudio: true, ulpfec: true, flexfec: true };

const repairOf = (sdp: string, repair?: RepairPolicy) =>
  agree(sdp, { repair }).sections.map((section) => section.repair);

test('redundancy is agreed on only where we say so', () => {
  expect(repairOf(chromiumRecvonly)).toEqual([undefined, undefined]);
  expect(repairOf(chromiumRecvonly, { redAudio: true })).toEqual([{ red: 63, redBlock: 111 }, undefined]);
  expect(repairOf(chromiumRecvonly, { ulpfec: true })).toEqual([undefined, { red: 118, ulpfec: 120 }]);
  expect(repairOf(chromiumRecvonly, { flexfec: true })).toEqual([undefined, { flexfec: 49 }]);
  expect(repairOf(chromiumRecvonly, ALL)).toEqual([
    { red: 63, redBlock: 111 },
    { red: 118, ulpfec: 120, flexfec: 49 },
  ]);
  expect(answerTo(chromiumRecvonly)).not.toMatch(/ red\/|ulpfec|flexfec/);
});

test('a client that sends video in the section gets no RED for it', () => {
  expect(repairOf(chromiumAv, ALL)).toEqual([{ red: 63, redBlock: 111 }, undefined]);
  expect(agree(chromiumAv, { repair: ALL, publish: false }).sections[1].repair).toEqual({ red: 118, ulpfec: 120 });
});

test('Firefox offers ULPFEC and no FlexFEC', () => {
  expect(repairOf(firefoxRecvonly, ALL)[1]).toEqual({ red: 122, ulpfec: 123 });
});

test('the answer maps the payload types after the codecs, and groups the FlexFEC stream with what it protects', () => {
  const [, audio, video] = sectionsOf(answerTo(chromiumRecvonly, { repair: ALL }));
  expect(audio[0]).toMatch(/ 111 63$/);
  expect(audio).toContain('a=rtpmap:63 red/48000/2');
  expect(audio).toContain('a=fmtp:63 111/111');
  expect(audio).toContain('a=fmtp:111 minptime=10;useinbandfec=1');
  expect(video[0]).toMatch(/ 45 46 118 120 49$/);
  for (const line of [
    'a=rtpmap:118 red/90000',
    'a=rtpmap:120 ulpfec/90000',
    'a=rtpmap:49 flexfec-03/90000',
    'a=fmtp:49 repair-window=10000000',
    'a=ssrc-group:FID 1002 1003',
    'a=ssrc-group:FEC-FR 1002 1004',
    'a=ssrc:1004 cname:ours',
  ]) {
    expect(video).toContain(line);
  }
  expect(video.some((line) => /^a=rtcp-fb:(118|120|49) /.test(line))).toBe(false);
});

test('the FlexFEC SSRC stays over renegotiation, and is left out while FlexFEC is not agreed on', () => {
  const first = agree(chromiumRecvonly, { repair: ALL });
  expect(first.sections[1].downlink?.flexfecSsrc).toBe(1_004);
  const without = agree(chromiumRecvonly, { previous: first });
  const again = agree(chromiumRecvonly, { previous: without, repair: ALL });
  expect(again.sections[1].downlink?.flexfecSsrc).toBe(1_004);
  expect(answerTo(chromiumRecvonly, { previous: first })).not.toContain('FEC-FR');
});

test('RED of audio must repeat one Opus payload type', () => {
  const withFmtp = (value: string) => chromiumRecvonly.replace('a=fmtp:63 111/111', `a=fmtp:63 ${value}`);
  for (const value of ['111', '111/9', '9/9', '', 'constructor', '111/111/x', '/']) {
    expect(repairOf(withFmtp(value), ALL)[0]).toBeUndefined();
  }
  expect(repairOf(withFmtp('111/111/111'), ALL)[0]).toEqual({ red: 63, redBlock: 111 });
  expect(repairOf(chromiumRecvonly.replace('red/48000/2', 'red/8000'), ALL)[0]).toBeUndefined();
});

test('our own clients offer redundancy and read what came of it', () => {
  const sections: ClientOfferSection[] = [
    { mid: '0', kind: 'audio', direction: 'recvonly', repair: clientRepair('audio') },
    { mid: '1', kind: 'video', direction: 'recvonly', repair: clientRepair('video') },
  ];
  const offer = createOffer({
    ice: { usernameFragment: 'clnt', password: 'c'.repeat(22) },
    fingerprint: { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'CD').join(':') },
    sections,
  });
  const read = parseAnswer(answerTo(offer, { repair: ALL })).sections;
  expect(read.map((section) => section.repair)).toEqual([clientRepair('audio'), clientRepair('video')]);
  expect(read[1].stream).toMatchObject({ ssrc: 1_002, rtxSsrc: 1_003, flexfecSsrc: 1_004 });
  const plain = parseAnswer(answerTo(offer)).sections;
  expect(plain.map((section) => section.repair)).toEqual([undefined, undefined]);
});
