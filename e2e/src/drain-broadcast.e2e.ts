import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { Nodes, playing } from './harness/nodes.js';
import { findRedis } from './harness/redis.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** What is not to be noticed, ms. `EFIR_TIMED=1` holds it to what is promised of a machine that does nothing else. */
const GAP_MS = process.env.EFIR_TIMED ? 500 : 1_500;

const program = findRedis();
const stage = useStage({}, { fps: 20, viewport: { width: 900, height: 600 } });

describe.skipIf(!program)(
  `draining under broadcasts${program ? '' : ' (SKIPPED: no redis-server is installed)'}`,
  () => {
    let nodes: Nodes | undefined;
    // Of its own for each attempt: a node that was drained is no place to begin.
    beforeEach(async () => {
      await nodes?.close();
      nodes = await Nodes.open(program as string);
      await Promise.all(['a', 'b', 'c'].map((id) => nodes?.start(id, { maxViewers: 4 })));
      await nodes.together();
    }, 60_000);
    afterAll(() => nodes?.close());

    test('the home of a broadcast goes over with its publisher, and no picture stops', async () => {
      const all = nodes as Nodes;
      await all.get('a').putRoom('show', { kind: 'broadcast' });
      const ann = await stage.join('show', 'Ann', { query: { quality: 'h180', fps: '20' }, url: all.url('a') });
      const viewers = await all.viewers(8, 'show', ['a', 'b', 'c']);
      await playing(viewers, 15_000);
      expect(Object.keys(all.spread(viewers))).toContain('a');
      const id = await ann.participantOf('Ann');
      for (const viewer of viewers) viewer.longestGapMs = 0;

      expect((await all.drain('b', 'a')).status).toBe(202);
      const load = async () => (await all.overview('b')).nodes.find((node) => node.id === 'a')?.load;
      await until(
        async () => {
          const now = await load();
          return now?.viewers === 0 && now.participants === 0;
        },
        { within: 20_000, what: 'nobody is on the drained node' },
      );
      // Until the old path is closed, and the pipe to the drained node.
      await until(
        async () => {
          const { rooms, links } = await all.overview('b');
          return (
            rooms[0]?.home !== 'a' &&
            rooms[0]?.publishers === 1 &&
            !links.some(({ from, to }) => from === 'a' || to === 'a')
          );
        },
        { within: 20_000, what: 'the broadcast is without the drained node' },
        () => all.overview('b'),
      );
      await playing(viewers);
      const gaps = viewers.map(({ longestGapMs }) => Math.round(longestGapMs));
      if (process.env.EFIR_SHOW_GAPS) console.log(`viewers were without pictures for ${gaps.join(', ')} ms`);
      expect(Math.max(...gaps)).toBeLessThan(GAP_MS);
      expect(await ann.participantOf('Ann')).toBe(id);
      expect(await all.get('a').stop()).toBe(0);
      all.servers.delete('a');
      await playing(viewers);
    }, 120_000);
  },
);
