import { expect, test } from 'vitest';
import { writeAnswer } from './answer.js';
import { type Negotiated, negotiate } from './negotiate.js';
import { parseOffer } from './offer.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import chromiumRecvonly from './recorded/offer-chromium-recvonly.sdp?raw';
import chromiumSimulcast from './recorded/offer-chromium-sendrecv-simulcast.sdp?raw';
import { agree, codecList, counter, LOCAL, sectionsOf } from './testing.js';

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was accepted');
}

/** The offer with another section like its last one under a new mid. */
function withAnother(sdp: string, mid: string): string {
  const last = sdp.slice(sdp.lastIndexOf('m='));
  return (sdp + last.replace(/a=mid:.*/, `a=mid:${mid}`)).replace(/(a=group:BUNDLE .*?)\r\n/, `$1 ${mid}\r\n`);
}

function stopped(sdp: string, mid: string): string {
  return sdp
    .split(/(?=m=)/)
    .map((part) => (part.includes(`a=mid:${mid}\r\n`) ? part.replace(/^(m=\w+) \d+/, '$1 0') : part))
    .join('')
    .replace(/(a=group:BUNDLE .*)/, (line) => line.replace(` ${mid}`, ''));
}

test('an agreement survives its way through JSON', () => {
  const agreed = agree(chromiumSimulcast);
  const copy = JSON.parse(JSON.stringify(agreed)) as Negotiated;
  expect(copy).toEqual(agreed);
  expect(writeAnswer(copy, LOCAL)).toBe(writeAnswer(agreed, LOCAL));
});

test('the same offer again changes nothing', () => {
  const first = agree(chromiumAv);
  const second = agree(chromiumAv, { previous: first, allocateSsrc: () => expect.unreachable() });
  expect(second).toEqual(first);
});

test('a new section gets a stream of its own, the old ones keep theirs', () => {
  const allocateSsrc = counter();
  const first = agree(chromiumRecvonly, { allocateSsrc });
  const second = agree(withAnother(chromiumRecvonly, '2'), { previous: first, allocateSsrc });
  expect(second.sections.slice(0, 2)).toEqual(first.sections);
  expect(second.sections[2].downlink).toMatchObject({ ssrc: 1_004, rtxSsrc: 1_005, streamId: 'stream-2' });
});

test('a section that pauses keeps its SSRCs for when it goes on', () => {
  const first = agree(chromiumRecvonly);
  const paused = agree(chromiumRecvonly.replaceAll('a=recvonly', 'a=inactive'), { previous: first });
  expect(paused.sections.map(({ uplink, downlink }) => uplink ?? downlink)).toEqual([undefined, undefined]);
  expect(sectionsOf(writeAnswer(paused, LOCAL))[1]).toContain('a=inactive');
  expect(writeAnswer(paused, LOCAL)).toContain('a=group:BUNDLE 0 1\r\n');
  const resumed = agree(chromiumRecvonly, { previous: paused });
  expect(resumed.sections).toEqual(first.sections);
});

test('a section that stops keeps its place, outside of the bundle', () => {
  const first = agree(chromiumRecvonly);
  const second = agree(stopped(chromiumRecvonly, '0'), { previous: first });
  expect(second.sections.map(({ mid }) => mid)).toEqual(['1']);
  expect(second.sections[0]).toEqual(first.sections[1]);
  expect(second.rejected).toEqual([{ mid: '0', reason: 'it is off (port 0)' }]);
  const lines = sectionsOf(writeAnswer(second, LOCAL));
  expect(lines[0]).toContain('a=group:BUNDLE 1');
  expect(lines[1][0]).toBe('m=audio 0 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126');
  expect(second.downlinks).not.toHaveProperty('0');
});

test('the place of a stopped section can be taken by another kind under a new mid', () => {
  const first = agree(chromiumRecvonly);
  const second = agree(stopped(chromiumRecvonly, '0'), { previous: first });
  const recycled = withAnother(chromiumRecvonly, 'new').split(/(?=m=)/);
  const sdp = [recycled[0].replace('BUNDLE 0 1 new', 'BUNDLE new 1'), recycled[3], recycled[2]].join('');
  const third = agree(sdp, { previous: second });
  expect(third.sections.map(({ mid, kind }) => `${mid} ${kind}`)).toEqual(['new video', '1 video']);
});

test('new ICE credentials are a restart', () => {
  const first = agree(chromiumRecvonly);
  const second = agree(chromiumRecvonly.replaceAll('a=ice-ufrag:WrSm', 'a=ice-ufrag:Othr'), { previous: first });
  expect(second.iceRestart).toBe(true);
  expect(second.remoteIce.usernameFragment).toBe('Othr');
  expect(second.sections).toEqual(first.sections);
});

test('a section must not change its kind', () => {
  const previous = agree(chromiumRecvonly);
  const sdp = chromiumRecvonly
    .replace('a=mid:0', 'a=mid:x')
    .replace('a=mid:1', 'a=mid:0')
    .replace('a=mid:x', 'a=mid:1');
  expect(refusal(() => agree(sdp, { previous }))).toMatchObject({
    code: 'changed',
    message: 'Section "0" was audio and is video now.',
  });
});

test('sections must not disappear', () => {
  const previous = agree(chromiumAv);
  const sdp = chromiumAv.slice(0, chromiumAv.indexOf('m=application')).replace('BUNDLE 0 1 2', 'BUNDLE 0 1');
  expect(refusal(() => agree(sdp, { previous })).code).toBe('changed');
});

test('another certificate needs another connection', () => {
  const previous = agree(chromiumRecvonly);
  const sdp = chromiumRecvonly.replaceAll('sha-256 8B:A6', 'sha-256 8B:A7');
  expect(refusal(() => agree(sdp, { previous }))).toMatchObject({ code: 'changed', message: /fingerprint/ });
});

test('the DTLS role stays: actpass fits what was agreed, the opposite is refused', () => {
  const passive = chromiumRecvonly.replaceAll('a=setup:actpass', 'a=setup:passive');
  const active = chromiumRecvonly.replaceAll('a=setup:actpass', 'a=setup:active');
  const previous = agree(passive);
  expect(previous.dtlsRole).toBe('client');
  expect(agree(chromiumRecvonly, { previous }).dtlsRole).toBe('client');
  expect(agree(passive, { previous }).dtlsRole).toBe('client');
  expect(refusal(() => agree(active, { previous })).code).toBe('bad-setup');
  expect(agree(active).dtlsRole).toBe('server');
});

test('SSRCs that the client uses are not given out', () => {
  const values = [2_583_393_546, 441_817_994, 0, 2_346_543_856, 7, 7, 8, 9];
  const agreed = agree(chromiumAv, { allocateSsrc: () => values.shift()! });
  expect(agreed.sections.map(({ downlink }) => [downlink?.ssrc, downlink?.rtxSsrc])).toEqual([
    [7, undefined],
    [8, 9],
  ]);
  const stuck = agree(chromiumAv, { allocateSsrc: () => 2_346_543_856 });
  const ssrcs = stuck.sections.flatMap(({ downlink }) => [downlink!.ssrc, downlink!.rtxSsrc ?? downlink!.ssrc]);
  expect(new Set(ssrcs).size).toBe(3);
  expect(ssrcs).not.toContain(2_346_543_856);
});

test('sections beyond the limit are rejected, those before it are served', () => {
  let sdp = chromiumRecvonly;
  for (let index = 2; index < 6; index++) sdp = withAnother(sdp, String(index));
  const agreed = agree(sdp, { maxSections: 3 });
  expect(agreed.sections.map(({ mid }) => mid)).toEqual(['0', '1', '2']);
  expect(agreed.rejected).toEqual(['3', '4', '5'].map((mid) => ({ mid, reason: 'there are too many sections' })));
});

test('sections outside of the bundle, of unknown kinds or over plain RTP are rejected one by one', () => {
  const outside = chromiumRecvonly.replace('BUNDLE 0 1', 'BUNDLE 1');
  expect(agree(outside).rejected).toEqual([{ mid: '0', reason: 'it is not in the BUNDLE group' }]);
  const text = chromiumRecvonly.replace(/m=audio (.*)/, 'm=text $1');
  expect(agree(text).rejected).toEqual([{ mid: '0', reason: '"text" is not served' }]);
  const plain = chromiumRecvonly.replace(/m=audio (\d+) \S+/, 'm=audio $1 RTP/AVP');
  expect(agree(plain).rejected).toEqual([{ mid: '0', reason: 'the protocol RTP/AVP is not served' }]);
});

test('an offer of nothing that we have is refused with the reasons', () => {
  const sdp = chromiumRecvonly
    .replaceAll('opus/48000/2', 'speex/16000')
    .replace(/a=rtpmap:\d+ (VP8|VP9|H264|AV1)\/90000/g, (line) => line.replace(/ .*/, ' H265/90000'));
  const { code, message } = refusal(() => agree(sdp));
  expect(code).toBe('unsupported');
  expect(message).toContain('section 0 (audio): none of its codecs is served as offered (speex, red, G722');
  expect(message).toContain('section 1 (video): none of its codecs is served as offered (H265, rtx');
});

test('one stream for all that is sent, where the caller wants it', () => {
  const { sections } = agree(chromiumRecvonly, { streamId: 'live' });
  expect(sections.map(({ downlink }) => downlink?.streamId)).toEqual(['live', 'live']);
});

test('a SIM group of SSRCs is simulcast as well', () => {
  const sdp = chromiumAv
    .replace(
      'a=ssrc-group:FID 2583393546 441817994',
      'a=ssrc-group:SIM 11 12 13\r\na=ssrc-group:FID 11 21\r\na=ssrc-group:FID 12 22\r\na=ssrc-group:FID 13 23',
    )
    .replace('a=ssrc:2583393546 cname:', 'a=ssrc:11 cname:');
  const [, video] = agree(sdp).sections;
  expect(video.uplink?.encodings).toEqual([
    { ssrc: 11, rtxSsrc: 21 },
    { ssrc: 12, rtxSsrc: 22 },
    { ssrc: 13, rtxSsrc: 23 },
  ]);
  expect(video.uplink?.cname).toBe('InzjcTVZtCBCrHKk');
});

test('a sending section that names no SSRC has one encoding that says nothing', () => {
  const [audio] = agree(chromiumAv.replaceAll(/a=ssrc.*\r\n/g, '')).sections;
  expect(audio.uplink?.encodings).toEqual([{}]);
  expect(audio.uplink?.trackId).toBe('49c92fef-4fa9-423b-8658-4c6dfebc527d');
});

test('alternatives and paused layers of simulcast count by their first name', () => {
  const sdp = chromiumSimulcast
    .replace('a=simulcast:send q;h;f', 'a=simulcast:send ~f;h,q')
    .replace('a=rid:f send', 'a=rid:f send max-width=1280');
  expect(agree(sdp).sections[1].uplink?.encodings).toEqual([{ rid: 'f' }, { rid: 'h' }]);
});

test('feedback lines for payload types that are not in the m-line are ignored', () => {
  const sdp = chromiumRecvonly.replace(/m=video (\d+) (\S+) .*/, 'm=video $1 $2 98 99');
  expect(codecList(agree(sdp).sections[1])).toBe('vp9 98/99');
});

test('feedback for all payload types counts for each', () => {
  const sdp = chromiumRecvonly
    .replace(/a=rtcp-fb:\d+ .*\r\n/g, '')
    .replace('a=rtpmap:96', 'a=rtcp-fb:* nack pli\r\na=rtpmap:96');
  for (const { feedback } of agree(sdp).sections[1].codecs) {
    expect(feedback).toEqual({ nack: false, pli: true, fir: false, transportCc: false });
  }
});

test('an RTX format of another codec, or of itself, is not taken', () => {
  const sdp = chromiumRecvonly
    .replace('a=fmtp:97 apt=96', 'a=fmtp:97 apt=97')
    .replace('a=fmtp:99 apt=98', 'a=fmtp:99 apt=200');
  expect(codecList(agree(sdp).sections[1])).toMatch(/^vp8 96, vp9 98, vp9 100\/101/);
});

test('a parsed offer can be agreed on more than once', () => {
  const offer = parseOffer(chromiumAv);
  const options = { cname: 'ours', videoCodecs: ['av1'] };
  const first = negotiate(offer, { ...options, allocateSsrc: counter() });
  expect(negotiate(offer, { ...options, allocateSsrc: counter() })).toEqual(first);
});
