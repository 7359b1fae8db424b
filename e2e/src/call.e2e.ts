import { expect, test } from 'vitest';
import { hasFirefox } from './harness/browsers.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage({ workers: 2 });

test.skipIf(!hasFirefox)(
  'three Chromium and one Firefox see and hear each other, and tiles come and go with people',
  async () => {
    const room = stage.room();
    const ann = await stage.join(room, 'Ann');
    const bob = await stage.join(room, 'Bob');
    const cleo = await stage.join(room, 'Cleo');
    const finn = await stage.join(room, 'Finn', { browser: 'firefox' });
    const everybody = [ann, bob, cleo, finn];
    for (const person of everybody) await person.sees(3, 30_000);
    for (const person of everybody) await person.hears(3, 15_000);
    for (const person of everybody) expect(await person.tiles()).toEqual(['Ann', 'Bob', 'Cleo', 'Finn']);

    await stage.leave(bob);
    const rest = [ann, cleo, finn];
    for (const person of rest) {
      await until(async () => (await person.tiles()).length === 3, {
        within: 10_000,
        what: `Bob's tile goes at ${person.name}'s`,
      });
      await person.sees(2);
    }

    const dora = await stage.join(room, 'Dora');
    await dora.sees(3);
    for (const person of rest) await person.sees(3);
    expect(await dora.tiles()).toEqual(['Ann', 'Cleo', 'Dora', 'Finn']);
  },
  120_000,
);

test('somebody who joins late has every picture within a second', async () => {
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const bob = await stage.join(room, 'Bob');
  await ann.sees(1);
  await bob.sees(1);

  const late = await stage.join(room, 'Late');
  await late.sees(2);
  const waits = await late.firstFrameWaits();
  expect(waits.length).toBeGreaterThanOrEqual(2);
  for (const wait of waits) expect(wait).toBeLessThan(1000);
});
