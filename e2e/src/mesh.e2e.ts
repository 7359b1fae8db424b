import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage({ meshMax: 5 }, { fps: 15, viewport: { width: 480, height: 360 } });

/** Every page encodes and decodes for each of the others: small pictures. */
const small = { query: { quality: 'h180', fps: '10' }, probe: { noFirstFrames: true } };
const NAMES = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve'];

async function meshOf(count: number): Promise<Participant[]> {
  const room = stage.room();
  const people: Participant[] = [];
  for (const name of NAMES.slice(0, count)) {
    people.push(await stage.join(room, name, small));
    for (const person of people) await person.sees(people.length - 1, 30_000);
  }
  return people;
}

/** Peer connections that are not closed, and how they are. */
const connections = async (person: Participant) => (await person.stats()).peers.map(({ connection }) => connection);

test('five people have four connections each, and the SFU forwards nothing', async () => {
  const people = await meshOf(5);
  for (const person of people) await person.hears(4, 15_000);
  for (const person of people) expect(await connections(person)).toEqual(Array(4).fill('connected'));
  const server = await stage.server();
  const packets = () => server.metric('efir_worker_rtp_packets_received_total');
  const before = await packets();
  for (const person of people) await person.sees(4);
  expect(await packets()).toBe(before);
  for (const person of people) await person.showsTiles(NAMES);
}, 180_000);

test('who leaves takes their connections along, and nobody else is disturbed', async () => {
  const [ann, bob, cleo] = (await meshOf(3)) as [Participant, Participant, Participant];
  await stage.leave(bob);
  for (const person of [ann, cleo]) {
    await person.showsTiles(['Ann', 'Cleo']);
    await until(async () => (await connections(person)).join() === 'connected', {
      within: 5_000,
      what: `${person.name} has one connection left`,
    });
    await person.sees(1);
    expect(await person.peerConnections()).toBe(2);
  }
});

test('turning the camera off and on again needs no negotiation', async () => {
  const [ann, bob] = (await meshOf(2)) as [Participant, Participant];
  const exchanges = () =>
    ann.page.evaluate(() => {
      const [, version] = /^o=\S+ \d+ (\d+)/m.exec(window.efirPeers[0]?.localDescription?.sdp ?? '') ?? [];
      return version;
    }, undefined);
  const before = await exchanges();
  await ann.page.click('button[aria-keyshortcuts="V"]');
  await bob.sees(0);
  await ann.page.click('button[aria-keyshortcuts="V"]');
  await bob.sees(1);
  expect(await exchanges()).toBe(before);
});

test('a connection whose path is gone is made again', async () => {
  const [ann, bob] = (await meshOf(2)) as [Participant, Participant];
  // As if the other end had vanished: its connection is closed under the page.
  await bob.page.evaluate(() => window.efirPeers[0]?.close(), undefined);
  await until(async () => (await ann.peerConnections()) > 1 || (await bob.peerConnections()) > 1, {
    within: 60_000,
    what: 'a new connection is made',
  });
  await ann.sees(1, 30_000);
  await bob.sees(1, 30_000);
  await ann.showsTiles(['Ann', 'Bob']);
}, 150_000);
