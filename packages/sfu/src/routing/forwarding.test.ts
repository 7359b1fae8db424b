import { findExtension, RtcpWriter, readAudioLevel, readMid } from '@efir/rtc';
import { expect, test } from 'vitest';
import { sourceTag } from '../source-tag.js';
import { downlink, rtp, TestRoom, uplink, vp8 } from '../testing/room.js';

function videoRoom() {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111, 1112)]);
  const bob = room.join('bob', [downlink('v', 'video', 2222, 2223)]);
  room.route(bob, 'v', 'ann/0');
  return { room, ann, bob };
}

const frame = (sequence: number, pictureId: number, key: boolean) =>
  rtp({ ssrc: 1111, sequence, timestamp: pictureId * 3000, marker: true, payload: vp8(pictureId, pictureId, key) });

test('a subscriber gets nothing before a key frame and everything from it on', () => {
  const { room, ann } = videoRoom();
  expect(room.send(ann, frame(10, 1, false))).toEqual([]);
  const sent = room.send(ann, frame(11, 2, true), frame(12, 3, false));
  expect(sent.map((p) => p.payload.length)).toEqual([100, 100]);
});

test('a forwarded packet carries the receiver’s SSRC, payload type, mid and transport-wide numbers, and the source as CSRC', () => {
  const { room, ann, bob } = videoRoom();
  const sent = room.send(ann, frame(10, 1, true), frame(11, 2, false));
  for (const [i, packet] of sent.entries()) {
    expect(packet.peer).toBe(bob.peer);
    expect(packet.header).toMatchObject({ ssrc: 2222, payloadType: 100, marker: true, csrcCount: 1 });
    expect(new DataView(packet.bytes.buffer).getUint32(12)).toBe(sourceTag('ann/0'));
    const mid = findExtension(packet.bytes, 0, packet.header.headerLength, 9);
    expect(readMid(packet.bytes, mid >> 8, mid & 0xff)).toBe('v');
    const cc = findExtension(packet.bytes, 0, packet.header.headerLength, 5);
    expect(new DataView(packet.bytes.buffer).getUint16(cc >> 8)).toBe(1 + i);
  }
  expect(sent[1].header.sequence).toBe(sent[0].header.sequence + 1);
  expect(sent[0].header.sequence).toBeLessThan(0x8000);
});

test('a packet lost on the way in leaves a gap, and fills it when it is repaired by RTX', () => {
  const { room, ann } = videoRoom();
  const first = room.send(ann, frame(10, 1, true))[0];
  room.send(ann, frame(12, 3, false));
  const payload = new Uint8Array([0, 11, ...vp8(2, 2, false)]);
  const [repaired] = room.send(
    ann,
    rtp({ ssrc: 1112, payloadType: 97, sequence: 900, timestamp: 6000, marker: true, payload }),
  );
  expect(repaired.header).toMatchObject({ ssrc: 2222, sequence: first.header.sequence + 1, timestamp: 6000 });
  expect([...repaired.payload]).toEqual([...vp8(2, 2, false)]);
});

test('the publisher is asked for what is missing, after a grace for reordering', () => {
  const { room, ann } = videoRoom();
  room.send(ann, frame(10, 1, true));
  room.send(ann, frame(14, 5, false));
  room.datapath.rtcp = [];
  room.pass(60);
  const nack = room.datapath.rtcp.find((r) => r.peer === ann.peer && r.bytes[1] === 205 && (r.bytes[0] & 31) === 1);
  expect(nack).toBeDefined();
  expect([nack!.bytes[12], nack!.bytes[13], nack!.bytes[14], nack!.bytes[15]]).toEqual([0, 11, 0, 3]);
});

test('a NACK is answered by RTX with the original number in front, once a round trip', () => {
  const { room, ann, bob } = videoRoom();
  const [first] = room.send(ann, frame(10, 1, true), frame(11, 2, false));
  const writer = new RtcpWriter();
  writer.nack(1, 2222, [first.header.sequence]);
  const [repair, ...more] = room.report(bob, writer.packet);
  expect(more).toEqual([]);
  expect(repair.header).toMatchObject({ ssrc: 2223, payloadType: 101, timestamp: 3000 });
  expect((repair.payload[0] << 8) | repair.payload[1]).toBe(first.header.sequence);
  expect([...repair.payload.subarray(2)]).toEqual([...first.payload]);
  expect(room.report(bob, writer.packet)).toEqual([]);
  room.pass(200);
  expect(room.report(bob, writer.packet)).toHaveLength(1);
});

test('without RTX the packet itself goes out again, marked as a repetition for the datapath', () => {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111)]);
  const bob = room.join('bob', [downlink('v', 'video', 2222)]);
  room.route(bob, 'v', 'ann/0');
  const [first] = room.send(ann, frame(10, 1, true));
  const writer = new RtcpWriter();
  writer.nack(1, 2222, [first.header.sequence]);
  const [repair] = room.report(bob, writer.packet);
  expect(repair.flags).toBe(1);
  expect(repair.header.sequence).toBe(first.header.sequence);
  expect([...repair.payload]).toEqual([...first.payload]);
});

test('a NACK for a number that was never sent is ignored', () => {
  const { room, ann, bob } = videoRoom();
  room.send(ann, frame(10, 1, true));
  const writer = new RtcpWriter();
  writer.nack(1, 2222, [0x7123, 0xfff0]);
  expect(room.report(bob, writer.packet)).toEqual([]);
});

test('requests of many subscribers for a key frame become one to the publisher', () => {
  const { room, ann } = videoRoom();
  room.send(ann, frame(10, 1, true));
  const viewers = Array.from({ length: 20 }, (_, i) => room.join(`v${i}`, [downlink('v', 'video', 3000 + i)]));
  for (const viewer of viewers) room.route(viewer, 'v', 'ann/0');
  room.datapath.rtcp = [];
  room.pass(1_000);
  const plis = room.datapath.rtcp.filter((r) => r.peer === ann.peer && r.bytes[1] === 206);
  expect(plis.length).toBeGreaterThanOrEqual(1);
  expect(plis.length).toBeLessThanOrEqual(2);
  room.send(ann, frame(11, 2, true));
  room.datapath.rtcp = [];
  room.pass(3_000);
  expect(room.datapath.rtcp.filter((r) => r.peer === ann.peer && r.bytes[1] === 206)).toEqual([]);
});

test('audio flows at once and keeps its level under the receiver’s id', () => {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('a', 'audio', 77)]);
  const bob = room.join('bob', [downlink('0', 'audio', 88)]);
  room.route(bob, '0', 'ann/a');
  // One-byte block with the audio level under the publisher's id 1.
  const plain = rtp({ ssrc: 77, payloadType: 111, sequence: 5, timestamp: 960, payload: new Uint8Array(40) });
  const packet = new Uint8Array(plain.length + 8);
  packet.set(plain.subarray(0, 12));
  packet[0] |= 0x10;
  packet.set([0xbe, 0xde, 0, 1, 0x10, 0x80 | 30, 0, 0], 12);
  packet.set(plain.subarray(12), 20);
  const [sent] = room.send(ann, packet);
  const level = findExtension(sent.bytes, 0, sent.header.headerLength, 7);
  expect(level & 0xff).toBe(1);
  expect(readAudioLevel(sent.bytes, level >> 8)).toBe(0x80 | 30);
  const mid = findExtension(sent.bytes, 0, sent.header.headerLength, 9);
  expect(readMid(sent.bytes, mid >> 8, mid & 0xff)).toBe('0');
});

test('a paused producer is not forwarded, and comes back gap-free with a key frame', () => {
  const { room, ann } = videoRoom();
  const [first] = room.send(ann, frame(10, 1, true));
  room.engine.routers.get('r')!.pause(ann.producers.get('0')!, true);
  expect(room.send(ann, frame(11, 2, false))).toEqual([]);
  room.engine.routers.get('r')!.pause(ann.producers.get('0')!, false);
  expect(room.send(ann, frame(12, 3, false))).toEqual([]);
  const [back] = room.send(ann, frame(13, 4, true));
  expect(back.header.sequence).toBe(first.header.sequence + 1);
});

test('the publisher’s transport-wide numbers are fed back', () => {
  const { room, ann } = videoRoom();
  const plain = frame(10, 1, true);
  const packet = new Uint8Array(plain.length + 8);
  packet.set(plain.subarray(0, 12));
  packet[0] |= 0x10;
  packet.set([0xbe, 0xde, 0, 1, 0x31, 0, 42, 0], 12);
  packet.set(plain.subarray(12), 20);
  room.send(ann, packet);
  room.datapath.rtcp = [];
  room.pass(100);
  const feedback = room.datapath.rtcp.find(
    (r) => r.peer === ann.peer && r.bytes[1] === 205 && (r.bytes[0] & 31) === 15,
  );
  expect(feedback).toBeDefined();
  expect((feedback!.bytes[12] << 8) | feedback!.bytes[13]).toBe(42);
});

test('an SSRC that nobody announced is bound by its payload type when only one section has it, else counted', () => {
  const { room, ann } = videoRoom();
  room.send(ann, rtp({ ssrc: 999, sequence: 1, timestamp: 0, payloadType: 50, payload: new Uint8Array(10) }));
  expect(room.engine.counters.rtpUnknownSsrc).toBe(1);
});
