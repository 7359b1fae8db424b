import { expect, test } from 'vitest';
import { type Continuity, readContinuity, watchContinuity } from './harness/continuity.js';
import type { Participant } from './harness/participant.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage(
  { meshMax: 5, args: ['--topology-settle-ms', '2000'] },
  { fps: 15, viewport: { width: 480, height: 360 } },
);

/** Six pages share two cores. */
const small = { quality: 'h180', fps: '10' };
const FIVE = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve'];

async function gather(room: string, names: string[]): Promise<Participant[]> {
  const people: Participant[] = [];
  for (const name of names) {
    people.push(await stage.join(room, name, { query: small }));
    for (const person of people) await person.sees(people.length - 1, 30_000);
  }
  return people;
}

const topologyOf = (person: Participant) =>
  person.page.evaluate(() => document.querySelector<HTMLElement>('[data-topology]')?.dataset.topology ?? '', undefined);

async function runOn(people: Participant[], topology: string, within: number): Promise<void> {
  for (const person of people) {
    await until(async () => (await topologyOf(person)) === topology, {
      within,
      what: `${person.name} is on ${topology}`,
      every: 50,
    });
  }
}

const watch = (people: Participant[]) =>
  Promise.all(people.map((person) => person.page.evaluate(watchContinuity, undefined)));
const read = (people: Participant[], reset = false) =>
  Promise.all(people.map((person) => person.page.evaluate(readContinuity, reset)));

/** No picture for more than 500 ms or sound for more than 200 ms, not counting that the page itself couldn't run. */
function smooth(continuities: Continuity[], people: Participant[]): void {
  const broken: string[] = [];
  for (const [index, { video, audio, lag }] of continuities.entries()) {
    for (const [name, { longest, at }] of Object.entries(video)) {
      if (longest > 500 + lag) broken.push(`${people[index]?.name} without ${name}'s picture ${longest} ms at ${at}`);
    }
    for (const [name, { longest, at }] of Object.entries(audio)) {
      if (longest > 200 + lag) broken.push(`${people[index]?.name} without ${name}'s sound ${longest} ms at ${at}`);
    }
  }
  console.log(
    JSON.stringify(continuities.map((c) => ({ lag: Math.round(c.lag), v: worst(c.video), a: worst(c.audio) }))),
  );
  expect(broken).toEqual([]);
}
const worst = (all: Record<string, { longest: number }>) =>
  Math.round(Math.max(0, ...Object.values(all).map(({ longest }) => longest)));

test('the sixth brings the room to the SFU, and when two have left it is a mesh again, without a gap', async () => {
  const room = stage.room();
  const five = await gather(room, FIVE);
  for (const person of five) await person.hears(4, 15_000);
  await watch(five);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await read(five, true);
  const began = performance.now();
  const fay = await stage.join(room, 'Fay', { query: small });
  const six = [...five, fay];
  await runOn(six, 'sfu', 10_000);
  console.log(`on the SFU after ${Math.round(performance.now() - began)} ms`);
  for (const person of six) await person.sees(5);
  for (const person of six) expect((await person.stats()).peers).toHaveLength(1);
  smooth(await read(five), five);

  await watch([fay]);
  const [ann, bob, cleo, dan] = five as [Participant, Participant, Participant, Participant, Participant];
  const four = [ann, bob, cleo, dan];
  await stage.leave(fay);
  await stage.leave(five[4] as Participant);
  for (const person of four) await person.showsTiles(['Ann', 'Bob', 'Cleo', 'Dan']);
  await watch(four);
  await runOn(four, 'mesh', 20_000);
  for (const person of four) await person.sees(3);
  smooth(await read(four), four);
  for (const person of four) {
    await until(async () => (await person.stats()).peers.length === 3, {
      within: 5_000,
      what: `${person.name} has three connections, and none to the SFU`,
    });
  }
}, 240_000);

test('a move that one cannot follow leaves the call as it was, and everyone is told', async () => {
  const room = stage.room();
  const people = await gather(room, ['Ann', 'Bob', 'Cleo']);
  const [, , cleo] = people as [Participant, Participant, Participant];
  // From now on whatever Cleo's page connects to is nowhere.
  await cleo.page.evaluate(() => {
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
        const sdp = description.sdp?.replace(/^a=candidate:.*\r\n/gm, '');
        return super.setRemoteDescription({ type: description.type, sdp });
      }
    };
  }, undefined);
  await watch(people);
  const server = await stage.server();
  await server.putRoom(room, { topology: 'sfu' });
  for (const person of people) {
    await until(
      () =>
        person.page.evaluate(
          () => /stays|остаётся/i.test(document.querySelector('.toasts')?.textContent ?? ''),
          undefined,
        ),
      { within: 20_000, what: `${person.name} is told` },
    );
  }
  await runOn(people, 'mesh', 1_000);
  for (const person of people) await person.sees(2);
  smooth(await read(people), people);
}, 150_000);
