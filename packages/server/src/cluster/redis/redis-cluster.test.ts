/** What goes wrong with a Redis between the nodes, and with nodes that lie. */
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClusterErrorCode } from '../errors.js';
import { nodeInfo, nodeReport } from '../testing/nodes.js';
import { findRedis } from '../testing/redis-server.js';
import { BEAT_MS, LEASE_MS, RedisWorld, SECRET } from '../testing/worlds.js';
import { Keys } from './keys.js';
import type { RedisCluster } from './redis-cluster.js';
import { Seal } from './seal.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 20_000 });

const program = findRedis();
const CALL = { kind: 'call' } as const;
const keys = new Keys(0);
const codeOf = (promise: Promise<unknown>): Promise<ClusterErrorCode | 'none'> =>
  promise.then(
    () => 'none',
    (error) => error.code,
  );
const ids = (cluster: RedisCluster): string[] => cluster.nodes().map(({ id }) => id);

describe.skipIf(!program)(`nodes on Redis${program ? '' : ' (SKIPPED: no redis-server is installed)'}`, () => {
  let world: RedisWorld;
  /** Somebody with access to Redis. */
  let intruder: Redis;
  beforeEach(async () => {
    world = await RedisWorld.start(program!);
    intruder = new Redis(world.redis.url);
    intruder.on('error', () => {});
  });
  afterEach(async () => {
    intruder.disconnect();
    await world.close();
  });

  /** With a list of all that happened to the members, as the first one saw it. */
  const pair = async (): Promise<[RedisCluster, RedisCluster, string[]]> => {
    const [a, b] = [await world.open('a'), await world.open('b')];
    for (const cluster of [a, b]) await expect.poll(() => ids(cluster)).toEqual(['a', 'b']);
    const happened: string[] = [];
    a.on('node-up', ({ id }) => happened.push(`up ${id}`));
    a.on('node-down', ({ id }) => happened.push(`down ${id}`));
    return [a, b, happened];
  };
  const beats = (cluster: RedisCluster, count: number): Promise<void> => {
    const from = cluster.node('a')?.seenMs ?? 0;
    return expect.poll(() => cluster.node('a')?.seenMs ?? 0).toBeGreaterThan(from + count * BEAT_MS);
  };

  test('a node with another secret is refused, and the others count it', async () => {
    const a = await world.open('a');
    expect(await codeOf(world.open('b', {}, { secret: 'another one' }))).toBe('wrong-secret');
    await expect.poll(() => a.counters.badSignatures).toBe(1);
    expect(ids(a)).toEqual(['a']);
    await a.close();
    // Nobody is left who would mind.
    expect(ids(await world.open('b', {}, { secret: 'another one' }))).toEqual(['b']);
  });

  test('a Redis that is not there is told within the time that it has', async () => {
    await world.redis.kill();
    expect(await codeOf(world.open('a', {}, { openMs: 300 }))).toBe('unavailable');
  });

  test('a node that forced itself in without the secret is nobody', async () => {
    const a = await world.open('a');
    const liar = nodeInfo('liar');
    const seal = new Seal('guessed');
    const state = { instance: liar.instance, sequence: 1, draining: false, reports: 1, report: nodeReport() };
    await intruder
      .pipeline()
      .zadd(keys.members, Date.now() + 60_000, 'liar')
      .hset(keys.instances, 'liar', liar.instance)
      .hset(keys.infos, 'liar', seal.close('info:liar', liar))
      .hset(keys.states, 'liar', seal.close('state:liar', state))
      .exec();
    await expect.poll(() => a.counters.badSignatures).toBeGreaterThan(0);
    expect(ids(a)).toEqual(['a']);
    // What is signed for another place counts as little.
    await intruder.hset(keys.infos, 'liar', (await intruder.hget(keys.infos, 'a'))!);
    await beats(a, 2);
    expect(ids(a)).toEqual(['a']);
    expect(a.available).toBe(true);
  });

  test('a state that was changed isolates its node, an old one is not believed', async () => {
    const [a, b] = await pair();
    b.report(nodeReport({ viewers: 1 }));
    await expect.poll(() => a.node('b')?.load?.viewers).toBe(1);
    const old = (await intruder.hget(keys.states, 'b'))!;
    b.report(nodeReport({ viewers: 2 }));
    await expect.poll(() => a.node('b')?.load?.viewers).toBe(2);
    world.wire('b').sever();
    await intruder.hset(keys.states, 'b', old);
    await expect.poll(() => a.counters.replays).toBeGreaterThan(0);
    expect(a.node('b')?.load?.viewers).toBe(2);
    await intruder.hset(keys.states, 'b', old.replace('"viewers":1', '"viewers":0'));
    await expect.poll(() => a.node('b')?.isolated ?? null).toBe('what it says of itself cannot be read');
  });

  test('requests that are forged, or were recorded, are not served', async () => {
    const [a, b] = await pair();
    let served = 0;
    b.serve(() => ++served);
    const recorded: string[] = [];
    const listener = new Redis(world.redis.url);
    await listener.subscribe(keys.mailbox('b'), keys.mailbox('a'));
    listener.on('message', (_, text: string) => recorded.push(text));
    expect(await a.request('b', { type: 'x' })).toBe(1);
    await expect.poll(() => recorded.length).toBe(2);
    listener.disconnect();
    await intruder.publish(keys.mailbox('b'), recorded[0]);
    await intruder.publish(keys.mailbox('a'), recorded[0]);
    await expect.poll(() => b.counters.replays).toBe(1);
    await expect.poll(() => a.counters.badSignatures).toBe(1);
    for (const text of ['', 'x', '{}', `${'A'.repeat(43)}.{}`, recorded[0].replace('"type":"x"', '"type":"y"')]) {
      await intruder.publish(keys.mailbox('b'), text);
    }
    await intruder.publish(keys.mailbox('b'), new Seal(SECRET).close('to:b', { some: 'thing' }));
    await intruder.publish(keys.all, 'nonsense');
    await intruder.publish(keys.room('room'), 'nonsense');
    await expect.poll(() => b.counters).toMatchObject({ badMessages: 1, replays: 1 });
    expect(b.counters.badSignatures).toBeGreaterThanOrEqual(5);
    expect(await a.request('b', { type: 'x' })).toBe(2);
  });

  test('a home or an announcement that is forged is not believed', async () => {
    const [a, b] = await pair();
    const heard: unknown[] = [];
    a.watch('room', (_, data) => heard.push(data));
    const lie = new Seal('guessed').close('room:room', {
      node: 'b',
      instance: b.self.instance,
      sequence: 9,
      data: 'lie',
    });
    await expect.poll(() => intruder.publish(keys.room('room'), lie)).toBe(1);
    await expect.poll(() => a.counters.badSignatures).toBeGreaterThan(0);
    expect(heard).toEqual([]);
    await intruder.set(keys.home('room'), `b ${b.self.instance} ${lie}`);
    expect(await a.homeOf('room')).toBe(null);
    // It can't be claimed either; the key goes away by itself or by whoever put it there.
    expect(await codeOf(a.claimHome('room', CALL))).toBe('unavailable');
  });

  test('a home that could not be passed, as Redis had lost it, is kept', async () => {
    const [a] = await pair();
    await a.claimHome('room', CALL);
    await intruder.del(keys.home('room'));
    expect(await a.passHome('room', a.node('b')!)).toBe(false);
    await expect.poll(async () => (await a.homeOf('room'))?.node).toBe('a');
  });

  test('an earlier life of a node that crashed is waited for, and is not the same node', async () => {
    const [a, b, happened] = await pair();
    await b.claimHome('room', CALL);
    b.vanish();
    const again = await world.open('b');
    expect(again.self.instance).not.toBe(b.self.instance);
    await expect.poll(() => a.node('b')?.instance).toBe(again.self.instance);
    expect(happened).toEqual(['down b', 'up b']);
    expect(await a.homeOf('room')).toBe(null);
  });

  test('a node whose id was taken while it was cut off stays out, and says why', async () => {
    const [a, b] = await pair();
    const down = once(a, 'node-down');
    world.sever('b');
    await down;
    const other = await world.open('c', { id: 'b' });
    await expect.poll(() => a.node('b')?.instance).toBe(other.self.instance);
    world.mend('b');
    await expect.poll(() => b.counters.reconnects).toBeGreaterThan(0);
    expect(b.available).toBe(false);
    expect(ids(b)).toEqual(['a', 'b']);
    await other.close();
    await expect.poll(() => b.available).toBe(true);
    await expect.poll(() => a.node('b')?.instance).toBe(b.self.instance);
  });

  test('Redis is killed and comes back empty: nobody is lost, homes and announcements are there again', async () => {
    const [a, b, happened] = await pair();
    b.report(nodeReport({ viewers: 5 }));
    await a.claimHome('one', { kind: 'broadcast' });
    await b.claimHome('two', CALL);
    const heard: unknown[] = [];
    a.watch('one', (_, data) => heard.push(data));
    b.announce('one', 'here');
    await expect.poll(() => heard).toEqual(['here']);
    const gone = [a, b].map((cluster) => once(cluster, 'unavailable'));
    await world.redis.kill();
    await Promise.all(gone);
    expect(await codeOf(a.claimHome('three', CALL))).toBe('unavailable');
    expect(await codeOf(a.homeOf('one'))).toBe('unavailable');
    expect(ids(a)).toEqual(['a', 'b']);
    // What is said meanwhile is said later.
    b.announce('one', 'still here');
    const back = [a, b].map((cluster) => once(cluster, 'available'));
    await world.redis.start();
    await Promise.all(back);
    expect(await codeOf(a.claimHome('three', CALL))).toBe('unavailable');
    expect(await b.homeOf('one')).toMatchObject({ node: 'a', facts: { kind: 'broadcast' } });
    expect(await a.claimHome('two', CALL)).toMatchObject({ node: 'b' });
    await expect.poll(() => heard).toEqual(['here', 'still here']);
    b.serve(() => 'yes');
    await expect.poll(() => a.request('b', { type: 'x' }).catch(() => 'no')).toBe('yes');
    await expect.poll(() => codeOf(a.claimHome('three', CALL)), { timeout: 6000 }).toBe('none');
    expect(a.node('b')?.load?.viewers).toBe(5);
    expect(happened).toEqual([]);
    expect(heard).toEqual(['here', 'still here']);
  });

  test('who died while Redis was gone is noticed when it is back', async () => {
    const [, b, happened] = await pair();
    await world.redis.kill();
    b.vanish();
    await world.redis.start();
    await expect.poll(() => happened, { timeout: 6000 }).toEqual(['down b']);
  });

  test('a Redis that answers nothing for longer than a lease costs nobody their place', async () => {
    const [a, b, happened] = await pair();
    await a.claimHome('one', CALL);
    const gone = [a, b].map((cluster) => once(cluster, 'unavailable'));
    const back = [a, b].map((cluster) => once(cluster, 'available'));
    world.redis.freeze();
    await Promise.all(gone);
    world.redis.thaw();
    await Promise.all(back);
    await expect.poll(async () => (await b.homeOf('one'))?.node).toBe('a');
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    expect(happened).toEqual([]);
    expect(ids(b)).toEqual(['a', 'b']);
  });

  test('a slow Redis makes it slower, no more', async () => {
    const [a, b, happened] = await pair();
    world.wire('a').delayMs = 60;
    b.serve(() => 'yes');
    expect(await a.request('b', { type: 'x' })).toBe('yes');
    expect(await a.claimHome('room', CALL)).toMatchObject({ node: 'a' });
    await beats(b, 20);
    expect(a.available).toBe(true);
    expect(happened).toEqual([]);
  });

  test('a Redis that answers with errors is as good as none, until it has recovered', async () => {
    const [a, b] = await pair();
    const gone = once(a, 'unavailable');
    world.wire('a').answer = '-ERR something is wrong with me\r\n';
    expect(await codeOf(a.claimHome('room', CALL))).toBe('unavailable');
    expect((await gone)[0]).toContain('something is wrong with me');
    expect(a.counters.memoryErrors).toBeGreaterThan(0);
    world.wire('a').answer = null;
    await expect.poll(() => a.available, { timeout: 6000 }).toBe(true);
    await expect.poll(() => ids(b)).toEqual(['a', 'b']);
  });

  test('clocks five minutes apart change nothing', async () => {
    const a = await world.open('a', {}, { now: () => performance.now() + 300_000 });
    const b = await world.open('b', {}, { now: () => performance.now() - 300_000 });
    for (const cluster of [a, b]) await expect.poll(() => ids(cluster)).toEqual(['a', 'b']);
    const lost: string[] = [];
    for (const cluster of [a, b]) cluster.on('node-down', ({ id }) => lost.push(id));
    b.report(nodeReport({ viewers: 3 }));
    await expect.poll(() => a.node('b')?.load?.viewers).toBe(3);
    b.serve(() => 'yes');
    expect(await a.request('b', { type: 'x' })).toBe('yes');
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    expect(lost).toEqual([]);
    expect(a.node('b')?.isolated).toBe(null);
  });

  test('a node that is suspected and answers keeps its lease; one that does not loses it at once', async () => {
    const a = await world.open('a', {}, { leaseMs: 60_000 });
    const b = await world.open('b', {}, { leaseMs: 60_000 });
    await expect.poll(() => ids(a)).toEqual(['a', 'b']);
    expect(await a.suspect('b')).toBe(false);
    expect(await a.suspect('a')).toBe(false);
    const down = once(a, 'node-down');
    b.vanish();
    expect(await a.suspect('b')).toBe(true);
    expect(await down).toMatchObject([{ id: 'b' }, 'lost']);
    expect(a.counters.nodesEvicted).toBe(1);
    expect(await a.suspect('b')).toBe(true);
  });

  test('who has just come is served at once, though not everybody has seen them yet', async () => {
    const a = await world.open('a', {}, { beatMs: 5000, leaseMs: 60_000 });
    a.serve((_, from) => from.id);
    for (let i = 0; i < 5; i++) {
      const late = await world.open(`late${i}`);
      expect(await late.request('a', { type: 'x' })).toBe(`late${i}`);
    }
  });

  test('a thousand homes and a thousand announcements are kept, and are back after Redis was killed', async () => {
    const [a, b] = await pair();
    const rooms = Array.from({ length: 1000 }, (_, i) => `room${i}`);
    await Promise.all(rooms.map((room) => a.claimHome(room, CALL)));
    const heard = new Map<string, unknown>();
    for (const room of rooms) {
      a.announce(room, { room });
      b.watch(room, (_, data) => heard.set(room, data));
    }
    await expect.poll(() => heard.size, { timeout: 5000 }).toBe(1000);
    const back = [a, b].map((cluster) => once(cluster, 'unavailable').then(() => once(cluster, 'available')));
    await world.redis.kill();
    await world.redis.start();
    await Promise.all(back);
    expect(await b.homes(2000)).toHaveLength(1000);
    expect([...heard.values()].every((data) => data !== null)).toBe(true);
  });

  test('eight nodes join, one leaves, and all see the same', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, i) => world.open(`n${i}`)));
    for (const cluster of all) await expect.poll(() => ids(cluster)).toHaveLength(8);
    await all[3].close();
    for (const cluster of all) {
      if (cluster !== all[3]) await expect.poll(() => ids(cluster)).toHaveLength(7);
    }
  });
});
