import { type AnsweredSection, clientCodecs, clientExtensions } from '@efir/rtc';
import { expect, test } from 'vitest';
import { RobotSections } from './sections.js';

function answered(mid: string, kind: 'audio' | 'video', fields: Partial<AnsweredSection> = {}): AnsweredSection {
  return {
    mid,
    kind,
    accepted: true,
    direction: 'recvonly',
    codecs: clientCodecs(kind),
    extensions: clientExtensions(kind),
    receiveRids: [],
    ...fields,
  };
}

test('what is sent stands first, and all SSRCs differ', () => {
  const sections = new RobotSections();
  expect([sections.send('audio'), sections.send('video')]).toEqual(['0', '1']);
  expect(sections.receive(2, 1)).toBe(true);
  expect(sections.list.map(({ mid, kind, direction }) => `${mid} ${kind} ${direction}`)).toEqual([
    '0 audio sendonly',
    '1 video sendonly',
    '2 audio recvonly',
    '3 audio recvonly',
    '4 video recvonly',
  ]);
  const [audio, video] = sections.list;
  const ssrcs = [audio, video].flatMap(({ streams }) => streams.flatMap(({ ssrc, rtxSsrc }) => [ssrc, rtxSsrc]));
  expect(new Set(ssrcs.filter((ssrc) => ssrc !== undefined)).size).toBe(3);
  expect(sections.tracks()).toEqual([
    { mid: '0', source: 'microphone' },
    { mid: '1', source: 'camera' },
  ]);
});

test('publishers offer the codec of their clips, receivers all of them', () => {
  const sections = new RobotSections();
  sections.send('video');
  sections.receive(0, 1);
  const names = sections.offered('robot-1').map(({ codecs }) => codecs!.map(({ name }) => name));
  expect(names).toEqual([['vp8'], ['vp8', 'vp9', 'h264', 'av1']]);
});

test('however much is missing, sections are bounded', () => {
  const sections = new RobotSections();
  sections.receive(1000, 1000);
  expect(sections.list.length).toBe(128);
  expect(sections.receive(1, 1)).toBe(false);
});

test('the agreement has what the answer took, with the streams that it names', () => {
  const sections = new RobotSections();
  sections.send('video');
  sections.receive(1, 2);
  const agreed = sections.agreed(
    [
      answered('0', 'video'),
      answered('1', 'audio', { direction: 'sendonly', stream: { ssrc: 77 } }),
      answered('2', 'video', { accepted: false }),
      answered('3', 'video', { direction: 'inactive' }),
    ],
    'robot-1',
  );
  expect(agreed.map(({ mid }) => mid)).toEqual(['0', '1']);
  expect(agreed[0].uplink!.encodings[0].ssrc).toBe(sections.list[0].streams[0].ssrc);
  expect(agreed[1].downlink!.ssrc).toBe(77);
});

test('simulcast is offered by rid, and the layers that the answer takes are sent', () => {
  const sections = new RobotSections();
  const mid = sections.send('video', ['l', 'm', 'h']);
  const [offered] = sections.offered('robot-1');
  expect([offered.rids, offered.ssrc]).toEqual([['l', 'm', 'h'], undefined]);
  const [agreed] = sections.agreed([answered(mid, 'video', { receiveRids: ['l', 'h'] })], 'robot-1');
  expect(agreed.uplink!.encodings.map(({ rid }) => rid)).toEqual(['l', 'h']);
  expect(new Set(agreed.uplink!.encodings.flatMap(({ ssrc, rtxSsrc }) => [ssrc, rtxSsrc])).size).toBe(4);
});
