import { afterAll, describe, expect, test } from 'vitest';
import { openChat, texts, write } from './harness/chat.js';
import { joinFrom } from './harness/elsewhere.js';
import { hasNamespaces, NetworkNamespace } from './harness/network-namespace.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const chromium = { fps: 10, viewport: { width: 900, height: 600 } };
const stage = useStage({ meshMax: 5 }, chromium);
const query = { quality: 'h180', fps: '10' };
const MESSAGES = 25;

describe.skipIf(!hasNamespaces)('on a link that loses 5 % both ways', () => {
  let network: NetworkNamespace | undefined;
  afterAll(() => network?.remove());

  for (const topology of ['mesh', 'sfu'] as const) {
    test(`what is written reaches everybody once and in order (${topology})`, async () => {
      const room = stage.room();
      await (await stage.server()).putRoom(room, { topology });
      network ??= await NetworkNamespace.create();
      await network.mend().catch(() => {});
      const ann = await joinFrom(network, stage, room, 'Ann', { query, chromium });
      const bob = await stage.join(room, 'Bob', { query });
      const cleo = await stage.join(room, 'Cleo', { query });
      const people = [ann, bob, cleo];
      for (const person of people) {
        await person.sees(2, 30_000);
        await openChat(person);
      }
      await network.lose(5);
      for (let i = 1; i <= MESSAGES; i++) {
        await Promise.all([write(ann, `from Ann ${i}`), write(bob, `from Bob ${i}`)]);
      }
      const all = (name: string) => Array.from({ length: MESSAGES }, (_, i) => `from ${name} ${i + 1}`);
      for (const person of people) {
        await until(
          async () => (await texts(person)).length >= 2 * MESSAGES,
          { within: 20_000, what: `${person.name} reads it all` },
          async () => (await texts(person)).length,
        );
      }
      // Whatever comes twice has come by now.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      for (const person of people) {
        const read = await texts(person);
        for (const name of ['Ann', 'Bob']) expect(read.filter((text) => text.includes(name))).toEqual(all(name));
      }
    }, 150_000);
  }
});
