import { type RunningServer, startServer } from '@efir/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BotsOptions, parseBotsOptions } from './options.js';
import type { SwarmReport } from './report.js';
import { runBots } from './run.js';

let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ port: 0, host: '127.0.0.1', mediaPort: 0, workers: 1, logLevel: 'silent' });
}, 30_000);
afterAll(() => server.close());

async function run(args: string[], interrupted: Promise<void> = new Promise(() => {})) {
  let text = '';
  const options = parseBotsOptions(['--url', server.url, ...args]) as BotsOptions;
  const code = await runBots(options, { write: (more) => (text += more), interactive: false }, interrupted);
  return { code, text };
}

async function participants(room: string): Promise<number> {
  const rooms = (await (await fetch(`${server.url}/api/rooms`)).json()) as { id: string; participants: number }[];
  return rooms.find(({ id }) => id === room)?.participants ?? 0;
}

test('publishers are heard and seen by all, and at the end everybody has left', async () => {
  const { code, text } = await run([
    ...['--room', 'all', '--publishers', '2', '--subscribers', '3', '--duration', '4s', '--rate', '0', '--json'],
  ]);
  const report = JSON.parse(text) as SwarmReport;
  expect(report).toMatchObject({ publishers: 2, subscribers: 3, joined: 5, receivedMedia: 5, lost: 0, failures: {} });
  // Eight pictures at 15 fps for three seconds and some.
  expect(report.frames).toBeGreaterThan(8 * 15 * 2);
  expect(report.keyFrameWaitMeanMs).toBeLessThan(1500);
  expect(code).toBe(0);
  expect(await participants('all')).toBe(0);
}, 30_000);

test('with a page, robots receive a page of pictures and three voices, however many are there', async () => {
  const { code, text } = await run([
    ...['--room', 'pages', '--publishers', '6', '--subscribers', '1', '--page', '2', '--publisher-page', '0'],
    ...['--duration', '4s', '--rate', '0', '--json'],
  ]);
  const report = JSON.parse(text) as SwarmReport;
  expect(report).toMatchObject({ joined: 7, receivedMedia: 7, failures: {} });
  // Two pictures and the speaker's at 15 fps, and no more.
  expect(report.frames).toBeGreaterThan(2 * 15 * 2);
  expect(report.frames).toBeLessThan(3 * 15 * 6);
  expect(code).toBe(0);
}, 30_000);

test('an interruption ends it at once, with a summary and everybody out of the room', async () => {
  let interrupt: () => void = () => {};
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve;
  });
  const running = run(['--room', 'stopped', '--publishers', '1', '--subscribers', '1'], interrupted);
  while ((await participants('stopped')) < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  interrupt();
  const { text } = await running;
  expect(text).toContain('1 publishers, 1 subscribers');
  expect(await participants('stopped')).toBe(0);
}, 30_000);

test('a server that refuses everybody ends the run with the reason', async () => {
  const options = parseBotsOptions(['--url', 'http://127.0.0.1:1', '--publishers', '1']) as BotsOptions;
  let text = '';
  const terminal = { write: (more: string) => (text += more), interactive: false };
  const code = await runBots(options, terminal, new Promise(() => {}));
  expect(code).toBe(1);
  expect(text).toMatch(/failed +1: the server can't be reached/);
}, 30_000);
