import { expect, test } from 'vitest';
import { PipedRooms } from '../../testing/piped-rooms.js';
import { arrivalsOf, flowing, followAll, gapsOf, wide } from '../../testing/piped-viewers.js';
import type { SimulatedRoom } from '../../testing/simulated-room.js';

const idsIn = (room: SimulatedRoom) => [...room.engine.routers.get('r')!.producers.keys()];

/** Rooms in a row, each with a pipe from the one before; the first one has a publisher. */
async function chain(count: number) {
  const piped = new PipedRooms(count);
  const ann = piped.rooms[0].publisher('ann.1');
  ann.level = 30;
  for (let i = 1; i < count; i++) piped.pipe(i - 1, i, { relay: true });
  await piped.run(1_000);
  return { piped, ann };
}

test('over four hops it is shown as over one, and it goes over each once', async () => {
  const { piped, ann } = await chain(5);
  const last = piped.rooms[4];
  const viewers = Array.from({ length: 5 }, (_, i) => last.viewer(`v${i}.1`, 1, 1, wide()));
  for (const viewer of viewers) {
    last.show(viewer, 'v0', 'ann.1', 'thumbnail');
    followAll(last, viewer, 'audio');
  }
  const asked = ann.requests.length;
  const first = await piped.until(() => viewers.every((viewer) => arrivalsOf(viewer, 'v0').length > 0), 3_000);
  expect(first).toBeLessThan(1_000);
  expect(ann.requests.length - asked).toBeLessThanOrEqual(2);
  await piped.run(8_000);
  for (const viewer of viewers) {
    expect(gapsOf(viewer, 'v0')).toMatchObject({ missing: 0, backTicks: 0 });
    expect(gapsOf(viewer, 'a0')).toMatchObject({ missing: 0, backTicks: 0 });
  }
  for (const { source } of piped.pipes) expect(flowing(source)).toEqual(['ann.1/a', 'ann.1/v h']);
  expect(ann.wanted).toBe(2);
});

test('a sixth hop is refused and counted', async () => {
  const { piped } = await chain(7);
  expect(idsIn(piped.rooms[5])).toEqual(['ann.1/a', 'ann.1/v']);
  expect(idsIn(piped.rooms[6])).toEqual([]);
  expect(piped.rooms[6].engine.counters.pipesTooLong).toBe(2);
});

test('without relay only what is published there goes on', async () => {
  const piped = new PipedRooms(3);
  piped.rooms[0].publisher('ann.1');
  piped.rooms[1].publisher('ben.1');
  piped.pipe(0, 1);
  piped.pipe(1, 2);
  await piped.run(1_000);
  expect(idsIn(piped.rooms[1]).sort()).toEqual(['ann.1/a', 'ann.1/v', 'ben.1/a', 'ben.1/v']);
  expect(idsIn(piped.rooms[2])).toEqual(['ben.1/a', 'ben.1/v']);
});

test('two routers that pull from each other have what is published in both, once', async () => {
  const piped = new PipedRooms(2);
  const [a, b] = piped.rooms;
  a.publisher('ann.1').level = 30;
  b.publisher('ben.1').level = 60;
  const there = piped.pipe(0, 1);
  const back = piped.pipe(1, 0);
  await piped.run(1_000);
  for (const room of piped.rooms) expect(idsIn(room).sort()).toEqual(['ann.1/a', 'ann.1/v', 'ben.1/a', 'ben.1/v']);
  const near = a.viewer('near.1', 1, 1, wide());
  const far = b.viewer('far.1', 1, 1, wide());
  followAll(a, near);
  followAll(b, far);
  await piped.run(4_000);
  expect(flowing(there.source)).toContain('ann.1/a');
  expect(flowing(back.source)).toContain('ben.1/a');
  expect(arrivalsOf(far, 'v0').at(-1)!.csrc).toBe(b.tag('ann.1'));
  expect(arrivalsOf(near, 'v0').at(-1)!.csrc).toBe(a.tag('ann.1'));
});

test('in a ring nothing comes back to where it was', async () => {
  const piped = new PipedRooms(3);
  piped.rooms[0].publisher('ann.1').level = 30;
  for (const [from, to] of [
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 1],
  ])
    piped.pipe(from, to, { relay: true });
  await piped.run(3_000);
  for (const room of piped.rooms) expect(idsIn(room)).toEqual(['ann.1/a', 'ann.1/v']);
  expect(piped.rooms[0].engine.routers.get('r')!.producers.get('ann.1/v')!.piped).toBeNull();
  expect(piped.rooms[1].engine.routers.get('r')!.producers.get('ann.1/v')!.piped!.path).toHaveLength(1);
  expect(piped.rooms[0].engine.counters.pipeLoops).toBeGreaterThan(0);
  expect(piped.rooms[1].engine.counters.pipeLoops).toBeGreaterThan(0);
  // The way in is lost: what went round in the ring must not keep itself alive.
  piped.pipes[0].close();
  await piped.run(1_000);
  for (const room of piped.rooms.slice(1)) expect(idsIn(room)).toEqual([]);
});

/** A publisher's room, two relays, and a room behind the first of them; a viewer there. */
async function diamond(second: { delayMs: number }) {
  const piped = new PipedRooms(4);
  const [origin, , , leaf] = piped.rooms;
  const ann = origin.publisher('ann.1');
  ann.level = 30;
  piped.pipe(0, 1, { relay: true });
  piped.pipe(0, 2, { relay: true });
  const old = piped.pipe(1, 3, { relay: true, delayMs: 30 });
  await piped.until(() => old.sink.ready);
  const viewer = leaf.viewer('bob.1', 1, 1, wide());
  leaf.show(viewer, 'v0', 'ann.1', 'thumbnail');
  followAll(leaf, viewer, 'audio');
  await piped.run(4_000);
  const next = piped.pipe(2, 3, { relay: true, ...second });
  await piped.until(() => next.sink.ready);
  await piped.run(500);
  return { piped, ann, leaf, viewer, old, next };
}

for (const [name, delayMs] of [
  ['slower', 90],
  ['faster', 1],
] as const) {
  test(`from one parent to a ${name} one, pictures and sound go on without a gap`, async () => {
    const { piped, leaf, viewer, old, next } = await diamond({ delayMs });
    // The second stands by, and costs nothing.
    expect(flowing(next.source)).toEqual([]);
    const from = leaf.ms;
    leaf.engine.setClock();
    old.sink.leave();
    const took = await piped.until(() => old.sink.left, 2_000);
    expect(took).toBeLessThan(1_500);
    old.close();
    await piped.run(3_000);
    expect(flowing(next.source)).toEqual(['ann.1/a', 'ann.1/v h']);
    const picture = gapsOf(viewer, 'v0', from);
    expect(picture).toMatchObject({ missing: 0, backTicks: 0 });
    expect(picture.longestMs).toBeLessThan(300);
    expect(viewer.since(from).some(({ height }) => height > 0 && height < 720)).toBe(false);
    const sound = gapsOf(viewer, 'a0', from);
    expect(sound).toMatchObject({ missing: 0, backTicks: 0 });
    expect(sound.longestMs).toBeLessThan(150);
    // Each frame of sound once, in its own time.
    const steps = arrivalsOf(viewer, 'a0').map(({ timestamp }, i, all) =>
      i > 0 ? timestamp - all[i - 1].timestamp : 960,
    );
    expect(steps.every((step) => step > 0 && step % 960 === 0)).toBe(true);
    expect(idsIn(leaf)).toEqual(['ann.1/a', 'ann.1/v']);
  });
}

test('a pipe that stands by takes over when the other one breaks', async () => {
  const { piped, leaf, viewer, old, next } = await diamond({ delayMs: 10 });
  const from = leaf.ms;
  old.close();
  await piped.run(2_000);
  expect(gapsOf(viewer, 'v0', from)).toMatchObject({ missing: 0, backTicks: 0 });
  expect(gapsOf(viewer, 'v0', from).longestMs).toBeLessThan(700);
  expect(gapsOf(viewer, 'a0', from).longestMs).toBeLessThan(300);
  expect(flowing(next.source)).toEqual(['ann.1/a', 'ann.1/v h']);
  expect(leaf.engine.routers.get('r')!.producers.get('ann.1/v')!.carrier).toBe(next.sink.transport);
});

test('a pipe that is there to stand by, and was first, gives everything to the one that comes after it', async () => {
  const piped = new PipedRooms(3);
  const [origin, , leaf] = piped.rooms;
  origin.publisher('ann.1').level = 30;
  piped.pipe(0, 1, { relay: true });
  const backup = piped.pipe(0, 2, { relay: true, standby: true });
  await piped.until(() => backup.sink.ready);
  const viewer = leaf.viewer('bob.1', 1, 1, wide());
  leaf.show(viewer, 'v0', 'ann.1', 'thumbnail');
  followAll(leaf, viewer, 'audio');
  await piped.until(() => flowing(backup.source).join() === 'ann.1/a,ann.1/v h');
  const from = leaf.ms;
  const parent = piped.pipe(1, 2, { relay: true });
  await piped.until(() => flowing(backup.source).length === 0, 5_000);
  expect(flowing(parent.source)).toEqual(['ann.1/a', 'ann.1/v h']);
  // They change roles, as when the home names another parent.
  backup.sink.stand(false);
  parent.sink.stand(true);
  await piped.until(() => flowing(parent.source).length === 0, 5_000);
  expect(flowing(backup.source)).toEqual(['ann.1/a', 'ann.1/v h']);
  // One that was left because it was quiet takes back what is its own, once it is claimed.
  backup.sink.leave();
  await piped.until(() => flowing(backup.source).length === 0, 5_000);
  backup.sink.stay();
  await piped.run(1_000);
  expect(flowing(backup.source)).toEqual([]);
  backup.sink.claim();
  await piped.until(() => flowing(parent.source).length === 0, 5_000);
  for (const mid of ['v0', 'a0']) {
    expect(gapsOf(viewer, mid, from)).toMatchObject({ missing: 0, backTicks: 0 });
    expect(gapsOf(viewer, mid, from).longestMs).toBeLessThan(300);
  }
});

test('below a node that changes its parent nobody notices', async () => {
  const { piped, leaf, old } = await diamond({ delayMs: 10 });
  const below = piped.add();
  const down = piped.pipe(3, 4, { relay: true });
  await piped.until(() => down.sink.ready);
  const viewer = below.viewer('low.1', 1, 1, wide());
  below.show(viewer, 'v0', 'ann.1', 'thumbnail');
  followAll(below, viewer, 'audio');
  await piped.run(3_000);
  const path = () => below.engine.routers.get('r')!.producers.get('ann.1/v')!.piped!.path;
  const before = path();
  const from = below.ms;
  leaf.engine.setClock();
  old.sink.leave();
  await piped.until(() => old.sink.left, 2_500);
  old.close();
  await piped.run(2_000);
  expect(path()).not.toEqual(before);
  for (const mid of ['v0', 'a0']) {
    expect(gapsOf(viewer, mid, from)).toMatchObject({ missing: 0, backTicks: 0 });
    expect(gapsOf(viewer, mid, from).longestMs).toBeLessThan(300);
  }
});

test('when a pipe is gone its producers are, and when it is there again the same streams go on', async () => {
  const piped = new PipedRooms(2);
  const [a, b] = piped.rooms;
  a.publisher('ann.1').level = 30;
  const first = piped.pipe(0, 1);
  await piped.until(() => first.sink.ready);
  const viewer = b.viewer('bob.1', 1, 1, wide());
  b.show(viewer, 'v0', 'ann.1', 'thumbnail');
  followAll(b, viewer, 'audio');
  await piped.run(3_000);
  first.close();
  expect(idsIn(b)).toEqual([]);
  await piped.run(2_000);
  const from = b.ms;
  piped.pipe(0, 1);
  await piped.until(() => viewer.since(from).some(({ ssrc }) => ssrc % 2 === 0), 1_500);
  await piped.run(1_000);
  for (const mid of ['v0', 'a0']) expect(gapsOf(viewer, mid)).toMatchObject({ missing: 0, backTicks: 0 });
  const { engine } = a;
  expect([...engine.transports.keys()].sort()).toEqual(['ann.1', 'p1.out']);
});

test('who publishes here is who it says, whatever comes from elsewhere under its id', async () => {
  const piped = new PipedRooms(2);
  const [a, b] = piped.rooms;
  a.publisher('ann.1');
  b.publisher('ann.1');
  const pipe = piped.pipe(0, 1);
  await piped.until(() => pipe.sink.ready);
  expect(b.engine.counters.pipeProducersRefused).toBe(2);
  expect(b.engine.routers.get('r')!.producers.get('ann.1/v')!.piped).toBeNull();
  // The other way round: the one from elsewhere was first.
  a.publisher('eve.1');
  await piped.until(() => idsIn(b).includes('eve.1/v'), 500);
  const eve = b.publisher('eve.1');
  expect(b.engine.routers.get('r')!.producers.get('eve.1/v')).toBe(eve.transport.producers.get('v'));
  await piped.run(500);
  pipe.close();
  expect(b.engine.routers.get('r')!.producers.get('eve.1/v')).toBe(eve.transport.producers.get('v'));
});
