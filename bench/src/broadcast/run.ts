/**
 * One broadcast over four nodes of this machine: how fast viewers come in, how evenly they are spread, what goes between the
 * nodes, beside what `efir plan` says, and what is felt of a node that is killed and of one that is drained.
 */
import { Broadcaster, ClientHub, loadClips, PLAN_DEFAULTS, plan, WhepViewer } from '@efir/cli';
import { round } from '../measure/median.js';
import type { BroadcastOptions } from '../options.js';
import { BenchNodes } from './nodes.js';

const IDS = ['a', 'b', 'c', 'd'];
const ROOM = 'show';
const TICK_MS = 20;

export async function broadcast({ viewers: count, rate, seconds }: BroadcastOptions, log: (line: string) => void) {
  const nodes = new BenchNodes();
  const hub = new ClientHub({ datapath: { maxPeers: count * 2 + 64, slots: 32_768 } });
  const viewers: WhepViewer[] = [];
  let publisher: Broadcaster | null = null;
  const ticking = setInterval(() => {
    const now = performance.now();
    publisher?.tick(now);
    for (const viewer of viewers) viewer.tick(now);
  }, 5);
  try {
    // Two of them have room for all.
    await nodes.start(IDS, Math.ceil(count / 2) + 1);
    const [first] = nodes.urls;
    const headers = { 'content-type': 'application/json' };
    await fetch(`${first}/api/rooms/${ROOM}`, { method: 'PUT', headers, body: '{"kind":"broadcast"}' });
    const { videos, voices } = await loadClips();
    const clips = { video: videos[0], voice: voices[0], layers: 1, phase: 0, speaks: () => true };
    publisher = new Broadcaster({ urls: [first], room: ROOM, hub, clips });
    await publisher.join();

    log(`${count} viewers join, ${rate} a second`);
    const few = await join(viewers, Math.min(20, count), { nodes, hub, rate });
    const before = await between(nodes);
    const joined = [...few, ...(await join(viewers, count - viewers.length, { nodes, hub, rate }))];
    await wait(2000);
    const spread = await spreadOf(nodes);
    const after = await between(nodes);
    const cpuBefore = [...nodes.nodes.keys()].map((id) => nodes.workerNs(id));
    const bytesBefore = bytesOf(viewers);
    begin(viewers);
    const startedMs = performance.now();
    await wait(seconds * 1000);
    const tookMs = performance.now() - startedMs;
    const cpu = [...nodes.nodes.keys()].map((id, i) => (nodes.workerNs(id) - cpuBefore[i]) / (tookMs * 1e6));
    const viewerBps = ((bytesOf(viewers) - bytesBefore) * 8) / (tookMs / 1000) / count;
    const planned = plan({
      ...{ ...PLAN_DEFAULTS, viewers: count, bitrateBps: viewerBps, cores: 1, nicBps: 1e9, nodes: IDS.length },
      fanOut: 8,
    });
    const steadyGaps = gaps(viewers);

    const victim = IDS.find((id) => id !== 'a' && (spread[id] ?? 0) > 0)!;
    const url = nodes.nodes.get(victim)!.url;
    const concerned = viewers.filter(({ origin }) => origin === url);
    const others = viewers.filter((viewer) => !concerned.includes(viewer));
    log(`node ${victim} is killed with ${concerned.length} viewers`);
    begin(viewers);
    await nodes.kill(victim);
    await until(() => concerned.every(({ playing, longestGapMs }) => playing && longestGapMs > 0), 20_000);
    await wait(1000);
    const killed = { viewers: concerned.length, ...gaps(concerned), others: gaps(others) };

    const drained = IDS.filter((id) => id !== 'a' && id !== victim)[0];
    const from = nodes.nodes.get(drained)!.url;
    const moved = viewers.filter(({ origin }) => origin === from);
    log(`node ${drained} is drained of ${moved.length} viewers`);
    begin(viewers);
    const drainMs = performance.now();
    await nodes.drain(drained);
    const emptied = await until(() => moved.every(({ origin }) => origin !== from), 20_000);
    const drainTookMs = performance.now() - drainMs;
    await wait(500);
    return {
      viewers: count,
      join: { ms: quantiles(joined), failed: viewers.filter(({ origin }) => origin === null).length },
      spread,
      unevenness: round(Math.max(...Object.values(spread).map((n) => Math.abs(n / (count / IDS.length) - 1))), 3),
      viewerBps: Math.round(viewerBps),
      links: after.links,
      betweenNodesBps: {
        few: Math.round(before.bps),
        all: Math.round(after.bps),
        planned: Math.round(planned.tree.trafficBps),
      },
      workerCpu: { measured: cpu.map((share) => round(share, 3)), planned: round(planned.node.cpuCores, 3) },
      steady: steadyGaps,
      killed,
      drained: { viewers: moved.length, emptied, tookMs: Math.round(drainTookMs), ...gaps(moved) },
    };
  } finally {
    clearInterval(ticking);
    await Promise.all([publisher, ...viewers].map((one) => one?.leave()));
    await nodes.close();
    hub.close();
  }
}

interface Joining {
  nodes: BenchNodes;
  hub: ClientHub;
  rate: number;
}

/** They come at the rate; ms of each until its first picture. */
async function join(viewers: WhepViewer[], more: number, { nodes, hub, rate }: Joining): Promise<number[]> {
  const started = performance.now();
  const { urls } = nodes;
  const times: Promise<number>[] = [];
  for (let i = 0; i < more; i++) {
    const pause = started + (i * 1000) / rate - performance.now();
    if (pause > 1) await wait(pause);
    const from = viewers.length % urls.length;
    const viewer = new WhepViewer({ urls: [...urls.slice(from), ...urls.slice(0, from)], room: ROOM, hub });
    viewers.push(viewer);
    times.push(pictureOf(viewer));
  }
  return Promise.all(times);
}

async function pictureOf(viewer: WhepViewer): Promise<number> {
  const started = performance.now();
  await viewer.join();
  await until(() => viewer.playing, 20_000);
  return performance.now() - started;
}

async function between(nodes: BenchNodes): Promise<{ bps: number; links: string[] }> {
  await wait(2500);
  const { links } = await nodes.overview();
  const flowing = links.filter(({ state }) => state === 'connected');
  return {
    bps: flowing.reduce((sum, { bitrateBps }) => sum + bitrateBps, 0),
    links: flowing.map(({ from, to, streams }) => `${from}>${to} ${streams} streams`),
  };
}

async function spreadOf(nodes: BenchNodes): Promise<Record<string, number>> {
  const room = (await nodes.overview()).rooms.find(({ home }) => home !== '');
  return Object.fromEntries((room?.nodes ?? []).map(({ node, viewers }) => [node, viewers]));
}

function begin(viewers: readonly WhepViewer[]): void {
  for (const viewer of viewers) viewer.longestGapMs = 0;
}

/** Longest times without a picture. */
function gaps(viewers: readonly WhepViewer[]): { p50: number; p95: number; max: number } {
  return quantiles(viewers.map(({ longestGapMs }) => longestGapMs));
}

function quantiles(values: readonly number[]): { p50: number; p95: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

function bytesOf(viewers: readonly WhepViewer[]): number {
  const now = performance.now();
  return viewers.reduce((sum, viewer) => sum + viewer.snapshot(now).bytes, 0);
}

async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (condition()) return true;
    await wait(TICK_MS);
  }
  return false;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
