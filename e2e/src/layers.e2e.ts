import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
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
