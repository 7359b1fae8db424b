import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { turnPage, watchFaces } from './harness/faces.js';
import type { Participant } from './harness/participant.js';
import { robots } from './harness/robots.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** Two cores carry this alone: `EFIR_MASS=1 npx vitest run --project e2e e2e/src/mass-browsers.e2e.ts`, on a quiet machine. */
const asked = process.env.EFIR_MASS === '1';

const PAGE = 9;
const CPU_MS = 8_000;
const stage = useStage({ workers: 1 }, { viewport: { width: 1280, height: 800 }, fps: 15 });
const small = { query: { quality: 'h180', fps: '15' }, probe: { noFirstFrames: true } };

/** CPU time of all browser processes under this one, ms. A tick is 10 ms. */
function browserCpuMs(): number {
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), Number(fields[1]));
      if (/^\d+ \(chrom/.test(stat)) ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It ended while we looked.
    }
  }
  const ours = (pid: number): boolean => pid > 1 && (pid === process.pid || ours(parents.get(pid) ?? 0));
  return [...ticks].reduce((sum, [pid, own]) => sum + (ours(pid) ? own * 10 : 0), 0);
}

/** Sections that packets came in within a second. */
async function received(person: Participant): Promise<{ audio: string[]; video: string[] }> {
  const before = (await person.stats()).inbound;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const after = (await person.stats()).inbound;
  const packets = (of: typeof after, like: (typeof after)[number]) =>
    of.reduce((sum, one) => (one.peer === like.peer && one.mid === like.mid ? sum + one.packets : sum), 0);
  const flowing = after.filter((stream) => packets(after, stream) > packets(before, stream));
  const of = (kind: string) => [
    ...new Set(flowing.filter((one) => one.kind === kind).map(({ peer, mid }) => `${peer}/${mid}`)),
  ];
  return { audio: of('audio'), video: of('video') };
}

/** Two browsers in a room with so many robots: what they receive, how long new faces take, and what it costs them. */
async function room(count: number) {
  const name = stage.room();
  const ended = robots(stage, name, [
    ...['--publishers', `${count}`, '--publisher-page', '0', '--talkers', '1', '--duration', `${count / 20 + 55}s`],
  ]);
  const people = [await stage.join(name, 'Ann', small), await stage.join(name, 'Bob', small)];
  for (const person of people) {
    await until(
      () =>
        person.page.evaluate((people) => {
          const tiles = [...document.querySelectorAll<HTMLElement>('article.tile:not([data-local])')];
          const there = Number(document.querySelector<HTMLElement>('[data-count]')?.dataset.count);
          return there === people && tiles.length > 0 && tiles.every(({ dataset }) => dataset.picture !== undefined);
        }, count + 2),
      { within: 60_000, what: `${person.name} sees a full page of ${count + 2}` },
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = browserCpuMs();
  await new Promise((resolve) => setTimeout(resolve, CPU_MS));
  const cpu = (browserCpuMs() - before) / CPU_MS;
  const streams = await Promise.all(people.map(received));
  for (const person of people) await person.page.evaluate(watchFaces, undefined);
  const waits: number[] = [];
  for (const key of ['ArrowRight', 'ArrowLeft', 'ArrowRight', 'ArrowLeft'] as const) {
    const flips = await Promise.all(people.map((person) => person.page.evaluate(turnPage, key)));
    waits.push(...flips.flatMap((flip) => Object.values(flip)));
  }
  waits.sort((a, b) => a - b);
  const descriptions = await Promise.all(
    people.map((person) => person.page.evaluate(() => window.efirFaces.descriptions, undefined)),
  );
  for (const person of people) await stage.leave(person);
  const { report } = await ended;
  return { cpu, streams, medianMs: waits[waits.length >> 1], faces: waits.length, descriptions, report };
}

test.runIf(asked)(
  'two browsers have as little to do in a room of a hundred as in one of twelve',
  async () => {
    const small = await room(PAGE + 3);
    const large = await room(100);
    const told = ({ cpu, streams, medianMs, faces, descriptions, report }: typeof large) => ({
      ...{ cpu, streams, medianMs, faces, descriptions },
      asked: report.mostKeyFrameRequests,
    });
    console.log(JSON.stringify({ small: told(small), large: told(large), ratio: large.cpu / small.cpu }));
    for (const { video, audio } of large.streams) {
      expect(video.length).toBeLessThanOrEqual(PAGE + 1);
      expect(audio.length).toBeLessThanOrEqual(3);
    }
    expect(large.descriptions).toEqual([0, 0]);
    expect(large.medianMs).toBeLessThan(500);
    expect(large.cpu / small.cpu).toBeLessThanOrEqual(1.2);
  },
  240_000,
);
