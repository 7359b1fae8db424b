import { expect, test } from 'vitest';
import { LyingEnd } from '../../testing/lying-end.js';
import { gapsOf, wide } from '../../testing/piped-viewers.js';
import { rtp } from '../../testing/room.js';
import { SimulatedRoom } from '../../testing/simulated-room.js';
import { PIPE_VERSION, type PipedProducer } from './messages.js';
import { PipeSink } from './sink.js';
import { PipeSource } from './source.js';

const announced = (n: number, changes: Partial<PipedProducer> = {}): PipedProducer => ({
  id: `p${n}.1/v`,
  kind: 'video',
  paused: false,
  codecs: [{ name: 'vp8', clockRate: 90_000, fmtp: {} }],
  encodings: [{ ssrc: 10_000 + 2 * n, rtxSsrc: 10_001 + 2 * n }],
  path: ['liar'],
  ...changes,
});

/** A room with a publisher and a viewer of its own, who must not notice anything. */
function honestRoom() {
  const room = new SimulatedRoom();
  const ann = room.publisher('ann.1');
  ann.level = 30;
  const viewer = room.viewer('bob.1', 1, 0, wide());
  room.show(viewer, 'v0', 'ann.1', 'thumbnail');
  room.run(3_000);
  const unharmed = () => {
    const { missing, longestMs, backTicks } = gapsOf(viewer, 'v0', 3_000);
    expect({ missing, backTicks }).toEqual({ missing: 0, backTicks: 0 });
    expect(longestMs).toBeLessThan(150);
  };
  return { room, ann, viewer, unharmed };
}

async function lyingSource(room: SimulatedRoom) {
  const liar = new LyingEnd(room, 'server', (peer, events) => new PipeSink(room.engine, 'p', 'r', peer, {}, events));
  await liar.run(200);
  liar.say({ type: 'hello', version: PIPE_VERSION });
  return liar;
}

async function lyingSink(room: SimulatedRoom) {
  const make = (peer: number, events: ConstructorParameters<typeof PipeSource>[5]) =>
    new PipeSource(room.engine, 'p', 'r', peer, { relay: true }, events);
  const liar = new LyingEnd(room, 'client', make);
  await liar.run(200);
  liar.say({ type: 'hello', version: PIPE_VERSION });
  await liar.run(200);
  return liar;
}

test('of ten thousand producers a thousand are taken, and they cost nothing', async () => {
  const { room, unharmed } = honestRoom();
  const liar = await lyingSource(room);
  for (let n = 0; n < 10_000; n += 50)
    liar.say({
      type: 'producers',
      set: Array.from({ length: 50 }, (_, i) => announced(n + i)),
      gone: [],
      complete: true,
    });
  await liar.run(4_000);
  const { counters } = room.engine;
  expect(liar.failure).toBeNull();
  expect(liar.end.producers).toBe(1_000);
  expect(counters.pipeProducersRefused).toBe(9_000);
  expect(room.engine.routers.get('r')!.producers.size).toBe(1_002);
  expect(room.engine.streams.filter(Boolean)).toHaveLength(1);
  unharmed();
  liar.end.close();
  room.engine.closeTransport(liar.end.transport);
  expect(room.engine.routers.get('r')!.producers.size).toBe(2);
  expect([...room.engine.encodings()]).toHaveLength(4);
}, 30_000);

test('a flood of changes ends the pipe, and only the pipe', async () => {
  const { room, unharmed } = honestRoom();
  const liar = await lyingSource(room);
  for (let n = 0; n < 5_000; n++)
    liar.say({ type: 'producers', set: [announced(1, { paused: n % 2 === 0 })], gone: [], complete: true });
  await liar.run(3_000);
  expect(liar.failure).toMatch(/says more/);
  unharmed();
}, 30_000);

test('nonsense is counted and nothing comes of it', async () => {
  const { room, viewer, unharmed } = honestRoom();
  const liar = await lyingSource(room);
  const { counters } = room.engine;
  liar.sayRaw(Uint8Array.of(1, 2, 3));
  liar.say([]);
  liar.say({ type: 'wants', wants: [{ producer: 'ann.1/v', encodings: [] }] });
  liar.say({
    type: 'layers',
    layers: [{ producer: 'x/y', encoding: 0, spatial: 0, temporal: 0, heights: [1], bps: [1] }],
  });
  liar.say({ type: 'producers', set: [], gone: ['ann.1/v', 'nobody/0'], complete: false });
  await liar.run(300);
  expect(counters.pipeMessagesRefused).toBe(4);
  expect(liar.end.ready).toBe(false);
  // The ids of who is here, and of who may come here.
  liar.say({
    type: 'producers',
    set: [announced(1, { id: 'ann.1/v' }), announced(2, { id: 'ann.1/9' }), announced(3, { id: 'bob.1/v' })],
    gone: [],
    complete: true,
  });
  // SSRCs of another one, another kind than before, a path of ours.
  const token = room.engine.routers.get('r')!.token;
  liar.say({
    type: 'producers',
    set: [
      announced(4),
      announced(5, { encodings: announced(4).encodings }),
      announced(4, { kind: 'audio' }),
      announced(6, { path: ['liar', token] }),
      announced(7, { path: ['a', 'b', 'c', 'd', 'e', 'f'] }),
    ],
    gone: [],
    complete: true,
  });
  await liar.run(300);
  expect(counters).toMatchObject({ pipeProducersRefused: 5, pipeLoops: 1, pipesTooLong: 1 });
  // One that contradicts itself is gone.
  expect([...room.engine.routers.get('r')!.producers.keys()]).toEqual(['ann.1/a', 'ann.1/v']);
  // Media that was never announced.
  for (let n = 0; n < 50; n++)
    room.arrive(liar.peer, 'rtp', rtp({ ssrc: 77 + n, sequence: n, timestamp: n, payload: new Uint8Array(20) }));
  await liar.run(100);
  expect(counters.rtpUnknownSsrc).toBe(50);
  expect(viewer.transport.streams.get('v0')!.producer!.piped).toBeNull();
  unharmed();
}, 30_000);

test('absurd costs concern those only who watch what they are told of', async () => {
  const { room, unharmed } = honestRoom();
  const liar = await lyingSource(room);
  liar.say({ type: 'producers', set: [announced(1)], gone: [], complete: true });
  const bps = Array(16).fill(1_000_000_000);
  liar.say({
    type: 'layers',
    layers: [{ producer: 'p1.1/v', encoding: 0, spatial: 3, temporal: 3, heights: [1, 2, 3, 16_384], bps }],
  });
  const other = room.viewer('eve.1', 1, 0, wide());
  room.engine.setClock();
  other.transport.router.route(other.transport.streams.get('v0')!, { producer: 'p1.1/v' });
  await liar.run(2_000);
  expect(liar.heard.some((message) => message.type === 'wants')).toBe(true);
  unharmed();
}, 30_000);

test('wants that come and go as fast as can be make neither storms of requests nor gaps', async () => {
  const { room, ann, unharmed } = honestRoom();
  const liar = await lyingSink(room);
  expect(liar.heard.some((message) => message.type === 'producers' && message.complete)).toBe(true);
  ann.requests.length = 0;
  for (let n = 0; n < 400; n++) {
    const encodings = n % 2 === 0 ? [0, 1, 2].map((encoding) => ({ encoding, spatial: 3, temporal: n % 4 })) : [];
    liar.say({ type: 'wants', wants: [{ producer: 'ann.1/v', encodings }] });
    await liar.run(10);
  }
  expect(liar.failure).toBeNull();
  expect(ann.requests.length).toBeLessThan(10);
  expect(liar.end.transport.streams.size).toBe(3);
  unharmed();
}, 30_000);

test('wants of what there is not are counted', async () => {
  const { room, unharmed } = honestRoom();
  const liar = await lyingSink(room);
  const want = { encoding: 3, spatial: 0, temporal: 0 };
  liar.say({
    type: 'wants',
    wants: [
      { producer: 'ann.1/v', encodings: [want] },
      { producer: 'eve/0', encodings: [] },
    ],
  });
  liar.say({ type: 'wants', wants: [{ producer: 'ann.1/v', encodings: [{ ...want, encoding: 9 }] }] });
  liar.say({ type: 'producers', set: [announced(1)], gone: [], complete: true });
  await liar.run(300);
  expect(room.engine.counters.pipeMessagesRefused).toBe(4);
  expect(room.engine.routers.get('r')!.producers.size).toBe(2);
  expect(liar.end.transport.streams.size).toBe(0);
  unharmed();
}, 30_000);

test('another version is refused with a reason', async () => {
  const { room, unharmed } = honestRoom();
  const make = (peer: number, events: ConstructorParameters<typeof PipeSink>[5]) =>
    new PipeSink(room.engine, 'p', 'r', peer, {}, events);
  const liar = new LyingEnd(room, 'server', make);
  await liar.run(200);
  liar.say({ type: 'hello', version: 99 });
  await liar.run(100);
  expect(liar.failure).toBe('the other end speaks version 99 of pipes');
  unharmed();
});
