import { expect, test } from 'vitest';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage({ workers: 1 });
/** Three pages that send and receive share two cores with the server. */
const small = { query: { quality: 'h180', fps: '15' } };

test('after kill -9 of the media worker everybody sees everybody again within 5 seconds, without a reload', async () => {
  const server = await stage.server();
  const room = stage.room();
  const people = [
    await stage.join(room, 'Ann', small),
    await stage.join(room, 'Bob', small),
    await stage.join(room, 'Cleo', small),
  ];
  for (const person of people) {
    await person.sees(2);
    await person.page.evaluate(() => document.body.setAttribute('data-not-reloaded', 'yes'), undefined);
  }

  const before = await Promise.all(people.map((person) => person.peerConnections()));

  const [pid] = server.workerPids();
  expect(pid).toBeGreaterThan(0);
  const killed = performance.now();
  process.kill(pid, 'SIGKILL');
  await until(() => !server.workerPids().includes(pid), { within: 2000, what: 'the worker is gone', every: 10 });
  await Promise.all(people.map((person, i) => person.sees(2, 15_000, before[i])));
  const took = performance.now() - killed;

  expect(took).toBeLessThan(5000);
  for (const person of people) {
    expect(await person.page.evaluate(() => document.body.getAttribute('data-not-reloaded'), undefined)).toBe('yes');
    await person.hears(2);
  }
});
