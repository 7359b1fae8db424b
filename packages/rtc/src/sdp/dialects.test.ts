/** Offers in the dialects of other clients; FFmpeg's and werift's are recorded, the others written after their public forms. */
import { expect, test } from 'vitest';
import ffmpegWhip from './dialects/ffmpeg-whip.sdp?raw';
import libdatachannel from './dialects/libdatachannel.sdp?raw';
import obs from './dialects/obs.sdp?raw';
import safari from './dialects/safari.sdp?raw';
import webrtcbin from './dialects/webrtcbin.sdp?raw';
import werift from './dialects/werift.sdp?raw';
import { agree, answerTo, codecList, sectionsOf } from './testing.js';

test('Safari: H.264 in high and constrained baseline first, simulcast by rid, no HEVC', () => {
  const [audio, video] = agree(safari).sections;
  expect(codecList(audio)).toBe('opus 111');
  expect(audio.extensions).toEqual({ audioLevel: 1, transportCc: 3, mid: 4 });
  expect(codecList(video)).toBe('h264 96/97, h264 98/99, vp8 100/101, vp9 35/36');
  expect(video.uplink?.encodings).toEqual([{ rid: 'low' }, { rid: 'mid' }, { rid: 'high' }]);
  expect(video.extensions).toMatchObject({ mid: 4, rid: 5, repairedRid: 6, transportCc: 3, videoOrientation: 13 });
  expect(answerTo(safari)).not.toContain('extmap-allow-mixed');
});

test('FFmpeg WHIP: it waits for our ClientHello, has no header extensions and asks for NACK only', () => {
  const agreed = agree(ffmpegWhip, { subscribe: false });
  const [audio, video] = agreed.sections;
  expect(agreed.dtlsRole).toBe('client');
  expect(audio).toMatchObject({ extensions: {}, uplink: { encodings: [{ ssrc: 1_358_159_560 }], cname: 'FFmpeg' } });
  expect(audio.codecs[0].feedback.transportCc).toBe(false);
  expect(codecList(video)).toBe('h264 106/105');
  expect(video.codecs[0].feedback).toEqual({ nack: true, pli: false, fir: false, transportCc: false });
  expect(video.uplink?.encodings).toEqual([{ ssrc: 1_358_159_561, rtxSsrc: 1_358_159_562 }]);
  const [, audioLines, videoLines] = sectionsOf(answerTo(ffmpegWhip, { subscribe: false }));
  for (const lines of [audioLines, videoLines]) {
    expect(lines).toContain('a=setup:active');
    expect(lines).toContain('a=recvonly');
    // It reads the first line with "udp" and "host" in it.
    expect(lines).toContain('a=candidate:1 1 udp 2130706431 198.51.100.7 40000 typ host');
  }
  expect(videoLines).toContain('a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42400c');
});

test('FFmpeg 8.0 and its digit too many in profile-level-id', () => {
  const sdp = ffmpegWhip.replace('42400c', '422000c');
  expect(codecList(agree(sdp).sections[1])).toBe('h264 106/105');
});

test('an FFmpeg stream without audio still names both mids in the group', () => {
  const sdp = ffmpegWhip.replace(/m=audio[\s\S]*?(?=m=video)/, '');
  expect(agree(sdp).sections.map(({ mid }) => mid)).toEqual(['1']);
  expect(answerTo(sdp)).toContain('a=group:BUNDLE 1\r\n');
});

test('GStreamer webrtcbin: a bundle-only section with port 0 is alive, and OPUS is opus', () => {
  const agreed = agree(webrtcbin);
  expect(agreed.rejected).toEqual([]);
  const [video, audio] = agreed.sections;
  expect([video.mid, audio.mid]).toEqual(['video0', 'audio1']);
  expect(codecList(video)).toBe('vp8 96/98');
  expect(codecList(audio)).toBe('opus 97');
  expect(audio.uplink).toEqual({
    encodings: [{ ssrc: 3_776_670_536 }],
    cname: 'user2155413379@host-70f5e3d7',
    streamId: 'user2155413379@host-70f5e3d7',
    trackId: 'webrtctransceiver1',
  });
  expect(video.uplink?.encodings).toEqual([{ ssrc: 3_146_234_823, rtxSsrc: 887_564_912 }]);
  // Without the header extension there can be no feedback.
  expect(video.codecs[0].feedback).toEqual({ nack: true, pli: true, fir: true, transportCc: false });
  const audioLines = sectionsOf(answerTo(webrtcbin))[2];
  expect(audioLines[0]).toBe('m=audio 40000 UDP/TLS/RTP/SAVPF 97');
  expect(audioLines).toContain('a=rtpmap:97 OPUS/48000/2');
  expect(audioLines).toContain('a=fmtp:97 stereo=1;useinbandfec=1');
});

test('werift: other ids for one extension in each section; the second meaning is not taken', () => {
  const [audio, video] = agree(werift).sections;
  expect(audio.extensions).toEqual({ mid: 1 });
  expect(video.extensions).toEqual({ transportCc: 4 });
  expect(codecList(audio)).toBe('opus 96');
  expect(codecList(video)).toBe('vp8 97, h264 98');
  expect(video.uplink?.encodings).toEqual([{ ssrc: 3_953_008_928 }]);
  expect(video.downlink?.rtxSsrc).toBeUndefined();
});

test('libdatachannel: fingerprint and setup at session level, a data channel beside media', () => {
  const agreed = agree(libdatachannel);
  expect(agreed.dtlsRole).toBe('server');
  expect(agreed.remoteIce).toEqual({ usernameFragment: '5Qv1', password: 'Xb8mUrHk3vYc0nWqZt6LsP' });
  expect(agreed.fingerprints).toHaveLength(1);
  expect(agreed.sections.map((section) => [section.mid, codecList(section), section.uplink])).toEqual([
    ['audio', 'opus 111', undefined],
    ['video', 'h264 96/97', undefined],
  ]);
  expect(agreed.data).toMatchObject({ mid: 'data', sctpPort: 5000 });
  expect(answerTo(libdatachannel)).toContain('a=group:BUNDLE audio video data\r\n');
});

test('OBS: simulcast layers with digits for rids, beside an SSRC', () => {
  const agreed = agree(obs, { subscribe: false });
  const [audio, video] = agreed.sections;
  expect(codecList(audio)).toBe('opus 111');
  expect(codecList(video)).toBe('h264 96');
  expect(video.uplink?.encodings).toEqual([{ rid: '0' }, { rid: '1' }]);
  expect(video.uplink?.trackId).toBe('Q2nMvB6tYxLe0KpR-video');
  const videoLines = sectionsOf(answerTo(obs, { subscribe: false }))[2];
  expect(videoLines).toContain('a=rid:0 recv');
  expect(videoLines).toContain('a=simulcast:recv 0;1');
  expect(videoLines).toContain('a=rtpmap:96 H264/90000');
});
