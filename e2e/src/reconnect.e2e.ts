import { expect, test } from 'vitest';
import { Relay } from './harness/relay.js';
import { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage();

test('a network that was away for eight seconds is forgiven, without a reload and as the same participant', async () => {
  const room = stage.room();
  const link = await Relay.to((await stage.server()).mediaPort);
  stage.later(() => link.close());
  const ann = await stage.join(room, 'Ann', { probe: { relayPort: link.port } });
  const bob = await stage.join(room, 'Bob');
  await ann.sees(1);
  await bob.sees(1);
  const identity = () => bob.participantOf('Ann');
  const before = await identity();

  link.set({ loss: 1 });
  await bob.sees(0);
  await until(async () => (await ann.stats()).peers.some(({ ice }) => ice === 'disconnected' || ice === 'failed'), {
    within: 20_000,
    what: "Ann's browser notices",
  });
  link.set({ loss: 0 });
  await ann.sees(1, 20_000);
  await bob.sees(1, 20_000);
  await bob.showsTiles(['Ann', 'Bob']);
  expect(await identity()).toBe(before);
});

test('when the server was restarted everybody comes back by themselves', async () => {
  const first = await Server.start();
  stage.later(() => first.stop());
  const room = stage.room();
  const people = [await stage.join(room, 'Ann', { url: first.url }), await stage.join(room, 'Bob', { url: first.url })];
  for (const person of people) await person.sees(1);
  const connections = await Promise.all(people.map((person) => person.peerConnections()));
  await first.stop('SIGKILL');
  const second = await Server.start({ port: first.port, mediaPort: first.mediaPort });
  stage.later(() => second.stop());
  await Promise.all(people.map((person, i) => person.sees(1, 20_000, connections[i])));
  for (const person of people) await person.showsTiles(['Ann', 'Bob']);
});
