import { expect, test } from 'vitest';
import { downlink, rtp, TestRoom, uplink, vp8 } from '../testing/room.js';

/** A receiver who leaves out temporal layers, on a path on which pictures have begun to wait. */
function waiting() {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111, 1112)]);
  const cat = room.join('cat', [downlink('v', 'video', 2222, 2223)]);
  room.route(cat, 'v', 'ann/0');
  const layered = (id: number, temporal: number, key = false) => {
    const plain = vp8(id, id & 255, key, 1000);
    const payload = Uint8Array.from([0x90, 0xe0, ...plain.subarray(2, 5), temporal << 6, ...plain.subarray(5)]);
    return rtp({ ssrc: 1111, sequence: id, timestamp: id * 3000, marker: true, payload });
  };
  room.send(ann, layered(1, 0, true), layered(2, 1));
  const stream = cat.streams.get('v')!;
  stream.limit(3, 0);
  room.engine.pacing.setRate(cat.number, 8_000, room.engine.now);
  const more = Array.from({ length: 20 }, (_, i) => layered(i + 3, i % 2));
  for (const packet of more) room.send(ann, packet);
  expect(room.engine.pacing.active).toBe(true);
  expect(room.engine.table.filtered[stream.number]).toBe(1);
  return { room, cat };
}

test('a receiver may leave while pictures wait for it', () => {
  const { room, cat } = waiting();
  room.engine.closeTransport(cat);
  room.pass(300);
  expect(room.engine.pacing.active).toBe(false);
});

test('a section may end while pictures wait for it', () => {
  const { room, cat } = waiting();
  cat.configure([]);
  room.pass(300);
  expect(room.engine.pacing.active).toBe(false);
  expect(cat.streams.size).toBe(0);
});

test('when a source takes over while the old one’s packets wait, no number is used twice and none is left out', () => {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('0', 'video', 1111, 1112)]);
  const ben = room.join('ben', [uplink('a', 'audio', 50), uplink('0', 'video', 5555, 5556)]);
  const cat = room.join('cat', [downlink('v', 'video', 2222, 2223)]);
  const router = room.engine.routers.get('r')!;
  room.engine.setClock();
  router.route(cat.streams.get('v')!, { follow: 'speaker' });
  const packet = (ssrc: number, n: number, key = false) =>
    rtp({ ssrc, sequence: n, timestamp: n * 3000, marker: true, payload: vp8(n, n & 255, key, 1000) });
  const sent = room.send(ann, packet(1111, 1, true));
  room.send(ben, packet(5555, 1, true));
  for (let t = 0; t < 100; t++) {
    router.heard(ben.producers.get('a')!, 20, room.engine.now);
    room.pass(20);
  }
  expect(router.speaker?.transport).toBe('ben');
  room.engine.pacing.setRate(cat.number, 400_000, room.engine.now);
  for (let n = 2; n < 12; n++) sent.push(...room.send(ann, packet(1111, n)));
  expect(room.engine.pacing.active).toBe(true);
  sent.push(...room.send(ben, packet(5555, 2, true)));
  for (let n = 12; n < 18; n++) {
    sent.push(...room.send(ann, packet(1111, n)));
    sent.push(...room.send(ben, packet(5555, n - 9)));
  }
  room.pass(1_000);
  sent.push(...room.datapath.take());
  const out = sent.filter(({ header }) => header.ssrc === 2222);
  const numbers = out.map(({ header }) => header.sequence);
  expect(numbers).toEqual(numbers.map((_, i) => numbers[0] + i));
  // Ann's eleven, Ben's key frame and what came after it.
  expect(numbers).toHaveLength(11 + 7);
});
