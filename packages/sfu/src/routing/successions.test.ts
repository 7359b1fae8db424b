import { expect, test } from 'vitest';
import { downlink, rtp, TestRoom, uplink, vp8 } from '../testing/room.js';

const video = (ssrc: number, sequence: number, key = false) =>
  rtp({ ssrc, sequence, timestamp: sequence * 3000, marker: true, payload: vp8(sequence, 0, key) });
const sound = (ssrc: number, sequence: number) =>
  rtp({ ssrc, sequence, timestamp: sequence * 960, payloadType: 111, payload: new Uint8Array(20) });

/** Ann, her successor as soon as she is called, and who watches. */
function room() {
  const room = new TestRoom();
  const ann = room.join('ann.1', [uplink('a', 'audio', 10), uplink('0', 'video', 11)]);
  const cat = room.join('cat.1', [downlink('a', 'audio', 1), downlink('v', 'video', 2)]);
  room.engine.setClock();
  const router = room.engine.routers.get('r')!;
  const comeOver = () => room.join('ann.2', [uplink('a', 'audio', 20), uplink('0', 'video', 21)]);
  const succeed = () => {
    router.succession('ann.1/a', 'ann.2/a');
    router.succession('ann.1/0', 'ann.2/0');
  };
  return { room, ann, cat, router, comeOver, succeed };
}

test('a picture goes over at its heir’s key frame, and the one before goes on until then', () => {
  const { room: r, ann, cat, comeOver, succeed } = room();
  r.route(cat, 'v', 'ann.1/0');
  r.send(ann, video(11, 1, true));
  const next = comeOver();
  succeed();
  r.route(cat, 'v', 'ann.2/0');
  expect(r.send(ann, video(11, 2))).toHaveLength(1);
  expect(r.send(next, video(21, 50))).toEqual([]);
  expect(r.send(ann, video(11, 3))).toHaveLength(1);
  expect(r.send(next, video(21, 51, true))).toHaveLength(1);
  expect(r.send(ann, video(11, 4))).toEqual([]);
});

test('an heir that isn’t there yet is stood for by the one before', () => {
  const { room: r, ann, cat, comeOver, succeed } = room();
  r.route(cat, 'v', 'ann.1/0');
  r.send(ann, video(11, 1, true));
  succeed();
  r.route(cat, 'v', 'ann.2/0');
  expect(r.send(ann, video(11, 2))).toHaveLength(1);
  const next = comeOver();
  expect(r.send(ann, video(11, 3))).toHaveLength(1);
  r.pass(200);
  expect(r.send(next, video(21, 1, true))).toHaveLength(1);
  r.engine.closeTransport(ann);
  expect(r.send(next, video(21, 2))).toHaveLength(1);
});

test('sound that follows whoever speaks is heard once, and without a pause', () => {
  const { room: r, ann, cat, router, comeOver, succeed } = room();
  router.route(cat.streams.get('a')!, { follow: 'speaker' });
  for (let t = 0; t < 100; t++) {
    router.heard(ann.producers.get('a')!, 20, r.engine.now);
    r.pass(20);
  }
  expect(r.send(ann, sound(10, 1))).toHaveLength(1);
  const next = comeOver();
  succeed();
  expect(router.speaker?.id).toBe('ann.2/a');
  expect(r.send(ann, sound(10, 2))).toHaveLength(1);
  expect(r.send(next, sound(20, 1))).toHaveLength(1);
  expect(r.send(ann, sound(10, 3))).toEqual([]);
  r.engine.closeTransport(ann);
  r.pass(200);
  expect(router.speaker?.id).toBe('ann.2/a');
  expect(r.send(next, sound(20, 2))).toHaveLength(1);
});

test('of the loudest, whoever has gone over is one and not two', () => {
  const { room: r, ann, cat, router, comeOver, succeed } = room();
  router.route(cat.streams.get('a')!, { follow: 'loudest' });
  r.pass(200);
  r.send(ann, sound(10, 1));
  const next = comeOver();
  succeed();
  r.pass(200);
  expect(r.send(next, sound(20, 1))).toHaveLength(1);
  expect(r.send(ann, sound(10, 2))).toEqual([]);
});
