import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { publishing, receiving } from '../testing/offers.js';
import { type ClassicClient, startTestServer, type TestClient, type TestServer } from '../testing/test-server.js';

let running: TestServer;
afterEach(() => running.close());

const APP = [
  'enter',
  'offer',
  'mute',
  'publish',
  'relay',
  'migrated',
  'say',
  'view',
  'ice-servers',
  'topology',
  'closed',
];
const CLASSIC = ['join', 'relay-sdp', 'relay-ice', 'share-rooms', 'add-peer', 'remove-peer'];

test('whatever is sent on either namespace, it is answered or dropped, and the call of others goes on', async () => {
  running = await startTestServer({ meshMax: 5, rateLimits: { enabled: false } });
  const room = randomUUID();
  const [ann, eve] = [await running.enter(room, 'Ann'), await running.enter(room, 'Eve')];
  const classic = running.classic();
  await classic.join(room);
  const seen = ann.events.length;

  const field = fc.oneof(
    fc.constantFrom<unknown>(room, ann.id, eve.id, classic.id, 'camera', 'offer', null, true),
    fc.string({ maxLength: 40 }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const keys = ['room', 'name', 'to', 'description', 'candidate', 'tracks', 'epoch', 'ok', 'sdp', 'peerID', 'data'];
  const payload = fc.oneof(
    fc.dictionary(
      fc.constantFrom(...keys, 'channel', 'source', 'tiles', 'show', 'iceCandidate', '__proto__', 'constructor'),
      field,
    ),
    fc.jsonValue({ maxDepth: 4 }),
    fc.uint8Array({ maxLength: 64 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...APP), fc.constantFrom(...CLASSIC), payload, async (app, old, sent) => {
      const replies = await Promise.all([
        eve.socket.timeout(4000).emitWithAck(app, sent),
        classic.socket.timeout(4000).emitWithAck(old, sent),
      ]);
      for (const reply of replies) if (!reply.ok) expect(reply.error.code).not.toBe('internal');
    }),
    { numRuns: 300 },
  );
  expect(eve.socket.connected && classic.socket.connected).toBe(true);
  await ann.ok('say', { to: eve.id, channel: 'reliable', data: 'still here' });
  await eve.event('said', ({ data }) => data === 'still here');
  // What fits the schemas by chance reaches those it is for; nobody is put out by it.
  expect(ann.events.slice(seen).map(({ event }) => event)).not.toContain('participant-left');
});

test('sockets that only listen are told of changes, few times for many of them, and hold up nobody', async () => {
  running = await startTestServer({ meshMax: 5, rateLimits: { enabled: false } });
  const listeners: ClassicClient[] = Array.from({ length: 150 }, () => running.classic());
  await Promise.all(listeners.map((listener) => listener.event('share-rooms')));
  const members: TestClient[] = [];
  const rooms = Array.from({ length: 40 }, () => randomUUID());
  for (const room of rooms) members.push(await running.enter(room, 'Ann'));
  for (const listener of listeners) await listener.event('share-rooms', (list) => list.rooms.length === rooms.length);
  const rounds = listeners.map((listener) => listener.of('share-rooms').length);
  expect(Math.max(...rounds)).toBeLessThan(rooms.length);
});

test('whatever a view asks for, no more is routed than there are sections, and only what is there', async () => {
  running = await startTestServer({ rateLimits: { enabled: false } });
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(publishing());
  const eve = await running.enter('demo', 'Eve');
  await eve.offer(receiving(2, 3));
  const [worker] = running.workers.workers;
  const number = fc.oneof(fc.integer(), fc.nat(16_384), fc.double());
  const tile = fc.record(
    {
      show: fc.oneof(
        fc.record({ track: fc.oneof(fc.string({ maxLength: 200 }), fc.constantFrom(`${ann.id}/1`, `${eve.id}/0`)) }),
        fc.constantFrom({ follow: 'speaker' }, { follow: 'loudest' }, { follow: '__proto__' }),
      ),
      role: fc.constantFrom('stage', 'screen', 'thumbnail', 'constructor'),
      width: number,
      height: number,
    },
    { requiredKeys: ['show'] },
  );
  const good = fc.record({
    show: fc.constantFrom(
      { track: `${ann.id}/1` },
      { track: `${ann.id}/camera` },
      { track: '/' },
      { follow: 'speaker' },
    ),
    width: fc.nat(16_384),
    height: fc.nat(16_384),
  });
  const view = fc.record(
    {
      tiles: fc.oneof(fc.array(tile, { maxLength: 80 }), fc.array(good, { maxLength: 80 })),
      audioOnly: fc.boolean(),
      maxBps: number,
    },
    { requiredKeys: ['tiles'] },
  );
  await fc.assert(
    fc.asyncProperty(view, async (sent) => {
      const reply = await eve.request('view', sent);
      if (!reply.ok) expect(reply.error.code).toBe('bad-request');
    }),
    { numRuns: 300 },
  );
  await eve.settled();
  const mine = worker.of('route').filter(({ transport }) => transport === `${eve.id}.1`);
  const mids = ['0', '1', '2', '3', '4'];
  const sources = [null, { follow: 'speaker' }, { producer: `${ann.id}.1/0` }, { producer: `${ann.id}.1/1` }];
  for (const route of mine.flatMap(({ routes }) => routes)) {
    expect(mids).toContain(route.mid);
    expect(sources).toContainEqual(route.source);
  }
  expect(ann.socket.connected && eve.socket.connected).toBe(true);
}, 30_000);
