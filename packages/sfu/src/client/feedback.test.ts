import { type CodecParameters, parseRtcp, type RtcpVisitor, RtcpWriter, readTransportFeedback } from '@efir/rtc';
import { expect, test } from 'vitest';
import { Feedback } from './feedback.js';
import { IncomingStream } from './incoming-stream.js';
import { OutgoingStream } from './outgoing-stream.js';
import { RowBatch } from './row-batch.js';
import { RowSink } from './testing/row-sink.js';

const feedback = { nack: true, pli: true, fir: true, transportCc: true };
const VP8: CodecParameters = {
  name: 'vp8',
  payloadType: 96,
  clockRate: 90_000,
  fmtp: {},
  rtxPayloadType: 97,
  feedback,
};
const INTER = Uint8Array.of(0x90, 0x80, 0x80, 0, 0x01, 0, 0);

function setUp() {
  const incoming = [new IncomingStream({ mid: '1', kind: 'video', ssrc: 7, rtxSsrc: 8, codecs: [VP8] })];
  const batch = new RowBatch(new RowSink());
  const options = { mid: '0', ssrc: 5, payloadType: 96, clockRate: 90_000, extensions: {}, firstSequence: 1 };
  const outgoing = [new OutgoingStream(options, { media: 1, rtx: null }, batch, { next: 0 })];
  const subject = new Feedback({ outgoing, incoming }, { localSsrc: 5, cname: 'me', transportCc: true }, 0, 0);
  const writer = new RtcpWriter();
  const heard: string[] = [];
  const visitor: RtcpVisitor = {
    senderReport: (ssrc, _high, _low, _timestamp, packets) => heard.push(`sr ${ssrc} ${packets}`),
    reportBlock: (sender, ssrc, _fraction, lost) => heard.push(`block ${sender} ${ssrc} lost ${lost}`),
    nack: (_sender, media, sequence) => heard.push(`nack ${media} ${sequence}`),
    pli: (_sender, media) => heard.push(`pli ${media}`),
    sdes: (_ssrc, cname) => heard.push(`sdes ${cname}`),
    transportFeedback: (bytes, offset, length) =>
      readTransportFeedback(bytes, offset, length, {
        begin: (base, count) => heard.push(`twcc ${base} ${count}`),
        packet: () => {},
      }),
  };
  const tick = (now: number): string[] => {
    heard.length = 0;
    subject.tick(now, 1.7e12 + now, 30, writer, (packet) => {
      expect(parseRtcp(packet, 0, packet.length, visitor)).toBe(true);
    });
    return [...heard];
  };
  const receive = (sequence: number, ms: number) =>
    incoming[0].received(INTER, 0, INTER.length, 0x80 | 96, sequence, ms * 90, ms * 1000);
  return { subject, outgoing, tick, receive };
}

test('before anything was sent or received there is only the obligatory report', () => {
  const { tick } = setUp();
  expect(tick(0)).toEqual(['sdes me']);
  expect(tick(10)).toEqual([]);
});

test('sender and receiver reports go out each second, whatever the ticks', () => {
  const { tick, receive, outgoing } = setUp();
  tick(0);
  outgoing[0].send(Uint8Array.of(1), { timestamp: 0, marker: true }, 5);
  receive(100, 10);
  expect(tick(990)).not.toContain('sr 5 1');
  expect(tick(1003)).toEqual(expect.arrayContaining(['sr 5 1', 'block 5 7 lost 0', 'sdes me']));
  expect(tick(1995).filter((line) => line.startsWith('sr'))).toEqual([]);
  expect(tick(2001)).toContain('sr 5 1');
});

test('transport-wide feedback goes out each 100 ms if anything came', () => {
  const { subject, tick } = setUp();
  tick(0);
  subject.transport?.received(40, 1000);
  subject.transport?.received(42, 2000);
  expect(tick(50)).toEqual([]);
  expect(tick(101)).toEqual(['twcc 40 3']);
  expect(tick(201)).toEqual([]);
});

test('what is missing is asked for, and a key frame while none has come', () => {
  const { tick, receive } = setUp();
  tick(0);
  receive(100, 10);
  expect(tick(20)).toEqual(['pli 7']);
  for (const sequence of [102, 103, 105, 106]) receive(sequence, 30);
  expect(tick(40)).toEqual(['nack 7 101', 'nack 7 104']);
  expect(tick(50)).toEqual([]);
  expect(tick(80)).toEqual(['nack 7 101', 'nack 7 104']);
});
