import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Face, turnPage, watchFaces } from './harness/faces.js';
import type { Participant } from './harness/participant.js';
import { Relay } from './harness/relay.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const EFIR = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

const ROBOTS = 13;
/** Tiles of a page in a window of this size, one's own included. */
const PAGE = 4;
const viewport = { width: 1000, height: 640 };
/** On a machine that does nothing else. Robots, encoders and browsers share this one; `EFIR_TIMED=1` holds the test to it. */
const FLIP_MS = process.env.EFIR_TIMED ? 500 : 2_000;

const stage = useStage({ workers: 1 }, { viewport, fps: 15 });
const small = { query: { quality: 'h180', fps: '15' }, probe: { noFirstFrames: true } };

/** Robots in a process of their own, which send and don't watch. Returns what ends them. */
async function robots(room: string, count: number): Promise<() => void> {
  const { url } = await stage.server();
  const options = ['--publishers', `${count}`, '--publisher-page', '0', '--duration', '5m'];
  const child = spawn(process.execPath, [EFIR, 'bots', '--url', url, '--room', room, '--json', ...options], {
    stdio: 'ignore',
  });
  stage.later(() => void child.kill('SIGKILL'));
  return () => void child.kill('SIGINT');
}

const counts = (person: Participant) =>
  person.page.evaluate(() => {
    const tiles = [...document.querySelectorAll<HTMLElement>('article.tile:not([data-local])')];
    return {
      people: Number(document.querySelector<HTMLElement>('[data-count]')?.dataset.count),
      pages: Number(document.querySelector<HTMLElement>('[data-pages]')?.dataset.pages),
      tiles: tiles.length,
      pictures: tiles.filter(({ dataset }) => dataset.picture !== undefined).length,
    };
  }, undefined);

const weak = (person: Participant) =>
  person.page.evaluate(() => document.querySelector('.weak-network') !== null, undefined);

async function fullPage(person: Participant, people: number): Promise<void> {
  let seen: unknown;
  await until(
    async () => {
      const now = await counts(person);
      seen = now;
      return now.people === people && now.tiles > 0 && (now.pictures === now.tiles || (await weak(person)));
    },
    { within: 40_000, what: `${person.name} sees a full page of a room of ${people}` },
    () => seen,
  );
}

/** Streams that packets came on within a second. */
async function received(person: Participant): Promise<{ audio: number; video: number }> {
  const before = await person.stats();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const after = await person.stats();
  const flowing = after.inbound.filter(
    ({ peer, mid, packets }) =>
      packets > (before.inbound.find((one) => one.peer === peer && one.mid === mid)?.packets ?? 0),
  );
  const of = (kind: string) => flowing.filter((stream) => stream.kind === kind).length;
  return { audio: of('audio'), video: of('video') };
}

test('pages of a large room are turned without negotiation, and no tile ever shows the face of another', async () => {
  const room = stage.room();
  // Pictures are on the way for long to Ann, while what is said of them is there at once: wrong faces would be seen.
  const far = await Relay.to((await stage.server()).mediaPort);
  stage.later(() => far.close());
  far.down.conditions.delayMs = 250;
  const ann = await stage.join(room, 'Ann', { ...small, probe: { ...small.probe, relayPort: far.port } });
  const bob = await stage.join(room, 'Bob', small);
  await robots(room, ROBOTS);
  for (const person of [ann, bob]) await fullPage(person, ROBOTS + 2);
  await ann.page.evaluate(watchFaces, undefined);
  await bob.page.evaluate(watchFaces, undefined);

  const waits: number[] = [];
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft', 'ArrowRight'] as const) {
    const [, flip] = await Promise.all([ann, bob].map((person) => person.page.evaluate(turnPage, key)));
    // A machine that has no time for its packets looks like a weak network, and pictures are paused then.
    if (!(await weak(bob))) expect(Object.keys(flip).length).toBe(PAGE - 1);
    waits.push(...Object.values(flip));
    const { audio, video } = await received(bob);
    expect(video).toBeLessThanOrEqual(PAGE + 1);
    expect(audio).toBeLessThanOrEqual(3);
  }
  waits.sort((a, b) => a - b);
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(FLIP_MS);

  const late = await robots(room, 2);
  for (const person of [ann, bob]) await fullPage(person, ROBOTS + 4);
  late();
  for (const person of [ann, bob]) {
    await fullPage(person, ROBOTS + 2);
    expect(await person.page.evaluate(() => window.efirFaces.descriptions, undefined)).toBe(0);
    expect(await person.peerConnections()).toBe(1);
  }

  // Whoever is seen keeps their clip: what most frames show is theirs, and a wrong face would be another in some.
  const seen = await ann.page.evaluate(() => window.efirFaces.seen, undefined);
  const faces = new Map<string, Record<Face, number>>();
  for (const { name, face } of seen) {
    const count = faces.get(name) ?? { pure: 0, soft: 0 };
    count[face]++;
    faces.set(name, count);
  }
  const robotsSeen = [...faces].filter(([name]) => name.startsWith('Robot'));
  expect(robotsSeen.length).toBeGreaterThanOrEqual(9);
  expect(robotsSeen.some(([, { pure, soft }]) => pure > soft)).toBe(true);
  expect(robotsSeen.some(([, { pure, soft }]) => pure < soft)).toBe(true);
  for (const [name, { pure, soft }] of robotsSeen) expect(Math.min(pure, soft), `${name} ${pure}/${soft}`).toBe(0);
});

test('the speaker view shows one large and some beside them, and whoever is pinned stays', async () => {
  const room = stage.room();
  const ann = await stage.join(room, 'Ann', small);
  await robots(room, ROBOTS);
  await fullPage(ann, ROBOTS + 1);
  await ann.page.evaluate(watchFaces, undefined);
  await ann.page.click('button[aria-label="View"]');
  await ann.page.click('.view-menu label:has-text("Speaker")');
  const large = () =>
    ann.page.evaluate(() => {
      const tile = document.querySelector<HTMLElement>('article.tile[data-large]');
      return tile && { why: tile.dataset.large, name: tile.dataset.name, picture: tile.dataset.picture !== undefined };
    }, undefined);
  let shown: Awaited<ReturnType<typeof large>> = null;
  await until(
    async () => {
      shown = await large();
      return shown?.why === 'speaker' && shown.picture;
    },
    { within: 20_000, what: 'who speaks is shown large' },
    () => shown,
  );
  await ann.page.evaluate(() => {
    document.querySelector<HTMLElement>('.filmstrip article.tile:not([data-local]) .tile-pin')?.click();
  }, undefined);
  await until(
    async () => {
      shown = await large();
      return shown?.why === 'pinned' && shown.picture;
    },
    { within: 10_000, what: 'who is pinned is shown large' },
    () => shown,
  );
  const { video } = await received(ann);
  expect(video).toBeLessThanOrEqual(10);
  expect(await ann.page.evaluate(() => window.efirFaces.descriptions, undefined)).toBe(0);
});
