import { findExtension, parseRtpHeader, type RtpHeader, readMid } from '@efir/rtc';
import { expect, test } from 'vitest';
import { OutgoingStream, type OutgoingStreamOptions, type TransportSequence } from './outgoing-stream.js';
import { RowBatch } from './row-batch.js';
import { RowSink } from './testing/row-sink.js';

const MID = 4;
const TRANSPORT_CC = 3;
const AUDIO_LEVEL = 1;

function setUp(options: Partial<OutgoingStreamOptions> = {}) {
  const sink = new RowSink();
  const batch = new RowBatch(sink);
  const transport: TransportSequence = { next: 0xffff };
  const stream = new OutgoingStream(
    {
      mid: 'v0',
      ssrc: 0xcafebabe,
      payloadType: 96,
      clockRate: 90_000,
      extensions: { mid: MID, transportCc: TRANSPORT_CC, audioLevel: AUDIO_LEVEL },
      rtx: { ssrc: 0xdeadbeef, payloadType: 97 },
      firstSequence: 100,
      ...options,
    },
    { media: 5, rtx: 6 },
    batch,
    transport,
  );
  return { sink, batch, stream, transport };
}

function header(bytes: Uint8Array): RtpHeader {
  return parseRtpHeader(bytes, 0, bytes.length)!;
}

function extension(bytes: Uint8Array, id: number): number[] | null {
  const found = findExtension(bytes, 0, header(bytes).headerLength, id);
  return found < 0 ? null : [...bytes.subarray(found >> 8, (found >> 8) + (found & 0xff))];
}

test('payloads get headers with rising sequence and transport-wide numbers, mid and audio level', () => {
  const { sink, batch, stream } = setUp();
  stream.send(Uint8Array.of(1, 2, 3), { timestamp: 3000, marker: false, audioLevel: 30, voice: true }, 0);
  stream.send(Uint8Array.of(4), { timestamp: 6000, marker: true }, 33);
  batch.flush();
  const [first, second] = sink.sent.map((packet) => packet.bytes);
  expect(sink.sent.map((packet) => packet.stream)).toEqual([5, 5]);
  expect(header(first)).toMatchObject({ sequence: 100, timestamp: 3000, ssrc: 0xcafebabe, payloadType: 96 });
  expect(header(second)).toMatchObject({ sequence: 101, timestamp: 6000, marker: true });
  expect([extension(first, TRANSPORT_CC), extension(second, TRANSPORT_CC)]).toEqual([
    [0xff, 0xff],
    [0, 0],
  ]);
  expect([extension(first, AUDIO_LEVEL), extension(second, AUDIO_LEVEL)]).toEqual([[0x80 | 30], [127]]);
  const mid = extension(first, MID)!;
  expect(readMid(Uint8Array.from(mid), 0, mid.length)).toBe('v0');
  expect([...first.subarray(header(first).headerLength)]).toEqual([1, 2, 3]);
});

test('ids above 14 make the two-byte form', () => {
  const { sink, batch, stream } = setUp({ extensions: { mid: 20, transportCc: 3 } });
  stream.send(Uint8Array.of(1), { timestamp: 0, marker: true }, 0);
  batch.flush();
  expect(extension(sink.sent[0].bytes, 20)).toEqual([...Buffer.from('v0')]);
  expect(extension(sink.sent[0].bytes, 3)).toEqual([0xff, 0xff]);
});

test('without extensions there is no extension block', () => {
  const { sink, batch, stream } = setUp({ extensions: {} });
  stream.send(Uint8Array.of(9), { timestamp: 0, marker: true }, 0);
  batch.flush();
  expect(header(sink.sent[0].bytes).headerLength).toBe(12);
  expect(stream.headerBytes).toBe(12);
});

test('a packet asked for goes out as RTX with its number in front, and not twice at once', () => {
  const { sink, batch, stream } = setUp();
  for (let i = 0; i < 3; i++) stream.send(Uint8Array.of(i, i), { timestamp: i * 3000, marker: i === 1 }, i);
  expect(stream.resend(101, 50)).toBe(true);
  expect(stream.resend(101, 55)).toBe(false);
  expect(stream.resend(101, 70)).toBe(true);
  expect(stream.resend(99, 50)).toBe(false);
  batch.flush();
  const repeated = sink.sent.slice(3);
  expect(repeated.map((packet) => packet.stream)).toEqual([6, 6]);
  const bytes = repeated[0].bytes;
  expect(header(bytes)).toMatchObject({ ssrc: 0xdeadbeef, payloadType: 97, timestamp: 3000, marker: true });
  expect([...bytes.subarray(header(bytes).headerLength)]).toEqual([0, 101, 1, 1]);
  expect(extension(bytes, TRANSPORT_CC)).toEqual([0, 2]);
  expect(header(repeated[1].bytes).sequence - header(bytes).sequence).toBe(1);
  expect([stream.packets, stream.retransmitted]).toEqual([3, 2]);
});

test('a Sender Report counts on from the last packet at the clock rate', () => {
  const { stream } = setUp({ timestampOffset: 1000 });
  expect(stream.senderInfo(0, 1, 2)).toBeNull();
  stream.send(new Uint8Array(100), { timestamp: 9000, marker: true }, 1000);
  expect(stream.senderInfo(1500, 1, 2)).toEqual({
    ssrc: 0xcafebabe,
    ntpHigh: 1,
    ntpLow: 2,
    rtpTimestamp: 1000 + 9000 + 45_000,
    packets: 1,
    octets: 100,
  });
});

test('a full table is flushed, and the first row asks for a flush', () => {
  const sink = new RowSink();
  let asked = 0;
  const batch = new RowBatch(sink, () => asked++);
  for (let i = 0; i < 10; i++) {
    batch.prefix[batch.prefixOffset()] = i;
    batch.add(1, 1, batch.store(Uint8Array.of(i)), 0, 1);
  }
  expect([sink.flushes, asked, batch.rows]).toEqual([1, 2, 2]);
  batch.flush();
  expect(sink.sent.map((packet) => [...packet.bytes])).toEqual(Array.from({ length: 10 }, (_, i) => [i, i]));
});

test('a layer says which it is in each packet, and its repairs which they mend; a head goes over the payload', () => {
  const { sink, batch, stream } = setUp({ rid: 'h', extensions: { mid: MID, rid: 10, repairedRid: 11 } });
  const head = Uint8Array.of(7, 8);
  stream.send(Uint8Array.of(1, 2, 3), { timestamp: 0, marker: true, head }, 0);
  stream.resend(100, 20);
  batch.flush();
  const [media, repair] = sink.sent.map((packet) => packet.bytes);
  expect([extension(media, 10), extension(media, 11)]).toEqual([[0x68], null]);
  expect([extension(repair, 10), extension(repair, 11)]).toEqual([null, [0x68]]);
  expect([...media.subarray(header(media).headerLength)]).toEqual([7, 8, 3]);
  expect([...repair.subarray(header(repair).headerLength)].slice(-3)).toEqual([7, 8, 3]);
});
