import { expect, test } from 'vitest';
import { seeded } from './sctp/testing/link.js';
import { DataRoom } from './testing/data-room.js';

const texts = (count: number, name = '') => Array.from({ length: count }, (_, i) => `${name}${i}`);

test('work stops when its time is up, and everybody has a turn before anybody has another', async () => {
  const room = new DataRoom();
  const loud = await room.join('loud');
  const calm = await room.join('calm');
  const other = await room.join('other');
  await room.pass(200);
  // What the clients send is put aside by hand, so that all of it waits at once.
  const packets: Uint8Array[] = [];
  const capture = { output: (packet: Uint8Array) => void packets.push(packet.slice()) };
  Object.assign(loud.data.host, capture);
  for (let i = 0; i < 200; i++) loud.data.send('reliable', 'other', 'x'.repeat(600));
  loud.data.flush(room.now);
  const flood = packets.splice(0);
  Object.assign(calm.data.host, capture);
  calm.data.send('reliable', 'other', 'calm');
  calm.data.flush(room.now);
  for (let i = 0; i < 100; i++) loud.endpoint.receive(flood[i % flood.length].slice());
  for (const packet of packets) calm.endpoint.receive(packet);

  room.clockStepMs = 0.3;
  room.work(1);
  expect(room.plane.pending).toBe(true);
  let turns = 1;
  while (room.plane.pending) {
    room.work(1);
    turns++;
  }
  expect(turns).toBeGreaterThan(3);
  await room.until(() => other.got.some((text) => text.endsWith('calm')));
  // Eight of the flood's packets at most were before it.
  expect(other.got.findIndex((text) => text.endsWith('calm'))).toBeLessThan(17);
});

test('packets that nobody has time for are dropped and counted', async () => {
  const room = new DataRoom();
  const { endpoint } = await room.join('ann');
  for (let i = 0; i < 1_000; i++) endpoint.receive(new Uint8Array(100));
  expect(room.plane.counters.dataPacketDrops).toBe(1_000 - 256);
  await room.pass(100);
  expect(room.plane.counters.sctpMalformed).toBe(256);
});

test('the rate of messages is bounded, that to many even more, and what is over it is dropped and counted', async () => {
  const room = new DataRoom();
  const ann = await room.join('ann');
  const others = await Promise.all(texts(64, 'p').map((name) => room.join(name)));
  for (const text of texts(3_000)) ann.data.send('reliable', null, text);
  await room.pass(1_000);
  const { dataOverBudget } = room.plane.counters;
  // 64 receivers make four tokens a message: 2,000 in store, 200 a second.
  expect(3_000 - dataOverBudget).toBeGreaterThan(490);
  expect(3_000 - dataOverBudget).toBeLessThan(600);
  for (const { got } of others) expect(got).toHaveLength(3_000 - dataOverBudget);
  await room.pass(5_000);
  ann.data.send('reliable', 'p1', 'later');
  await room.until(() => others[1].got.at(-1) === 'reliable ann later');
}, 60_000);

test('a receiver that is gone loses its reliable channel when too much waits for it, and nobody else does', async () => {
  const room = new DataRoom();
  const ann = await room.join('ann');
  const bob = await room.join('bob');
  const dead = await room.join('dead');
  dead.cut = true;
  const message = 'x'.repeat(8_000);
  for (let sent = 0; sent < 250; sent++) {
    ann.data.send('reliable', null, message);
    await room.pass(40);
  }
  expect(room.plane.counters.dataOverflows).toBe(1);
  expect(dead.endpoint.channels.isOpen('reliable')).toBe(false);
  expect(bob.endpoint.channels.isOpen('reliable')).toBe(true);
  await room.until(() => bob.got.length === 250);
}, 60_000);

test('lossy messages pass a slow receiver by', async () => {
  const room = new DataRoom();
  const ann = await room.join('ann');
  const slow = await room.join('slow');
  slow.cut = true;
  for (let i = 0; i < 300; i++) {
    ann.data.send('lossy', 'slow', 'y'.repeat(1_000));
    await room.pass(5);
  }
  expect(room.plane.counters.dataLossyDrops).toBeGreaterThan(200);
  slow.cut = false;
  await room.until(() => slow.got.length > 0);
}, 60_000);

test('a file’s receiver that takes nothing for half a minute loses the channel, and the sender goes on', async () => {
  const room = new DataRoom();
  const ann = await room.join('ann');
  const bob = await room.join('bob');
  const stuck = await room.join('stuck');
  stuck.data.slow = true;
  const part = new Uint8Array(16_384);
  const push = (to: string) => {
    if (ann.data.queuedBytes < 100_000) ann.data.send('file', to, part);
  };
  for (let i = 0; i < 2_000; i++) {
    push('stuck');
    await room.step();
  }
  expect(room.plane.counters.dataStalls).toBe(0);
  const held = stuck.got.length;
  expect(held * part.length).toBeLessThan(1_200_000);
  await room.pass(31_000);
  expect(room.plane.counters.dataStalls).toBe(1);
  expect(stuck.endpoint.channels.isOpen('file')).toBe(false);
  ann.data.send('file', 'bob', Uint8Array.of(65));
  await room.until(() => bob.got.length === 1);
}, 60_000);

test('of several who send files to one receiver nobody is passed over', async () => {
  const room = new DataRoom();
  const senders = await Promise.all(texts(3, 's').map((name) => room.join(name)));
  const bob = await room.join('bob');
  bob.data.slow = true;
  const part = new Uint8Array(16_384);
  for (let i = 0; i < 1_000; i++) {
    if (i % 50 === 0) bob.data.takeHeld();
    for (const { data } of senders) while (data.queuedBytes < 100_000) data.send('file', 'bob', part);
    await room.step();
  }
  const counts = senders.map((_, i) => bob.got.filter((text) => text.startsWith(`file s${i} `)).length);
  expect(Math.min(...counts)).toBeGreaterThan(10);
  expect(Math.min(...counts)).toBeGreaterThan(Math.max(...counts) * 0.4);
}, 60_000);

test('an address belongs to who came last; the one before gets only what is for all', async () => {
  const room = new DataRoom();
  const ann = await room.join('ann');
  const before = await room.join('bob');
  const after = await room.join('bob');
  ann.data.send('reliable', 'bob', 'you');
  ann.data.send('reliable', null, 'all');
  await room.until(() => after.got.length === 2 && before.got.length === 1);
  room.plane.close(before.endpoint);
  ann.data.send('reliable', 'bob', 'still');
  await room.until(() => after.got.length === 3);
  room.plane.close(after.endpoint);
  ann.data.send('reliable', 'bob', 'nobody');
  await room.pass(200);
  expect(room.plane.counters.dataNoReceiver).toBe(1);
  expect(room.plane.size).toBe(1);
});

test('descriptions that are none are refused', () => {
  const room = new DataRoom();
  const good = { sctpPort: 5000, maxMessageSize: 1000, address: 'ann' };
  for (const bad of [
    { address: '' },
    { address: 'with space' },
    { address: 'x'.repeat(65) },
    { address: 'ä' },
    { sctpPort: 0 },
    { sctpPort: 70_000 },
    { maxMessageSize: 0 },
    { maxMessageSize: Number.NaN },
  ]) {
    expect(() => room.plane.open(1, room.router, { ...good, ...bad }, 0)).toThrow(
      expect.objectContaining({ code: 'bad-request' }),
    );
  }
  expect(room.router.size).toBe(0);
});

test('a client that sends anything at all hurts nobody', async () => {
  const room = new DataRoom();
  const ann = await room.join('ann');
  const bob = await room.join('bob');
  const random = seeded(21);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 20; round++) {
    const rude = await room.join(`rude${round}`);
    for (let i = 0; i < 200; i++) {
      const bytes = Uint8Array.from({ length: 1 + below(60) }, () => below(256));
      if (below(3)) bytes[0] = [0, 3, 64, 65][below(4)];
      rude.data.association.send(below(12), [50, 51, 53, 56, 57, below(100)][below(6)], bytes, {
        ordered: below(2) === 0,
        maxRetransmits: below(2),
      });
      if (below(20) === 0) rude.data.association.resetStream(below(12));
      if (below(10) === 0) rude.endpoint.receive(bytes);
      if (below(10) === 0) await room.step();
    }
    await room.pass(100);
  }
  ann.got.length = bob.got.length = 0;
  ann.data.send('reliable', 'bob', 'hello');
  await room.until(() => bob.got.includes('reliable ann hello'));
}, 60_000);
