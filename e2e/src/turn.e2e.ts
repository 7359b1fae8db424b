import { afterAll, describe, expect, test } from 'vitest';
import { Participant } from './harness/participant.js';
import { Server, type ServerOptions } from './harness/server.js';
import { skewedClock } from './harness/skewed-clock.js';
import { useStage } from './harness/stage.js';
import { hasTurnServer, TurnServer } from './harness/turn-server.js';
import { until } from './harness/until.js';

const turn = hasTurnServer ? await TurnServer.start() : null;
afterAll(() => turn?.stop());

const turnFlags = (secret = turn?.secret ?? '') => ['--turn-url', turn?.url() ?? '', '--turn-secret', secret];
const stage = useStage({ meshMax: 5, args: turn ? turnFlags() : [] });
const relay = { query: { relay: '1' } };

describe.skipIf(!hasTurnServer)('through a relay (coturn)', () => {
  for (const topology of ['mesh', 'sfu'] as const) {
    test(`two whom only a relay connects see and hear each other in a room on ${topology}`, async () => {
      const room = stage.room();
      await (await stage.server()).putRoom(room, { topology });
      const ann = await stage.join(room, 'Ann', relay);
      const bob = await stage.join(room, 'Bob', relay);
      for (const person of [ann, bob]) {
        await person.sees(1, 30_000);
        await person.hears(1);
        const { paths } = await person.stats();
        expect(paths).toHaveLength(1);
        expect(paths[0].localType).toBe('relay');
      }
    });
  }

  test('where one of two is behind a relay and the other is not, a mesh works', async () => {
    const room = stage.room();
    await (await stage.server()).putRoom(room, { topology: 'mesh' });
    const ann = await stage.join(room, 'Ann', relay);
    const bob = await stage.join(room, 'Bob');
    for (const person of [ann, bob]) await person.sees(1, 30_000);
    expect((await ann.stats()).paths[0].localType).toBe('relay');
    expect((await bob.stats()).paths[0].localType).not.toBe('relay');
  });

  /** Somebody who insists on a relay, on a server of their own; what the page tells them. */
  async function told(message: RegExp, options: ServerOptions, topology: 'mesh' | 'sfu'): Promise<void> {
    const server = await Server.start({ meshMax: 5, ...options });
    stage.later(() => server.stop());
    await server.putRoom('relayed', { topology });
    const join = async (name: string) => {
      const person = await Participant.join(await stage.browser(), server.url, 'relayed', name, relay);
      stage.people.push(person);
      return person;
    };
    const ann = await join('Ann');
    // It is told in passing: in a mesh when Bob comes, on the SFU at once.
    const seen = until(
      () => ann.page.evaluate((pattern) => new RegExp(pattern, 'i').test(document.body.innerText), message.source),
      { within: 40_000, what: `the page says ${message}` },
      async () => ({
        page: await ann.page.evaluate(() => document.body.innerText, undefined),
        console: ann.page.console.slice(-10),
      }),
    );
    await Promise.all([seen, join('Bob')]);
    expect(await ann.playing()).toHaveLength(0);
  }

  for (const topology of ['mesh', 'sfu'] as const) {
    test(`expired credentials fail with a message that says so, on ${topology}`, async () => {
      await told(/relay \(TURN\).*expired/, { args: turnFlags(), env: skewedClock(-7200) }, topology);
    });

    test(`credentials of another secret fail with a message that says so, on ${topology}`, async () => {
      await told(/relay \(TURN\).*refused/, { args: turnFlags('another secret') }, topology);
    });
  }

  test('a server without a relay tells those who insist on one', async () => {
    await told(/only a relay.*none/, {}, 'mesh');
  });
});
