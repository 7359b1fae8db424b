import type { ServerEvents, ViewRequest } from '@efir/protocol';
import { sourceTag, type WorkerNotice } from '@efir/sfu';
import { afterEach, expect, test } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import type { FakeWorker } from '../testing/fake-workers.js';
import { publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../testing/test-server.js';

let running: TestServer;
afterEach(() => running.close());

type Tile = ViewRequest['tiles'][number];
const tile = (track: string, height = 180, role: Tile['role'] = 'thumbnail'): Tile => ({
  show: { track },
  role,
  width: 320,
  height,
});
const speakerTile: Tile = { show: { follow: 'speaker' }, role: 'stage', width: 1280, height: 720 };

const start = async (config: ServerConfigInput = {}, workers = 1): Promise<void> => {
  running = await startTestServer({ resumeGraceMs: 4000, ...config }, workers);
};
const worker = (): FakeWorker => running.workers.workers[0];
const notice = (sent: WorkerNotice): boolean => running.workers.emit('notice', worker(), sent);
const publishers = async (...names: string[]): Promise<TestClient[]> => {
  const clients: TestClient[] = [];
  for (const name of names) {
    const client = await running.enter('demo', name);
    await client.offer(publishing());
    clients.push(client);
  }
  return clients;
};
/** Sections 0 and up for sound, then those for pictures. */
const viewer = async (audio: number, video: number): Promise<TestClient> => {
  const client = await running.enter('demo', 'Viewer');
  await client.offer(receiving(audio, video));
  return client;
};
const shows = async (client: TestClient, mid: string, track: string | null): Promise<ServerEvents['streams']> =>
  client.event('streams', ({ streams }) => streams.some((one) => one.mid === mid && one.track === track));
const routesOf = (transport: string) =>
  worker()
    .of('route')
    .filter((request) => request.transport === transport);

test('a view fills the pictures with its tiles, each with the size and role it is shown at', async () => {
  await start();
  const [ann, bob, cat] = await publishers('Ann', 'Bob', 'Cat');
  const me = await viewer(3, 2);
  await me.ok('view', { tiles: [tile(`${cat.id}/1`, 720, 'stage'), tile(`${bob.id}/1`)] });
  const { streams, missing } = await shows(me, '3', `${cat.id}/1`);
  expect(missing).toEqual({ audio: 0, video: 0 });
  // Bob was there before the view, in the second of the two, and stays in it.
  expect(streams.slice(3).map(({ participant, csrc }) => [participant, csrc])).toEqual([
    [cat.id, sourceTag(`${cat.id}.1/1`)],
    [bob.id, sourceTag(`${bob.id}.1/1`)],
  ]);
  expect(streams.slice(0, 3).map(({ participant }) => participant)).toEqual([ann.id, bob.id, cat.id]);
  expect(routesOf(`${me.id}.1`).at(-1)?.routes).toEqual([
    { mid: '3', source: { producer: `${cat.id}.1/1` }, want: { role: 'stage', height: 720, order: 0 } },
    { mid: '4', source: { producer: `${bob.id}.1/1` }, want: { role: 'thumbnail', height: 180, order: 1 } },
  ]);
});

test('turning the page changes the sections that change, without any SDP; another size is told to the worker alone', async () => {
  await start();
  const [ann, bob, cat] = await publishers('Ann', 'Bob', 'Cat');
  const me = await viewer(0, 2);
  await me.ok('view', { tiles: [tile(`${ann.id}/1`), tile(`${bob.id}/1`)] });
  await shows(me, '0', `${ann.id}/1`);
  const configured = worker().of('configureTransport').length;
  await me.ok('view', { tiles: [tile(`${cat.id}/1`), tile(`${bob.id}/1`)] });
  await shows(me, '0', `${cat.id}/1`);
  expect(routesOf(`${me.id}.1`).at(-1)?.routes).toMatchObject([{ mid: '0', source: { producer: `${cat.id}.1/1` } }]);

  const told = me.seen('streams').length;
  await me.ok('view', { tiles: [tile(`${cat.id}/1`, 360), tile(`${bob.id}/1`)] });
  await me.settled();
  expect(routesOf(`${me.id}.1`).at(-1)?.routes).toMatchObject([{ mid: '0', want: { height: 360 } }]);
  expect(me.seen('streams')).toHaveLength(told);
  expect(worker().of('configureTransport')).toHaveLength(configured);
});

test('a tile of a track that is not there is empty until it is', async () => {
  await start();
  const me = await viewer(0, 2);
  const ann = await running.enter('demo', 'Ann');
  await me.ok('view', { tiles: [tile('nobody/1'), tile(`${ann.id}/1`), tile(`${me.id}/1`)] });
  await me.settled();
  expect(routesOf(`${me.id}.1`)).toEqual([]);
  await ann.offer(publishing());
  await shows(me, '0', `${ann.id}/1`);
  await ann.ok('leave', {});
  await me.event('streams', ({ streams }) => streams[0]?.track === null && me.seen('streams').length > 2);
});

test('with more microphones than sections the loudest are carried, and told by the worker', async () => {
  await start();
  const [ann, bob] = await publishers('Ann', 'Bob', 'Cat');
  const me = await viewer(2, 0);
  await me.ok('view', { tiles: [] });
  await me.event('streams', ({ streams }) => streams.every(({ follow }) => follow === 'loudest'));
  expect(worker().routes(`${me.id}.1`)).toEqual({ 0: { follow: 'loudest' }, 1: { follow: 'loudest' } });
  notice({ type: 'source', transport: `${me.id}.1`, mid: '1', producer: `${ann.id}.1/0` });
  notice({ type: 'source', transport: `${me.id}.1`, mid: '0', producer: `${bob.id}.1/0` });
  const { streams } = await me.event(
    'streams',
    (told) => told.streams[1]?.participant === ann.id && told.streams[0]?.participant === bob.id,
  );
  expect(streams[1]).toEqual({
    mid: '1',
    participant: ann.id,
    source: 'microphone',
    track: `${ann.id}/0`,
    csrc: sourceTag(`${ann.id}.1/0`),
    follow: 'loudest',
  });
  // One fewer, and each is carried by itself again.
  await ann.ok('leave', {});
  await me.event('streams', ({ streams }) => streams.every(({ follow, track }) => !follow && track !== null));
});

test('the tile of who speaks follows them', async () => {
  await start();
  const [ann] = await publishers('Ann');
  const me = await viewer(0, 2);
  await me.ok('view', { tiles: [speakerTile, tile(`${ann.id}/1`)] });
  await me.event('streams', ({ streams }) => streams.some(({ follow }) => follow === 'speaker'));
  // Ann has been in the first section and stays there.
  expect(routesOf(`${me.id}.1`).at(-1)?.routes).toEqual([
    { mid: '0', source: { producer: `${ann.id}.1/1` }, want: { role: 'thumbnail', height: 180, order: 1 } },
    { mid: '1', source: { follow: 'speaker' }, want: { role: 'stage', height: 720, order: 0 } },
  ]);
  notice({ type: 'source', transport: `${me.id}.1`, mid: '1', producer: `${ann.id}.1/1` });
  const { streams } = await shows(me, '1', `${ann.id}/1`);
  expect(streams[1]).toMatchObject({ follow: 'speaker', participant: ann.id, csrc: sourceTag(`${ann.id}.1/1`) });
});

test('sound only and a bound on the rate are told to the worker, before any routes and once', async () => {
  await start();
  const [ann] = await publishers('Ann');
  const me = await running.enter('demo', 'Viewer');
  await me.ok('view', { tiles: [tile(`${ann.id}/1`)], audioOnly: true, maxBps: 500_000 });
  await me.offer(receiving(1, 1));
  await shows(me, '1', `${ann.id}/1`);
  const mine = worker().requests.filter((one) => 'transport' in one && one.transport === `${me.id}.1`);
  expect(mine.map(({ type }) => type)).toEqual(['configureTransport', 'setReception', 'route']);
  expect(mine[1]).toMatchObject({ reception: { video: false, maxBps: 500_000 } });

  await me.ok('view', { tiles: [], audioOnly: true, maxBps: 500_000 });
  await me.ok('view', { tiles: [] });
  await me.settled();
  expect(
    worker()
      .of('setReception')
      .map(({ reception }) => reception),
  ).toEqual([
    { video: false, maxBps: 500_000 },
    { video: true, maxBps: null },
  ]);
});

test('a view stands over a new PeerConnection, an ICE restart and coming back', async () => {
  await start();
  const [ann, bob] = await publishers('Ann', 'Bob');
  const me = await viewer(0, 1);
  await me.ok('view', { tiles: [tile(`${bob.id}/1`)], maxBps: 300_000 });
  await shows(me, '0', `${bob.id}/1`);
  await me.offer(receiving(0, 1, { certificate: '7B' }), { fresh: true });
  await expect.poll(() => worker().routes(`${me.id}.2`)).toEqual({ 0: { producer: `${bob.id}.1/1` } });
  expect(
    worker()
      .of('setReception')
      .map(({ transport }) => transport),
  ).toEqual([`${me.id}.1`, `${me.id}.2`]);
  await me.offer(receiving(0, 1, { certificate: '7B', ufrag: 'elsewhere' }));
  me.socket.disconnect();
  const again = running.connect();
  await again.enter({ room: 'demo', name: 'Viewer', resume: me.resume });
  await shows(again, '0', `${bob.id}/1`);
  expect(routesOf(`${me.id}.2`)).toHaveLength(1);
  expect(ann.socket.connected).toBe(true);
});

test('a view stands over the end of a worker', async () => {
  await start({}, 2);
  const [ann, bob] = await publishers('Ann', 'Bob');
  const me = await viewer(0, 1);
  await me.ok('view', { tiles: [tile(`${bob.id}/1`)], audioOnly: true });
  await shows(me, '0', `${bob.id}/1`);
  running.workers.crash(worker());
  for (const client of [ann, bob, me]) await client.event('media-restart');
  await me.offer(receiving(0, 1, { certificate: '7B' }), { fresh: true });
  await bob.offer(publishing({ certificate: '7C' }), { fresh: true });
  await expect.poll(() => worker().routes(`${me.id}.2`)).toEqual({ 0: { producer: `${bob.id}.2/1` } });
  expect(worker().of('setReception')).toMatchObject([{ transport: `${me.id}.2`, reception: { video: false } }]);
});

test('what a worker does not take is told it again', async () => {
  await start();
  const [ann] = await publishers('Ann');
  const me = await viewer(0, 1);
  await me.settled();
  let failures = 1;
  worker().before = ({ type }) => {
    if (type === 'route' && failures-- > 0) throw new Error('busy');
  };
  await me.ok('view', { tiles: [tile(`${ann.id}/1`, 720, 'stage')] });
  await expect
    .poll(
      () =>
        routesOf(`${me.id}.1`)
          .slice(-2)
          .map(({ routes }) => routes),
      { timeout: 4000 },
    )
    .toEqual(
      Array(2).fill([
        { mid: '0', source: { producer: `${ann.id}.1/1` }, want: { role: 'stage', height: 720, order: 0 } },
      ]),
    );
}, 10_000);

test('in a mesh a view is kept, and used when the room moves to the SFU', async () => {
  await start({ meshMax: 2 });
  const ann = await running.enter('demo', 'Ann');
  const me = await running.enter('demo', 'Me');
  await ann.ok('publish', { tracks: [{ source: 'camera' }] });
  await me.ok('view', { tiles: [tile(`${ann.id}/camera`, 720, 'stage')] });
  expect(worker().of('route')).toEqual([]);
  await running.enter('demo', 'Third');
  await me.event('topology', ({ phase }) => phase === 'prepare');
  await me.offer(receiving(0, 1), { fresh: true });
  await ann.offer(publishing(), { fresh: true });
  await shows(me, '0', `${ann.id}/1`);
  expect(routesOf(`${me.id}.1`).at(-1)?.routes).toEqual([
    { mid: '0', source: { producer: `${ann.id}.1/1` }, want: { role: 'stage', height: 720, order: 0 } },
  ]);
});

test('ten thousand tiles, and tiles that are none, are refused with a sentence, and what was on show stays', async () => {
  await start();
  const [ann] = await publishers('Ann');
  const me = await viewer(0, 1);
  await me.ok('view', { tiles: [tile(`${ann.id}/1`)] });
  await shows(me, '0', `${ann.id}/1`);
  const tiles = Array.from({ length: 10_000 }, (_, n) => tile(`${n}/1`));
  expect(await me.refused('view', { tiles })).toEqual({
    code: 'bad-request',
    message: 'tiles: is a list of 64 tiles at most',
  });
  for (const bad of [
    {},
    { tiles: 'all' },
    { tiles: [{}] },
    { tiles: [tile('a', -1)] },
    { tiles: [tile('a', 1.5)] },
    { tiles: [], maxBps: 0 },
    { tiles: [], maxBps: 1e12 },
    { tiles: [], more: 1 },
    null,
  ]) {
    expect(await me.refused('view', bad)).toMatchObject({ code: 'bad-request' });
  }
  await me.settled();
  expect(worker().routes(`${me.id}.1`)).toEqual({ 0: { producer: `${ann.id}.1/1` } });
});

test('views are bounded in number, apart from other messages', async () => {
  await start({ rateLimits: { views: 60 } });
  const me = await viewer(0, 1);
  const replies = await Promise.all(Array.from({ length: 12 }, () => me.request('view', { tiles: [] })));
  expect(replies.filter(({ ok }) => ok)).toHaveLength(10);
  expect(await me.refused('view', { tiles: [] })).toMatchObject({ code: 'rate-limited' });
  expect(await me.refused('mute', { source: 'camera', muted: true })).toMatchObject({ code: 'not-found' });
});

test('before entering there is nothing to show', async () => {
  await start();
  expect(await running.connect().refused('view', { tiles: [] })).toMatchObject({ code: 'conflict' });
});
