import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { WorkerPool } from './pool.js';
import type { WorkerProcess } from './process.js';

const script = fileURLToPath(new URL('./testing/tiny-worker.mjs', import.meta.url));
let pool: WorkerPool | undefined;

afterEach(async () => {
  await pool?.close();
  pool = undefined;
});

async function start(mode: string, workers: number): Promise<WorkerPool> {
  pool = await WorkerPool.start({ workers, port: 4100, listen: [mode], spawn: { script }, backOffMs: 10 });
  return pool;
}

test('each worker has a port of its own', async () => {
  const { workers } = await start('plain', 2);
  expect(workers.map((worker) => [worker.index, worker.port])).toEqual([
    [0, 4100],
    [1, 4101],
  ]);
});

test('a start that fails leaves nothing behind', async () => {
  await expect(start('dies at start', 2)).rejects.toMatchObject({ code: 'start-failed' });
});

test('the least loaded is chosen, and a burst of choices does not herd', async () => {
  const pool = await start('load 0.1', 2);
  while (!pool.workers.every((worker) => worker.load)) await once(pool.workers.find((w) => !w.load)!, 'notice');
  // 0.1 and 0.05: five choices go to the second before the first is as good.
  const chosen = Array.from({ length: 20 }, () => pool.choose(1000).index);
  expect(chosen.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
  expect(chosen.filter((index) => index === 0).length).toBeGreaterThan(5);
  // Six seconds later what they cost is in the figures.
  expect(pool.choose(7000).index).toBe(1);
});

test('a worker that was killed is replaced, and the others stay', async () => {
  const pool = await start('plain', 2);
  const [victim, other] = pool.workers;
  const lost = once(pool, 'worker-lost');
  const ready = once(pool, 'worker-ready');
  process.kill(victim.pid, 'SIGKILL');
  expect((await lost)[0]).toBe(0);
  expect(pool.worker(0)).toBeNull();
  expect(pool.choose()).toBe(other);
  const [replacement] = (await ready) as [WorkerProcess];
  expect(pool.worker(0)).toBe(replacement);
  expect([replacement.port, replacement.pid === victim.pid]).toEqual([4100, false]);
});

test('with no worker up there is nothing to choose', async () => {
  const pool = await start('plain', 1);
  const lost = once(pool, 'worker-lost');
  process.kill(pool.workers[0].pid, 'SIGKILL');
  await lost;
  expect(() => pool.choose()).toThrow('no media worker is up');
});
