import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallNodes } from './harness/call-nodes.js';
import { readContinuity, watchContinuity } from './harness/continuity.js';
import type { Participant } from './harness/participant.js';
import { findRedis } from './harness/redis.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** What is not to be noticed, ms. `EFIR_TIMED=1` holds it to what is promised of a machine that does nothing else. */
const GAP_MS = process.env.EFIR_TIMED ? 500 : 1_500;

/** The page's own, for a look from the console. */
interface PageWindow {
  efir: { room: { local: { id: string }; state: string; on(event: string, listener: () => void): void } };
  seen: string[];
}

const program = findRedis();
const stage = useStage({}, { fps: 20, viewport: { width: 900, height: 600 } });
const query = { quality: 'h180', fps: '20' };

/** What others would notice of somebody who leaves, and what one notices oneself of a connection that is lost. */
const watchEvents = ({ page }: Participant) =>
  page.evaluate(() => {
    const here = window as unknown as PageWindow;
    here.seen = [];
    for (const name of ['participant-left', 'participant-joined', 'track-removed', 'track-added', 'state', 'error'])
      here.efir.room.on(name, () => here.seen.push(name));
  }, undefined);
const seen = ({ page }: Participant) => page.evaluate(() => (window as unknown as PageWindow).seen, undefined);
const idOf = ({ page }: Participant) =>
  page.evaluate(() => (window as unknown as PageWindow).efir.room.local.id, undefined);

describe.skipIf(!program)(`draining under calls${program ? '' : ' (SKIPPED: no redis-server is installed)'}`, () => {
  let nodes: CallNodes;
  beforeEach(async () => {
    nodes = await CallNodes.start(program as string, 2);
  }, 60_000);
  afterEach(() => nodes?.close());

  test('people of a drained node are on another one, and nobody has seen or heard a gap', async () => {
    const [a, b] = nodes.servers;
    const room = stage.room();
    const ann = await stage.join(room, 'Ann', { query, url: a.url });
    const bob = await stage.join(room, 'Bob', { query, url: b.url });
    const cleo = await stage.join(room, 'Cleo', { query, url: a.url });
    const everybody = [ann, bob, cleo];
    for (const person of everybody) {
      await person.sees(2, 30_000);
      await person.hears(2);
    }
    const ids = await Promise.all(everybody.map(idOf));
    for (const person of everybody) {
      await watchEvents(person);
      await person.page.evaluate(watchContinuity, undefined);
    }
    await until(async () => (await bob.page.evaluate(readContinuity, false)).watched > 1500, {
      ...{ within: 5000, what: 'there is something to compare with' },
    });
    for (const person of everybody) await person.page.evaluate(readContinuity, true);

    await nodes.drain(a);
    await until(async () => (await nodes.loadOf(a))?.participants === 0, {
      ...{ within: 20_000, what: 'nobody is on the drained node' },
      every: 50,
    });
    expect(await nodes.people(b, room)).toBe(3);
    // Also what the old paths were still good for.
    for (const person of [ann, cleo]) {
      await until(async () => (await person.stats()).peers.length === 1, {
        ...{ within: 10_000, what: `${person.name} has one connection` },
      });
    }
    await until(async () => (await nodes.loadOf(a))?.rooms === 0, { within: 10_000, what: 'the room is gone there' });
    const measured = await Promise.all(everybody.map(({ page }) => page.evaluate(readContinuity, false)));
    for (const [n, person] of everybody.entries()) {
      const { video, audio, lag } = measured[n];
      const gaps = [...Object.values(video), ...Object.values(audio)].map(({ longest }) => Math.round(longest));
      if (process.env.EFIR_SHOW_GAPS)
        console.log(`${person.name}: ${gaps.join(', ')} ms; the page stood still for ${lag}`);
      expect(Object.keys(video)).toHaveLength(2);
      expect(Object.keys(audio)).toHaveLength(2);
      expect(Math.max(...gaps)).toBeLessThan(GAP_MS);
      expect(await seen(person)).toEqual([]);
      await person.sees(2);
      await person.hears(2);
      await person.showsTiles(['Ann', 'Bob', 'Cleo']);
    }
    expect(await Promise.all(everybody.map(idOf))).toEqual(ids);
  }, 120_000);
});
