import {
  FecDecoder,
  FecHeader,
  FecRate,
  parseRed,
  parseRtpHeader,
  RedBlocks,
  RtpHeader,
  readFlexfec03,
  readUlpfec,
} from '@efir/rtc';
import { expect, test } from 'vitest';
import type { SentRtp } from '../testing/memory-datapath.js';
import { downlink, rtp, TestRoom, uplink, vp8 } from '../testing/room.js';

const RED = 120;
const ULPFEC = 121;
const FLEXFEC = 122;

function rate(): FecRate {
  const made = new FecRate();
  made.update(0, { lossShare: 0.1, burstLength: 1, rttMs: 300, mediaBps: 1_000_000, spareBps: 1_000_000 });
  expect(made.share).toBeGreaterThan(0.2);
  return made;
}

function stage(flexfec = false) {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111, 1112)]);
  const section = downlink('v', 'video', 2222, 2223);
  if (flexfec) section.downlink!.flexfecSsrc = 2224;
  const bob = room.join('bob', [{ ...section, repair: flexfec ? { flexfec: FLEXFEC } : { red: RED, ulpfec: ULPFEC } }]);
  room.route(bob, 'v', 'ann/0');
  const stream = bob.streams.get('v')!;
  let sequence = 0;
  const frame = (n: number, key = false) =>
    [0, 1, 2].flatMap((part) => {
      const payload = vp8(n, n & 255, key && part === 0, 300 + 7 * part + (n % 5));
      for (let i = 12; i < payload.length; i++) payload[i] = (i * 31 + n * 7 + part) & 0xff;
      return rtp({ ssrc: 1111, sequence: sequence++, timestamp: n * 3000, marker: part === 2, payload });
    });
  return { room, ann, stream, send: (n: number, key = false) => room.send(ann, ...frame(n, key)) };
}

/** As the receiver's decoder sees it: without RED, with the codec's payload type. */
function unwrapped({ bytes, header }: SentRtp): Uint8Array {
  const plain = new Uint8Array(bytes.length - 1);
  plain.set(bytes.subarray(0, header.headerLength));
  plain.set(bytes.subarray(header.headerLength + 1), header.headerLength);
  plain[1] = (bytes[1] & 0x80) | bytes[header.headerLength];
  return plain;
}

test('a packet that is lost comes back out of ULPFEC as it was, and all go in RED in one row of numbers', () => {
  const { room, stream, send } = stage();
  send(0, true);
  stream.protect(rate());
  const decoder = new FecDecoder({ ssrc: 2222, mutableExtensions: [5] });
  const header = new FecHeader();
  const out = new Uint8Array(1600);
  const lost = new Map<number, Uint8Array>();
  const numbers: number[] = [];
  let restored = 0;
  let media = 0;
  for (let n = 1; n < 60; n++) {
    for (const packet of send(n)) {
      numbers.push(packet.header.sequence);
      expect(packet.header.payloadType).toBe(RED);
      if (packet.payload[0] === ULPFEC) {
        expect(readUlpfec(packet.payload, 1, packet.payload.length - 1, header)).toBe(true);
        decoder.repair(header, packet.payload);
      } else {
        const plain = unwrapped(packet);
        expect(plain[1] & 0x7f).toBe(100);
        if (media++ % 9 === 4) lost.set(packet.header.sequence, plain);
        else decoder.packet(plain, 0, plain.length);
      }
      for (let length = decoder.restore(out); length > 0; length = decoder.restore(out)) {
        const parsed = new RtpHeader();
        expect(parseRtpHeader(out, 0, length, parsed)).not.toBeNull();
        const expected = lost.get(parsed.sequence)!;
        const found = Buffer.from(out.subarray(parsed.headerLength, length)).toString('hex');
        expect(found).toBe(Buffer.from(expected.subarray(parsed.headerLength)).toString('hex'));
        expect(out[1]).toBe(expected[1]);
        restored++;
      }
    }
    room.datapath.timeUs += 33_000;
  }
  expect(lost.size).toBeGreaterThan(15);
  expect(restored).toBeGreaterThan(lost.size * 0.8);
  expect(numbers.slice(1).every((number, i) => number === ((numbers[i] + 1) & 0xffff))).toBe(true);
  expect(stream.protection!.packets).toBeGreaterThan(30);
});

test('what was sent in RED is repaired plain, under its number', () => {
  const { room, stream, send } = stage();
  send(0, true);
  stream.protect(rate());
  const sent = [1, 2, 3, 4].flatMap((n) => send(n)).filter(({ payload }) => payload[0] !== ULPFEC);
  for (const packet of sent) {
    room.engine.retransmitter.repair(stream, packet.header.sequence);
    room.engine.fanout.flush();
    const [repair] = room.datapath.take();
    expect(repair.header.payloadType).toBe(101);
    expect((repair.payload[0] << 8) | repair.payload[1]).toBe(packet.header.sequence);
    expect([...repair.payload.subarray(2)]).toEqual([...packet.payload.subarray(1)]);
  }
});

test('without loss it ends, and packets are plain again, in the same row of numbers', () => {
  const { stream, send } = stage();
  send(0, true);
  stream.protect(rate());
  const [last] = send(1).slice(-1);
  stream.protect(new FecRate());
  const [next] = send(2);
  expect(next.header.payloadType).toBe(100);
  expect(next.header.sequence).toBe((last.header.sequence + 1) & 0xffff);
});

test('FlexFEC goes on its own SSRC, and leaves the media as it is', () => {
  const { stream, send } = stage(true);
  send(0, true);
  stream.protect(rate());
  const packets = [1, 2, 3, 4, 5, 6].flatMap((n) => send(n));
  const repair = packets.filter(({ header }) => header.ssrc === 2224);
  expect(repair.length).toBeGreaterThan(2);
  const header = new FecHeader();
  for (const { payload, header: rtpHeader } of repair) {
    expect(rtpHeader.payloadType).toBe(FLEXFEC);
    expect(readFlexfec03(payload, 0, payload.length, header)).toBe(true);
    expect(header.ssrc).toBe(2222);
  }
  const media = packets.filter((packet) => packet.header.ssrc === 2222);
  expect(media).toHaveLength(18);
  expect(media.every((packet) => packet.header.payloadType === 100)).toBe(true);
});

test('FlexFEC that ended and begins again goes on with its numbers, which SRTP lets nobody use twice', () => {
  const { stream, send } = stage(true);
  send(0, true);
  const numbers: number[] = [];
  const during = (frames: number[]) => {
    for (const n of frames) for (const { header } of send(n)) if (header.ssrc === 2224) numbers.push(header.sequence);
  };
  stream.protect(rate());
  during(Array.from({ length: 20 }, (_, n) => n + 1));
  const before = numbers.length;
  stream.protect(new FecRate());
  during([21, 22, 23]);
  expect(numbers).toHaveLength(before);
  stream.protect(rate());
  during(Array.from({ length: 20 }, (_, n) => n + 24));
  expect(numbers.length).toBeGreaterThan(before + 3);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
});

test('sound takes its last frames along', () => {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'audio', 1111)]);
  const bob = room.join('bob', [{ ...downlink('a', 'audio', 2222), repair: { red: 63, redBlock: 109 } }]);
  room.route(bob, 'a', 'ann/0');
  const stream = bob.streams.get('a')!;
  const frame = (n: number) => new Uint8Array(80).fill(n);
  const send = (n: number) =>
    room.send(ann, rtp({ ssrc: 1111, sequence: n, timestamp: n * 960, payloadType: 111, payload: frame(n) }));
  send(1);
  stream.protectAudio(2);
  for (const n of [2, 3, 4]) send(n);
  const [packet] = send(5);
  expect(packet.header.payloadType).toBe(63);
  const blocks = new RedBlocks();
  expect(parseRed(packet.payload, 0, packet.payload.length, blocks)).toBe(true);
  expect(blocks.count).toBe(3);
  stream.protectAudio(0);
  expect(send(6)[0].header.payloadType).toBe(109);
  expect(packet.payload.subarray(-80)).toEqual(frame(5));
  expect(packet.payload.subarray(-160, -80)).toEqual(frame(4));
  expect(packet.payload.subarray(-240, -160)).toEqual(frame(3));
});
