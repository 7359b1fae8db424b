/** Offers recorded from browsers and from libwebrtc in Node. */
import { expect, test } from 'vitest';
import { parseOffer } from './offer.js';
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
import { agree, codecList } from './testing.js';

const ALL_FEEDBACK = { nack: true, pli: true, fir: true, transportCc: true };
const AUDIO_FEEDBACK = { nack: false, pli: false, fir: false, transportCc: true };
const CHROMIUM_VIDEO = 'vp8 96/97, h264 102/103, h264 108/109, h264 116/117, av1 45/46, vp9 98/99, vp9 100/101';
const FIREFOX_VIDEO = 'vp8 120/124, vp9 121/125, av1 99/100';

test('Chromium with microphone, camera and data channel', () => {
  const agreed = agree(chromiumAv);
  const [audio, video] = agreed.sections;
  expect(agreed.sections.map(({ mid, kind }) => `${mid} ${kind}`)).toEqual(['0 audio', '1 video']);
  expect(agreed).toMatchObject({
    dtlsRole: 'server',
    iceRestart: false,
    remoteIce: { usernameFragment: 'nmjq', password: 'OOyhM6uqthrI6GgcrLz+GCKg' },
    data: { mid: '2', sctpPort: 5000, maxMessageSize: 262_144 },
    extmapAllowMixed: true,
  });
  expect(agreed.fingerprints).toEqual([
    {
      algorithm: 'sha-256',
      value: '92:9C:AF:EA:BD:D7:C1:14:82:A6:E5:41:43:74:11:63:E6:49:25:4B:DD:03:85:A5:9C:16:20:56:15:31:19:EA',
    },
  ]);
  expect(agreed.rejected).toEqual([]);
  expect(audio.codecs).toEqual([
    {
      name: 'opus',
      payloadType: 111,
      clockRate: 48_000,
      channels: 2,
      fmtp: { minptime: '10', useinbandfec: '1' },
      feedback: AUDIO_FEEDBACK,
    },
  ]);
  expect(audio.extensions).toEqual({ audioLevel: 1, transportCc: 3, mid: 4 });
  expect(audio.uplink).toEqual({
    encodings: [{ ssrc: 2_346_543_856 }],
    cname: 'InzjcTVZtCBCrHKk',
    streamId: '3ff52f51-af23-4054-ba27-6e138e1324f4',
    trackId: '49c92fef-4fa9-423b-8658-4c6dfebc527d',
  });
  expect(codecList(video)).toBe(CHROMIUM_VIDEO);
  for (const codec of video.codecs) expect(codec.feedback).toEqual(ALL_FEEDBACK);
  expect(video.extensions).toEqual({
    videoOrientation: 13,
    transportCc: 3,
    playoutDelay: 5,
    mid: 4,
    rid: 10,
    repairedRid: 11,
  });
  expect(video.uplink?.encodings).toEqual([{ ssrc: 2_583_393_546, rtxSsrc: 441_817_994 }]);
  expect(audio.downlink).toEqual({ ssrc: 1_001, cname: 'ours', streamId: 'stream-0', trackId: 'track-0' });
  expect(video.downlink).toEqual({
    ssrc: 1_002,
    rtxSsrc: 1_003,
    cname: 'ours',
    streamId: 'stream-1',
    trackId: 'track-1',
  });
});

test('Chromium that only receives: no uplinks, all common codecs in its own order', () => {
  const { sections } = agree(chromiumRecvonly);
  expect(sections.map(({ uplink, downlink }) => [uplink, downlink?.ssrc])).toEqual([
    [undefined, 1_001],
    [undefined, 1_002],
  ]);
  expect(codecList(sections[0])).toBe('opus 111');
  // VP9 profiles 1 and 3, AV1 profile 1, H.264 4:4:4 and packetization-mode 0 are left out.
  expect(codecList(sections[1])).toBe(
    'vp8 96/97, vp9 98/99, vp9 100/101, h264 102/103, h264 108/109, h264 116/117, av1 45/46',
  );
});

test('Chromium simulcast: an encoding for each rid, in its order, without SSRCs', () => {
  const [audio, video] = agree(chromiumSimulcast).sections;
  expect(audio.uplink?.encodings).toEqual([{ ssrc: 3_809_270_184 }]);
  expect(video.uplink).toEqual({
    encodings: [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }],
    streamId: '3ff52f51-af23-4054-ba27-6e138e1324f4',
    trackId: 'cf1b6fef-da9c-4c29-96bd-422486902b83',
  });
  expect(video.extensions).toMatchObject({ mid: 4, rid: 10, repairedRid: 11, dependencyDescriptor: 12 });
});

test('Chromium with every header extension: ids beyond 14 are kept, encrypted ones are not', () => {
  const [audio, video] = agree(chromiumAllExtensions).sections;
  expect(audio.extensions).toEqual({ audioLevel: 1, transportCc: 3, mid: 4, absCaptureTime: 5 });
  expect(video.extensions).toEqual({
    videoOrientation: 13,
    transportCc: 3,
    playoutDelay: 12,
    mid: 4,
    rid: 10,
    repairedRid: 11,
    absCaptureTime: 5,
    dependencyDescriptor: 17,
  });
  expect(codecList(video)).toBe(CHROMIUM_VIDEO);
});

test('Firefox with microphone, camera and data channel', () => {
  const agreed = agree(firefoxAv);
  const [audio, video] = agreed.sections;
  expect(agreed).toMatchObject({ dtlsRole: 'server', data: { mid: '2', maxMessageSize: 1_073_741_823 } });
  expect(agreed.remoteIce.usernameFragment).toBe('171de1c3');
  expect(codecList(audio)).toBe('opus 109');
  expect(audio.codecs[0].fmtp).toEqual({ maxplaybackrate: '48000', stereo: '1', useinbandfec: '1' });
  expect(audio.uplink).toEqual({
    encodings: [{ ssrc: 232_015_377 }],
    cname: '{a7a68fe0-7e34-4558-b375-c9d783a90754}',
    streamId: '{7a3103f5-62e0-4f12-bcea-1c32bb9845c5}',
    trackId: '{c2017ef4-4e48-4883-aa2b-0d7b56246449}',
  });
  expect(codecList(video)).toBe(FIREFOX_VIDEO);
  expect(video.uplink?.encodings).toEqual([{ ssrc: 2_436_061_190, rtxSsrc: 473_630_519 }]);
  expect(video.extensions).toEqual({ mid: 3, playoutDelay: 6, transportCc: 7 });
});

test('Firefox that only receives names SSRCs of its own all the same: they are no uplink', () => {
  expect(firefoxRecvonly).toContain('a=ssrc:4063856672');
  const { sections } = agree(firefoxRecvonly);
  for (const section of sections) {
    expect(section.uplink).toBeUndefined();
    expect(section.downlink).toBeDefined();
  }
  expect(codecList(sections[1])).toBe(FIREFOX_VIDEO);
});

test('Firefox simulcast: by rid, whatever SSRCs it lists', () => {
  const [, video] = agree(firefoxSimulcast).sections;
  expect(video.uplink).toMatchObject({
    encodings: [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }],
    cname: '{edf0b353-fc76-45c3-9598-f0f96fb79876}',
    trackId: '{39a8cc4d-654b-4ef9-b2e0-f08dec3fc11e}',
  });
  expect(video.extensions).toEqual({
    mid: 3,
    playoutDelay: 6,
    transportCc: 7,
    dependencyDescriptor: 8,
    rid: 9,
    repairedRid: 10,
  });
});

test('libwebrtc M106 in Node: no H.264, a track without a stream, audio without rtcp-rsize', () => {
  const agreed = agree(wrtcAv);
  const [audio, video] = agreed.sections;
  expect(codecList(audio)).toBe('opus 111');
  expect(audio.uplink).toEqual({
    encodings: [{ ssrc: 50_998_898 }],
    cname: 'x5ft/kp+s5Jcq00k',
    trackId: 'bc02256e-2cf5-4858-8265-e96c37219af6',
  });
  expect(codecList(video)).toBe('vp8 96/97, av1 39/40, vp9 98/99, vp9 100/101');
  expect(video.uplink?.encodings).toEqual([{ ssrc: 54_412_171, rtxSsrc: 3_790_989_489 }]);
  expect(agreed.answer.map(({ rtcpRsize }) => rtcpRsize)).toEqual([false, true, false]);
});

test.each([
  ['Chromium', chromiumData],
  ['Firefox', firefoxData],
])('an offer of %s with nothing but a data channel is agreed on, or refused with the reason', (_, sdp) => {
  expect(parseOffer(sdp).sections).toHaveLength(1);
  expect(agree(sdp)).toMatchObject({ sections: [], rejected: [], data: { mid: '0', sctpPort: 5000 } });
  expect(() => agree(sdp, { data: false })).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      message: 'Nothing in the offer can be served; section 0 (application): data channels are not served.',
    }),
  );
});
