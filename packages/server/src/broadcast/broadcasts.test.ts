import { ErrorBody } from '@efir/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ClusterMemory, MemoryCluster } from '../cluster/memory.js';
import { nodeInfo } from '../cluster/testing/nodes.js';
import { freePort } from '../cluster/testing/redis-server.js';
import type { ServerConfigInput } from '../config/schema.js';
import { publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestServer } from '../testing/test-server.js';

const ADMIN = 'an-admin-token-of-tests';
let memory: ClusterMemory;
let nodes: Record<string, TestServer>;
let clusters: Record<string, MemoryCluster>;

async function start(id: string, config: ServerConfigInput = {}): Promise<void> {
  const port = await freePort();
  const limits = { viewers: 3, bandwidthBps: null, streams: null };
  clusters[id] = new MemoryCluster(nodeInfo(id, { url: `http://127.0.0.1:${port}`, limits }), memory);
  nodes[id] = await startTestServer({ port, adminToken: ADMIN, ...config }, 1, clusters[id]);
}

beforeEach(async () => {
  memory = new ClusterMemory();
  nodes = {};
  clusters = {};
  for (const id of ['a', 'b']) await start(id);
});
afterEach(() => Promise.all(Object.values(nodes).map((node) => node.close())));

const post = (url: string, sdp: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: sdp,
    redirect: 'manual',
    headers: { 'Content-Type': 'application/sdp', ...headers },
  });
const put = (id: string, settings: object): Promise<Response> =>
  fetch(nodes[id].url('/api/rooms/show'), {
    method: 'PUT',
    body: JSON.stringify(settings),
    headers: { 'Content-Type': 'application/json' },
  });
const watch = (id: string): Promise<Response> => post(nodes[id].url('/whep/show'), receiving(1, 1));
const code = async (response: Response): Promise<string> => ErrorBody.parse(await response.json()).error.code;
const nodeOf = (url: string): string =>
  Object.keys(nodes).find((id) => new URL(url).port === new URL(nodes[id].url('/')).port) ?? '';

/** Where the viewer ends up who asked the node, following redirects; null: nowhere. */
async function watchedAt(id: string): Promise<{ node: string; response: Response } | null> {
  let at = nodes[id].url('/whep/show');
  for (let i = 0; i < 4; i++) {
    const response = await post(at, receiving(1, 1));
    const location = response.headers.get('location') ?? '';
    if (response.status === 307) at = location;
    else return response.status === 201 ? { node: nodeOf(at), response } : null;
  }
  return null;
}

test('a call that nobody is in becomes a broadcast, on all nodes', async () => {
  expect((await put('a', { kind: 'call' })).status).toBe(201);
  expect((await put('a', { kind: 'broadcast' })).status).toBe(200);
  const at: (string | undefined)[] = [];
  for (const asked of ['a', 'a', 'b']) at.push((await watchedAt(asked))?.node);
  expect(new Set(at)).toEqual(new Set(['a', 'b']));
});

test('a broadcast’s viewers are spread over the nodes by its home, whichever they ask, and the last is refused', async () => {
  expect((await put('a', { kind: 'broadcast' })).status).toBe(201);
  const at: string[] = [];
  for (const asked of ['a', 'b', 'a', 'a', 'b', 'a']) at.push((await watchedAt(asked))?.node ?? 'none');
  expect(at.filter((node) => node === 'a')).toHaveLength(3);
  expect(at.filter((node) => node === 'b')).toHaveLength(3);
  for (const asked of ['a', 'b']) {
    const refused = await watch(asked);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  // The other node pulls it once.
  const [sink] = nodes.b.workers.workers[0].of('openPipeSink');
  expect(nodes.b.workers.workers[0].of('openPipeSink')).toHaveLength(1);
  expect(nodes.a.workers.workers[0].of('openPipeSource')).toMatchObject([{ relay: true, remoteIce: sink.localIce }]);
});

test('a publisher that asks another node is sent to the home, by WHIP and by Socket.IO', async () => {
  await put('a', { kind: 'broadcast' });
  const redirected = await post(nodes.b.url('/whip/show?name=Studio'), publishing());
  expect(redirected.status).toBe(307);
  const location = redirected.headers.get('location') ?? '';
  expect(nodeOf(location)).toBe('a');
  expect(redirected.headers.get('access-control-expose-headers')).toContain('Location');
  expect((await post(location, publishing())).status).toBe(201);
  const refusal = await nodes.b.connect().refused('enter', { room: 'show', name: 'Ann' });
  expect(refusal).toMatchObject({ code: 'elsewhere', url: clusters.a.self.url });
  const reply = await nodes.a.connect().enter({ room: 'show', name: 'Ann' });
  expect(reply.participants.map(({ name }) => name)).toContain('Studio');
  expect(reply.room).toMatchObject({ topology: 'sfu', settings: { kind: 'broadcast' } });
});

test('where tokens are needed, a ticket is one, once and at one node', async () => {
  for (const node of Object.values(nodes)) await node.close();
  [memory, nodes, clusters] = [new ClusterMemory(), {}, {}];
  for (const id of ['a', 'b']) await start(id, { apiSecret: 'correct-horse', requireTokens: true });
  const bearer = { Authorization: 'Bearer correct-horse' };
  const json = { 'Content-Type': 'application/json', ...bearer };
  await fetch(nodes.a.url('/api/rooms/show'), { method: 'PUT', body: '{"kind":"broadcast"}', headers: json });
  const asked = await fetch(nodes.a.url('/api/rooms/show/token'), { method: 'POST', headers: bearer });
  const { token } = (await asked.json()) as { token: string };
  expect((await watch('b')).status).toBe(401);
  const sent = await post(nodes.b.url('/whip/show'), publishing(), { Authorization: `Bearer ${token}` });
  const location = sent.headers.get('location') ?? '';
  // A publisher's is not a viewer's.
  expect((await post(location.replace('/whip/', '/whep/'), receiving(1, 1))).status).toBe(401);
  expect((await post(location, publishing())).status).toBe(401);
  const again = await post(nodes.b.url('/whip/show'), publishing(), { Authorization: `Bearer ${token}` });
  const { search } = new URL(again.headers.get('location') ?? '');
  expect((await post(nodes.b.url(`/whip/show${search}`), publishing())).status).toBe(401);
  expect((await post(again.headers.get('location') ?? '', publishing())).status).toBe(201);
  expect((await post(nodes.a.url('/whip/show?ticket=made-up'), publishing())).status).toBe(401);
});

test('when the home is gone, a node that carries the broadcast is the home, and takes the publisher', async () => {
  await put('a', { kind: 'broadcast', title: 'News' });
  await start('c');
  const places = await Promise.all(['a', 'a', 'a'].map((asked) => watchedAt(asked)));
  expect(places.map((place) => place?.node).sort()).toEqual(['a', 'b', 'c']);
  await expect.poll(() => nodes.c.workers.workers[0].of('openPipeSink')).toHaveLength(1);
  await expect.poll(() => nodes.b.workers.workers[0].of('openPipeSink')).toHaveLength(1);
  // The others carry it since before that.
  await put('a', { kind: 'broadcast', title: 'Late news' });
  memory.sever('a');
  await expect.poll(() => memory.homes.get('show')?.node).toMatch(/^[bc]$/);
  const home = memory.homes.get('show')!.node;
  const edge = home === 'b' ? 'c' : 'b';
  const room = await fetch(nodes[edge].url('/api/rooms/show'));
  expect(await room.json()).toMatchObject({ settings: { kind: 'broadcast', title: 'Late news' } });
  // The edge pulls from the new home.
  await expect.poll(() => nodes[home].workers.workers[0].of('openPipeSource').length).toBeGreaterThan(0);
  const sent = await post(nodes[edge].url('/whip/show'), publishing());
  expect(nodeOf(sent.headers.get('location') ?? '')).toBe(home);
  expect((await post(sent.headers.get('location') ?? '', publishing())).status).toBe(201);
});

test('a broadcast whose home went without leaving anybody is taken up by whoever is asked for it', async () => {
  await put('a', { kind: 'broadcast' });
  memory.sever('a');
  expect((await post(nodes.b.url('/whip/show'), publishing())).status).toBe(201);
  expect(memory.homes.get('show')?.node).toBe('b');
});

test('while the cluster’s memory is gone, new rooms are refused and what is on air is watched on', async () => {
  await put('a', { kind: 'broadcast' });
  await watchedAt('a');
  await watchedAt('a');
  memory.sever('b');
  expect((await watch('b')).status).toBe(201);
  for (const refused of [
    await post(nodes.b.url('/whip/other'), publishing()),
    await post(nodes.b.url('/whep/other'), receiving(1, 1)),
  ]) {
    expect(refused.status).toBe(503);
    expect(await code(refused)).toBe('unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
});

test('settings are those of the home, whichever node is asked; a broadcast with people in it stays one', async () => {
  await put('a', { kind: 'broadcast' });
  expect((await put('b', { kind: 'broadcast', title: 'News' })).status).toBe(200);
  expect(await (await fetch(nodes.a.url('/api/rooms/show'))).json()).toMatchObject({ settings: { title: 'News' } });
  expect((await put('b', { kind: 'call' })).status).toBe(409);
  expect((await put('a', { kind: 'broadcast', topology: 'mesh' })).status).toBe(422);
  expect((await fetch(nodes.b.url('/api/rooms/show'), { method: 'DELETE' })).status).toBe(204);
  expect(memory.homes.size).toBe(0);
  expect((await fetch(nodes.a.url('/api/rooms/show'))).status).toBe(404);
});

test('a broadcast that is deleted is over on all nodes, also for those who watch', async () => {
  await put('a', { kind: 'broadcast' });
  const places = [await watchedAt('a'), await watchedAt('a')];
  const there = places.find((place) => place?.node === 'b')!;
  expect((await fetch(nodes.a.url('/api/rooms/show'), { method: 'DELETE' })).status).toBe(204);
  const session = nodes.b.url(there.response.headers.get('location') ?? '');
  expect((await fetch(session, { method: 'DELETE' })).status).toBe(404);
  expect(await (await fetch(nodes.b.url('/api/rooms'))).json()).toEqual([]);
  expect(memory.homes.size).toBe(0);
  expect((await watch('b')).status).toBe(404);
});

test('a home that was thought to be dead has its broadcast back if the publishers are still there', async () => {
  await put('a', { kind: 'broadcast' });
  await post(nodes.a.url('/whip/show'), publishing());
  await watchedAt('a');
  await watchedAt('a');
  memory.sever('a');
  await expect.poll(() => memory.homes.get('show')?.node).toBe('b');
  memory.restore(clusters.a);
  await expect.poll(() => memory.homes.get('show')?.node).toBe('a');
  const headers = { Authorization: `Bearer ${ADMIN}` };
  const seen = async () => (await (await fetch(nodes.b.url('/api/cluster'), { headers })).json()) as object;
  await expect
    .poll(seen)
    .toMatchObject({ rooms: [{ home: 'a', publishers: 1, nodes: [{}, { node: 'b', parent: 'a' }] }] });
});

test('a node that drains tells its viewers where to go, and takes nobody', async () => {
  await put('a', { kind: 'broadcast' });
  const places = [await watchedAt('a'), await watchedAt('a')];
  const there = places.find((place) => place?.node === 'b')!;
  const events = /<([^>]+)>; rel="urn:efir:whep:events"/.exec(there.response.headers.get('link') ?? '')?.[1] ?? '';
  const stream = await fetch(nodes.b.url(events));
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  expect((await fetch(nodes.b.url(events))).status).toBe(409);
  const drain = nodes.a.url('/api/cluster/nodes/b/drain');
  expect((await fetch(drain, { method: 'POST' })).status).toBe(401);
  const asked = await fetch(drain, { method: 'POST', headers: { Authorization: `Bearer ${ADMIN}` } });
  expect(asked.status).toBe(202);
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('\n\n')) text += (await reader.read()).value ?? '';
  expect(text).toContain('event: move\n');
  const { url } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}') as { url: string };
  expect(nodeOf(url)).toBe('a');
  expect((await post(url, receiving(1, 1))).status).toBe(201);
  await reader.cancel();
  expect((await watchedAt('b'))?.node).toBe('a');
});

test('administrators see nodes, rooms and links; nobody else does', async () => {
  await put('a', { kind: 'broadcast' });
  await watchedAt('a');
  await watchedAt('a');
  expect((await fetch(nodes.a.url('/api/cluster'))).status).toBe(401);
  const headers = { Authorization: `Bearer ${ADMIN}` };
  const seen = async (id: string) => (await (await fetch(nodes[id].url('/api/cluster'), { headers })).json()) as object;
  for (const id of ['a', 'b']) {
    await expect
      .poll(() => seen(id))
      .toMatchObject({
        self: id,
        available: true,
        nodes: [{ id: 'a' }, { id: 'b', limits: { viewers: 3 } }],
        links: [{ room: 'show', from: 'a', to: 'b' }],
        rooms: [
          {
            ...{ id: 'show', kind: 'broadcast', home: 'a', publishers: 0 },
            nodes: [
              { node: 'a', viewers: 1, parent: null, depth: 0 },
              { node: 'b', viewers: 1, parent: 'a', depth: 1 },
            ],
          },
        ],
      });
  }
});
