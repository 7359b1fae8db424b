import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallNodes } from './harness/call-nodes.js';
import { openChat } from './harness/chat.js';
import { attach, fileStates, receivedFile, showsFiles } from './harness/files.js';
import type { Participant } from './harness/participant.js';
import { findRedis } from './harness/redis.js';
import type { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const program = findRedis();
const stage = useStage({}, { fps: 10, viewport: { width: 900, height: 600 } });
const query = { quality: 'h180', fps: '10' };
const SIZE = 8_000_000;

describe.skipIf(!program)(`files over nodes${program ? '' : ' (SKIPPED: no redis-server is installed)'}`, () => {
  let nodes: CallNodes;
  let a: Server;
  let b: Server;
  beforeAll(async () => {
    nodes = await CallNodes.start(program as string, 2);
    [a, b] = nodes.servers as [Server, Server];
  }, 60_000);
  afterAll(() => nodes?.close());

  /** Ann on one node, Bob on the other. */
  async function call(more: Record<string, string> = {}): Promise<[Participant, Participant]> {
    const room = stage.room();
    const ann = await stage.join(room, 'Ann', { query: { ...query, ...more }, url: a.url });
    const bob = await stage.join(room, 'Bob', { query: { ...query, ...more }, url: b.url });
    for (const person of [ann, bob]) {
      await person.showsTiles(['Ann', 'Bob']);
      await openChat(person);
    }
    return [ann, bob];
  }

  async function arrives(from: Participant, to: Participant, size: number): Promise<void> {
    const hash = await attach(from, size);
    await showsFiles(to, ['offered'], 20_000);
    await to.page.click('.file-actions .button-primary');
    await until(
      async () => (await receivedFile(to)) !== null,
      { within: 60_000, what: `${to.name} has the file` },
      () => fileStates(to),
    );
    expect(await receivedFile(to)).toEqual({ size, hash, name: 'picture.raw' });
    await showsFiles(from, ['done'], 10_000);
  }

  test('a file goes from one node to the other and arrives whole', async () => {
    const [ann, bob] = await call();
    await arrives(ann, bob, SIZE);
  }, 120_000);

  test('also where nobody publishes, to the node that pulls', async () => {
    const [ann, bob] = await call({ video: '0', audio: '0' });
    await arrives(bob, ann, 1_000_000);
  }, 120_000);

  test('either end can cancel it on its way', async () => {
    const [ann, bob] = await call();
    await attach(ann, 20_000_000);
    await showsFiles(bob, ['offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await bob.page.click('.file-cancel');
    await showsFiles(bob, ['cancelled'], 5_000);
    await showsFiles(ann, ['cancelled'], 10_000);
    await attach(ann, 20_000_000);
    await showsFiles(bob, ['cancelled', 'offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await ann.page.click('.file-cancel');
    await showsFiles(ann, ['cancelled', 'cancelled'], 5_000);
    await showsFiles(bob, ['cancelled', 'cancelled'], 10_000);
  }, 120_000);

  test('a media process that dies on the way holds it up and no more', async () => {
    const [ann, bob] = await call();
    const hash = await attach(ann, 20_000_000);
    await showsFiles(bob, ['offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await until(async () => (await fileStates(bob)).includes('active'), { within: 5_000, what: 'it is under way' });
    for (const pid of b.workerPids()) process.kill(pid, 'SIGKILL');
    await until(
      async () => (await receivedFile(bob)) !== null,
      { within: 90_000, what: 'Bob has the file' },
      () => fileStates(bob),
    );
    expect(await receivedFile(bob)).toEqual({ size: 20_000_000, hash, name: 'picture.raw' });
  }, 150_000);
});
