import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallNodes } from './harness/call-nodes.js';
import { openChat, texts, write } from './harness/chat.js';
import { findRedis } from './harness/redis.js';
import type { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

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

    await stage.leave(bob);
    await ann.showsTiles(['Ann']);
  }, 120_000);
});
