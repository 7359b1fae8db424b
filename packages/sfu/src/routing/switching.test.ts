import { findExtension, type SectionParameters } from '@efir/rtc';
import { expect, test } from 'vitest';
import type { SentRtp } from '../testing/memory-datapath.js';
import { downlink, rtp, TestRoom, uplink, vp8 } from '../testing/room.js';

const PICTURE_ID = (payload: Uint8Array) => ((payload[2] & 0x7f) << 8) | payload[3];
const TL0 = (payload: Uint8Array) => payload[4];

function twoPublishers() {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111, 1112)]);
  const ben = room.join('ben', [uplink('0', 'video', 5555, 5556)]);
  const cat = room.join('cat', [downlink('v', 'video', 2222, 2223)]);
  room.route(cat, 'v', 'ann/0');
  const fromAnn = (sequence: number, id: number, key = false) =>
    rtp({ ssrc: 1111, sequence, timestamp: id * 3000, marker: true, payload: vp8(id, id & 255, key) });
  const fromBen = (sequence: number, id: number, key = false) =>
    rtp({ ssrc: 5555, sequence, timestamp: 9_000_000 + id * 3000, marker: true, payload: vp8(id, id & 255, key) });
  return { room, ann, ben, cat, fromAnn, fromBen };
}

test('over a change of source, sequence numbers, picture ids and TL0PICIDX stay gap-free and time goes on', () => {
  const { room, ann, ben, cat, fromAnn, fromBen } = twoPublishers();
  room.send(ann, fromAnn(65_534, 300, true));
  const before = room.send(ann, fromAnn(65_535, 301))[0];
  room.route(cat, 'v', 'ben/0');
  room.datapath.timeUs += 100_000;
  expect(room.send(ben, fromBen(7, 20_000))).toEqual([]);
  const [key, next] = room.send(ben, fromBen(8, 20_001, true), fromBen(9, 20_002));
  expect(key.header.sequence).toBe((before.header.sequence + 1) & 0xffff);
  expect(next.header.sequence).toBe((before.header.sequence + 2) & 0xffff);
  expect(PICTURE_ID(key.payload)).toBe(302);
  expect(PICTURE_ID(next.payload)).toBe(303);
  expect(TL0(key.payload)).toBe((TL0(before.payload) + 1) & 255);
  expect(key.header.timestamp - before.header.timestamp).toBe(9_000);
  expect(next.header.timestamp - key.header.timestamp).toBe(3_000);
  expect(room.send(ann, fromAnn(0, 302))).toEqual([]);
});

test('frame numbers of the dependency descriptor go on over a change of source, also in repairs', () => {
  const room = new TestRoom();
  const described = (section: SectionParameters, id: number) => ({
    ...section,
    extensions: { ...section.extensions, dependencyDescriptor: id },
  });
  const ann = room.join('ann', [described(uplink('0', 'video', 1111, 1112), 12)]);
  const ben = room.join('ben', [described(uplink('0', 'video', 5555, 5556), 13)]);
  const cat = room.join('cat', [described(downlink('v', 'video', 2222, 2223), 8)]);
  room.route(cat, 'v', 'ann/0');
  const packet = (id: number, ssrc: number, sequence: number, frame: number, key = false) => {
    const plain = rtp({ ssrc, sequence, timestamp: sequence * 3000, payload: vp8(sequence, 0, key) });
    plain[0] |= 0x10;
    // One-byte form, 4 bytes: the element's header and the descriptor's fixed fields.
    const block = [0xbe, 0xde, 0, 1, (id << 4) | 2, 0xc0, frame >> 8, frame & 0xff];
    return new Uint8Array([...plain.subarray(0, 12), ...block, ...plain.subarray(12)]);
  };
  const frameOf = ({ bytes, header }: SentRtp) => {
    const at = findExtension(bytes, 0, header.headerLength, 8) >> 8;
    return (bytes[at + 1] << 8) | bytes[at + 2];
  };
  const [first, second] = room.send(ann, packet(12, 1111, 1, 5000, true), packet(12, 1111, 2, 5001));
  expect([first, second].map(frameOf)).toEqual([5000, 5001]);
  room.route(cat, 'v', 'ben/0');
  const after = room.send(ben, packet(13, 5555, 50, 7, true), packet(13, 5555, 51, 8));
  expect(after.map(frameOf)).toEqual([5002, 5003]);
  for (const sent of [second, after[1]]) room.engine.retransmitter.repair(cat.streams.get('v')!, sent.header.sequence);
  room.engine.fanout.flush();
  expect(room.datapath.take().map(frameOf)).toEqual([5001, 5003]);
});

test('packets of the new source from before its key frame are kept out, even when they come late', () => {
  const { room, ann, ben, cat, fromAnn, fromBen } = twoPublishers();
  room.send(ann, fromAnn(1, 1, true));
  room.route(cat, 'v', 'ben/0');
  room.send(ben, fromBen(100, 50, true));
  expect(room.send(ben, fromBen(99, 49))).toEqual([]);
  expect(room.send(ben, fromBen(101, 51))).toHaveLength(1);
});

test('a packet sent before the switch can still be repaired after it', () => {
  const { room, ann, ben, cat, fromAnn, fromBen } = twoPublishers();
  const [old] = room.send(ann, fromAnn(1, 1, true), fromAnn(2, 2));
  room.route(cat, 'v', 'ben/0');
  room.send(ben, fromBen(100, 50, true));
  room.engine.retransmitter.repair(cat.streams.get('v')!, old.header.sequence);
  room.engine.fanout.flush();
  const [repair] = room.datapath.take();
  expect([...repair.payload.subarray(2)]).toEqual([...old.payload]);
  expect(repair.header.timestamp).toBe(old.header.timestamp);
});

test('a repaired packet from after a switch has the picture id it went out with', () => {
  const { room, ann, ben, cat, fromAnn, fromBen } = twoPublishers();
  room.send(ann, fromAnn(1, 1, true));
  room.route(cat, 'v', 'ben/0');
  const [key] = room.send(ben, fromBen(100, 5000, true));
  room.engine.retransmitter.repair(cat.streams.get('v')!, key.header.sequence);
  room.engine.fanout.flush();
  const [repair] = room.datapath.take();
  expect([...repair.payload.subarray(2)]).toEqual([...key.payload]);
});

test('when the source leaves, the stream falls silent; the next one goes on where it stood', () => {
  const { room, ann, ben, cat, fromAnn, fromBen } = twoPublishers();
  const [first] = room.send(ann, fromAnn(1, 1, true));
  room.engine.closeTransport(ann);
  room.route(cat, 'v', 'ben/0');
  const [key] = room.send(ben, fromBen(1, 9, true));
  expect(key.header.sequence).toBe(first.header.sequence + 1);
  expect(key.header.timestamp).not.toBe(first.header.timestamp);
});

test('a follower shows the first publisher until somebody speaks, then the speaker from its key frame on', () => {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('a', 'audio', 10), uplink('0', 'video', 1111)]);
  const ben = room.join('ben', [uplink('a', 'audio', 20), uplink('0', 'video', 5555)]);
  const player = room.join('player', [downlink('a', 'audio', 1), downlink('v', 'video', 2)]);
  room.engine.setClock();
  const router = room.engine.routers.get('r')!;
  for (const stream of player.streams.values()) router.route(stream, { follow: 'speaker' });
  const video = (ssrc: number, sequence: number, key: boolean) =>
    rtp({ ssrc, sequence, timestamp: sequence * 3000, payload: vp8(sequence, 0, key) });
  expect(room.send(ann, video(1111, 1, true))).toHaveLength(1);
  expect(room.send(ben, video(5555, 1, true))).toEqual([]);
  for (let t = 0; t < 100; t++) {
    router.heard(ben.producers.get('a')!, 20, room.engine.now);
    router.heard(ann.producers.get('a')!, 127, room.engine.now);
    room.pass(20);
  }
  expect(room.notices).toContainEqual({ type: 'speaker', router: 'r', producer: 'ben/a' });
  expect(room.send(ann, video(1111, 2, false))).toHaveLength(1);
  expect(room.send(ben, video(5555, 2, true))).toHaveLength(1);
  expect(room.send(ann, video(1111, 3, false))).toEqual([]);
  expect(room.notices).toContainEqual({ type: 'source', transport: 'player', mid: 'v', producer: 'ben/0' });
});

test('a layer that was off and is on again is looked at within a tick, not at the next review', () => {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111)]);
  const cat = room.join('cat', [downlink('v', 'video', 2222, 2223)]);
  room.route(cat, 'v', 'ann/0');
  const frame = (id: number) =>
    rtp({ ssrc: 1111, sequence: id, timestamp: id * 3000, marker: true, payload: vp8(id, id & 255, id === 1) });
  room.send(ann, frame(1), frame(2));
  room.pass(2_000);
  cat.subscriber.dirty = false;
  room.send(ann, frame(3));
  expect(cat.subscriber.dirty).toBe(true);
  cat.subscriber.dirty = false;
  room.send(ann, frame(4));
  expect(cat.subscriber.dirty).toBe(false);
});
