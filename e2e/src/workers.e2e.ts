import { Broadcaster, ClientHub, loadClips, WhepViewer } from '@efir/cli';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, type Overview, playing } from './harness/nodes.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const ROOM = 'many';
/** Three workers' worth. */
const VIEWERS = 75;
const TICK_MS = 5;

let server: Server;
let publisher: Broadcaster;
let timer: NodeJS.Timeout;
const hub = new ClientHub({ datapath: { maxPeers: 256 } });
const viewers: WhepViewer[] = [];

/** One server alone, without a Redis: its workers are joined all the same. */
beforeAll(async () => {
  server = await Server.start({ workers: 3, args: ['--max-viewers', '100', '--admin-token', ADMIN_TOKEN] });
  await server.putRoom(ROOM, { kind: 'broadcast' });
  const { videos, voices } = await loadClips();
  const clips = { video: videos[0], voice: voices[0], layers: 1, phase: 0, speaks: () => true };
  publisher = new Broadcaster({ urls: [server.url], room: ROOM, hub, clips });
  timer = setInterval(() => {
    const now = performance.now();
    publisher.tick(now);
    for (const viewer of viewers) viewer.tick(now);
  }, TICK_MS);
  await publisher.join();
});
afterAll(async () => {
  clearInterval(timer);
  await Promise.all([publisher, ...viewers].map((one) => one?.leave()));
  hub.close();
  await server?.stop();
});

async function workers(): Promise<Overview['nodes'][number]['workers']> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const { nodes, links } = (await (await server.request('/api/cluster', { headers })).json()) as Overview;
  // Between a node's workers it is nobody else's business.
  expect(links).toEqual([]);
  return nodes[0].workers;
}

test('a broadcast’s viewers are spread over the workers of one server, and all play', async () => {
  for (let i = 0; i < VIEWERS; i++) {
    const viewer = new WhepViewer({ urls: [server.url], room: ROOM, hub });
    viewers.push(viewer);
    await viewer.join();
  }
  await playing(viewers, 15_000);
  const counts = await until(
    async () => {
      const seen = (await workers()).map(({ transports }) => transports);
      // Viewers, the publisher, two pipes with two ends each.
      return seen.reduce((sum, count) => sum + count, 0) === VIEWERS + 1 + 4 ? seen : null;
    },
    { within: 8000, what: 'all are told' },
    workers,
  );
  expect(Math.min(...counts)).toBeGreaterThan(VIEWERS / 3 - 6);
  expect(Math.max(...counts)).toBeLessThan(VIEWERS / 3 + 6);
});

/** The one with the publisher has one end of each pipe as well. */
async function trunk(): Promise<number> {
  const loads = await workers();
  return loads.reduce((most, one) => (one.transports > most.transports ? one : most)).index;
}

test('a worker dies: who watched there plays again on another, and the others see nothing of it', async () => {
  const [pids, trunkIndex] = [server.workerPids(), await trunk()];
  for (const viewer of viewers) viewer.longestGapMs = 0;
  process.kill(pids[(trunkIndex + 1) % pids.length], 'SIGKILL');
  await until(() => viewers.filter((viewer) => viewer.longestGapMs > 400).length >= VIEWERS / 3 - 6, {
    ...{ within: 10_000, every: 20, what: 'those who watched there play again' },
  });
  await playing(viewers);
  const undisturbed = viewers.filter(({ longestGapMs }) => longestGapMs < (process.env.EFIR_TIMED ? 300 : 1000));
  expect(undisturbed.length).toBeGreaterThanOrEqual((VIEWERS * 2) / 3 - 6);
});

test('the worker with the publisher dies: it comes again, and everybody plays', async () => {
  const pids = server.workerPids();
  process.kill(pids[await trunk()], 'SIGKILL');
  await until(() => viewers.some((viewer) => !viewer.playing), { within: 3000, every: 20, what: 'it is felt' });
  await playing(viewers, 20_000);
});
