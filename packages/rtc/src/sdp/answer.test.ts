import * as sdpTransform from 'sdp-transform';
import { expect, test } from 'vitest';
import { writeAnswer } from './answer.js';
import chromiumAv from './recorded/offer-chromium-av-datachannel.sdp?raw';
import chromiumRecvonly from './recorded/offer-chromium-recvonly.sdp?raw';
import chromiumSimulcast from './recorded/offer-chromium-sendrecv-simulcast.sdp?raw';
import firefoxSimulcast from './recorded/offer-firefox-sendrecv-simulcast.sdp?raw';
import wrtcAv from './recorded/offer-wrtc-av-datachannel.sdp?raw';
import { agree, answerTo, LOCAL, sectionsOf } from './testing.js';

const everyOffer = [chromiumAv, chromiumRecvonly, chromiumSimulcast, firefoxSimulcast, wrtcAv];

test('the session says that we are ICE-lite and bundles what is accepted', () => {
  const [session] = sectionsOf(answerTo(chromiumAv));
  expect(session.slice(0, 4)).toEqual(['v=0', 'o=- 4711 1 IN IP4 127.0.0.1', 's=-', 't=0 0']);
  expect(session).toContain('a=ice-lite');
  expect(session).toContain('a=group:BUNDLE 0 1 2');
  expect(session).toContain('a=extmap-allow-mixed');
});

test('every line ends in CRLF, the last one too', () => {
  const answer = answerTo(chromiumAv);
  expect(answer.endsWith('\r\n')).toBe(true);
  expect(answer.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
});

test('each accepted section has the whole transport, all candidates and their end', () => {
  for (const lines of sectionsOf(answerTo(chromiumRecvonly)).slice(1)) {
    expect(lines[0]).toMatch(/^m=(audio|video) 40000 UDP\/TLS\/RTP\/SAVPF /);
    expect(lines[1]).toBe('c=IN IP4 198.51.100.7');
    for (const line of [
      'a=ice-ufrag:serverUfrag01234',
      `a=ice-pwd:${LOCAL.ice.password}`,
      `a=fingerprint:sha-256 ${LOCAL.fingerprint.value}`,
      'a=setup:passive',
      'a=candidate:1 1 udp 2130706431 198.51.100.7 40000 typ host',
      'a=candidate:2 1 udp 2130706175 2001:db8::7 40000 typ host',
      'a=candidate:3 1 tcp 1520434687 198.51.100.7 40000 typ host tcptype passive',
      'a=end-of-candidates',
      'a=rtcp-mux',
      'a=rtcp-rsize',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.some((line) => line.startsWith('b='))).toBe(false);
  }
});

test('without an IPv4 candidate the default one is IPv6, without any it is nowhere', () => {
  const negotiated = agree(chromiumRecvonly);
  const v6 = writeAnswer(negotiated, { ...LOCAL, candidates: LOCAL.candidates.slice(1) });
  expect(v6).toContain('c=IN IP6 2001:db8::7\r\n');
  const none = writeAnswer(negotiated, { ...LOCAL, candidates: [] });
  expect(none).toContain('m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n');
});

test('a data channel that is not wanted is rejected in its place and left out of the bundle', () => {
  const answer = answerTo(chromiumAv, { data: false });
  expect(answer).toContain('a=group:BUNDLE 0 1\r\n');
  const sections = sectionsOf(answer);
  expect(sections[3]).toEqual([
    'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:2',
    'a=inactive',
  ]);
});

test('the codecs are the agreed ones, each followed by its RTX, with the feedback both know', () => {
  const [, , video] = sectionsOf(answerTo(chromiumAv));
  expect(video[0]).toBe('m=video 40000 UDP/TLS/RTP/SAVPF 96 97 102 103 108 109 116 117 45 46 98 99 100 101');
  expect(video.filter((line) => /^a=(rtpmap|fmtp|rtcp-fb):(96|97|108|109) /.test(line))).toEqual([
    'a=rtpmap:96 VP8/90000',
    'a=rtpmap:97 rtx/90000',
    'a=rtpmap:108 H264/90000',
    'a=rtpmap:109 rtx/90000',
    'a=fmtp:97 apt=96',
    'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    'a=fmtp:109 apt=108',
    'a=rtcp-fb:96 transport-cc',
    'a=rtcp-fb:96 ccm fir',
    'a=rtcp-fb:96 nack',
    'a=rtcp-fb:96 nack pli',
    'a=rtcp-fb:108 transport-cc',
    'a=rtcp-fb:108 ccm fir',
    'a=rtcp-fb:108 nack',
    'a=rtcp-fb:108 nack pli',
  ]);
  expect(video).toContain('a=fmtp:100 profile-id=2');
  expect(video).toContain('a=fmtp:45 level-idx=5;profile=0;tier=0');
  expect(video.join()).not.toMatch(/goog-remb|ulpfec|red\/|toffset|abs-send-time/);
});

test('preferred codecs come first, the others follow in the order of the offer', () => {
  const [, , video] = sectionsOf(answerTo(chromiumAv, { videoCodecs: ['vp9', 'h264'] }));
  expect(video[0]).toBe('m=video 40000 UDP/TLS/RTP/SAVPF 98 99 100 101 102 103 108 109 116 117 96 97 45 46');
});

test('Opus always gets FEC, and stereo where it was offered', () => {
  expect(answerTo(chromiumAv)).toContain('a=fmtp:111 minptime=10;useinbandfec=1\r\n');
  expect(answerTo(firefoxSimulcast)).toContain('a=fmtp:109 stereo=1;useinbandfec=1\r\n');
  const plain = chromiumAv.replace('a=fmtp:111 minptime=10;useinbandfec=1\r\n', '');
  expect(answerTo(plain)).toContain('a=fmtp:111 useinbandfec=1\r\n');
});

test('extensions offered for one direction are answered for the other', () => {
  const [, , video] = sectionsOf(answerTo(firefoxSimulcast));
  expect(video.filter((line) => line.startsWith('a=extmap:'))).toEqual([
    'a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:6/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:8/recvonly https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
    'a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
    'a=extmap:10/recvonly urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  ]);
});

test('our streams are named with msid, SSRCs and the FID group', () => {
  const [, audio, video] = sectionsOf(answerTo(chromiumRecvonly));
  expect(audio.filter((line) => /^a=(ssrc|msid)/.test(line))).toEqual([
    'a=msid:stream-0 track-0',
    'a=ssrc:1001 cname:ours',
    'a=ssrc:1001 msid:stream-0 track-0',
  ]);
  expect(video.filter((line) => /^a=(ssrc|msid)/.test(line))).toEqual([
    'a=msid:stream-1 track-1',
    'a=ssrc:1002 cname:ours',
    'a=ssrc:1002 msid:stream-1 track-1',
    'a=ssrc:1003 cname:ours',
    'a=ssrc:1003 msid:stream-1 track-1',
    'a=ssrc-group:FID 1002 1003',
  ]);
});

test('simulcast layers are taken as offered', () => {
  for (const offer of [chromiumSimulcast, firefoxSimulcast]) {
    const [, , video] = sectionsOf(answerTo(offer));
    expect(video.filter((line) => /^a=(rid|simulcast):/.test(line))).toEqual([
      'a=rid:q recv',
      'a=rid:h recv',
      'a=rid:f recv',
      'a=simulcast:recv q;h;f',
    ]);
  }
});

test.each<[{ publish?: boolean; subscribe?: boolean }, string]>([
  [{}, 'a=sendrecv'],
  [{ publish: false }, 'a=sendonly'],
  [{ subscribe: false }, 'a=recvonly'],
  [{ publish: false, subscribe: false }, 'a=inactive'],
])('with the policy %j a section of both directions is answered %s', (policy, direction) => {
  for (const lines of sectionsOf(answerTo(chromiumSimulcast, policy)).slice(1)) expect(lines).toContain(direction);
  const publishes = policy.publish !== false;
  const subscribes = policy.subscribe !== false;
  expect(answerTo(chromiumSimulcast, policy).includes('a=ssrc:')).toBe(subscribes);
  expect(answerTo(chromiumSimulcast, policy).includes('a=simulcast:')).toBe(publishes);
});

test('rtcp-rsize is answered only where it was offered', () => {
  const [, audio, video] = sectionsOf(answerTo(wrtcAv));
  expect(audio).not.toContain('a=rtcp-rsize');
  expect(video).toContain('a=rtcp-rsize');
});

test('the answer has a section for each of the offer, in its order and of its kind', () => {
  for (const offer of everyOffer) {
    const asked = sdpTransform.parse(offer).media;
    const answered = sdpTransform.parse(answerTo(offer)).media;
    expect(answered.map(({ type, mid, protocol }) => [type, mid, protocol])).toEqual(
      asked.map(({ type, mid, protocol }) => [type, mid, protocol]),
    );
  }
});
