import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FakeWorker, FakeWorkers } from '../testing/fake-workers.js';
import { Branches, VIEWERS_OF_A_WORKER } from './branches.js';
import { type Home, Place } from './place.js';
import type { Viewer } from './room.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

class Watcher implements Viewer {
  over: string | null = null;
  home: Home | null = null;

  ended(reason: string): void {
    this.over = reason;
  }
}

function room(workers = 3, branching = true, opening = () => {}) {
  const pool = new FakeWorkers(workers);
  const trunk = new Place(pool, 'show');
  const links: { to: Promise<Home>; open: boolean }[] = [];
  const branches = new Branches({
    ...{ room: 'show', workers: pool, trunk },
    pull: branching
      ? (_, place) => {
          opening();
          const link = { to: place(), open: true };
          links.push(link);
          return {
            close() {
              link.open = false;
            },
          };
        }
      : null,
  });
  const watch = async (count: number): Promise<Watcher[]> => {
    const viewers: Watcher[] = [];
    for (let i = 0; i < count; i++) {
      const viewer = new Watcher();
      viewer.home = await branches.seat(viewer);
      viewers.push(viewer);
    }
    return viewers;
  };
  /** How many watch on each worker. */
  const spread = (viewers: Watcher[]): number[] =>
    pool.workers.map((worker) => viewers.filter(({ home }) => home?.worker === worker).length);
  return { pool, trunk, branches, links, watch, spread };
}

test('a few watch on the trunk; more are spread over as many workers as they need, evenly', async () => {
  const { branches, watch, spread, links, pool } = room();
  const few = await watch(VIEWERS_OF_A_WORKER);
  expect(spread(few)).toEqual([VIEWERS_OF_A_WORKER, 0, 0]);
  const more = [...few, ...(await watch(VIEWERS_OF_A_WORKER))];
  expect(spread(more).slice(0, 2)).toEqual([VIEWERS_OF_A_WORKER, VIEWERS_OF_A_WORKER]);
  const many = [...more, ...(await watch(250))];
  expect(spread(many)).toEqual([100, 100, 100]);
  expect(branches.size).toBe(2);
  // One pipe to each, to the router that the viewers there are on.
  const homes = await Promise.all(links.map(({ to }) => to));
  expect(homes.map(({ worker }) => worker)).toEqual(pool.workers.slice(1));
  for (const { worker, router } of homes)
    expect(many.filter(({ home }) => home?.worker === worker).every(({ home }) => home?.router === router)).toBe(true);
});

test('with one worker, or where it is not to branch, all watch on the trunk', async () => {
  for (const { watch, spread } of [room(1), room(3, false)]) {
    const viewers = await watch(100);
    expect(spread(viewers)[0]).toBe(100);
  }
});

test('a busy worker is not begun on', async () => {
  const { pool, watch, spread } = room(2);
  pool.workers[1].load = { cpu: 0.95 } as FakeWorker['load'];
  expect(spread(await watch(60))).toEqual([60, 0]);
});

test('a branch that nobody watches on is closed after a while, pipe and router', async () => {
  const { pool, branches, watch, links } = room(2);
  const viewers = await watch(60);
  const there = viewers.filter(({ home }) => home?.worker === pool.workers[1]);
  for (const viewer of there.slice(1)) branches.leave(viewer);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(branches.size).toBe(1);
  branches.leave(there[0]);
  await vi.advanceTimersByTimeAsync(1000);
  // Somebody comes in time.
  const [late] = await watch(1);
  expect(late.home).toEqual(there[0].home);
  branches.leave(late);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(branches.size).toBe(0);
  expect(links.map(({ open }) => open)).toEqual([false]);
  expect(pool.workers[1].of('closeRouter')).toEqual([{ type: 'closeRouter', router: there[0].home?.router }]);
});

test('who watches on a worker that dies is told so, and nobody else', async () => {
  const { pool, branches, watch } = room(3);
  const viewers = await watch(90);
  const [, dead] = pool.workers;
  const concerned = viewers.filter(({ home }) => home?.worker === dead);
  expect(concerned.length).toBeGreaterThan(20);
  pool.crash(dead);
  branches.abandon(dead, 'it ended');
  for (const viewer of viewers) expect(viewer.over).toBe(concerned.includes(viewer) ? 'it ended' : null);
  expect(branches.size).toBe(1);
});

test('when the trunk’s worker dies, those on branches stay', async () => {
  const { pool, branches, trunk, watch } = room(2);
  const viewers = await watch(60);
  const [first] = pool.workers;
  pool.crash(first);
  trunk.lost();
  branches.trunkLost('it ended');
  const stayed = viewers.filter(({ over }) => over === null);
  expect(stayed).toHaveLength(viewers.filter(({ home }) => home?.worker !== first).length);
  expect(branches.size).toBe(1);
});

test('where the trunk is found on a branch’s worker, those on that branch come again', async () => {
  const { pool, branches, trunk, watch, links } = room(3);
  const viewers = await watch(90);
  const [first, second] = pool.workers;
  pool.crash(first);
  trunk.lost();
  branches.trunkLost('it ended');
  branches.abandon(second, 'it ended');
  for (const { over, home } of viewers) expect(over).toBe(home?.worker === pool.workers[1] ? null : 'it ended');
  expect(links.map(({ open }) => open)).toEqual([false, true]);
});

test('a pipe that cannot be had is done without, and its router closed', async () => {
  const { pool, branches, watch } = room(2, true, () => {
    throw new Error('too many links are open');
  });
  const viewers = await watch(30);
  expect(viewers.every(({ home }) => home?.worker === pool.workers[0])).toBe(true);
  expect(branches.size).toBe(0);
  expect(pool.workers[1].of('closeRouter')).toHaveLength(pool.workers[1].of('openRouter').length);
});

test('a worker that does not open a router is done without', async () => {
  const { pool, watch, branches, links } = room(2);
  pool.workers[1].before = (request) => {
    if (request.type === 'openRouter') throw new Error('not now');
  };
  const viewers = await watch(30);
  expect(viewers.every(({ home }) => home?.worker === pool.workers[0])).toBe(true);
  expect([branches.size, links.length]).toEqual([0, 0]);
});
