/** What holds for a cluster, whatever its memory is. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cluster, NodeRecord } from './cluster.js';
import { ClusterError } from './errors.js';
import type { NodeInfo } from './schema.js';
import { nodeReport } from './testing/nodes.js';
import { findRedis } from './testing/redis-server.js';
import { MemoryWorld, RedisWorld, type World } from './testing/worlds.js';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

const program = findRedis();
const worlds: [string, (() => Promise<World>) | null][] = [
  ['in memory', async () => new MemoryWorld()],
  [program ? 'on Redis' : 'on Redis: SKIPPED, neither redis-server nor valkey-server is installed', null],
];
if (program) worlds[1][1] = () => RedisWorld.start(program);

const CALL = { kind: 'call' } as const;
const ids = (cluster: Cluster): string[] => cluster.nodes().map(({ id }) => id);
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => {
      expect(error).toBeInstanceOf(ClusterError);
      return (error as ClusterError).code;
    },
  );

describe.each(worlds)('a cluster %s', (_, start) => {
  let world: World;
  beforeEach(async (context) => {
    if (!start) return context.skip('neither redis-server nor valkey-server is installed');
    world = await start();
  });
  afterEach(async () => {
    if (start) await world.close();
  });

  const open = (id: string, more?: Partial<NodeInfo>): Promise<Cluster> => world.open(id, more);
  const pair = async (): Promise<[Cluster, Cluster]> => {
    const both: [Cluster, Cluster] = [await open('a'), await open('b')];
    for (const cluster of both) await expect.poll(() => ids(cluster)).toEqual(['a', 'b']);
    return both;
  };

  test('nodes find each other, with what they say of themselves', async () => {
    const a = await open('a', { region: 'east' });
    expect(ids(a)).toEqual(['a']);
    expect(a.node('a')).toMatchObject({ self: true, region: 'east', load: null, isolated: null });
    const up = once(a, 'node-up') as Promise<[NodeRecord]>;
    const b = await open('b', { url: 'https://b.example.org' });
    expect((await up)[0]).toMatchObject({ id: 'b', url: 'https://b.example.org', self: false });
    await expect.poll(() => ids(b)).toEqual(['a', 'b']);
    expect(b.node('c')).toBe(null);
  });

  test('loads and draining become known', async () => {
    const [a, b] = await pair();
    b.report(nodeReport({ viewers: 7 }));
    await expect.poll(() => a.node('b')?.load?.viewers).toBe(7);
    b.report(nodeReport({ viewers: 8 }));
    await expect.poll(() => a.node('b')?.load?.viewers).toBe(8);
    await expect.poll(() => b.node('b')?.load?.viewers).toBe(8);
    b.drain(true);
    await expect.poll(() => a.node('b')?.draining).toBe(true);
    b.drain(false);
    await expect.poll(() => a.node('b')?.draining).toBe(false);
  });

  test.each([
    ['not a number', { cpu: Number.NaN }],
    ['negative', { viewers: -1 }],
    ['beyond all sense', { sendBps: 1e15 }],
  ])('a node that reports what is %s is isolated, and comes back with what makes sense', async (_, load) => {
    const [a, b] = await pair();
    b.report(nodeReport({ viewers: 1 }));
    await expect.poll(() => a.node('b')?.load?.viewers).toBe(1);
    b.report(nodeReport(load));
    await expect.poll(() => a.node('b')?.isolated).toContain(`load.${Object.keys(load)[0]}`);
    expect(a.node('b')?.load?.viewers).toBe(1);
    await expect.poll(() => b.node('b')?.isolated).toContain('reports an absurd load');
    expect(a.counters.nodesIsolated).toBe(1);
    b.report(nodeReport({ viewers: 2 }));
    await expect.poll(() => a.node('b')).toMatchObject({ isolated: null, load: { viewers: 2 } });
  });

  test('a node that leaves is gone at once', async () => {
    const [a, b] = await pair();
    const down = once(a, 'node-down');
    await b.close();
    expect(await down).toMatchObject([{ id: 'b' }, 'left']);
    expect(ids(a)).toEqual(['a']);
  });

  test('a node that is cut off is lost to the others, keeps what it knows, and comes back', async () => {
    const [a, b] = await pair();
    const down = once(a, 'node-down');
    const unavailable = once(b, 'unavailable');
    world.sever('b');
    await unavailable;
    expect(b.available).toBe(false);
    expect(await down).toMatchObject([{ id: 'b' }, 'lost']);
    expect(ids(b)).toEqual(['a', 'b']);
    expect(await codeOf(b.claimHome('room', CALL))).toBe('unavailable');
    expect(await codeOf(b.request('a', { type: 'x' }))).toBe('unavailable');
    const [up, available] = [once(a, 'node-up'), once(b, 'available')];
    world.mend('b');
    await Promise.all([up, available]);
    expect(b.available).toBe(true);
    await expect.poll(() => ids(b)).toEqual(['a', 'b']);
  });

  test('a second node with the same id is refused', async () => {
    await open('a');
    expect(await codeOf(open('a'))).toBe('id-taken');
  });

  test('requests are answered, with who asked', async () => {
    const [a, b] = await pair();
    b.serve(async (message, from) => ({ got: message, from: from.id }));
    expect(await a.request('b', { type: 'hello', n: 1 })).toEqual({ got: { type: 'hello', n: 1 }, from: 'a' });
    b.serve(() => undefined);
    expect(await a.request('b', { type: 'hello' })).toBe(null);
    // Also to itself.
    a.serve(() => 'me');
    expect(await a.request('a', { type: 'hello' })).toBe('me');
    const many = Array.from({ length: 200 }, (_, n) => a.request('b', { type: 'hello', n }));
    expect(await Promise.all(many)).toHaveLength(200);
    expect(b.counters.requestsServed).toBeGreaterThanOrEqual(202);
  });

  test('what a handler throws reaches who asked, but of unexpected errors nothing else', async () => {
    const [a, b] = await pair();
    b.serve((message) => {
      if (message.type === 'known') throw Object.assign(new Error('there is no such room'), { code: 'not-found' });
      throw new Error('secret detail');
    });
    const known = await a.request('b', { type: 'known' }).catch((error) => error);
    expect(known).toMatchObject({ code: 'refused', remoteCode: 'not-found', message: 'there is no such room' });
    const other = (await a.request('b', { type: 'other' }).catch((error) => error)) as ClusterError;
    expect(other).toMatchObject({ code: 'refused', remoteCode: 'internal' });
    expect(other.message).not.toContain('secret');
  });

  test('requests that are not answered, or cannot be, end with a typed error', async () => {
    const [a, b] = await pair();
    b.serve(() => new Promise(() => {}));
    expect(await codeOf(a.request('b', { type: 'x' }, 50))).toBe('timeout');
    expect(await codeOf(a.request('nobody', { type: 'x' }))).toBe('no-node');
    expect(await codeOf(a.request('b', { type: 'x', text: 'x'.repeat(70_000) }))).toBe('too-large');
    b.serve(() => 'x'.repeat(70_000));
    expect(await a.request('b', { type: 'x' }).catch((error) => error)).toMatchObject({ remoteCode: 'too-large' });
    expect(a.counters.requestsFailed).toBeGreaterThanOrEqual(2);
    await a.close();
    expect(await codeOf(a.request('b', { type: 'x' }))).toBe('closed');
  });

  test('one node is the home of a room, until it lets go of it or is gone', async () => {
    const [a, b] = await pair();
    expect(await a.homeOf('room')).toBe(null);
    expect(await a.claimHome('room', { kind: 'broadcast', title: 'x' })).toMatchObject({ node: 'a' });
    expect(await b.claimHome('room', CALL)).toMatchObject({ node: 'a', facts: { kind: 'broadcast', title: 'x' } });
    await b.releaseHome('room');
    expect(await b.homeOf('room')).toMatchObject({ room: 'room', node: 'a', instance: a.self.instance });
    expect(await a.claimHome('room', CALL)).toMatchObject({ node: 'a' });
    expect(await b.homeOf('room')).toMatchObject({ facts: CALL });
    await a.claimHome('other', CALL);
    expect((await b.homes()).map(({ room }) => room).sort()).toEqual(['other', 'room']);
    await a.releaseHome('room');
    expect(await b.claimHome('room', CALL)).toMatchObject({ node: 'b' });
    await a.close();
    expect(await b.homeOf('other')).toBe(null);
    expect(await b.claimHome('other', CALL)).toMatchObject({ node: 'b' });
  });

  test('of all that claim a room at once, one gets it', async () => {
    const [a, b] = await pair();
    const homes = await Promise.all([a, b, a, b].map((cluster) => cluster.claimHome('room', CALL)));
    expect(new Set(homes.map(({ node }) => node)).size).toBe(1);
  });

  test('a home is passed to another node, which is it at once and for everybody', async () => {
    const [a, b] = await pair();
    const facts = { kind: 'broadcast', settings: { title: 'News' } } as const;
    await a.claimHome('room', facts);
    const heard: (string | null)[] = [];
    a.watch('room', () => {});
    a.on('home-changed', (room, home) => room === 'room' && heard.push(home?.node ?? null));
    expect(await a.passHome('room', a.node('b') as NodeRecord)).toBe(true);
    expect(await a.homeOf('room')).toMatchObject({ node: 'b', instance: b.self.instance, facts });
    await expect.poll(() => heard.at(-1)).toBe('b');
    expect(heard).not.toContain(null);
    expect(await a.claimHome('room', CALL)).toMatchObject({ node: 'b' });
    expect(await a.passHome('room', a.node('b') as NodeRecord)).toBe(false);
    expect(await b.claimHome('room', facts)).toMatchObject({ node: 'b' });
    await b.releaseHome('room');
    expect(await a.homeOf('room')).toBe(null);
  });

  test('who watches a room hears of a new home', async () => {
    const [a, b] = await pair();
    b.watch('room', () => {});
    const heard: (string | null)[] = [];
    b.on('home-changed', (room, home) => room === 'room' && heard.push(home?.node ?? null));
    // The channel may not be listened to yet.
    await expect
      .poll(async () => {
        await a.releaseHome('room');
        await a.claimHome('room', CALL);
        return heard;
      })
      .toContain('a');
    await a.releaseHome('room');
    await expect.poll(() => heard.at(-1)).toBe(null);
  });

  test('what nodes announce in a room reaches those who watch it, first and last', async () => {
    const [a, b] = await pair();
    const heard: Record<string, unknown> = {};
    a.announce('room', { people: 1 });
    const end = b.watch('room', (node, data) => {
      heard[node] = data;
    });
    await expect.poll(() => heard.a).toEqual({ people: 1 });
    for (let people = 2; people <= 20; people++) a.announce('room', { people });
    b.announce('room', { people: 'own' });
    await expect.poll(() => heard.a).toEqual({ people: 20 });
    const late: Record<string, unknown> = {};
    b.watch('room', (node, data) => {
      late[node] = data;
    });
    await expect.poll(() => late.a).toEqual({ people: 20 });
    a.announce('room', null);
    await expect.poll(() => late.a).toBe(null);
    end();
    a.announce('room', { people: 21 });
    await expect.poll(() => late.a).toEqual({ people: 21 });
    expect(heard).toEqual({ a: null });
    expect(() => a.announce('room', 'x'.repeat(300_000))).toThrow(ClusterError);
  });

  test('who is gone is no longer in its rooms, and is again when it is back', async () => {
    const [a, b] = await pair();
    const heard: unknown[] = [];
    a.watch('room', (_, data) => heard.push(data));
    b.announce('room', 'here');
    await expect.poll(() => heard).toEqual(['here']);
    world.sever('b');
    await expect.poll(() => heard).toEqual(['here', null]);
    const available = once(b, 'available');
    world.mend('b');
    await available;
    await expect.poll(() => heard).toEqual(['here', null, 'here']);
  });

  test('a home that was claimed by another meanwhile is lost, and said so', async () => {
    const [a, b] = await pair();
    await b.claimHome('room', CALL);
    await b.claimHome('kept', CALL);
    const down = once(a, 'node-down');
    world.sever('b');
    await down;
    expect(await a.claimHome('room', CALL)).toMatchObject({ node: 'a' });
    const changed = once(b, 'home-changed');
    world.mend('b');
    expect(await changed).toMatchObject(['room', { node: 'a' }]);
    await expect.poll(async () => (b.available ? (await a.homeOf('kept'))?.node : null)).toBe('b');
    expect(b.counters.homesLost).toBe(1);
  });
});
