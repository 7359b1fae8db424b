import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ClusterError } from '../cluster/errors.js';
import { ClusterMemory, MemoryCluster } from '../cluster/memory.js';
import { nodeInfo } from '../cluster/testing/nodes.js';
import { freePort } from '../cluster/testing/redis-server.js';
import type { FakeWorker } from '../testing/fake-workers.js';
import { offer, publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../testing/test-server.js';

const ADMIN = 'an-admin-token-of-tests';
let memory: ClusterMemory;
let nodes: Record<string, TestServer & { cluster: MemoryCluster; worker: FakeWorker }>;

beforeEach(async () => {
  memory = new ClusterMemory();
  nodes = {};
  for (const id of ['a', 'b', 'c']) {
    const port = await freePort();
    const cluster = new MemoryCluster(nodeInfo(id, { url: `http://127.0.0.1:${port}` }), memory);
    const server = await startTestServer({ port, adminToken: ADMIN }, 1, cluster);
    nodes[id] = { ...server, cluster, worker: server.workers.workers[0] as FakeWorker };
  }
  // Pipes connect as soon as they are opened.
  for (const { worker, workers } of Object.values(nodes)) {
    worker.before = (request) => {
      if (request.type !== 'openPipeSink') return;
      const notice = { type: 'transportState', transport: request.pipe, state: 'connected' } as const;
      setImmediate(() => workers.emit('notice', worker, notice));
    };
  }
});
afterEach(() => Promise.all(Object.values(nodes).map((node) => node.close())));

const json = { 'Content-Type': 'application/json', Authorization: `Bearer ${ADMIN}` };
const put = (id: string, title = 'News'): Promise<Response> => {
  const body = JSON.stringify({ kind: 'broadcast', title });
  return fetch(nodes[id].url('/api/rooms/show'), { method: 'PUT', body, headers: json });
};
const drain = (id: string, draining = true): Promise<Response> => {
  const body = JSON.stringify({ draining });
  return fetch(nodes[id].url(`/api/cluster/nodes/${id}/drain`), { method: 'POST', body, headers: json });
};
const post = (url: string, sdp: string): Promise<Response> =>
  fetch(url, { method: 'POST', body: sdp, redirect: 'manual', headers: { 'Content-Type': 'application/sdp' } });
const homeOf = async (): Promise<string | undefined> => (await nodes.a.cluster.homeOf('show'))?.node;
const pipes = (id: string): string[] => {
  const closed = new Set(nodes[id].worker.of('closePipe').map(({ pipe }) => pipe));
  return nodes[id].worker.of('openPipeSink').flatMap(({ pipe }) => (closed.has(pipe) ? [] : [pipe]));
};
const goOver = async (client: TestClient, id: string): Promise<TestClient> => {
  const over = nodes[id].connect();
  await over.enter({ room: 'show', name: 'x', resume: client.resume, from: 'a' });
  await over.offer(publishing());
  await over.ok('arrive', {});
  return over;
};

test('a home that drains hands the broadcast over, then its publishers go, and both see each other all the time', async () => {
  await put('a');
  const [ann, bob] = [await nodes.a.enter('show', 'Ann'), await nodes.a.enter('show', 'Bob')];
  for (const one of [ann, bob]) await one.offer(publishing());
  // A node that has it already is preferred.
  nodes.a.cluster.drain(true);
  const watched = await post(nodes.c.url('/whep/show'), receiving(1, 1));
  const at = watched.status === 307 ? (watched.headers.get('location') ?? '') : nodes.c.url('/');
  if (watched.status === 307) expect((await post(at, receiving(1, 1))).status).toBe(201);
  nodes.a.cluster.drain(false);
  const carrier = Object.keys(nodes).find((id) => new URL(at).port === new URL(nodes[id].url('/')).port) as string;
  await drain('a');
  await vi.waitFor(async () => expect(await homeOf()).toBe(carrier));
  expect((await ann.event('move')).urls).toEqual([nodes[carrier].cluster.self.url]);
  const info = await (await fetch(nodes.b.url('/api/rooms/show'))).json();
  expect(info).toMatchObject({ settings: { kind: 'broadcast', title: 'News' } });

  // A publisher that comes anew is sent there, and there the media of those still on the other one is pulled.
  const sent = await post(nodes.a.url('/whip/show'), publishing());
  expect(sent.status).toBe(307);
  expect(sent.headers.get('location')).toContain(nodes[carrier].cluster.self.url);
  expect(pipes(carrier)).toHaveLength(1);

  const over = await goOver(ann, carrier);
  expect(over.id).toBe(ann.id);
  await bob.event('participant-updated', ({ participant }) => participant.id === ann.id && participant.apart === true);
  expect(pipes(carrier)).toHaveLength(1);
  const second = await goOver(bob, carrier);
  for (const one of [ann, bob, over, second]) expect(one.seen('participant-left')).toEqual([]);
  // Nothing is left to pull.
  await vi.waitFor(() => expect(pipes(carrier)).toEqual([]), { timeout: 6000 });
}, 15_000);

test('when no other node takes it, the home and its people stay', async () => {
  await put('a');
  const ann = await nodes.a.enter('show', 'Ann');
  await ann.offer(offer([{ kind: 'audio', direction: 'sendonly' }]));
  for (const id of ['b', 'c']) nodes[id].cluster.drain(true);
  await drain('a');
  const encoder = await post(nodes.a.url('/whip/show'), publishing());
  expect(encoder.status).toBe(201);
  await ann.settled();
  expect([await homeOf(), ann.seen('move'), ann.seen('participant-left')]).toEqual(['a', [], []]);
});

test('encoders are cut off when all else has gone, to come anew at the next home', async () => {
  await put('a');
  const studio = await post(nodes.a.url('/whip/show?name=Studio'), publishing());
  const session = nodes.a.url(studio.headers.get('location') ?? '');
  await drain('a');
  await vi.waitFor(async () => expect((await fetch(session)).status).toBe(404), { timeout: 3000 });
  expect(await homeOf()).not.toBe('a');
  const again = await post(nodes.a.url('/whip/show?name=Studio'), publishing());
  expect(again.status).toBe(307);
  expect((await post(again.headers.get('location') ?? '', publishing())).status).toBe(201);
});

test('a node that can’t have the broadcast is passed over', async () => {
  await put('a');
  // Its pipes don't connect.
  nodes.b.worker.before = () => {};
  await drain('a');
  await vi.waitFor(async () => expect(await homeOf()).toBe('c'), { timeout: 6000 });
}, 10_000);

test('an encoder that comes to a home which drains and can’t be handed over yet is taken there', async () => {
  await put('a');
  for (const id of ['b', 'c']) nodes[id].worker.before = () => {};
  await drain('a');
  let [url, response] = [nodes.b.url('/whip/show'), await post(nodes.b.url('/whip/show'), publishing())];
  for (let sent = 0; response.status === 307 && sent < 4; sent++) {
    url = response.headers.get('location') ?? '';
    response = await post(url, publishing());
  }
  expect([response.status, new URL(url).origin]).toEqual([201, nodes.a.cluster.self.url]);
  expect((await post(nodes.a.url('/whip/show'), publishing())).status).toBe(201);
});

test('a broadcast that is deleted while its publishers are still on the old home is over for them, too', async () => {
  await put('a');
  const ann = await nodes.a.enter('show', 'Ann');
  await ann.offer(publishing());
  const studio = await post(nodes.a.url('/whip/show?name=Studio'), publishing());
  await drain('a');
  await ann.event('move');
  expect(await homeOf()).not.toBe('a');
  expect((await fetch(nodes.c.url('/api/rooms/show'), { method: 'DELETE', headers: json })).status).toBe(204);
  expect(await ann.event('closed')).toMatchObject({ retry: false });
  expect((await fetch(nodes.a.url(studio.headers.get('location') ?? ''))).status).toBe(404);
  expect(await (await fetch(nodes.a.url('/api/rooms'), { headers: json })).json()).toEqual([]);
  expect(await homeOf()).toBe(undefined);
});

test('what is put while the home is handed over stays', async () => {
  await put('a');
  nodes.c.cluster.drain(true);
  const { worker, workers } = nodes.b;
  worker.before = (request) => {
    if (request.type !== 'openPipeSink') return;
    const notice = { type: 'transportState', transport: request.pipe, state: 'connected' } as const;
    void put('a', 'Late news').then(() => workers.emit('notice', worker, notice));
  };
  await drain('a');
  // The next home answers once it has heard that it is it.
  await vi.waitFor(async () => {
    expect(await homeOf()).toBe('b');
    const response = await fetch(nodes.b.url('/api/rooms/show'));
    expect([response.status, await response.json()]).toMatchObject([200, { settings: { title: 'Late news' } }]);
  });
  expect((await nodes.a.cluster.homeOf('show'))?.facts).toMatchObject({ settings: { title: 'Late news' } });
});

/** A home that was handed over to `b` by `a`, where a publisher of the app and an encoder still are. */
const handedOver = async (): Promise<[TestClient, string]> => {
  await put('a');
  const ann = await nodes.a.enter('show', 'Ann');
  await ann.offer(publishing());
  const studio = await post(nodes.a.url('/whip/show?name=Studio'), publishing());
  nodes.c.cluster.drain(true);
  await drain('a');
  await ann.event('move');
  await vi.waitFor(async () => expect((await put('b')).status).toBe(200));
  nodes.c.cluster.drain(false);
  return [ann, nodes.a.url(studio.headers.get('location') ?? '')];
};

test('a home is not handed on while publishers of the one before are heard by way of it', async () => {
  const [ann, studio] = await handedOver();
  // How many nodes it pulled from.
  const pulls: number[] = [];
  const pass = nodes.b.cluster.passHome.bind(nodes.b.cluster);
  nodes.b.cluster.passHome = (...to) => {
    pulls.push(pipes('b').length);
    return pass(...to);
  };
  expect(pipes('b')).toHaveLength(1);
  await drain('b');
  await fetch(studio, { method: 'DELETE' });
  await ann.ok('leave', {});
  await vi.waitFor(async () => expect(await homeOf()).toBe('c'), { timeout: 8000 });
  expect(pulls).toEqual([0]);
}, 15_000);

test('a home is handed back to the one before, if its publishers are still there and it is used again', async () => {
  const [ann, studio] = await handedOver();
  await drain('a', false);
  await drain('b');
  await vi.waitFor(async () => expect(await homeOf()).toBe('a'));
  await vi.waitFor(async () => expect((await put('a')).status).toBe(200));
  expect(ann.seen('participant-left')).toEqual([]);
  expect((await fetch(studio)).status).toBe(405);
});

/** On `a`, from which only `b` can take the broadcast. */
const publisher = async (): Promise<TestClient> => {
  await put('a');
  const ann = await nodes.a.enter('show', 'Ann');
  await ann.offer(publishing());
  nodes.c.cluster.drain(true);
  return ann;
};
const lost = async (): Promise<never> => {
  throw new ClusterError('unavailable', 'the answer is lost');
};
/** It answers for the broadcast, which `ann` was in all the time. */
const works = (id: string, ann: TestClient): Promise<void> =>
  vi.waitFor(
    async () => {
      expect(await homeOf()).toBe(id);
      expect((await put(id)).status).toBe(200);
      expect([ann.seen('closed'), ann.seen('participant-left')]).toEqual([[], []]);
    },
    { timeout: 6000, interval: 50 },
  );

test('a node that can’t become home at once is told until it has', async () => {
  const ann = await publisher();
  const claim = nodes.b.cluster.claimHome.bind(nodes.b.cluster);
  let claims = 0;
  nodes.b.cluster.claimHome = (...of) => (++claims < 7 ? lost() : claim(...of));
  await drain('a');
  await works('b', ann);
  expect(pipes('b')).toHaveLength(1);
}, 10_000);

test('a home that was passed, though nobody said so, is the next node’s', async () => {
  const ann = await publisher();
  const { cluster } = nodes.a;
  const [pass, of] = [cluster.passHome.bind(cluster), cluster.homeOf.bind(cluster)];
  let asked = 0;
  cluster.passHome = async (...to) => {
    await pass(...to);
    cluster.homeOf = (room) => (++asked < 3 ? lost() : of(room));
    return lost();
  };
  await drain('a');
  await works('b', ann);
  expect((await ann.event('move')).urls).toEqual([nodes.b.cluster.self.url]);
  expect(pipes('b')).toHaveLength(1);
}, 10_000);

test('a home that is passed long after that was given up comes back to its publishers', async () => {
  const ann = await publisher();
  const { cluster } = nodes.a;
  const pass = cluster.passHome.bind(cluster);
  const late = new Promise<void>((resolve) => {
    cluster.passHome = (...to) => {
      cluster.passHome = pass;
      setTimeout(
        () =>
          void drain('a', false)
            .then(() => pass(...to))
            .then(() => resolve()),
        100,
      );
      return lost();
    };
  });
  await drain('a');
  await late;
  await works('a', ann);
}, 10_000);

test('a home whose node dies before it could say who is home next is that node’s', async () => {
  await publisher();
  const { cluster } = nodes.a;
  const pass = cluster.passHome.bind(cluster);
  cluster.passHome = async (...to) => {
    await pass(...to);
    memory.sever('a');
    return true;
  };
  await drain('a');
  await vi.waitFor(async () => {
    expect(memory.homes.get('show')?.node).toBe('b');
    // The home is asked by another node.
    expect((await fetch(nodes.c.url('/api/rooms/show'))).status).toBe(200);
  });
});

test('a home that nobody took is that of whoever asks it in vain', async () => {
  const ann = await publisher();
  nodes.b.cluster.claimHome = lost;
  await drain('a');
  await ann.event('move');
  await drain('a', false);
  // As when nobody has renewed it for long.
  memory.homes.delete('show');
  await works('a', ann);
}, 10_000);

test('a node that hasn’t heard of another home finds it by itself', async () => {
  const ann = await publisher();
  nodes.c.cluster.drain(false);
  for (const id of ['a', 'b']) nodes[id].cluster.drain(true);
  const watched = await post(nodes.a.url('/whep/show'), receiving(1, 1));
  expect((await post(watched.headers.get('location') ?? '', receiving(1, 1))).status).toBe(201);
  nodes.c.cluster.drain(true);
  nodes.b.cluster.drain(false);
  nodes.c.cluster.hearOfHome = () => {};
  await drain('a');
  await works('b', ann);
  const asked: string[] = [];
  const request = nodes.c.cluster.request.bind(nodes.c.cluster);
  nodes.c.cluster.request = (node, message, ...more) => {
    if (message.type === 'broadcast-attach') asked.push(node);
    return request(node, message, ...more);
  };
  nodes.c.cluster.emit('available');
  await vi.waitFor(() => expect(asked.at(-1)).toBe('b'));
  expect(asked[0]).toBe('a');
}, 10_000);

test('a broadcast is not deleted in the moment in which it is passed on', async () => {
  const ann = await publisher();
  const { cluster } = nodes.a;
  const pass = cluster.passHome.bind(cluster);
  const remove = (): Promise<Response> => fetch(nodes.a.url('/api/rooms/show'), { method: 'DELETE', headers: json });
  let status = 0;
  cluster.passHome = async (...to) => {
    status = (await remove()).status;
    return pass(...to);
  };
  await drain('a');
  await works('b', ann);
  expect([status, (await remove()).status]).toEqual([503, 204]);
  expect(await homeOf()).toBe(undefined);
}, 10_000);

test('a node that has left the broadcast before it hears that it is the home has it again', async () => {
  const ann = await publisher();
  const { cluster } = nodes.a;
  const pass = cluster.passHome.bind(cluster);
  cluster.passHome = async (...to) => {
    const assignment = { parent: null, backup: null, depth: 0 };
    await cluster.request('b', { type: 'broadcast-assign', room: 'show', assignment, over: false });
    return pass(...to);
  };
  await drain('a');
  await works('b', ann);
  expect(pipes('b')).toHaveLength(1);
}, 10_000);
