import { expect, test } from 'vitest';
import { PipeSink } from '../../routing/pipe/sink.js';
import { LyingEnd } from '../../testing/lying-end.js';
import { STEP_MS } from '../../testing/simulated-room.js';
import { BridgedRooms } from '../testing/bridged-rooms.js';
import { BRIDGE_BYTES, MAX_PEOPLE, SENDER_BYTES } from './bridge.js';
import { writeFileMessage, writePeople, writeTaken } from './messages.js';

/** Ann and Bob on one node, Cleo on an honest other one, and a third that lies. */
async function stage() {
  const rooms = new BridgedRooms(2);
  const honest = rooms.bridge(1, 0);
  const [ann, bob] = [await rooms.join(0, 'ann'), await rooms.join(0, 'bob')];
  const cleo = await rooms.join(1, 'cleo');
  const [room] = rooms.rooms;
  const liar = new LyingEnd(
    room,
    'server',
    (peer, events) => new PipeSink(room.engine, 'liar', 'r', peer, { node: 'node-liar' }, events),
  );
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await rooms.run(STEP_MS);
      liar.step();
    }
  };
  await run(300);
  const { counters } = room.engine.data;
  /** Files among all others go on as if nothing were. */
  const unharmed = async () => {
    const before = [ann.got.length, bob.got.length];
    ann.data.send('file', 'bob', 'here');
    cleo.data.send('file', 'ann', 'there');
    await run(300);
    expect([ann.got.length - before[0], bob.got.length - before[1]]).toEqual([1, 1]);
    expect(honest.failure).toBeNull();
  };
  return { rooms, room, liar, ann, bob, cleo, run, counters, unharmed };
}

const say = (liar: LyingEnd, from: string, to: string | null, text: string | Uint8Array) => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  liar.sayData(writeFileMessage(from, { label: 'file', to, text: true, bytes, at: 0 }));
};

test('nobody speaks for others: not for people here, on other nodes, or who were never told of', async () => {
  const { liar, ann, bob, cleo, run, counters, unharmed } = await stage();
  liar.sayData(writePeople('here', ['bob', 'cleo', 'eve']));
  say(liar, 'bob', 'ann', 'false');
  say(liar, 'cleo', 'ann', 'false');
  say(liar, 'nobody', 'ann', 'false');
  say(liar, 'eve', 'ann', 'true');
  await run(200);
  expect(ann.texts).toEqual(['eve: true']);
  expect(counters.dataBridgeRefused).toBe(3);
  // Nor is anything sent there that is for others.
  ann.data.send('file', 'cleo', 'for cleo');
  ann.data.send('file', 'bob', 'for bob');
  await run(200);
  expect([...bob.texts, ...cleo.texts]).toEqual(['ann: for bob', 'ann: for cleo']);
  expect(liar.heardData.filter(({ type }) => type === 'file')).toEqual([]);
  await unharmed();
}, 30_000);

test('nothing that comes by a bridge goes on to another node', async () => {
  const { liar, cleo, bob, run, counters } = await stage();
  liar.sayData(writePeople('here', ['eve']));
  say(liar, 'eve', 'cleo', 'on');
  say(liar, 'eve', null, 'to all');
  await run(200);
  expect(cleo.got).toEqual([]);
  expect(bob.texts).toEqual(['eve: to all']);
  expect(counters.dataNoReceiver).toBe(1);
});

test('nonsense is counted and nothing comes of it', async () => {
  const { liar, ann, run, counters, unharmed } = await stage();
  for (const bytes of [[9], [1, 0], [1, 70], [2, 3, 65], [3, 1, 65, 0], [4, 1, 65], [5, 0, 0, 1], [4, 1, 10, 0]])
    liar.sayData(Uint8Array.from(bytes));
  await run(200);
  expect(counters.dataMalformed).toBe(8);
  liar.sayData(writePeople('gone', ['ann', 'eve']));
  liar.sayData(writeTaken('ann', 4_000_000_000));
  await run(200);
  expect(counters.dataBridgeRefused).toBe(3);
  expect(ann.got).toEqual([]);
  expect(liar.failure).toBeNull();
  await unharmed();
}, 30_000);

test('of people without end some thousands are taken', async () => {
  const { liar, run, counters, unharmed } = await stage();
  for (let n = 0; n < 20_000; n += 100)
    liar.sayData(
      writePeople(
        'here',
        Array.from({ length: 100 }, (_, i) => `p${n + i}`),
      ),
    );
  await run(1_000);
  expect(counters.dataBridgeRefused).toBe(20_000 - MAX_PEOPLE);
  expect(liar.failure).toBeNull();
  await unharmed();
}, 30_000);

test('who sends more than there is room for loses the pipe, and nobody else anything', async () => {
  const { liar, bob, run, unharmed } = await stage();
  bob.data.slow = true;
  liar.sayData(writePeople('here', ['eve']));
  const bytes = new Uint8Array(64_000);
  for (let sent = 0; sent < 8 * SENDER_BYTES; sent += bytes.length) say(liar, 'eve', 'bob', bytes);
  await run(3_000);
  expect(liar.failure).toMatch(/more data than there is room/);
  // Bob has what his window holds, and is as slow as before.
  bob.data.slow = false;
  bob.data.takeHeld();
  await run(1_000);
  await unharmed();
}, 30_000);

test('a node that takes nothing holds its people’s senders up for a minute at most', async () => {
  const { liar, rooms, ann, bob, run } = await stage();
  liar.sayData(writePeople('here', ['eve']));
  await run(100);
  ann.sendParts('eve', 60);
  await run(3_000);
  ann.data.send('file', 'bob', 'after that');
  await run(30_000);
  expect(bob.got).toEqual([]);
  await run(31_000);
  expect(bob.texts).toEqual(['ann: after that']);
  const held = liar.heardData.length;
  expect(held * 16_384).toBeLessThan(BRIDGE_BYTES);
  expect(rooms.rooms[0].engine.data.counters.dataNoReceiver).toBeGreaterThan(0);
}, 60_000);
