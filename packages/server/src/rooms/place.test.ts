import { expect, test } from 'vitest';
import { FakeWorkers } from '../testing/fake-workers.js';
import { Place, roomOfRouter } from './place.js';

test('a place is a router on a worker, of an id that is never used again', async () => {
  const workers = new FakeWorkers();
  const [first, second] = [new Place(workers, 'demo'), new Place(workers, 'demo')];
  await Promise.all([first.open(), second.open()]);
  expect((await first.find()).router).not.toBe((await second.find()).router);
  expect(roomOfRouter((await first.find()).router)).toBe('demo');
});

test('without a worker, who asks waits for the next one', async () => {
  const workers = new FakeWorkers();
  const place = new Place(workers, 'demo');
  workers.crash(workers.workers[0]);
  const opened = place.open();
  const found = place.find();
  await Promise.resolve();
  const worker = workers.restart(0);
  expect((await found).worker).toBe(worker);
  await opened;
});

test('a worker that dies while it opens the router is not the place', async () => {
  const workers = new FakeWorkers(2);
  const [dying, other] = workers.workers;
  dying.before = () => workers.crash(dying);
  const place = new Place(workers, 'demo');
  const opened = place.open();
  await opened;
  expect(place.home?.worker).toBe(other);
});

test('a closed place closes its router, and who waits for it is refused', async () => {
  const workers = new FakeWorkers();
  const [worker] = workers.workers;
  const place = new Place(workers, 'demo');
  await place.open();
  place.close();
  expect(worker.of('closeRouter')).toHaveLength(1);
  await expect(place.find()).rejects.toMatchObject({ code: 'unavailable' });

  const early = new Place(workers, 'early');
  const opening = early.open();
  const waiting = early.find();
  early.close();
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
  await opening;
  expect(worker.of('closeRouter')).toHaveLength(2);
});

test('a place is opened when it is first asked for, and given up when it is not needed', async () => {
  const workers = new FakeWorkers();
  const [worker] = workers.workers;
  const place = new Place(workers, 'demo');
  expect(worker.requests).toEqual([]);
  const [first] = await Promise.all([place.find(), place.find()]);
  expect(worker.of('openRouter')).toHaveLength(1);
  place.release();
  expect(place.home).toBeNull();
  expect(worker.of('closeRouter')).toEqual([{ type: 'closeRouter', router: first.router }]);
  expect((await place.find()).router).not.toBe(first.router);
});
