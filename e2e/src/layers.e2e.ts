import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { show } from './harness/show.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage({ workers: 1 }, { viewport: { width: 900, height: 600 }, fps: 15 });
const layered = { query: { quality: 'h360', fps: '15' }, probe: { noFirstFrames: true } };

interface Encoding {
  rid: string | null;
  active: boolean;
  fps: number | null;
}

/** The camera's encodings, as they are told to be, the lowest first. */
const encodings = (person: Participant): Promise<Encoding[]> =>
  person.page.evaluate(() => {
    const sender = window.efirPeers[0]?.getSenders().find(({ track }) => track?.kind === 'video');
    return (sender?.getParameters().encodings ?? []).map(({ rid, active, maxFramerate }) => ({
      rid: rid ?? null,
      active: active ?? true,
      fps: maxFramerate ?? null,
    }));
  }, undefined);

async function sends(person: Participant, wanted: boolean[], within: number): Promise<Encoding[]> {
  let last: Encoding[] = [];
  await until(
    async () => {
      last = await encodings(person);
      return last.map(({ active }) => active).join() === wanted.join();
    },
    { within, what: `${person.name}'s layers are ${wanted.map((on) => (on ? 'on' : 'off')).join(', ')}` },
    () => last,
  );
  return last;
}

/** What the quality menu does. */
const receive = (person: Participant, choice: string) =>
  person.page.evaluate((choice) => {
    document.querySelector<HTMLElement>('button[aria-label="View"]')?.click();
    setTimeout(() => {
      const labels = [...document.querySelectorAll<HTMLElement>('.view-menu .segmented label')];
      labels.find((label) => label.textContent === choice)?.click();
      document.querySelector<HTMLElement>('button[aria-label="View"]')?.click();
    }, 100);
  }, choice);

test('a camera is sent in layers, and those that nobody takes are off until somebody does', async () => {
  const room = stage.room();
  const ann = await stage.join(room, 'Ann', layered);
  const bob = await stage.join(room, 'Bob', layered);
  for (const person of [ann, bob]) await person.sees(1);
  const both = await sends(ann, [true, true], 15_000);
  expect(both.map(({ rid }) => rid)).toEqual(['l', 'm']);

  await receive(bob, 'Sound only');
  const idle = await sends(ann, [true, false], 15_000);
  expect(idle[0]?.fps).toBeLessThanOrEqual(5);
  await bob.sees(0);

  await receive(bob, 'Automatic');
  await sends(ann, [true, true], 5_000);
  await bob.sees(1, 10_000);
  expect((await encodings(ann))[0]?.fps).toBe(15);
});

test.each([
  ['vp8', 3],
  ['h264', 3],
  ['vp9', 1],
  ['av1', 1],
])('of the three sizes that %s is sent in, each receiver gets the one that it shows', async (codec, streams) => {
  const room = stage.room();
  await (await stage.server()).putRoom(room, { videoCodecs: [codec], topology: 'sfu' });
  // Nobody speaks, so nobody is shown at the best for that.
  const ann = await stage.join(room, 'Ann', {
    query: { quality: 'h720', fps: '10', audio: '0' },
    probe: { noFirstFrames: true, cores: 8 },
  });
  const quiet = { query: { video: '0', audio: '0' }, probe: { noFirstFrames: true } };
  const people = { small: await stage.join(room, 'Bob', quiet), large: await stage.join(room, 'Cleo', quiet) };
  for (const person of Object.values(people)) await person.sees(1, 20_000);
  expect(await encodings(ann)).toHaveLength(streams);

  const width = async (person: Participant) =>
    Math.max(
      0,
      ...(await person.stats()).inbound
        .filter(({ kind, frames }) => kind === 'video' && frames > 0)
        .map((s) => s.width),
    );
  const gets = (person: Participant, wanted: number) =>
    until(
      async () => (await width(person)) === wanted,
      { within: 20_000, what: `${person.name} gets a picture ${wanted} wide in ${codec}` },
      async () => ({
        width: await width(person),
        sent: (await ann.stats()).outbound.filter(({ kind }) => kind === 'video'),
      }),
    );
  await show(people.small, 'thumbnail', 180);
  await show(people.large, 'stage', 720);
  await gets(people.small, 320);
  await gets(people.large, 1280);
  await show(people.large, 'stage', 360);
  await gets(people.large, 640);
  await show(people.small, 'stage', 720);
  await gets(people.small, 1280);
  await show(people.small, 'thumbnail', 180);
  await gets(people.small, 320);
  expect(await width(people.large)).toBe(640);
});
