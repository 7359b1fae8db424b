import { expect, test } from 'vitest';
import { downlink, rtp, TestRoom, uplink } from '../testing/room.js';

/** A VP8 packet of a stream with three temporal layers in the pattern 0 2 1 2; layer 1 and the first 2 may be switched up to. */
const PATTERN = [0, 2, 1, 2];
function vp8(picture: number, key = false): Uint8Array {
  const tid = PATTERN[picture % 4];
  const payload = new Uint8Array(60).fill(0xaa);
  // X, S; I, L, T; picture id; TL0PICIDX; TID, Y; payload header.
  const sync = picture % 4 === 1 || picture % 4 === 2;
  payload.set([0x90, 0xe0, 0x80 | (picture >> 8), picture & 0xff, picture >> 2, (tid << 6) | (sync ? 0x20 : 0)]);
  payload[6] = key ? 0x10 : 0x11;
  if (key) payload.set([0x9d, 0x01, 0x2a, 64, 1, 180, 0], 9);
  return payload;
}

function stage() {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111, 1112)]);
  const bob = room.join('bob', [downlink('v', 'video', 2222, 2223)]);
  room.route(bob, 'v', 'ann/0');
  const stream = bob.streams.get('v')!;
  const packet = (n: number, part = 0) =>
    rtp({ ssrc: 1111, sequence: 2 * n + part, timestamp: n * 3000, marker: part === 1, payload: vp8(n, n === 0) });
  /** Each picture is two packets. */
  const send = (...numbers: number[]) => room.send(ann, ...numbers.flatMap((n) => [packet(n, 0), packet(n, 1)]));
  return { room, ann, stream, packet, send };
}

const pictureId = (payload: Uint8Array) => ((payload[2] & 0x7f) << 8) | payload[3];
const tid = (payload: Uint8Array) => payload[5] >> 6;

test('temporal layers are left out without gaps in sequence numbers and picture ids', () => {
  const { stream, send } = stage();
  const all = send(0, 1, 2, 3);
  expect(all).toHaveLength(8);
  stream.limit(3, 0);
  const kept = send(4, 5, 6, 7, 8, 9, 10, 11);
  expect(kept.map(({ payload }) => tid(payload))).toEqual([0, 0, 0, 0]);
  const last = all[7].header.sequence;
  expect(kept.map(({ header }) => header.sequence)).toEqual([last + 1, last + 2, last + 3, last + 4]);
  expect(kept.map(({ payload }) => pictureId(payload))).toEqual([4, 4, 5, 5]);
  expect(kept.map(({ header }) => header.timestamp)).toEqual([12_000, 12_000, 24_000, 24_000]);
});

test('a layer comes back where the encoder lets one switch up, and no sooner', () => {
  const { stream, send } = stage();
  send(0, 1, 2, 3);
  stream.limit(3, 0);
  send(4, 5, 6, 7);
  stream.limit(3, 2);
  // 11 is of layer 2 and no switching point before layer 2 was taken up at 9.
  expect(send(8).map(({ payload }) => tid(payload))).toEqual([0, 0]);
  expect(send(9, 10, 11).map(({ payload }) => tid(payload))).toEqual([2, 2, 1, 1, 2, 2]);
});

test('a packet that comes late goes into the place kept for it, one of a layer left out does not go at all', () => {
  const { room, ann, stream, packet, send } = stage();
  send(0, 1, 2, 3);
  stream.limit(3, 0);
  const [first] = send(4);
  room.send(ann, packet(5, 0), packet(6, 0), packet(6, 1), packet(7, 0), packet(7, 1));
  const ahead = room.send(ann, packet(8, 1));
  expect(room.send(ann, packet(5, 1))).toEqual([]);
  const late = room.send(ann, packet(8, 0));
  expect(late).toHaveLength(1);
  expect(ahead[0].header.sequence).toBe(late[0].header.sequence + 1);
  expect(late[0].header.sequence).toBeGreaterThan(first.header.sequence);
});

test('what went out can be repaired under its own number, from before the filter, from behind gaps and later', () => {
  const { room, stream, send } = stage();
  const before = send(0, 1, 2, 3);
  stream.limit(3, 1);
  const during = send(4, 5, 6, 7, 8, 9, 10, 11);
  stream.limit(3, 2);
  const after = send(12, 13, 14, 15);
  for (const sent of [before[3], during[0], during[2], during[7], after[0], after[5]]) {
    room.engine.retransmitter.repair(stream, sent.header.sequence);
    room.engine.fanout.flush();
    const [repair] = room.datapath.take();
    expect(new DataView(repair.payload.buffer, repair.payload.byteOffset).getUint16(0)).toBe(sent.header.sequence);
    expect([...repair.payload.subarray(2)]).toEqual([...sent.payload]);
  }
});

test('a number that never went out is not repaired', () => {
  const { room, stream, send } = stage();
  send(0, 1, 2, 3);
  stream.limit(3, 0);
  const last = send(4, 5, 6, 7, 8, 9).at(-1)!;
  room.engine.retransmitter.repair(stream, (last.header.sequence + 5) & 0xffff);
  room.engine.fanout.flush();
  expect(room.datapath.take()).toEqual([]);
});

test('numbers go on over a switch to another source while layers are left out', () => {
  const { room, ann, stream, send } = stage();
  const ben = room.join('ben', [uplink('0', 'video', 5555, 5556)]);
  send(0, 1, 2, 3);
  stream.limit(3, 0);
  const last = send(4, 5, 6, 7).at(-1)!;
  stream.transport.router.route(stream, { producer: 'ben/0' });
  const [key] = room.send(ben, rtp({ ssrc: 5555, sequence: 77, timestamp: 5, payload: vp8(0, true) }));
  expect(key.header.sequence).toBe(last.header.sequence + 1);
  expect(pictureId(key.payload)).toBe(pictureId(last.payload) + 1);
  expect(room.send(ann)).toEqual([]);
});
