import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasNamespaces, NetworkNamespace } from './harness/network-namespace.js';
import { Nodes, playing, type WhepViewer } from './harness/nodes.js';
import { findRedis } from './harness/redis.js';
import { until } from './harness/until.js';

const program = findRedis();
const able = program !== null && hasNamespaces;
const ROOM = 'rough';

/** Nodes a and c are here, b is on another machine, and what is wrong is between a's media port and b. */
describe.skipIf(!able)(`bad links between nodes${able ? '' : ' (SKIPPED: needs Redis, root and namespaces)'}`, () => {
  let nodes: Nodes;
  let far: NetworkNamespace;
  let there: WhepViewer[] = [];
  let here: WhepViewer[] = [];
  beforeAll(async () => {
    far = await NetworkNamespace.create();
    nodes = await Nodes.open(program!, [far.here, '127.0.0.1']);
    // The home takes no viewers; one of the others has those of b, one those of c.
    await nodes.start('a', { maxViewers: 0 });
    await nodes.start('b', { maxViewers: 3, namespace: far });
    await nodes.start('c', { maxViewers: 3 });
    await nodes.together();
    await nodes.get('a').putRoom(ROOM, { kind: 'broadcast' });
    await nodes.broadcast(ROOM, ['a']);
    const all = await nodes.viewers(6, ROOM, ['a']);
    there = all.filter((viewer) => nodes.nodeOf(viewer) === 'b');
    here = all.filter((viewer) => nodes.nodeOf(viewer) === 'c');
    expect([there.length, here.length]).toEqual([3, 3]);
    expect(await parentOf('b')).toBe('a');
  });
  afterAll(async () => {
    await nodes?.close();
    await far?.remove();
  });

  const parentOf = async (id: string): Promise<string | null | undefined> =>
    (await nodes.overview('c')).rooms.find((room) => room.id === ROOM)?.nodes.find(({ node }) => node === id)?.parent;
  const begin = (): void => {
    for (const viewer of [...there, ...here]) viewer.longestGapMs = 0;
  };
  const gap = (some: WhepViewer[]): number => Math.max(...some.map(({ longestGapMs }) => longestGapMs));

  test('a link that loses a fifth is told as such, and who watches behind it misses no picture', async () => {
    const frames = (): number[] => there.map((viewer) => viewer.snapshot(performance.now()).frames);
    const loses = (hook: string, port: string) =>
      `add rule inet rough ${hook} udp ${port} ${nodes.get('a').mediaPort} numgen random mod 100 < 20 drop;`;
    await hook('input', 'output');
    await far.exec('nft', [`${loses('input', 'sport')} ${loses('output', 'dport')}`]);
    begin();
    const [before, started] = [frames(), performance.now()];
    const worst = { loss: 0 };
    await until(
      async () => {
        const link = (await nodes.overview('c')).links.find(({ from, to }) => from === 'a' && to === 'b');
        worst.loss = Math.max(worst.loss, link?.lossShare ?? 0);
        return worst.loss > 0.1 && performance.now() - started > 8_000;
      },
      { within: 25_000, what: 'the loss is told' },
      () => worst,
    );
    await far.exec('nft', ['delete table inet rough']);
    await playing(there);
    const seconds = (performance.now() - started) / 1000;
    for (const [i, count] of frames().entries()) expect((count - before[i]) / seconds).toBeGreaterThan(13);
    expect(gap(there)).toBeLessThan(1_500);
    expect(there.every(({ origin }) => origin === nodes.url('b'))).toBe(true);
  });

  test('a link that goes one way only is left for another, soon, and nobody else notices', async () => {
    await hook('input');
    begin();
    await far.exec('nft', [`add rule inet rough input udp sport ${nodes.get('a').mediaPort} drop`]);
    await until(async () => (await parentOf('b')) === 'c', { within: 15_000, what: 'b pulls from c' });
    await until(() => there.every((viewer) => viewer.playing && viewer.longestGapMs > 300), {
      ...{ within: 15_000, every: 20, what: 'those at b play again' },
    });
    await playing(here);
    expect(gap(there) - gap(here)).toBeLessThan(process.env.EFIR_TIMED ? 3_000 : 6_000);
    expect(gap(here)).toBeLessThan(process.env.EFIR_TIMED ? 500 : 1_500);
    if (process.env.EFIR_SHOW_GAPS) console.log(`one way: ${gap(there)} ms without a picture, others ${gap(here)} ms`);
    const { nodes: seen } = await nodes.overview('a');
    expect(seen.map(({ id, isolated }) => [id, isolated ?? null])).toEqual([
      ['a', null],
      ['b', null],
      ['c', null],
    ]);
  });

  async function hook(...hooks: ('input' | 'output')[]): Promise<void> {
    const chains = hooks.map((one) => `add chain inet rough ${one} { type filter hook ${one} priority 0; };`);
    await far.exec('nft', [`add table inet rough; ${chains.join(' ')}`]);
  }
});
