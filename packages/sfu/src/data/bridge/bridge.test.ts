import { expect, test } from 'vitest';
import { gapsOf, wide } from '../../testing/piped-viewers.js';
import { seeded } from '../sctp/testing/link.js';
import { BridgedRooms, partsOf } from '../testing/bridged-rooms.js';
import { isForBridge } from './bridge.js';

const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i);

async function twoRooms(pipes: 1 | 2 = 1) {
  const rooms = new BridgedRooms(2);
  const first = rooms.bridge(0, 1);
  const second = pipes === 2 ? rooms.bridge(1, 0) : first;
  const ann = await rooms.join(0, 'ann');
  const bob = await rooms.join(1, 'bob');
  await rooms.run(500);
  return { rooms, first, second, ann, bob };
}

const counters = (rooms: BridgedRooms, room: number) => rooms.rooms[room].engine.data.counters;

test.each([1, 2] as const)(
  'a file reaches somebody on another node whole, once and in order, with %d pipes',
  async (pipes) => {
    const { rooms, ann, bob } = await twoRooms(pipes);
    ann.data.send('file', 'bob', 'offer');
    ann.data.send('file', 'bob', new Uint8Array(0));
    await rooms.until(() => bob.got.length === 2);
    bob.data.send('file', 'ann', 'accept');
    await rooms.until(() => ann.got.length === 1);
    ann.sendParts('bob', 300);
    await rooms.until(() => bob.got.length >= 302, 20_000);
    await rooms.run(500);
    expect(bob.got.slice(0, 2).map(({ label, text, payload }) => [label, text, payload.length])).toEqual([
      ['file', true, 5],
      ['file', false, 0],
    ]);
    expect(partsOf(bob, 'ann')).toEqual(numbers(300));
    expect(ann.texts).toEqual(['bob: accept']);
    expect(counters(rooms, 0)).toMatchObject({ dataNoReceiver: 0, dataBridgeSent: 302, dataBridgeRefused: 0 });
    expect(counters(rooms, 1)).toMatchObject({ dataNoReceiver: 0, dataBridgeReceived: 302, dataBridgeRefused: 0 });
  },
  60_000,
);

test('both directions at once, over a pipe that loses a fiftieth', async () => {
  const rooms = new BridgedRooms(2);
  const pipe = rooms.bridge(0, 1, { delayMs: 40 });
  const random = seeded(3);
  const ann = await rooms.join(0, 'ann');
  const bob = await rooms.join(1, 'bob');
  await rooms.run(500);
  pipe.losesData = () => random() < 0.02;
  ann.sendParts('bob', 60);
  bob.sendParts('ann', 60);
  await rooms.until(() => bob.got.length === 60 && ann.got.length === 60, 120_000);
  expect(partsOf(bob, 'ann')).toEqual(numbers(60));
  expect(partsOf(ann, 'bob')).toEqual(numbers(60));
}, 60_000);

test('what is for all reaches everybody on every node once; only files cross', async () => {
  const rooms = new BridgedRooms(3);
  for (const [from, to] of [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 0],
    [0, 2],
  ])
    rooms.bridge(from, to);
  const ann = await rooms.join(0, 'ann');
  const others = [
    await rooms.join(0, 'amy'),
    await rooms.join(1, 'bob'),
    await rooms.join(1, 'ben'),
    await rooms.join(2, 'cleo'),
  ];
  await rooms.run(500);
  for (let n = 0; n < 20; n++) ann.data.send('file', null, `${n}`);
  ann.data.send('reliable', null, 'chat');
  ann.data.send('reliable', 'bob', 'chat');
  await rooms.run(1_000);
  const all = numbers(20).map((n) => `ann: ${n}`);
  expect(others[0].texts.sort()).toEqual([...all, 'ann: chat'].sort());
  for (const { texts } of others.slice(1)) expect(texts).toEqual(all);
  expect(ann.got).toEqual([]);
}, 60_000);

test('a slow receiver makes its sender wait within bounds, and no other sender; the receiver that takes it up gets all', async () => {
  const { rooms, first, ann, bob } = await twoRooms();
  const amy = await rooms.join(0, 'amy');
  const ben = await rooms.join(1, 'ben');
  await rooms.run(200);
  bob.data.slow = true;
  ann.sendParts('bob', 1_000);
  await rooms.run(10_000);
  const { sent } = ann;
  // Bob's window and outbox, Ann's share of the bridge, her window and what she has herself.
  expect(sent * 16_384).toBeLessThan((1_024 + 256 + 512 + 1_536 + 512) * 1_024);
  const held = bob.got.length;
  amy.sendParts('ben', 200);
  await rooms.until(() => partsOf(ben, 'amy').length === 200, 5_000);
  expect(partsOf(ben, 'amy')).toEqual(numbers(200));
  expect(bob.got.length).toBe(held);
  expect(first.failure).toBeNull();
  bob.data.slow = false;
  bob.data.takeHeld();
  await rooms.until(() => bob.got.length === 1_000, 20_000);
  expect(partsOf(bob, 'ann')).toEqual(numbers(1_000));
}, 60_000);

test('short messages without end wait within bounds as well', async () => {
  const { rooms, ann, bob } = await twoRooms();
  // Nothing gets to Bob any more.
  rooms.people.splice(rooms.people.indexOf(bob), 1);
  for (let sent = 0; sent < 80_000; sent += 40) {
    for (let n = 0; n < 40; n++) ann.data.send('file', 'bob', 'x');
    await rooms.run(5);
  }
  expect(counters(rooms, 1).dataBridgeReceived).toBeGreaterThan(1_000);
  expect(counters(rooms, 1).dataBridgeReceived).toBeLessThan(30_000);
}, 60_000);

test('a receiver that takes nothing for half a minute loses the channel, and its sender goes on', async () => {
  const { rooms, ann, bob } = await twoRooms();
  const ben = await rooms.join(1, 'ben');
  await rooms.run(200);
  bob.data.slow = true;
  ann.sendParts('bob', 180);
  await rooms.run(5_000);
  ann.data.send('file', 'ben', 'and you');
  await rooms.run(20_000);
  expect(ben.got).toEqual([]);
  await rooms.until(() => ben.got.length === 1, 20_000);
  expect(counters(rooms, 1)).toMatchObject({ dataStalls: 1 });
  expect(ben.texts).toEqual(['ann: and you']);
}, 60_000);

test('many senders share a pipe alike', async () => {
  const { rooms } = await twoRooms();
  const senders = [];
  for (const n of numbers(4)) senders.push(await rooms.join(0, `s${n}`));
  const receivers = [];
  for (const n of numbers(4)) receivers.push(await rooms.join(1, `r${n}`));
  await rooms.run(200);
  for (const [n, sender] of senders.entries()) sender.sendParts(`r${n}`, 1_000);
  await rooms.run(3_000);
  const got = receivers.map((receiver) => receiver.got.length);
  expect(Math.min(...got)).toBeGreaterThan(Math.max(...got) * 0.6);
  expect(Math.min(...got)).toBeGreaterThan(20);
}, 60_000);

test('where a pipe is lost another takes over, and nothing old comes after what is new', async () => {
  const { rooms, first, ann, bob } = await twoRooms(2);
  bob.data.slow = true;
  ann.sendParts('bob', 300);
  await rooms.run(3_000);
  // What Bob has no room for waits at his node. That doesn't know yet when Ann's has given the pipe up.
  first.loss = 1;
  first.closeEnd(first.source);
  await rooms.run(1_000);
  bob.data.slow = false;
  bob.data.takeHeld();
  await rooms.until(() => ann.sent === 300);
  await rooms.run(3_000);
  const got = partsOf(bob, 'ann');
  expect(got.at(-1)).toBe(299);
  expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
  expect(got.length).toBeLessThan(300);
  bob.data.send('file', 'ann', 'by the other');
  await rooms.until(() => ann.got.length === 1);
}, 60_000);

test('a pipe that is lost and made anew brings what is sent from then on', async () => {
  const { rooms, first, ann, bob } = await twoRooms();
  ann.sendParts('bob', 20);
  await rooms.until(() => bob.got.length > 5);
  first.close();
  await rooms.run(100);
  ann.data.send('file', 'bob', 'into nothing');
  await rooms.run(300);
  expect(counters(rooms, 0).dataNoReceiver).toBeGreaterThan(0);
  rooms.bridge(0, 1);
  await rooms.run(500);
  ann.data.send('file', 'bob', 'there again');
  await rooms.until(() => bob.texts.at(-1) === 'ann: there again');
  expect(bob.texts).not.toContain('ann: into nothing');
}, 60_000);

test('who moves to another node is found there, and who comes here is found here', async () => {
  const rooms = new BridgedRooms(3);
  rooms.bridge(0, 1);
  rooms.bridge(0, 2);
  rooms.bridge(1, 2);
  const ann = await rooms.join(0, 'ann');
  const before = await rooms.join(1, 'bob');
  await rooms.run(300);
  ann.data.send('file', 'bob', 'one');
  await rooms.until(() => before.got.length === 1);
  const after = await rooms.join(2, 'bob');
  rooms.leave(before);
  await rooms.run(300);
  ann.data.send('file', 'bob', 'two');
  after.data.send('file', 'ann', 'three');
  await rooms.until(() => after.got.length === 1 && ann.got.length === 1);
  const here = await rooms.join(0, 'bob');
  ann.data.send('file', 'bob', 'four');
  await rooms.until(() => here.got.length === 1);
  expect([...before.texts, ...after.texts, ...here.texts]).toEqual(['ann: one', 'ann: two', 'ann: four']);
}, 60_000);

test('whose client goes over to another node sends and is sent files there at once, and hears the rest here still', async () => {
  const rooms = new BridgedRooms(3);
  for (const [from, to] of [
    [0, 1],
    [1, 2],
    [2, 0],
  ])
    rooms.bridge(from, to);
  const old = await rooms.join(0, 'ann');
  const names = ['amy', 'bob', 'cleo'];
  const others = [await rooms.join(0, 'amy'), await rooms.join(1, 'bob'), await rooms.join(2, 'cleo')];
  await rooms.run(500);
  const ann = await rooms.join(1, 'ann');
  rooms.rooms[0].engine.transports.get(old.id)?.departData();
  await rooms.run(500);
  for (const [n, one] of others.entries()) {
    ann.data.send('file', names[n], 'by the new');
    one.data.send('file', 'ann', 'to the new');
  }
  // What its client still sends this way, and others send to all, is not to come twice.
  old.data.send('file', 'amy', 'by the old');
  others[0].data.send('reliable', 'ann', 'chat');
  others[0].data.send('reliable', null, 'to all');
  await rooms.run(1000);
  for (const one of others) expect(one.texts).toEqual(['ann: by the new']);
  expect(ann.texts.sort()).toEqual(['amy: to the new', 'bob: to the new', 'cleo: to the new']);
  expect(old.texts).toEqual(['amy: chat', 'amy: to all']);
  rooms.leave(old);
  ann.data.send('file', 'amy', 'later');
  await rooms.until(() => others[0].texts.includes('ann: later'));
}, 30_000);

test('a file holds up neither pictures on the pipe nor what its ends have to say, lost packets or not', async () => {
  const rooms = new BridgedRooms(2);
  const [a, b] = rooms.rooms;
  a.publisher('pub.1');
  const pipe = rooms.bridge(0, 1, { delayMs: 30 });
  const ann = await rooms.join(0, 'ann');
  const bob = await rooms.join(1, 'bob');
  await rooms.until(() => pipe.sink.ready);
  const viewer = b.viewer('viewer.1', 1, 0, wide());
  b.show(viewer, 'v0', 'pub.1', 'thumbnail');
  await rooms.run(2_000);
  const from = b.ms;
  ann.sendParts('bob', 1_000);
  await rooms.until(() => bob.got.length > 20);
  // From now on nothing of the file comes through, and all of it is tried again and again.
  pipe.losesData = isForBridge;
  a.publisher('late.1');
  expect(await rooms.until(() => b.engine.routers.get('r')!.producers.has('late.1/v'))).toBeLessThan(150);
  await rooms.run(1_000);
  pipe.losesData = null;
  await rooms.run(4_000);
  expect(gapsOf(viewer, 'v0', from)).toMatchObject({ missing: 0, backTicks: 0 });
  expect(gapsOf(viewer, 'v0', from).longestMs).toBeLessThan(150);
  expect(pipe.failure).toBeNull();
  expect(bob.got.length).toBeGreaterThan(100);
}, 60_000);
