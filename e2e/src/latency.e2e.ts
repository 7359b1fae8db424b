import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrowserPage } from './harness/browsers.js';
import { CLOCK_LAYOUT, publishClock, readClock } from './harness/clock-picture.js';
import { Nodes } from './harness/nodes.js';
import { findRedis } from './harness/redis.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const program = findRedis();
const ROOM = 'far';
const PICTURES = 100;
/** From drawing to showing, encoder, three hops, jitter buffer and decoder included; browsers that share their cores take longer. */
const GLASS_TO_GLASS_MS = process.env.EFIR_TIMED ? 400 : 800;
const stage = useStage({}, { viewport: { width: 480, height: 300 } });

describe.skipIf(!program)(`latency over nodes${program ? '' : ' (SKIPPED: no redis-server is installed)'}`, () => {
  let nodes: Nodes;
  /** The home takes no viewers, and a node feeds one other: a chain of four. */
  beforeAll(async () => {
    nodes = await Nodes.open(program!);
    await nodes.start('a', { maxViewers: 0, maxChildren: 1 });
    await Promise.all(['b', 'c', 'd'].map((id) => nodes.start(id, { maxViewers: 1, maxChildren: 1 })));
    await nodes.together();
    await nodes.get('a').putRoom(ROOM, { kind: 'broadcast' });
  });
  afterAll(() => nodes?.close());

  async function open(url: string): Promise<BrowserPage> {
    const page = await (await stage.browser()).open();
    stage.later(() => page.close());
    await page.goto(url);
    return page;
  }

  test('a viewer three hops down sees what was drawn a moment ago', async () => {
    const publisher = await open(`${nodes.url('a')}/healthz`);
    await publisher.evaluate(publishClock, { room: ROOM, fps: 20, maxBps: 250_000, layout: CLOCK_LAYOUT });
    for (let hops = 1; hops <= 2; hops++) await nodes.viewers(1, ROOM, ['a']);

    const page = await open(`${nodes.url('a')}/watch/${ROOM}`);
    const deepest = async () =>
      (await nodes.overview('a')).rooms.find(({ id }) => id === ROOM)?.nodes.find(({ depth }) => depth === 3);
    await until(async () => ((await deepest())?.viewers ?? 0) === 1, {
      within: 15_000,
      what: 'it watches three hops down',
    });
    await until(() => page.evaluate(() => (document.querySelector('video')?.videoWidth ?? 0) > 0, undefined), {
      ...{ within: 15_000, what: 'a picture is shown' },
    });
    await page.evaluate(readClock, CLOCK_LAYOUT);
    const ages = await until(
      () => page.evaluate((count) => (window.pictureAges.length < count ? null : window.pictureAges), PICTURES),
      { within: 20_000, what: `${PICTURES} pictures are read` },
    );
    const unread = await page.evaluate(() => window.unreadPictures, undefined);
    const sorted = [...ages].sort((one, other) => one - other);
    const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))]);
    if (process.env.EFIR_SHOW_GAPS)
      console.log(`glass to glass: median ${at(0.5)}, 95 % ${at(0.95)} ms, ${unread} unread`);
    // What can be read says when it was drawn, not something else.
    expect(at(0)).toBeGreaterThan(5);
    expect(unread).toBeLessThan(PICTURES / 10);
    expect(at(0.5)).toBeLessThan(GLASS_TO_GLASS_MS);
    expect(at(0.95)).toBeLessThan(GLASS_TO_GLASS_MS * 1.5);
  });
});
