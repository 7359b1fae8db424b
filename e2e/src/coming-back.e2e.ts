import { afterAll, describe, expect, test } from 'vitest';
import { joinAsleep, joinFrom } from './harness/elsewhere.js';
import { hasNamespaces, NetworkNamespace } from './harness/network-namespace.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const chromium = { fps: 15, viewport: { width: 480, height: 360 } };
const stage = useStage({ meshMax: 5 }, chromium);
/** Three seconds on a machine that does nothing else, and what looking takes. */
const BACK_WITHIN_MS = process.env.EFIR_TIMED ? 3_400 : 6_000;
const small = { quality: 'h180', fps: '15' };

describe.skipIf(!hasNamespaces)('on another machine', () => {
  let elsewhere: NetworkNamespace | undefined;
  afterAll(() => elsewhere?.remove());

  for (const topology of ['mesh', 'sfu'] as const) {
    test(`after ten seconds without a network everybody is back within three, as who they were (${topology})`, async () => {
      const room = stage.room();
      await (await stage.server()).putRoom(room, { topology });
      const bob = await stage.join(room, 'Bob', { query: small });
      elsewhere ??= await NetworkNamespace.create();
      const network = elsewhere;
      const ann = await joinFrom(network, stage, room, 'Ann', { query: small, chromium });
      for (const person of [ann, bob]) await person.sees(1, 30_000);
      const identity = await bob.participantOf('Ann');

      await network.cut();
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      await network.mend();
      const began = performance.now();
      await Promise.all([ann.sees(1, 15_000), bob.sees(1, 15_000)]);
      expect(performance.now() - began).toBeLessThan(BACK_WITHIN_MS);

      for (const person of [ann, bob]) await person.showsTiles(['Ann', 'Bob']);
      expect(await bob.participantOf('Ann')).toBe(identity);
      // The one that was lost and mended, and no other.
      for (const person of [ann, bob]) expect((await person.stats()).peers).toHaveLength(1);
    }, 120_000);
  }
});

for (const topology of ['mesh', 'sfu'] as const) {
  test.skipIf(process.platform !== 'linux')(
    `who slept for twenty seconds wakes up as who they were (${topology})`,
    async () => {
      const room = stage.room();
      await (await stage.server()).putRoom(room, { topology });
      const bob = await stage.join(room, 'Bob', { query: small });
      const { person: ann, sleep, wake } = await joinAsleep(stage, room, 'Ann', { query: small, chromium });
      for (const person of [ann, bob]) await person.sees(1, 30_000);
      const identity = await bob.participantOf('Ann');
      sleep();
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      wake();
      const began = performance.now();
      await Promise.all([ann.sees(1, 15_000), bob.sees(1, 15_000)]);
      expect(performance.now() - began).toBeLessThan(BACK_WITHIN_MS);
      for (const person of [ann, bob]) await person.showsTiles(['Ann', 'Bob']);
      expect(await bob.participantOf('Ann')).toBe(identity);
      for (const person of [ann, bob]) expect((await person.stats()).peers).toHaveLength(1);
    },
    120_000,
  );
}

test('a second page of the same person says so, and can take the place of the first without anybody noticing', async () => {
  const room = stage.room();
  const { url } = await stage.server();
  const ann = await stage.join(room, 'Ann', { query: small });
  const bob = await stage.join(room, 'Bob', { query: small });
  await bob.sees(1);
  const identity = await bob.participantOf('Ann');

  const twin = await ann.page.twin();
  await twin.goto(`${url}/room/${room}?${new URLSearchParams({ name: 'Ann', ...small })}`);
  const says = (page: typeof twin, words: RegExp) =>
    until(() => page.evaluate((source) => new RegExp(source, 'i').test(document.body.innerText), words.source), {
      within: 10_000,
      what: `the page says ${words}`,
    });
  await says(twin, /already/);
  await bob.showsTiles(['Ann', 'Bob']);
  await twin.click('.message-actions .button-primary');
  await says(ann.page, /went on/);
  await until(
    () => twin.evaluate(() => document.querySelectorAll('article.tile[data-picture]').length === 2, undefined),
    {
      within: 15_000,
      what: 'the second page shows the call',
    },
  );
  await bob.showsTiles(['Ann', 'Bob']);
  await bob.sees(1);
  expect(await bob.participantOf('Ann')).toBe(identity);

  // And back again.
  await ann.page.click('.message-actions .button-primary');
  await says(twin, /went on/);
  await ann.sees(1);
  expect(await bob.participantOf('Ann')).toBe(identity);
});
