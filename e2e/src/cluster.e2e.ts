import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, CLUSTER_SECRET, Nodes, playing, type WhepViewer } from './harness/nodes.js';
import { findRedis } from './harness/redis.js';
import { until } from './harness/until.js';

const program = findRedis();

describe.skipIf(!program)(`a broadcast over nodes${program ? '' : ' (SKIPPED: no redis-server is installed)'}`, () => {
  let nodes: Nodes;
  beforeAll(async () => {
    nodes = await Nodes.open(program!);
  });
  afterEach(() => nodes.empty());
  afterAll(() => nodes.close());

  test('viewers that all ask one node are spread over two; a third takes who was refused', async () => {
    await Promise.all(['a', 'b'].map((id) => nodes.start(id, { maxViewers: 3 })));
    await nodes.together();
    // Asked of one, made there; published at the other, which sends it on.
    await nodes.get('a').putRoom('show', { kind: 'broadcast' });
    const publisher = await nodes.broadcast('show', ['b']);
    expect(publisher.origin).toBe(nodes.url('a'));

    const six = await nodes.viewers(6, 'show', ['a']);
    expect(nodes.spread(six)).toEqual({ a: 3, b: 3 });
    const refused = await fetch(`${nodes.url('a')}/whep/show`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: OFFER,
    });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    const seventh = nodes.viewer('show', ['a']);
    const joined = seventh.join();
    await until(() => seventh.refusals > 0, { within: 3000, what: 'the seventh is refused' });
    await nodes.start('c', { maxViewers: 3 });
    await joined;
    await playing([...six, seventh], 15_000);
    expect(nodes.nodeOf(seventh)).toBe('c');

    // One link to each, with each stream once, however many watch.
    const { links, rooms } = await nodes.overview('b');
    const flowing = links.filter(({ state }) => state === 'connected');
    expect(flowing.map(({ from, to }) => `${from}>${to}`).sort()).toEqual(['a>b', 'a>c']);
    await until(
      async () =>
        (await nodes.overview('c')).links.every(({ streams, state }) => state !== 'connected' || streams === 2),
      { within: 5000, what: 'one sound and one picture on each link' },
    );
    expect(rooms).toMatchObject([{ id: 'show', kind: 'broadcast', home: 'a', publishers: 1 }]);
  });

  test('the overview is for administrators, and settings are those of the home', async () => {
    expect((await fetch(`${nodes.url('a')}/api/cluster`)).status).toBe(401);
    const wrong = { authorization: `Bearer ${ADMIN_TOKEN}x` };
    expect((await fetch(`${nodes.url('a')}/api/cluster`, { headers: wrong })).status).toBe(401);
    const asked = await fetch(`${nodes.url('b')}/api/rooms/show`);
    expect(await asked.json()).toMatchObject({ settings: { kind: 'broadcast' } });
    await nodes.get('c').putRoom('show', { kind: 'broadcast', title: 'News' });
    const told = await fetch(`${nodes.url('a')}/api/rooms/show`);
    expect(await told.json()).toMatchObject({ settings: { title: 'News' } });
    expect(await nodes.get('a').metric('efir_cluster_nodes')).toBe(3);
  });

  test('a node with another secret, or the id of one that is there, is told so and ends; nobody notices', async () => {
    const viewers = await watching(2);
    for (const [id, secret, said] of [
      ['d', 'another-secret-of-16', 'have another secret'],
      ['a', CLUSTER_SECRET, 'with the id a is in the cluster already'],
    ] as const) {
      await expect(nodes.start(id, { secret })).rejects.toThrow(said);
    }
    expect(await nodes.get('a').metric('efir_cluster_bad_signatures_total')).toBe(1);
    expect((await nodes.overview('a')).nodes.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    await playing(viewers);
  });

  test('a node that is drained is left by its viewers, who notice nothing, and takes nobody new', async () => {
    await Promise.all(['e', 'f'].map((id) => nodes.start(id, { maxViewers: 20 })));
    await nodes.together();
    const viewers = await watching(10);
    const moved = viewers.filter((viewer) => nodes.nodeOf(viewer) === 'f');
    expect(moved.length).toBeGreaterThan(1);
    for (const viewer of viewers) viewer.longestGapMs = 0;
    expect((await nodes.drain('a', 'nobody')).status).toBe(404);
    expect((await nodes.drain('a', 'f')).status).toBe(202);
    const started = performance.now();
    await until(() => moved.every((viewer) => nodes.nodeOf(viewer) !== 'f'), {
      within: 10_000,
      what: 'they have moved',
    });
    expect(performance.now() - started).toBeLessThan(10_000);
    await playing(viewers);
    const others = viewers.filter((viewer) => !moved.includes(viewer));
    const hiccup = Math.max(...others.map(({ longestGapMs }) => longestGapMs));
    expect(Math.max(...moved.map(({ longestGapMs }) => longestGapMs)) - hiccup).toBeLessThan(
      process.env.EFIR_TIMED ? 500 : 1_500,
    );
    expect(moved.every(({ moves }) => moves > 0)).toBe(true);
    const late = await nodes.viewers(2, 'show', ['f']);
    expect(late.map((viewer) => nodes.nodeOf(viewer))).not.toContain('f');
    await until(async () => (await nodes.overview('a')).nodes.find(({ id }) => id === 'f')?.load?.viewers === 0, {
      within: 5000,
      what: 'the node says that it is empty',
    });
    expect(await nodes.get('f').stop()).toBe(0);
  });

  async function watching(count: number): Promise<WhepViewer[]> {
    await nodes.broadcast('show', ['a']);
    return nodes.viewers(count, 'show', ['a', 'b', 'c']);
  }
});

const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=rtcp-mux',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=recvonly',
  'a=rtpmap:111 opus/48000/2',
  '',
].join('\r\n');
