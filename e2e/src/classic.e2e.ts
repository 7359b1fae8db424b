import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import type { BrowserPage } from './harness/browsers.js';
import { readVideos } from './harness/probe.js';
import { useStage } from './harness/stage.js';
import { serveFiles } from './harness/static-files.js';
import { until } from './harness/until.js';

declare global {
  interface Window {
    /** Of the classic page. */
    call: {
      socket: { id: string; emit(event: string, payload?: unknown): void };
      connections: Record<string, RTCPeerConnection>;
      heard: { event: string; payload: Record<string, unknown> }[];
    };
  }
}

const PAGE = new URL('../classic-page/', import.meta.url);
const BUNDLE = new URL('../../node_modules/socket.io-client/dist/socket.io.js', import.meta.url);

const stage = useStage({ meshMax: 5 });
const files = await serveFiles({
  '/': new URL('index.html', PAGE),
  '/call.js': new URL('call.js', PAGE),
  '/socket.io.js': BUNDLE,
});
afterAll(() => files.close());

/** A page that knows the events of the classic protocol and nothing of ours. */
class ClassicCaller {
  constructor(readonly page: BrowserPage) {}

  static async join(room: string): Promise<ClassicCaller> {
    const server = (await stage.server()).url;
    const page = await (await stage.browser()).open();
    stage.later(() => page.close());
    await page.goto(`${files.url}/?${new URLSearchParams({ server, room })}`);
    return new ClassicCaller(page);
  }

  id(): Promise<string> {
    return this.page.evaluate(() => window.call.socket.id, undefined);
  }

  /** Waits until its own video and those of `count` others play: they have a picture, and their time goes on. */
  async plays(count: number, within = 20_000): Promise<void> {
    let before: Record<number, number> = {};
    await until(
      async () => {
        const videos = await this.page.evaluate(readVideos, undefined);
        const going = videos.filter(({ width, time, paused }, i) => width > 0 && !paused && time > (before[i] ?? time));
        before = Object.fromEntries(videos.map(({ time }, i) => [i, time]));
        return going.length === count + 1 && videos.length === count + 1;
      },
      { within, what: `a classic page plays ${count} of the others`, every: 300 },
      async () => ({
        videos: await this.page.evaluate(readVideos, undefined),
        heard: await this.heard(),
        console: this.page.console.slice(-10),
      }),
    );
  }

  /** Names of the events that came. */
  heard(): Promise<string[]> {
    return this.page.evaluate(() => window.call.heard.map(({ event }) => event), undefined);
  }

  rooms(): Promise<string[]> {
    const read = () => [...document.querySelectorAll('#rooms li')].map((item) => item.textContent ?? '');
    return this.page.evaluate(read, undefined);
  }

  emit(event: string, payload?: unknown): Promise<void> {
    return this.page.evaluate(([name, given]) => window.call.socket.emit(name as string, given), [event, payload]);
  }

  peers(): Promise<string[]> {
    return this.page.evaluate(() => Object.keys(window.call.connections), undefined);
  }
}

test('three pages written from the list of events alone make a call with each other', async () => {
  const room = randomUUID();
  const callers = [];
  for (let i = 0; i < 3; i++) callers.push(await ClassicCaller.join(room));
  for (const caller of callers) await caller.plays(2);
  const ids = await Promise.all(callers.map((caller) => caller.id()));
  for (const [i, caller] of callers.entries()) {
    expect((await caller.peers()).sort()).toEqual(ids.filter((_, j) => j !== i).sort());
    expect(await caller.rooms()).toEqual([room]);
  }
  const [first, second, third] = callers;

  await first.emit('join', { room });
  await until(async () => (await first.heard()).includes('warning'), {
    within: 5000,
    what: 'joining twice is a warning',
  });
  expect(await first.heard()).not.toContain('error-message');

  await third.page.close();
  for (const caller of [first, second]) {
    await caller.plays(1);
    expect(await caller.peers()).toHaveLength(1);
  }
  await second.emit('leave');
  for (const caller of [first, second]) await caller.plays(0);
  expect(await second.rooms()).toEqual([room]);
  await first.emit('leave');
  await until(async () => (await second.rooms()).length === 0, { within: 5000, what: 'the empty room is not listed' });
});

test('a classic page and our app make a call of two, whoever comes first', async () => {
  for (const classicFirst of [true, false]) {
    const room = randomUUID();
    const early = classicFirst ? await ClassicCaller.join(room) : null;
    if (early) await early.plays(0);
    const app = await stage.join(room, 'App');
    if (!early) await app.showsTiles(['App']);
    const caller = early ?? (await ClassicCaller.join(room));
    await caller.plays(1);
    await app.sees(1);
    await app.hears(1);
    expect(await app.tiles()).toEqual(['App', expect.stringMatching(/^Guest \w+$/)]);
    expect(await caller.rooms()).toEqual([room]);
    expect(await app.peerConnections()).toBe(1);

    await stage.leave(app);
    await caller.plays(0);
    await caller.page.close();
  }
});

test('a classic page keeps a room a mesh', async () => {
  const server = await stage.server();
  const room = randomUUID();
  const caller = await ClassicCaller.join(room);
  await caller.plays(0);
  const app = await stage.join(room, 'App');
  await caller.plays(1);
  const { topology } = await (await server.request(`/api/rooms/${room}`)).json();
  expect(topology).toBe('mesh');
  const response = await server.request(`/api/rooms/${room}`, { method: 'PUT', json: { topology: 'sfu' } });
  expect(response.status).toBe(409);
  expect((await response.json()).error.message).toMatch(/classic/i);
  await app.sees(1);
});
