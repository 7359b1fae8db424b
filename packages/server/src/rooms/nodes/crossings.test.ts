import { afterEach, expect, test, vi } from 'vitest';
import { ClusterMemory, MemoryCluster } from '../../cluster/memory.js';
import { nodeInfo } from '../../cluster/testing/nodes.js';
import type { ServerConfigInput } from '../../config/schema.js';
import type { FakeWorker } from '../../testing/fake-workers.js';
import { offer, publishing, receiving } from '../../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../../testing/test-server.js';
import { Participant } from '../participant.js';
import { ARRIVE_WITHIN_MS, type CrossingRoom, Crossings } from './crossings.js';

const ADMIN = 'an-admin-token-of-tests';

interface Node extends TestServer {
  cluster: MemoryCluster;
  worker: FakeWorker;
}

let nodes: Node[] = [];
afterEach(async () => {
  for (const node of nodes) await node.close();
  nodes = [];
});

async function start(ids: string[], config: ServerConfigInput = {}): Promise<Node[]> {
  const memory = new ClusterMemory();
  for (const id of ids) {
    const cluster = new MemoryCluster(nodeInfo(id), memory);
    const server = await startTestServer({ adminToken: ADMIN, ...config }, 1, cluster);
    nodes.push({ ...server, cluster, worker: server.workers.workers[0] as FakeWorker });
  }
  return nodes;
}

const drain = (node: Node, draining = true): Promise<Response> =>
  fetch(node.url(`/api/cluster/nodes/${node.cluster.self.id}/drain`), {
    method: 'POST',
    body: JSON.stringify({ draining }),
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${ADMIN}` },
  });
/** Microphone and camera out, two of each in. */
const whole = (certificate?: string): string =>
  offer(
    [
      { kind: 'audio', direction: 'sendonly' },
      { kind: 'video', direction: 'sendonly' },
      ...Array(2).fill({ kind: 'audio', direction: 'recvonly' }),
      ...Array(2).fill({ kind: 'video', direction: 'recvonly' }),
    ],
    certificate ? { certificate } : {},
  );
const fail = (): never => {
  throw new Error('not yet');
};
const comeOver = async (to: Node, { resume }: TestClient, from: string): Promise<TestClient> => {
  const client = to.connect();
  await client.enter({ room: 'demo', name: 'x', resume, from });
  return client;
};

test('people of a call on a node that drains are told where to go, and only on the SFU', async () => {
  const [a, b] = await start(['a', 'b']);
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  const mesh = { method: 'PUT', body: '{"topology":"mesh"}', headers: { 'Content-Type': 'application/json' } };
  expect((await fetch(a.url('/api/rooms/other'), mesh)).status).toBe(201);
  const inMesh = await a.enter('other', 'Eve');
  await drain(a);
  expect(await ann.event('move')).toEqual({ urls: [b.cluster.self.url], from: 'a' });
  expect(bob.seen('move')).toEqual([]);
  expect(inMesh.seen('move')).toEqual([]);
});

test('nobody is told to go where nobody is taken', async () => {
  const [a, b] = await start(['a', 'b']);
  const ann = await a.enter('demo', 'Ann');
  b.cluster.drain(true);
  await drain(a);
  const bob = await b.enter('demo', 'Bob');
  await ann.event('participant-joined');
  await ann.settled();
  expect([...ann.seen('move'), ...bob.seen('move')]).toEqual([]);
});

test('who comes over has media there before they are in the room, and nobody sees them leave or come', async () => {
  const [a, b, c] = await start(['a', 'b', 'c']);
  const ann = await a.enter('demo', 'Ann');
  const watchers = [await a.enter('demo', 'Al'), await b.enter('demo', 'Bob'), await c.enter('demo', 'Cleo')];
  await ann.offer(whole());
  await watchers[1].offer(whole('8B'));
  for (const watcher of watchers) {
    await watcher.event(
      'participant-updated',
      ({ participant }) => participant.tracks.length === 2 && participant.id === ann.id,
    );
  }

  const over = await comeOver(b, ann, 'a');
  expect(over.id).toBe(ann.id);
  await over.offer(whole('9C'));
  // They get the others' media there, and the others theirs from where they were.
  const next = b.worker.of('configureTransport').at(-1)?.transport as string;
  expect(next).toMatch(new RegExp(`^${ann.id}\\.\\d{4}$`));
  await vi.waitFor(() => expect(b.worker.routes(next)[4]).toEqual({ producer: `${watchers[1].id}.1/1` }));
  expect(b.worker.routes(`${watchers[1].id}.1`)[4]).toEqual({ producer: `${ann.id}.1/1` });
  expect(ann.socket.connected).toBe(true);

  const before = watchers.map((watcher) => watcher.events.length);
  const { participants } = await over.ok('arrive', {});
  expect(participants.map(({ id }) => id).sort()).toEqual([ann, ...watchers].map(({ id }) => id).sort());
  expect(participants.find(({ id }) => id === ann.id)?.tracks).toHaveLength(2);
  await vi.waitFor(() => expect(b.worker.routes(`${watchers[1].id}.1`)[4]).toEqual({ producer: `${next}/1` }));
  await ann.disconnected();
  for (const [n, watcher] of watchers.entries()) {
    const since = () => watcher.events.slice(before[n]).map(({ event, payload }) => ({ event, ...Object(payload) }));
    const { event, participant } = await vi.waitFor(
      () => since().find((one) => one.participant?.id === ann.id) ?? fail(),
    );
    expect(event).toBe('participant-updated');
    expect(participant.apart === true).toBe(n !== 1);
    expect(watcher.seen('participant-left')).toEqual([]);
  }
  // All routers know who takes whose place, and the old media goes on for a moment.
  const pairs = [
    { from: `${ann.id}.1/0`, to: `${next}/0` },
    { from: `${ann.id}.1/1`, to: `${next}/1` },
  ];
  for (const { worker } of [a, b, c]) {
    await vi.waitFor(() => expect(worker.of('succeed').at(-1)?.producers).toEqual(pairs));
  }
  expect(a.worker.transports).toContain(`${ann.id}.1`);
  // Not for files, which would stand still.
  expect(a.worker.of('departData').map(({ transport }) => transport)).toEqual([`${ann.id}.1`]);
  await vi.waitFor(() => expect(a.worker.transports).not.toContain(`${ann.id}.1`), { timeout: 5000 });
}, 10_000);

test('who comes over and goes away before they are there is where they were', async () => {
  const [a, b] = await start(['a', 'b']);
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await ann.offer(publishing());
  await bob.offer(receiving(1, 1));
  const over = await comeOver(b, ann, 'a');
  await over.offer(publishing());
  const transport = b.worker.transports.at(-1) as string;
  over.socket.disconnect();
  await vi.waitFor(() => expect(b.worker.transports).not.toContain(transport));
  await ann.ok('mute', { source: 'camera', muted: true });
  await bob.event('participant-updated', ({ participant }) => participant.tracks.some(({ muted }) => muted));
  expect(bob.seen('participant-left')).toEqual([]);
  expect(ann.socket.connected).toBe(true);
});

test('without media, with a wrong secret or from a wrong node nobody comes over', async () => {
  const [a, b] = await start(['a', 'b']);
  const ann = await a.enter('demo', 'Ann');
  const over = await comeOver(b, ann, 'a');
  expect(await over.refused('arrive', {})).toMatchObject({ code: 'conflict' });
  const enter = { room: 'demo', name: 'x', resume: ann.resume, from: 'a' };
  expect(await b.connect().refused('enter', { ...enter, resume: 'made up' })).toMatchObject({ code: 'not-found' });
  expect(await b.connect().refused('enter', { ...enter, from: 'nowhere' })).toMatchObject({ code: 'unavailable' });
  expect(await b.connect().refused('enter', { room: 'demo', name: 'x', from: 'a' })).toMatchObject({
    code: 'bad-request',
  });
  expect(await ann.refused('arrive', {})).toMatchObject({ code: 'conflict' });
  expect(ann.socket.connected).toBe(true);
});

test('a newcomer to a call on a node that drains is sent on, by the app, WHIP and WHEP', async () => {
  const [a, b] = await start(['a', 'b'], { apiSecret: 'correct-horse', requireTokens: true });
  const headers = { Authorization: 'Bearer correct-horse' };
  const asked = await fetch(a.url('/api/rooms/demo/token'), { method: 'POST', headers });
  const { token } = (await asked.json()) as { token: string };
  const ann = a.connect();
  await ann.enter({ room: 'demo', name: 'Ann', token });
  await drain(a);
  const { url } = b.cluster.self;
  expect(await a.connect().refused('enter', { room: 'demo', name: 'Bob', token })).toMatchObject({
    code: 'elsewhere',
    url,
  });
  for (const [path, sdp] of [
    ['/whip/demo', publishing()],
    ['/whep/demo', receiving(1, 1)],
  ]) {
    const sent = await fetch(a.url(path), {
      ...{ method: 'POST', body: sdp, redirect: 'manual' as const },
      headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token}` },
    });
    expect(sent.status).toBe(307);
    const target = new URL(sent.headers.get('location') ?? '');
    expect(target.origin + target.pathname).toBe(url + path);
    // With what lets them in there.
    const there = await fetch(b.url(target.pathname + target.search), {
      ...{ method: 'POST', body: sdp },
      headers: { 'Content-Type': 'application/sdp' },
    });
    expect(there.status).toBe(201);
    // Once, there only, as that only; and no token of theirs is taken from an address.
    const again = (node: Node, query: string, headers = {}) =>
      fetch(node.url(path + query), {
        ...{ method: 'POST', body: sdp, redirect: 'manual' as const },
        headers: { 'Content-Type': 'application/sdp', ...headers },
      });
    const invitation = target.searchParams.get('token') ?? '';
    for (const query of [target.search, `?token=${token}`, '']) expect((await again(b, query)).status).toBe(401);
    expect((await again(b, '', { Authorization: `Bearer ${invitation}` })).status).toBe(401);
    expect((await again(b, target.search, { Authorization: `Bearer ${token}` })).status).toBe(201);
  }
});

test('players of a call are told where to go on, with what lets them in there, and encoders are cut off last', async () => {
  const [a, b] = await start(['a', 'b'], { apiSecret: 'correct-horse' });
  const post = (url: string, sdp: string) =>
    fetch(url, { method: 'POST', body: sdp, headers: { 'Content-Type': 'application/sdp' } });
  const studio = await post(a.url('/whip/demo'), publishing());
  const player = await post(a.url('/whep/demo'), receiving(1, 1));
  const [encoder, session] = [studio, player].map((one) => a.url(one.headers.get('location') ?? ''));
  const events = (await fetch(`${session}/events`)).body?.pipeThrough(new TextDecoderStream()).getReader();
  await drain(a);
  let told = '';
  while (!told.includes('event: move')) told += (await events?.read())?.value ?? '';
  const { url } = JSON.parse(/event: move\ndata: (.*)\n/.exec(told)?.[1] ?? '{}') as { url: string };
  const target = new URL(url);
  expect(target.origin + target.pathname).toBe(`${b.cluster.self.url}/whep/demo`);
  expect((await post(b.url(target.pathname + target.search), receiving(1, 1))).status).toBe(201);
  expect((await fetch(encoder)).status).toBe(405);
  await fetch(session, { method: 'DELETE' });
  await vi.waitFor(async () => expect((await fetch(encoder)).status).toBe(404));
});

test('who leaves the room while they come over has nothing of it on the other node any more', async () => {
  const [a, b] = await start(['a', 'b']);
  const [ann, bob] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await ann.event('participant-joined');
  const over = await comeOver(b, ann, 'a');
  await over.offer(whole());
  const transport = b.worker.of('configureTransport').at(-1)?.transport as string;
  await ann.ok('leave', {});
  await over.disconnected();
  expect(over.seen('closed')).toHaveLength(1);
  await vi.waitFor(() => expect(b.worker.transports).not.toContain(transport));
  await bob.ok('leave', {});
  await vi.waitFor(async () => expect(await (await fetch(b.url('/api/rooms'))).json()).toEqual([]));
});

test('one secret has people come over once at a time, and no id of a transport is used twice', async () => {
  const [a, b, c] = await start(['a', 'b', 'c']);
  const ann = await a.enter('demo', 'Ann');
  const first = await comeOver(b, ann, 'a');
  await first.offer(whole());
  const second = await comeOver(b, ann, 'a');
  await first.disconnected();
  await second.offer(whole('8B'));
  const elsewhere = await comeOver(c, ann, 'a');
  await elsewhere.offer(whole('9C'));
  const ids = [b, c].flatMap(({ worker }) => worker.of('configureTransport').map(({ transport }) => transport));
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(3);
  expect(b.worker.transports).toEqual([ids[1]]);
  // They go to the node that asked last.
  expect(await second.refused('arrive', {})).toMatchObject({ code: 'not-found' });
  await elsewhere.ok('arrive', {});
  await ann.disconnected();
  // Then those of the other attempt are not in the room where they come from.
  await second.disconnected();
  await vi.waitFor(() => expect(b.worker.transports).toEqual([]));
});

test('nodes do not say a secret to each other, neither of who comes over nor of who comes back elsewhere', async () => {
  const [a, b] = await start(['a', 'b']);
  const [ann, al] = [await a.enter('demo', 'Ann'), await a.enter('demo', 'Al')];
  const request = vi.spyOn(b.cluster, 'request');
  const over = await comeOver(b, ann, 'a');
  await over.offer(whole());
  await over.ok('arrive', {});
  await al.event('participant-updated', ({ participant }) => participant.apart === true);
  const asked = vi.spyOn(a.cluster, 'request');
  const back = a.connect();
  await back.enter({ room: 'demo', name: 'Ann', resume: over.resume });
  expect(back.id).toBe(ann.id);
  const said = [...request.mock.calls, ...asked.mock.calls].map(([, message]) => message);
  expect(said.map(({ type }) => type)).toEqual(expect.arrayContaining(['person-ask', 'person-go', 'call-yield']));
  for (const secret of [ann.resume, over.resume]) expect(JSON.stringify(said)).not.toContain(secret);
});

test('a room that is full has no place for who comes over', async () => {
  const [a, b] = await start(['a', 'b']);
  const [ann] = [await a.enter('demo', 'Ann'), await b.enter('demo', 'Bob')];
  await ann.event('participant-joined');
  const headers = { 'Content-Type': 'application/json' };
  await fetch(b.url('/api/rooms/demo'), { method: 'PUT', body: '{"maxParticipants":1}', headers });
  const enter = { room: 'demo', name: 'x', resume: ann.resume, from: 'a' };
  expect(await b.connect().refused('enter', enter)).toMatchObject({ code: 'room-full' });
});

test('who comes over and does not arrive has a while for it, and holds the room no longer', () => {
  vi.useFakeTimers();
  try {
    const [discard, release, close] = [vi.fn(), vi.fn(), vi.fn()];
    const nodes = { changed() {}, elsewhere: { people: new Map() } };
    const room = { nodes, hold: () => release, discard } as unknown as CrossingRoom;
    const crossings = new Crossings(room);
    const late = new Participant({ name: 'Ann', permissions: { publish: true, subscribe: true } });
    const arrived = new Participant({ name: 'Bob', permissions: { publish: true, subscribe: true } });
    late.client = { send() {}, close };
    for (const one of [late, arrived]) crossings.expect(one, 'a');
    crossings.ended(arrived, true);
    vi.advanceTimersByTime(ARRIVE_WITHIN_MS - 1);
    expect(crossings.isComing(late)).toBe(true);
    vi.advanceTimersByTime(1);
    expect([crossings.size, discard.mock.calls, release.mock.calls.length]).toEqual([0, [[late]], 2]);
    expect(close).toHaveBeenCalledExactlyOnceWith('you have not arrived in time', true);
  } finally {
    vi.useRealTimers();
  }
});

test('a player who is sent on, or refused, leaves no room behind', async () => {
  const classic = '2b0f2a52-6a4f-4d83-9e2b-0d5f8a9b7c11';
  const [a, b] = await start(['a', 'b'], { meshMax: 4 });
  await b.enter('demo', 'Bob');
  await b.classic().join(classic);
  const watch = (path: string) =>
    fetch(a.url(path), {
      ...{ method: 'POST', body: receiving(1, 1), redirect: 'manual' as const },
      headers: { 'Content-Type': 'application/sdp' },
    });
  const rooms = async () => (await fetch(a.url('/api/rooms'))).json();
  expect((await watch(`/whep/${classic}`)).status).toBe(409);
  expect(await rooms()).toEqual([]);
  await drain(a);
  expect((await watch('/whep/demo')).status).toBe(307);
  expect(await rooms()).toEqual([]);
});
