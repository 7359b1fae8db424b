import type { ServerEvents } from '@efir/protocol';
import { afterEach, expect, test } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import { offer, publishing } from '../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../testing/test-server.js';

let running: TestServer;
afterEach(() => running.close());

type TopologyEvent = ServerEvents['topology'];
const NAMES = ['Ann', 'Bob', 'Cat', 'Dan', 'Eve', 'Fay', 'Gil'];

const start = async (config: ServerConfigInput = {}, workers = 1): Promise<void> => {
  running = await startTestServer({ meshMax: 2, topologySettleMs: 50, resumeGraceMs: 4000, ...config }, workers);
};
/** So many enter, one after the other. */
const people = async (count: number, room = 'demo'): Promise<TestClient[]> => {
  const clients = [];
  for (const name of NAMES.slice(0, count)) clients.push(await running.enter(room, name));
  return clients;
};
const put = async (topology: string, room = 'demo'): Promise<Response> =>
  fetch(running.url(`/api/rooms/${room}`), {
    method: 'PUT',
    body: JSON.stringify({ topology }),
    headers: { 'Content-Type': 'application/json' },
  });
const phase = (client: TestClient, wanted: TopologyEvent['phase'], epoch: number): Promise<TopologyEvent> =>
  client.event('topology', (event) => event.phase === wanted && event.epoch === epoch);
/** Builds the path that is asked for, as a client would, and says so. */
const follow = async (client: TestClient, epoch: number): Promise<void> => {
  const { topology } = await phase(client, 'prepare', epoch);
  if (topology === 'sfu') await client.offer(publishing({ certificate: certificate() }), { fresh: true });
  else await client.ok('publish', { tracks: [{ source: 'camera' }] });
  await client.ok('migrated', { epoch, ok: true });
};
let certificates = 16;
const certificate = (): string => (certificates++).toString(16).toUpperCase();
const figure = async (name: string): Promise<string[]> => {
  const text = await (await fetch(running.url('/metrics'))).text();
  return text.split('\n').filter((line) => line.startsWith(name));
};

test('with one too many for a mesh all move to the SFU, and are told when it is done', async () => {
  await start();
  const [ann, bob] = await people(2);
  await ann.ok('publish', { tracks: [{ source: 'camera' }] });
  const cat = running.connect();
  const reply = await cat.enter({ room: 'demo', name: 'Cat' });
  expect(reply).toMatchObject({ room: { topology: 'mesh' }, migration: { epoch: 1, topology: 'sfu' } });
  const prepare = { epoch: 1, topology: 'sfu', phase: 'prepare', reason: 'participants' };
  for (const client of [ann, bob, cat]) expect(await phase(client, 'prepare', 1)).toEqual(prepare);
  // Told first that it moves, then who comes.
  const order = ann.events.map(({ event }) => event);
  expect(order.indexOf('topology')).toBeLessThan(order.lastIndexOf('participant-joined'));

  await Promise.all([follow(ann, 1), follow(cat, 1)]);
  await ann.settled();
  expect(ann.seen('topology')).toHaveLength(1);
  await follow(bob, 1);
  for (const client of [ann, bob, cat]) expect(await phase(client, 'commit', 1)).toMatchObject({ topology: 'sfu' });
  const { participants, room } = await running.connect().enter({ room: 'demo', name: 'Dan' });
  expect(room.topology).toBe('sfu');
  expect(participants[0].tracks.map(({ id }) => id)).toEqual([`${ann.id}/0`, `${ann.id}/1`]);
  await bob.event(
    'participant-updated',
    ({ participant }) => participant.id === ann.id && participant.tracks[0]?.id === `${ann.id}/0`,
  );
  expect(await ann.refused('publish', { tracks: [] })).toMatchObject({ code: 'conflict' });
});

test('during a move to the SFU it carries streams as soon as everybody has a connection there', async () => {
  await start();
  const [ann, bob, cat] = await people(3);
  await cat.offer(publishing());
  await bob.offer(
    offer([
      { kind: 'audio', direction: 'recvonly' },
      { kind: 'video', direction: 'recvonly' },
    ]),
  );
  const [worker] = running.workers.workers;
  const connect = (transport: string) =>
    running.workers.emit('notice', worker, { type: 'transportState', transport, state: 'connected' });
  for (const transport of worker.transports) connect(transport);
  await ann.offer(publishing({ certificate: certificate() }), { fresh: true });
  await bob.settled();
  expect(worker.of('route')).toEqual([]);
  connect(`${ann.id}.1`);
  await bob.event('streams', ({ streams }) => streams[1]?.participant === ann.id);
  await ann.event('participant-updated', ({ participant }) =>
    participant.tracks.some(({ id }) => id === `${cat.id}/1`),
  );
});

test('when enough have left for a while it is a mesh again, and the SFU’s transports are closed a moment later', async () => {
  await start();
  const [ann, bob, cat] = await people(3);
  await Promise.all([ann, bob, cat].map((client) => follow(client, 1)));
  await phase(ann, 'commit', 1);
  await bob.ok('leave', {});
  await ann.settled();
  expect(ann.seen('topology')).toHaveLength(2);
  await cat.ok('leave', {});
  expect(await phase(ann, 'prepare', 2)).toMatchObject({ topology: 'mesh', reason: 'participants' });
  const [worker] = running.workers.workers;
  expect(worker.transports).toEqual([`${ann.id}.1`]);
  await follow(ann, 2);
  expect(await phase(ann, 'commit', 2)).toMatchObject({ topology: 'mesh' });
  expect(worker.transports).toEqual([`${ann.id}.1`]);
  await expect.poll(() => worker.transports, { timeout: 4000 }).toEqual([]);
  expect(worker.of('closeRouter')).toHaveLength(1);
  expect(ann.seen('media-restart')).toEqual([]);
  expect(await figure('efir_room_topology')).toEqual([
    'efir_room_topology{topology="mesh"} 1',
    'efir_room_topology{topology="sfu"} 0',
  ]);
  expect(await figure('efir_topology_migrations_total')).toEqual([
    'efir_topology_migrations_total{from="mesh",to="sfu",result="commit"} 1',
    'efir_topology_migrations_total{from="sfu",to="mesh",result="commit"} 1',
  ]);
});

test('one who never gets ready leaves the call as it was, and everybody is told who', async () => {
  await start({ topologyTimeoutMs: 150 });
  const [ann, bob, cat] = await people(3);
  await Promise.all([follow(ann, 1), follow(cat, 1)]);
  const abort = { epoch: 1, topology: 'mesh', phase: 'abort', reason: 'timeout', participant: bob.id };
  for (const client of [ann, bob, cat]) expect(await phase(client, 'abort', 1)).toEqual(abort);
  await ann.ok('relay', { to: cat.id, description: { type: 'offer', sdp: 'v=0' } });
  expect(await ann.refused('offer', { sdp: publishing(), fresh: true })).toMatchObject({ code: 'conflict' });
  expect(await bob.ok('migrated', { epoch: 1, ok: true })).toEqual({ ok: true });
  const [worker] = running.workers.workers;
  await expect.poll(() => worker.transports, { timeout: 4000 }).toEqual([]);
  expect(await figure('efir_topology_migrations_total')).toEqual([
    'efir_topology_migrations_total{from="mesh",to="sfu",result="timeout"} 1',
  ]);
});

test('one who says that it cannot ends the move at once', async () => {
  await start();
  const [ann, bob] = await people(3);
  await bob.ok('migrated', { epoch: 1, ok: false, reason: 'no path' });
  expect(await phase(ann, 'abort', 1)).toMatchObject({
    reason: 'client-failed',
    participant: bob.id,
    topology: 'mesh',
  });
});

test('when the last one who is not ready leaves, the rest have moved', async () => {
  await start({ meshMax: 1 });
  const [ann, bob, cat] = await people(3);
  await Promise.all([follow(ann, 1), follow(bob, 1)]);
  cat.socket.disconnect();
  await phase(ann, 'commit', 1);
});

test('a worker that dies during a move to the SFU ends the move and nothing else', async () => {
  await start({}, 2);
  const [ann] = await people(3);
  await ann.offer(publishing(), { fresh: true });
  const busy = running.workers.workers.find(({ transports }) => transports.length > 0);
  if (busy) running.workers.crash(busy);
  expect(await phase(ann, 'abort', 1)).toMatchObject({ reason: 'unavailable', topology: 'mesh' });
  await ann.settled();
  expect(ann.seen('media-restart')).toEqual([]);
});

test('who comes back during a move is told of it, and is waited for', async () => {
  await start();
  const [ann, bob, cat] = await people(3);
  bob.socket.disconnect();
  const again = running.connect();
  const reply = await again.enter({ room: 'demo', name: 'Bob', resume: bob.resume });
  expect(reply).toMatchObject({ participant: bob.id, resumed: true, migration: { epoch: 1, topology: 'sfu' } });
  await Promise.all([follow(ann, 1), follow(cat, 1)]);
  await ann.settled();
  expect(ann.seen('topology')).toHaveLength(1);
  await follow(again, 1);
  await phase(again, 'commit', 1);
});

test('PUT moves a room that is in use, both ways', async () => {
  await start();
  const [ann, bob] = await people(2);
  expect(await (await put('sfu')).json()).toMatchObject({ topology: 'mesh', settings: { topology: 'sfu' } });
  await Promise.all([follow(ann, 1), follow(bob, 1)]);
  await phase(ann, 'commit', 1);
  expect((await put('mesh')).status).toBe(200);
  expect(await phase(ann, 'prepare', 2)).toMatchObject({ topology: 'mesh', reason: 'setting' });
  await Promise.all([follow(ann, 2), follow(bob, 2)]);
  await phase(bob, 'commit', 2);
  expect((await put('mcu')).status).toBe(422);
  expect(await (await fetch(running.url('/api/rooms/demo'))).json()).toMatchObject({ topology: 'mesh' });
});

test('PUT again tries again what failed', async () => {
  await start();
  const [ann, bob] = await people(2);
  await put('sfu');
  await bob.ok('migrated', { epoch: 1, ok: false });
  await phase(ann, 'abort', 1);
  await put('sfu');
  await phase(ann, 'prepare', 2);
});

test('a room set to the SFU is there from the first one on, without a move', async () => {
  await start();
  await put('sfu');
  const ann = running.connect();
  expect((await ann.enter({ room: 'demo', name: 'Ann' })).room.topology).toBe('sfu');
  await ann.offer(publishing());
  expect(ann.seen('topology')).toEqual([]);
  expect(await figure('efir_topology_migrations_total')).toEqual([]);
});

test('a client that cannot be in a mesh takes the room to the SFU', async () => {
  await start();
  const bot = running.connect();
  expect(await bot.enter({ room: 'demo', name: 'Bot', mesh: false })).toMatchObject({ room: { topology: 'sfu' } });
  const [ann] = await people(1, 'other');
  const late = running.connect();
  await late.enter({ room: 'other', name: 'Bot', mesh: false });
  expect(await phase(ann, 'prepare', 1)).toMatchObject({ topology: 'sfu', reason: 'sfu-only' });
  await late.offer(publishing());
  await follow(ann, 1);
  await phase(ann, 'commit', 1);
});

test('who may not both send and receive is on the SFU, where that can be held to', async () => {
  await start({ apiSecret: 'correct-horse' });
  const response = await fetch(running.url('/api/rooms/demo/token'), {
    method: 'POST',
    body: JSON.stringify({ publish: false }),
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer correct-horse' },
  });
  const { token } = (await response.json()) as { token: string };
  const [ann] = await people(1);
  const eve = running.connect();
  await eve.enter({ room: 'demo', name: 'Eve', token });
  await phase(ann, 'prepare', 1);
  const relay = { to: ann.id, description: { type: 'offer', sdp: 'v=0' } };
  expect(await eve.refused('relay', relay)).toMatchObject({ code: 'conflict' });
  expect(await ann.refused('relay', { ...relay, to: eve.id })).toMatchObject({ code: 'conflict' });
});

test('WHIP takes a mesh to the SFU, WHEP does, and a room set to a mesh refuses both', async () => {
  await start();
  const post = (path: string, body: string): Promise<Response> =>
    fetch(running.url(path), { method: 'POST', body, headers: { 'Content-Type': 'application/sdp' } });
  const playing = offer([
    { kind: 'audio', direction: 'recvonly' },
    { kind: 'video', direction: 'recvonly' },
  ]);
  const [ann] = await people(1);
  expect((await post('/whip/demo', publishing())).status).toBe(201);
  expect(await phase(ann, 'prepare', 1)).toMatchObject({ topology: 'sfu', reason: 'sfu-only' });
  const [bob] = await people(1, 'other');
  expect((await post('/whep/other', playing)).status).toBe(201);
  expect(await phase(bob, 'prepare', 1)).toMatchObject({ reason: 'viewers' });
  expect((await put('mesh', 'other')).status).toBe(409);
  await put('mesh', 'third');
  await people(1, 'third');
  expect((await post('/whip/third', publishing())).status).toBe(409);
  expect((await post('/whep/third', playing)).status).toBe(409);
});
