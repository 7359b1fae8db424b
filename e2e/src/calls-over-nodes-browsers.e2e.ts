import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallNodes } from './harness/call-nodes.js';
import { openChat, texts, write } from './harness/chat.js';
import { findRedis } from './harness/redis.js';
import type { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** The page's own, for a look from the console. */
interface PageWindow {
  efir: { room: { on(event: 'participant-left', listener: () => void): void } };
  left: number;
}

const program = findRedis();
const stage = useStage({}, { fps: 10, viewport: { width: 900, height: 600 } });
const query = { quality: 'h180', fps: '10' };

describe.skipIf(!program)(`browsers over nodes${program ? '' : ' (SKIPPED: no redis-server is installed)'}`, () => {
  let nodes: CallNodes;
  let a: Server;
  let b: Server;
  beforeAll(async () => {
    nodes = await CallNodes.start(program as string, 2, 5);
    [a, b] = nodes.servers as [Server, Server];
  }, 60_000);
  afterAll(() => nodes?.close());

  test('two people on two nodes see and hear each other, and read what the other writes', async () => {
    const room = stage.room();
    const ann = await stage.join(room, 'Ann', { query, url: a.url });
    const bob = await stage.join(room, 'Bob', { query, url: b.url });
    for (const person of [ann, bob]) {
      await person.sees(1, 30_000);
      await person.hears(1);
      await person.showsTiles(['Ann', 'Bob']);
    }
    for (const person of [ann, bob]) await openChat(person);
    await write(ann, 'over there?');
    await until(async () => (await texts(bob)).includes('over there?'), { within: 3000, what: 'Bob reads it' });
    await write(bob, 'over here');
    await until(async () => (await texts(ann)).includes('over here'), { within: 3000, what: 'Ann reads it' });
    expect(await texts(ann)).toEqual(await texts(bob));
  }, 120_000);

  test('who loses their node comes back on the other one, as the same person', async () => {
    const room = stage.room();
    const ann = await stage.join(room, 'Ann', { query, url: a.url });
    const bob = await stage.join(room, 'Bob', { query, url: b.url });
    for (const person of [ann, bob]) await person.sees(1, 30_000);
    await bob.page.evaluate(() => {
      const page = window as unknown as PageWindow;
      page.left = 0;
      page.efir.room.on('participant-left', () => {
        page.left++;
      });
    }, undefined);
    const before = await ann.peerConnections();
    await nodes.kill(a);
    await ann.sees(1, 15_000, before);
    await ann.hears(1);
    await until(async () => (await nodes.people(b, room)) === 2, { within: 3000, what: 'two are in the room' });
    await bob.sees(1, 15_000);
    await bob.showsTiles(['Ann', 'Bob']);
    expect(await bob.page.evaluate(() => (window as unknown as PageWindow).left, undefined)).toBe(0);

    await stage.leave(ann);
    await bob.showsTiles(['Bob']);
  }, 120_000);
});
