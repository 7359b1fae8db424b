import { seededRandom } from '@efir/rtc';
import { expect, test } from 'vitest';
import { PipedRooms } from '../../testing/piped-rooms.js';
import { flowing, followAll, gapsOf, rateOf, wide } from '../../testing/piped-viewers.js';
import { THREE_LAYERS } from '../../testing/simulated-room.js';

/** One publisher in the first of two rooms, with a pipe to the second. */
async function stage(options = {}, layers = THREE_LAYERS) {
  const piped = new PipedRooms(2);
  const [a, b] = piped.rooms;
  const ann = a.publisher('ann.1', layers);
  ann.level = 30;
  const pipe = piped.pipe(0, 1, options);
  await piped.until(() => pipe.sink.ready);
  return { piped, a, b, ann, pipe };
}

test('what is published in one router is shown in another, under the same ids', async () => {
  const { piped, b, pipe } = await stage();
  expect([...b.engine.routers.get('r')!.producers.keys()]).toEqual(['ann.1/a', 'ann.1/v']);
  const viewer = b.viewer('bob.1', 1, 1, wide());
  b.show(viewer, 'v0', 'ann.1', 'stage');
  const first = await piped.until(() => viewer.arrivals.some(({ csrc }) => csrc === b.tag('ann.1')));
  expect(first).toBeLessThan(300);
  expect(pipe.failure).toBeNull();
  expect(b.engine.counters.rtpUnknownSsrc).toBe(0);
});

test('nothing flows while nobody takes anything', async () => {
  const { piped, pipe } = await stage();
  await piped.run(2_000);
  expect(pipe.forth.packets).toBe(0);
});

test('each encoding goes over the link once, however many watch', async () => {
  const { piped, b, ann, pipe } = await stage();
  const viewers = Array.from({ length: 30 }, (_, i) => b.viewer(`v${i}.1`, 1, 0, wide()));
  for (const viewer of viewers) b.show(viewer, 'v0', 'ann.1', 'thumbnail');
  await piped.run(4_000);
  const before = { bytes: pipe.forth.bytes, ms: b.ms };
  await piped.run(2_000);
  expect(flowing(pipe.source)).toEqual(['ann.1/v l']);
  const bps = ((pipe.forth.bytes - before.bytes) * 8_000) / (b.ms - before.ms);
  expect(bps).toBeLessThan(160_000);
  for (const viewer of viewers) expect(rateOf(b, viewer, 'ann.1', b.ms - 1_000)).toBeGreaterThan(90_000);
  // Thirty came at once, and asked for a key frame each.
  expect(ann.requests.length).toBeLessThan(4);
});

test('the publisher makes only what is taken behind the pipe: less after seconds, more at once', async () => {
  const { piped, b, ann, pipe } = await stage();
  const viewer = b.viewer('bob.1', 1, 0, wide());
  b.show(viewer, 'v0', 'ann.1', 'thumbnail');
  await piped.run(7_000);
  expect(ann.wanted).toBe(0);
  b.show(viewer, 'v0', 'ann.1', 'stage');
  expect(await piped.until(() => ann.wanted === 2)).toBeLessThan(300);
  const from = b.ms;
  await piped.until(() => viewer.since(from).some(({ height }) => height === 720), 1_500);
  expect(gapsOf(viewer, 'v0', from).longestMs).toBeLessThan(300);
  await piped.run(6_000);
  expect(flowing(pipe.source)).toEqual(['ann.1/v h']);
  b.engine.closeTransport(viewer.transport);
  await piped.run(7_000);
  expect(flowing(pipe.source)).toEqual([]);
  expect(ann.wanted).toBe(-1);
});

test('what a layer costs is known before it has ever come', async () => {
  const { piped, a, b, ann } = await stage();
  ann.requests.length = 0;
  const near = a.viewer('near.1', 1, 0, wide());
  a.show(near, 'v0', 'ann.1', 'stage');
  await piped.run(4_000);
  const [low, , high] = b.engine.routers.get('r')!.producers.get('ann.1/v')!.encodings;
  expect(high.packets).toBe(0);
  expect(high.layers.height(0)).toBe(720);
  const sum = [0, 1, 2].reduce((total, temporal) => total + high.layers.bps(0, temporal), 0);
  expect(sum).toBeGreaterThan(1_100_000);
  expect(sum).toBeLessThan(1_700_000);
  expect(low.layers.topTemporal).toBe(2);
  // A path that is too narrow for it isn't tried with it.
  const far = b.viewer('far.1', 1, 0, { random: seededRandom(1), capacity: 600_000, propagationMs: 20 });
  b.show(far, 'v0', 'ann.1', 'stage');
  await piped.run(8_000);
  expect(rateOf(b, far, 'ann.1', b.ms - 2_000)).toBeGreaterThan(80_000);
});

test('temporal layers that nobody takes are left out of the pipe', async () => {
  const { piped, b, pipe } = await stage({}, [{ bps: 600_000, height: 360 }]);
  const viewer = b.viewer('bob.1', 1, 0, { random: seededRandom(1), capacity: 420_000, propagationMs: 20 });
  b.show(viewer, 'v0', 'ann.1', 'stage');
  await piped.run(12_000);
  const [stream] = pipe.source.transport.streams.values();
  expect(stream.limits.temporal).toBeLessThan(2);
  expect(rateOf(b, viewer, 'ann.1', b.ms - 2_000)).toBeGreaterThan(150_000);
});

test('loss on the link is repaired on the link', async () => {
  const { piped, a, b, ann, pipe } = await stage({ loss: 0.1 });
  const viewer = b.viewer('bob.1', 1, 1, wide());
  b.show(viewer, 'v0', 'ann.1', 'stage');
  followAll(b, viewer, 'audio');
  await piped.run(3_000);
  ann.requests.length = 0;
  const from = b.ms;
  await piped.run(6_000);
  for (const mid of ['v0', 'a0']) {
    const { packets, missing } = gapsOf(viewer, mid, from);
    expect(packets).toBeGreaterThan(400);
    expect(missing).toBe(0);
  }
  expect(ann.requests).toEqual([]);
  expect(b.engine.counters.nacksSent).toBeGreaterThan(30);
  expect(a.engine.counters.retransmitted).toBeGreaterThan(30);
  const loss = a.engine.transportCc
    .history(pipe.source.transport.number)!
    .figures(a.engine.transportCc.nowUs).lossShare;
  expect(loss).toBeGreaterThan(0.04);
  expect(loss).toBeLessThan(0.2);
}, 30_000);

test('requests for key frames of many behind the pipe become one', async () => {
  const { piped, b, ann } = await stage();
  const first = b.viewer('first.1', 1, 0, wide());
  b.show(first, 'v0', 'ann.1', 'thumbnail');
  await piped.run(3_000);
  ann.requests.length = 0;
  const viewers = Array.from({ length: 20 }, (_, i) => b.viewer(`v${i}.1`, 1, 0, wide()));
  for (const viewer of viewers) b.show(viewer, 'v0', 'ann.1', 'thumbnail');
  await piped.until(() => viewers.every(({ arrivals }) => arrivals.length > 0), 1_500);
  expect(ann.requests).toHaveLength(1);
});

test('who speaks elsewhere is heard, told of and followed', async () => {
  const piped = new PipedRooms(2);
  const [a, b] = piped.rooms;
  for (const id of ['ann.1', 'ben.1', 'cat.1']) a.publisher(id).level = 100;
  const pipe = piped.pipe(0, 1);
  await piped.until(() => pipe.sink.ready);
  const viewer = b.viewer('bob.1', 1, 2, wide());
  followAll(b, viewer);
  await piped.run(4_000);
  a.publishers.get('ben.1')!.level = 15;
  await piped.until(() => b.notices.some((n) => n.type === 'speaker' && n.producer === 'ben.1/a'), 3_000);
  await piped.run(2_500);
  expect(rateOf(b, viewer, 'ben.1', b.ms - 500)).toBeGreaterThan(800_000);
  expect(viewer.since(b.ms - 500).some(({ ssrc }) => ssrc % 2 === 1)).toBe(true);
});

test('a pause at the origin is one everywhere, and ends with a key frame', async () => {
  const { piped, a, b, ann } = await stage();
  const viewer = b.viewer('bob.1', 1, 0, wide());
  b.show(viewer, 'v0', 'ann.1', 'thumbnail');
  await piped.run(2_000);
  const router = a.engine.routers.get('r')!;
  router.pause(ann.transport.producers.get('v')!, true);
  await piped.run(1_000);
  expect(b.engine.routers.get('r')!.producers.get('ann.1/v')!.paused).toBe(true);
  expect(viewer.since(b.ms - 500)).toEqual([]);
  a.engine.setClock();
  router.pause(ann.transport.producers.get('v')!, false);
  const from = b.ms;
  await piped.until(() => viewer.since(from).length > 0, 1_000);
  expect(gapsOf(viewer, 'v0').missing).toBe(0);
});

test('above a limit the best layers are left out, and those that fit still come', async () => {
  const { piped, b, pipe } = await stage({ maxBps: 700_000 });
  const stages = b.viewer('bob.1', 1, 0, wide());
  const thumbnails = b.viewer('eve.1', 1, 0, wide());
  b.show(stages, 'v0', 'ann.1', 'stage');
  b.show(thumbnails, 'v0', 'ann.1', 'thumbnail');
  await piped.run(6_000);
  expect(flowing(pipe.source)).toEqual(['ann.1/v l']);
  expect(rateOf(b, thumbnails, 'ann.1', b.ms - 1_000)).toBeGreaterThan(90_000);
  expect(rateOf(b, stages, 'ann.1', b.ms - 1_000)).toBeGreaterThan(90_000);
});

test('a publisher that leaves is gone behind the pipe, and one that comes is there', async () => {
  const { piped, a, b, ann } = await stage();
  a.publisher('ben.1');
  const router = b.engine.routers.get('r')!;
  await piped.until(() => router.producers.has('ben.1/v'), 500);
  a.engine.closeTransport(ann.transport);
  a.publishers.delete('ann.1');
  await piped.until(() => !router.producers.has('ann.1/v'), 500);
  expect([...router.producers.keys()]).toEqual(['ben.1/a', 'ben.1/v']);
  expect([...b.engine.encodings()]).toHaveLength(4);
});

test('pictures that come this way cost the forwarding of the other end no more than a viewer', async () => {
  const { piped, a, b, pipe } = await stage();
  for (let i = 0; i < 10; i++) b.show(b.viewer(`v${i}.1`, 1, 0, wide()), 'v0', 'ann.1', 'thumbnail');
  await piped.run(3_000);
  const { packets } = pipe.forth;
  const forwarded = a.engine.fanout.writer.forwarded;
  await piped.run(1_000);
  expect(a.engine.fanout.writer.forwarded - forwarded).toBe(pipe.forth.packets - packets);
});
