/** Seeded garbage: whatever comes, it is agreed on or refused with an SdpError, within the test's time. */
import * as sdpTransform from 'sdp-transform';
import { expect, test } from 'vitest';
import { seeded } from '../ice/testing.js';
import { writeAnswer } from './answer.js';
import { parseAnswer } from './client-answer.js';
import ffmpegWhip from './dialects/ffmpeg-whip.sdp?raw';
import libdatachannel from './dialects/libdatachannel.sdp?raw';
import obs from './dialects/obs.sdp?raw';
import safari from './dialects/safari.sdp?raw';
import webrtcbin from './dialects/webrtcbin.sdp?raw';
import { SdpError } from './error.js';
import type { Negotiated } from './negotiate.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import chromiumData from './recorded/offer-chromium-datachannel.sdp?raw';
import chromiumRecvonly from './recorded/offer-chromium-recvonly.sdp?raw';
import chromiumSimulcast from './recorded/offer-chromium-sendrecv-simulcast.sdp?raw';
import chromiumAllExtensions from './recorded/offer-chromium-simulcast-allhdrext.sdp?raw';
import firefoxAv from './recorded/offer-firefox-av-datachannel.sdp?raw';
import firefoxData from './recorded/offer-firefox-datachannel.sdp?raw';
import firefoxRecvonly from './recorded/offer-firefox-recvonly.sdp?raw';
import firefoxSimulcast from './recorded/offer-firefox-sendrecv-simulcast.sdp?raw';
import wrtcAv from './recorded/offer-wrtc-av-datachannel.sdp?raw';
import { agree, LOCAL } from './testing.js';

const OFFERS = [
  chromiumAv,
  chromiumData,
  chromiumRecvonly,
  chromiumSimulcast,
  chromiumAllExtensions,
  firefoxAv,
  firefoxData,
  firefoxRecvonly,
  firefoxSimulcast,
  wrtcAv,
  ffmpegWhip,
  libdatachannel,
  obs,
  safari,
  webrtcbin,
];
const TOKENS = [
  '0',
  '-1',
  '4294967296',
  '99999999999999999999',
  'NaN',
  '__proto__',
  '*',
  '',
  ' ',
  '\u0000',
  '\u{1f600}',
  ';;;',
  '=',
  ':',
  '\n',
  'm=video 9 x 1',
  'a=mid:0',
];

/** Agrees and answers like a server would; true if that went through. Anything thrown but an SdpError fails the test. */
function serve(sdp: string, previous?: Negotiated): boolean {
  try {
    const agreed = agree(sdp, previous ? { previous } : {});
    const answer = writeAnswer(agreed, LOCAL);
    expect(sdpTransform.parse(answer).media).toHaveLength(agreed.answer.length);
    JSON.stringify(agreed);
    return true;
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    expect(error.message.length).toBeLessThan(1_000);
    return false;
  }
}

function mutated(sdp: string, random: () => number): string {
  const pick = <T>(list: T[]) => list[Math.floor(random() * list.length)];
  const lines = sdp.split('\r\n');
  const changes = 1 + Math.floor(random() * 4);
  for (let change = 0; change < changes; change++) {
    const at = Math.floor(random() * lines.length);
    const line = lines[at] ?? '';
    switch (Math.floor(random() * 7)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(Math.floor(random() * lines.length), 0, line);
        break;
      case 2:
        lines[at] = lines[Math.floor(random() * lines.length)] ?? '';
        break;
      case 3: {
        const words = line.split(/(?<=[ :=;,/])/);
        words[Math.floor(random() * words.length)] = pick(TOKENS);
        lines[at] = words.join('');
        break;
      }
      case 4:
        lines[at] = line.slice(0, Math.floor(random() * line.length));
        break;
      case 5: {
        const place = Math.floor(random() * line.length);
        lines[at] = line.slice(0, place) + String.fromCharCode(random() * 0x180) + line.slice(place + 1);
        break;
      }
      default:
        lines.splice(at, 1, ...lines.splice(Math.floor(random() * lines.length), 5));
    }
  }
  return lines.join('\r\n');
}

test('mutated offers, first and later ones, are answered or refused', () => {
  const random = seeded(20);
  const agreements = OFFERS.map((offer) => {
    try {
      return agree(offer);
    } catch {
      return undefined;
    }
  });
  let served = 0;
  for (let round = 0; round < 2_250; round++) {
    const which = round % OFFERS.length;
    if (serve(mutated(OFFERS[which], random), round % 2 ? agreements[which] : undefined)) served++;
  }
  expect(served).toBeGreaterThan(300);
  expect(served).toBeLessThan(2_200);
}, 30_000);

test('offers cut off anywhere are answered or refused', () => {
  const random = seeded(21);
  for (let round = 0; round < 1_000; round++) {
    const offer = OFFERS[round % OFFERS.length];
    serve(offer.slice(0, Math.floor(random() * offer.length)));
  }
});

test('two offers mixed line by line are answered or refused', () => {
  const random = seeded(22);
  for (let round = 0; round < 500; round++) {
    const left = OFFERS[Math.floor(random() * OFFERS.length)].split('\r\n');
    const right = OFFERS[Math.floor(random() * OFFERS.length)].split('\r\n');
    serve(left.map((line, index) => (random() < 0.2 ? (right[index] ?? line) : line)).join('\r\n'));
  }
});

test('our answers, mutated, are read by our clients or refused', () => {
  const random = seeded(23);
  const answers = OFFERS.flatMap((offer) => {
    try {
      return [writeAnswer(agree(offer), LOCAL)];
    } catch {
      return [];
    }
  });
  for (let round = 0; round < 750; round++) {
    try {
      parseAnswer(mutated(answers[round % answers.length], random));
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
    }
  }
});

const HEAD = chromiumRecvonly.slice(0, chromiumRecvonly.indexOf('m=video'));

test.each([
  ['a= lines', 'a=\r\n', 8_000],
  ['SSRC lines', 'a=ssrc:1 cname:x\r\n', 3_000],
  ['rtcp-fb lines', 'a=rtcp-fb:111 nack\r\n', 3_000],
  ['fmtp lines', 'a=fmtp:111 a=b\r\n', 3_500],
  ['extmap lines', 'a=extmap:1 x\r\n', 4_000],
  ['rid lines', 'a=rid:q send\r\n', 4_000],
  ['candidate lines', 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n', 1_300],
  ['fingerprint lines', 'a=fingerprint:x y\r\n', 3_000],
])('64 KB of %s are read quickly', (_, line, count) => {
  serve(HEAD + line.repeat(count));
});

test.each([
  ['group', `a=group:BUNDLE ${'x '.repeat(30_000)}`],
  ['ssrc-group', `a=ssrc-group:FID ${'1 '.repeat(30_000)}`],
  ['fmtp', `a=fmtp:111 ${'a=b;'.repeat(15_000)}`],
  ['simulcast', `a=simulcast:send ${'a;b,'.repeat(15_000)}`],
  ['imageattr', `a=imageattr:96 send ${'[x=1]'.repeat(11_000)}`],
  ['imageattr of many', `a=imageattr:96 send ${'[x=1] '.repeat(10_000)}`],
  ['imageattr without end', `a=imageattr:96 send ${'[x '.repeat(20_000)}`],
  ['source-filter', `a=source-filter: ${' '.repeat(60_000)}`],
  ['mediaclk', `a=mediaclk:id=${'x'.repeat(60_000)}`],
  ['floorid', `a=floorid:${'m-stream '.repeat(6_000)}`],
  ['rtpmap', `a=rtpmap:111 ${' '.repeat(60_000)}`],
  ['msid', `a=msid:${'x'.repeat(60_000)}`],
  ['m-line', `m=video 9 UDP/TLS/RTP/SAVPF ${'96 '.repeat(20_000)}`],
  ['candidate', `a=candidate:${'1 '.repeat(30_000)}`],
  ['fingerprint', `a=fingerprint:${' '.repeat(60_000)}`],
  ['fingerprint of blanks', `a=fingerprint:sha-256${' x'.repeat(30_000)}`],
])('60 KB of a line with %s are read quickly', (_, line) => {
  serve(`${HEAD}${line}\r\n`);
});
