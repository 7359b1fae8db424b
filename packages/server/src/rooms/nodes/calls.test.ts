import { setTimeout } from 'node:timers/promises';
import type { ParticipantInfo } from '@efir/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { ClusterMemory, MemoryCluster } from '../../cluster/memory.js';
import { nodeInfo } from '../../cluster/testing/nodes.js';
import type { ServerConfigInput } from '../../config/schema.js';
import type { FakeWorker } from '../../testing/fake-workers.js';
import { offer, publishing, receiving } from '../../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../../testing/test-server.js';
import { secretTag } from '../participant.js';

interface Node extends TestServer {
  cluster: MemoryCluster;
  worker: FakeWorker;
}

let memory: ClusterMemory;
let nodes: Node[] = [];
afterEach(async () => {
  for (const node of nodes) await node.close();
  nodes = [];
});

async function start(ids: string[], config: ServerConfigInput = {}): Promise<Node[]> {
  memory = new ClusterMemory();
  for (const id of ids) nodes.push(await add(id, config));
  return nodes;
}

async function add(id: string, config: ServerConfigInput = {}): Promise<Node> {
  const cluster = new MemoryCluster(nodeInfo(id), memory);
  const server = await startTestServer(config, 1, cluster);
  return { ...server, cluster, worker: server.workers.workers[0] as FakeWorker };
}

const two = async (config?: ServerConfigInput): Promise<[Node, Node]> =>
  (await start(['a', 'b'], config)) as [Node, Node];

/** Microphone and camera out, three voices and four pictures in. */
const whole = (certificate?: string): string =>
  offer(
    [
      { kind: 'audio', direction: 'sendonly' },
      { kind: 'video', direction: 'sendonly' },
      ...Array(3).fill({ kind: 'audio', direction: 'recvonly' }),
      ...Array(4).fill({ kind: 'video', direction: 'recvonly' }),
    ],
    certificate ? { certificate } : {},
  );
const ids = (participants: ParticipantInfo[]): string[] => participants.map(({ id }) => id).sort();
const joined = async (client: TestClient, id: string): Promise<ParticipantInfo> =>
  (await client.event('participant-joined', ({ participant }) => participant.id === id)).participant;
const updated = (client: TestClient, matches: (one: ParticipantInfo) => boolean) =>
  client.event('participant-updated', ({ participant }) => matches(participant));

test('who comes in on another node is in the same room, and both see each other', async () => {
  const [a, b] = await two();
  const ann = await a.enter('demo', 'Ann');
  const bob = b.connect();
  const reply = await bob.enter({ room: 'demo', name: 'Bob' });
  expect(reply.room).toMatchObject({ participants: 2, topology: 'sfu' });
  expect(ids(reply.participants)).toEqual([ann.id, bob.id].sort());
  expect(reply.participants.find(({ id }) => id === ann.id)).toMatchObject({ name: 'Ann', apart: true });
  expect(reply.participants.find(({ id }) => id === bob.id)).not.toHaveProperty('apart');
  expect(await joined(ann, bob.id)).toMatchObject({ name: 'Bob', tracks: [], apart: true });
  for (const node of [a, b]) {
    expect(await (await fetch(node.url('/api/rooms/demo'))).json()).toMatchObject({ participants: 2 });
  }
});

test('tracks, names, mutes and leaving cross', async () => {
  const [a, b] = await two();
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await joined(ann, bob.id);
  await ann.offer(publishing());
  const { participant } = await updated(bob, ({ tracks }) => tracks.length === 2);
  expect(participant.tracks.map(({ id, source, muted }) => [id, source, muted])).toEqual([
    [`${ann.id}/0`, 'microphone', false],
    [`${ann.id}/1`, 'camera', false],
  ]);
  await ann.ok('mute', { source: 'camera', muted: true });
  await updated(bob, ({ tracks }) => tracks.some(({ source, muted }) => source === 'camera' && muted));
  await ann.ok('leave', {});
  expect(await bob.event('participant-left')).toEqual({ participant: ann.id, reason: 'left' });
});

test('each node pulls from the other while somebody publishes there, and one of the two in any case, for files', async () => {
  const [a, b] = await two();
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await bob.offer(receiving(1, 1));
  await vi.waitFor(() => expect(a.worker.of('openPipeSink')).toHaveLength(1));
  expect(a.worker.of('openPipeSink')[0]).toMatchObject({ node: 'b' });
  expect(b.worker.of('openPipeSource')[0]).toMatchObject({ relay: false, node: 'a' });
  expect(b.worker.of('openPipeSink')).toEqual([]);
  await ann.offer(publishing());
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
  const [source] = a.worker.of('openPipeSource');
  expect(source).toMatchObject({ relay: false, node: 'b' });
  const home = (worker: FakeWorker): string | undefined => worker.of('openRouter').at(-1)?.router;
  expect(source?.router).toBe(home(a.worker));
  expect(b.worker.of('openPipeSink')[0]?.router).toBe(home(b.worker));
  expect([a.worker.of('openPipeSink'), b.worker.of('openPipeSink')].map(({ length }) => length)).toEqual([1, 1]);

  await ann.ok('leave', {});
  await vi.waitFor(() => expect([a, b].map(({ worker }) => worker.of('closePipe').length)).toEqual([1, 1]));
});

test('sections, pages and the speaker carry people of another node as those of this one', async () => {
  const [a, b] = await two();
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await ann.offer(whole());
  await bob.offer(whole('8B'));
  await updated(bob, ({ tracks }) => tracks.length === 2);
  await vi.waitFor(() => {
    expect(b.worker.routes(`${bob.id}.1`)).toMatchObject({
      2: { producer: `${ann.id}.1/0` },
      5: { producer: `${ann.id}.1/1` },
    });
    expect(a.worker.routes(`${ann.id}.1`)).toMatchObject({
      2: { producer: `${bob.id}.1/0` },
      5: { producer: `${bob.id}.1/1` },
    });
  });
  const streams = await bob.event('streams', (event) => event.streams.some(({ mid, track }) => mid === '5' && track));
  expect(streams.streams.find(({ mid }) => mid === '5')).toMatchObject({ participant: ann.id, source: 'camera' });

  const tile = { show: { track: `${ann.id}/camera` }, role: 'thumbnail', width: 320, height: 180 };
  await bob.ok('view', { tiles: [tile] });
  await vi.waitFor(() => {
    const routes = b.worker.of('route').flatMap((request) => request.routes);
    expect(routes.at(-1)).toMatchObject({ source: { producer: `${ann.id}.1/1` }, want: { role: 'thumbnail' } });
  });

  for (const node of [a, b]) {
    const router = node.worker.of('openRouter').at(-1)?.router as string;
    node.workers.emit('notice', node.worker, { type: 'speaker', router, producer: `${ann.id}.1/0` });
  }
  for (const client of [ann, bob]) {
    expect(await client.event('speaker', ({ participant }) => participant !== null)).toEqual({ participant: ann.id });
  }
});

test('a transport that is made anew keeps its sections on the other node', async () => {
  const [a, b] = await two();
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await ann.offer(publishing());
  await bob.offer(receiving(1, 1));
  await vi.waitFor(() => expect(b.worker.routes(`${bob.id}.1`)[1]).toEqual({ producer: `${ann.id}.1/1` }));
  await ann.offer(publishing(), { fresh: true });
  await vi.waitFor(() => expect(b.worker.routes(`${bob.id}.1`)[1]).toEqual({ producer: `${ann.id}.2/1` }));
  expect(bob.seen('participant-left')).toEqual([]);
});

test('a mesh goes to the SFU when somebody comes in on another node, and back when they are gone', async () => {
  const [a, b] = await two({ meshMax: 4, topologySettleMs: 50 });
  const ann = await a.enter('demo', 'Ann');
  expect(await (await fetch(a.url('/api/rooms/demo'))).json()).toMatchObject({ topology: 'mesh' });
  const bob = b.connect();
  const reply = await bob.enter({ room: 'demo', name: 'Bob' });
  expect(reply.room.topology).toBe('sfu');
  const { epoch } = await ann.event('topology', ({ phase }) => phase === 'prepare');
  expect(ann.events.findIndex(({ event }) => event === 'topology')).toBeLessThan(
    ann.events.findIndex(({ event }) => event === 'participant-joined'),
  );
  expect(await ann.refused('relay', { to: bob.id, candidate: null })).toMatchObject({ code: 'conflict' });
  await ann.ok('migrated', { epoch, ok: true });
  expect(await ann.event('topology', ({ phase }) => phase === 'commit')).toMatchObject({ reason: 'nodes' });
  await bob.ok('leave', {});
  await ann.event('topology', ({ phase, topology }) => phase === 'prepare' && topology === 'mesh');
});

test('what is said reaches those on other nodes once and in order, and nobody else', async () => {
  const config = { rateLimits: { enabled: false } };
  const [a, b] = await two(config);
  const c = await add('c', config);
  nodes.push(c);
  const [ann, bob, cay] = [await a.enter('demo', 'A'), await b.enter('demo', 'B'), await c.enter('demo', 'C')];
  const dan = await b.enter('demo', 'D');
  for (const one of [bob, cay, dan]) await joined(ann, one.id);
  for (let n = 0; n < 100; n++) await ann.ok('say', { to: null, channel: 'reliable', data: String(n) });
  await ann.ok('say', { to: bob.id, channel: 'reliable', data: 'for Bob' });
  await bob.event('said', ({ data }) => data === 'for Bob');
  await cay.event('said', ({ data }) => data === '99');
  const numbers = Array.from({ length: 100 }, (_, n) => String(n));
  const said = (client: TestClient): string[] =>
    client.seen('said').map((message) => (message as { data: string }).data);
  expect(said(bob)).toEqual([...numbers, 'for Bob']);
  expect(said(dan)).toEqual(numbers);
  expect(said(cay)).toEqual(numbers);
  expect(said(ann)).toEqual([]);
  expect(bob.seen('said')[0]).toMatchObject({ from: ann.id, channel: 'reliable' });
});

test('a node can speak for its own people only', async () => {
  const [a, b] = await two();
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await joined(ann, bob.id);
  const message = (from: string) => ({
    ...{ type: 'call-said', room: 'demo', stream: 'x', first: 1 },
    messages: [{ from, to: null, channel: 'reliable', data: 'forged' }],
  });
  await b.cluster.request('a', message(ann.id));
  await b.cluster.request('a', { ...message(bob.id), first: 2 });
  await ann.event('said');
  expect(ann.seen('said')).toHaveLength(1);
  await expect(b.cluster.request('a', { ...message(bob.id), first: 0 })).rejects.toMatchObject({ code: 'refused' });
  await expect(
    b.cluster.request('a', { type: 'call-yield', room: 'demo', participant: ann.id, tag: secretTag('guessed') }),
  ).rejects.toMatchObject({ remoteCode: 'not-found' });
});

test('settings that are put on one node hold on all, and a room removed on one is gone from all', async () => {
  const [a, b] = await two();
  const put = (node: Node, settings: object): Promise<Response> =>
    fetch(node.url('/api/rooms/demo'), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(settings),
    });
  expect((await put(a, { title: 'One' })).status).toBe(201);
  expect(await (await fetch(b.url('/api/rooms/demo'))).json()).toMatchObject({ settings: { title: 'One' } });
  const bob = b.connect();
  expect((await bob.enter({ room: 'demo', name: 'Bob' })).room.settings.title).toBe('One');
  expect((await put(b, { title: 'Two', maxParticipants: 1 })).status).toBe(200);
  await vi.waitFor(async () => {
    for (const node of [a, b]) {
      expect(await (await fetch(node.url('/api/rooms/demo'))).json()).toMatchObject({
        settings: { title: 'Two', maxParticipants: 1 },
        participants: 1,
      });
    }
  });
  expect(await a.connect().refused('enter', { room: 'demo', name: 'Ann' })).toMatchObject({ code: 'room-full' });
  expect((await fetch(a.url('/api/rooms/demo'), { method: 'DELETE' })).status).toBe(204);
  expect(await bob.event('closed')).toMatchObject({ retry: false });
  expect((await fetch(b.url('/api/rooms/demo'))).status).toBe(404);
});

test('another node becomes the home when the first one has nobody any more, or is lost', async () => {
  const [a, b] = await two();
  const c = await add('c');
  nodes.push(c);
  const ann = await a.enter('demo', 'Ann');
  await b.enter('demo', 'Bob');
  await c.enter('demo', 'Cay');
  expect((await a.cluster.homeOf('demo'))?.node).toBe('a');
  await ann.ok('leave', {});
  await vi.waitFor(async () => expect(['b', 'c']).toContain((await a.cluster.homeOf('demo'))?.node));
  const home = (await a.cluster.homeOf('demo'))?.node as string;
  memory.sever(home);
  await vi.waitFor(async () => expect(['b', 'c']).toContain((await a.cluster.homeOf('demo'))?.node));
  expect((await a.cluster.homeOf('demo'))?.node).not.toBe(home);
});

test('people of a node that is lost leave after the grace, unless it is back before', async () => {
  const [a, b] = await two({ resumeGraceMs: 150 });
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await joined(ann, bob.id);
  memory.sever('a');
  await setTimeout(50);
  expect(bob.seen('participant-left')).toEqual([]);
  memory.restore(a.cluster);
  await setTimeout(200);
  expect(bob.seen('participant-left')).toEqual([]);
  expect(ann.seen('participant-left')).toEqual([]);
  memory.sever('a');
  expect(await bob.event('participant-left')).toMatchObject({ participant: ann.id });
  expect(ann.socket.connected).toBe(true);
});

test('without the cluster’s memory calls go on, rooms take people in, and new rooms are refused', async () => {
  const [a, b] = await two({ resumeGraceMs: 60_000 });
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await joined(ann, bob.id);
  await bob.offer(publishing());
  await vi.waitFor(() => expect(a.worker.of('openPipeSink')).toHaveLength(1));
  memory.sever('a');
  expect(await a.connect().refused('enter', { room: 'new', name: 'Eve' })).toMatchObject({ code: 'unavailable' });
  const cay = await a.enter('demo', 'Cay');
  await joined(ann, cay.id);
  expect(a.worker.of('closePipe')).toEqual([]);
  expect(bob.seen('participant-joined')).toEqual([]);
  memory.restore(a.cluster);
  await joined(bob, cay.id);
  expect(ann.seen('participant-left')).toEqual([]);
  expect(bob.seen('participant-left')).toEqual([]);
});

test('who loses their node comes back on another one as who they were', async () => {
  const [a, b] = await two({ resumeGraceMs: 60_000 });
  const c = await add('c', { resumeGraceMs: 60_000 });
  nodes.push(c);
  const [ann, bob, cay] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob'), await c.enter('demo', 'Cay')];
  await ann.offer(publishing());
  await updated(bob, ({ tracks }) => tracks.length === 2);
  await updated(cay, ({ tracks }) => tracks.length === 2);
  memory.sever('a');
  const again = b.connect();
  const reply = await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(reply).toMatchObject({ participant: ann.id, resumed: false });
  expect(reply.participants.filter(({ id }) => id === ann.id)).toHaveLength(1);
  await again.offer(publishing());
  const transport = b.worker.transports.find((id) => id.startsWith(`${ann.id}.`)) as string;
  expect(transport).not.toBe(`${ann.id}.1`);
  await vi.waitFor(() => expect(b.worker.of('closePipe').length).toBeGreaterThan(0));
  await updated(bob, ({ id, apart }) => id === ann.id && apart === undefined);
  for (const client of [bob, cay]) expect(client.seen('participant-left')).toEqual([]);
});

test('who is sent to another node while theirs lives is taken over from there, also if the room is full', async () => {
  const [a, b] = await two({ resumeGraceMs: 60_000 });
  await fetch(a.url('/api/rooms/demo'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ maxParticipants: 2 }),
  });
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await joined(ann, bob.id);
  ann.socket.disconnect();
  const again = b.connect();
  expect(await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume })).toMatchObject({ participant: ann.id });
  await vi.waitFor(async () => {
    expect(await (await fetch(b.url('/api/rooms/demo'))).json()).toMatchObject({ participants: 2 });
    expect(await (await fetch(a.url('/api/rooms/demo'))).json()).toMatchObject({ participants: 2 });
  });
  expect(bob.seen('participant-left')).toEqual([]);
});

test('classic clients keep a room to one node', async () => {
  const room = '2b0f2a52-6a4f-4d83-9e2b-0d5f8a9b7c11';
  const [a, b] = await two({ meshMax: 4 });
  const classic = a.classic();
  await classic.join(room);
  expect(await b.connect().refused('enter', { room, name: 'Bob' })).toMatchObject({
    ...{ code: 'elsewhere', url: 'http://a.test' },
  });
  await expect(b.classic().join(room)).rejects.toThrow(/another server/);
  classic.socket.disconnect();

  const other = '7d1f3c52-6a4f-4d83-9e2b-0d5f8a9b7c22';
  await a.enter(other, 'Ann');
  await expect(b.classic().join(other)).rejects.toThrow(/another server/);
});

test('a viewer by WHEP on another node watches the call from there', async () => {
  const [a, b] = await two();
  const ann = await a.enter('demo', 'Ann');
  await ann.offer(publishing());
  const response = await fetch(b.url('/whep/demo'), {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: receiving(1, 1),
  });
  expect(response.status).toBe(201);
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
  const nowhere = await fetch(b.url('/whep/nowhere'), {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: receiving(1, 1),
  });
  expect(nowhere.status).toBe(404);
});
