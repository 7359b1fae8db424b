import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { Relay } from './harness/relay.js';
import { robots } from './harness/robots.js';
import { show } from './harness/show.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** What is promised of a machine that does nothing else; elsewhere a browser that gets no time to read looks like a queue. */
const timed = Boolean(process.env.EFIR_TIMED);
const limits = timed
  ? { aboveMs: 2_000, queueMs: 200, frozenMs: 1_000 }
  : { aboveMs: 5_000, queueMs: 600, frozenMs: 3_000 };
const WIDE_BPS = 3_000_000;
const NARROW_BPS = 500_000;
const NARROW_MS = 15_000;
const WIDE_AGAIN_MS = timed ? 10_000 : 25_000;

const stage = useStage({ workers: 1 }, { viewport: { width: 1280, height: 800 }, fps: 10 });

interface Look {
  /** ms since 1970. */
  at: number;
  estimateBps: number;
}

declare global {
  interface Window {
    efirLooks: { estimates: Look[]; longestMs: number };
  }
}

/** Notes the estimate, and for how long all pictures together stood still. */
function watch(): void {
  const looks: Window['efirLooks'] = { estimates: [], longestMs: 0 };
  window.efirLooks = looks;
  const { room } = (window as unknown as { efir: { room: { quality: { estimateBps: number } | null } } }).efir;
  setInterval(() => {
    if (room.quality) looks.estimates.push({ at: Date.now(), estimateBps: room.quality.estimateBps });
  }, 100);
  let last = performance.now();
  const seen = new WeakSet<HTMLVideoElement>();
  const look = () => {
    for (const video of document.querySelectorAll<HTMLVideoElement>('article.tile:not([data-local]) video')) {
      if (seen.has(video)) continue;
      seen.add(video);
      const frame = (now: number) => {
        looks.longestMs = Math.max(looks.longestMs, now - last);
        last = now;
        video.requestVideoFrameCallback(frame);
      };
      video.requestVideoFrameCallback(frame);
    }
  };
  setInterval(look, 200);
}

const looksOf = (person: Participant) => person.page.evaluate(() => window.efirLooks, undefined);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Longest time for which the estimate was more than a tenth above what the link carries, ms. */
function longestAbove(estimates: readonly Look[], capacityBps: number): number {
  let longest = 0;
  let since: number | null = null;
  for (const { at, estimateBps } of estimates) {
    if (estimateBps <= 1.1 * capacityBps) since = null;
    else {
      since ??= at;
      longest = Math.max(longest, at - since);
    }
  }
  return longest;
}

test('a link that falls to a sixth and rises again is followed, without a freeze, and others notice nothing', async () => {
  const room = stage.room();
  const link = await Relay.to((await stage.server()).mediaPort, { seed: 41 });
  stage.later(() => link.close());
  void robots(stage, room, ['--publishers', '6', '--publisher-page', '0', '--talkers', '1', '--duration', '120s']);
  const quiet = { quality: 'h180', audio: '0', video: '0' };
  const cleo = await stage.join(room, 'Cleo', { query: quiet, probe: { noFirstFrames: true } });
  const bob = await stage.join(room, 'Bob', { query: quiet, probe: { relayPort: link.port, noFirstFrames: true } });
  for (const person of [bob, cleo]) await person.sees(6, 30_000);
  // Together they want more than the link carries.
  await show(bob, 'stage', 720);
  link.down.conditions = { ...link.down.conditions, rateBps: WIDE_BPS, queueMs: 1_500 };
  for (const person of [bob, cleo]) await person.page.evaluate(watch, undefined);
  const estimate = async () => (await looksOf(bob)).estimates.at(-1)?.estimateBps ?? 0;
  await until(async () => (await estimate()) > 0.85 * WIDE_BPS, { within: 30_000, what: 'the link is used' }, estimate);

  const clear = () => {
    window.efirLooks.estimates.length = 0;
    window.efirLooks.longestMs = 0;
  };
  for (const person of [bob, cleo]) await person.page.evaluate(clear, undefined);
  const cutAt = performance.now();
  link.down.waits = [];
  link.down.conditions.rateBps = NARROW_BPS;
  await pause(NARROW_MS);
  const narrow = await looksOf(bob);
  const waits = link.down.waits.filter(({ at }) => at > cutAt + 3_000).map(({ ms }) => ms);
  waits.sort((a, b) => a - b);
  const queueMs = waits[Math.floor(waits.length * 0.95)] ?? 0;

  const wideAt = performance.now();
  link.down.conditions.rateBps = WIDE_BPS;
  await until(
    async () => (await estimate()) >= 0.85 * WIDE_BPS,
    { within: WIDE_AGAIN_MS, what: 'it is back' },
    estimate,
  );
  const backMs = performance.now() - wideAt;
  const [seen, other] = [await looksOf(bob), await looksOf(cleo)];
  const aboveMs = longestAbove(narrow.estimates, NARROW_BPS);
  const told = { aboveMs, queueMs, frozenMs: seen.longestMs, backMs, otherMs: other.longestMs };
  if (process.env.EFIR_SHOW_GAPS) console.log(JSON.stringify(told));
  expect(narrow.estimates.length).toBeGreaterThan(50);
  expect(waits.length).toBeGreaterThan(100);
  expect(told.aboveMs).toBeLessThan(limits.aboveMs);
  expect(told.queueMs).toBeLessThan(limits.queueMs);
  expect(told.frozenMs).toBeLessThan(limits.frozenMs);
  expect(told.otherMs).toBeLessThan(limits.frozenMs);
}, 180_000);
