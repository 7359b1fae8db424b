import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { Relay } from './harness/relay.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** Takes minutes: `EFIR_TABLE=1 npx vitest run --project e2e e2e/src/recovery-table.e2e.ts`, on a quiet machine. */
const asked = process.env.EFIR_TABLE === '1';

const LOSSES = [0.01, 0.05, 0.1, 0.2];
const ROUND_TRIPS_MS = [50, 200];
/** Estimates and protection find their rates in the first of these, ms; figures are of the second. */
const SETTLE_MS = 8_000;
const MEASURE_MS = 20_000;

/** What receivers do about losses. */
const MEANS = {
  none: ['nack', 'fec'],
  asking: ['fec'],
  all: [],
} as const satisfies Record<string, ('nack' | 'fec')[]>;
type Means = keyof typeof MEANS;

const stage = useStage({}, { fps: 15, viewport: { width: 480, height: 320 } });

interface Figures {
  frames: number;
  frozenMs: number;
  freezes: number;
  concealed: number;
  samples: number;
  repair: number;
  repeats: number;
}

declare global {
  interface Window {
    efirFrozen: { frozenMs: number; freezes: number; last: number };
  }
}

/**
 * Counts freezes by what comes to the screen, as `freezeCount` of W3C's webrtc-stats does for 15 frames a second; those that last
 * until somebody looks count as well.
 */
function watchPicture(): void {
  const state = { frozenMs: 0, freezes: 0, last: performance.now() };
  window.efirFrozen = state;
  const video = document.querySelector<HTMLVideoElement>('article.tile:not([data-local]) video');
  const frame = (now: number) => {
    if (now - state.last > 217) {
      state.frozenMs += now - state.last;
      state.freezes++;
    }
    state.last = Math.max(now, state.last);
    video?.requestVideoFrameCallback(frame);
  };
  video?.requestVideoFrameCallback(frame);
}

/** Of what a page has received so far. */
const received = (person: Participant): Promise<Figures> =>
  person.page.evaluate(async () => {
    const sum = { frames: 0, frozenMs: 0, freezes: 0, concealed: 0, samples: 0, repair: 0, repeats: 0 };
    for (const peer of window.efirPeers ?? []) {
      const stats: RTCStatsReport = await peer.getStats();
      for (const one of stats.values()) {
        if (one.type !== 'inbound-rtp') continue;
        sum.frames += one.framesDecoded ?? 0;
        // Silence is made up without a loss as well.
        sum.concealed += (one.concealedSamples ?? 0) - (one.silentConcealedSamples ?? 0);
        sum.samples += one.kind === 'audio' ? (one.totalSamplesReceived ?? 0) : 0;
        sum.repair += one.kind === 'video' ? (one.fecPacketsReceived ?? 0) : 0;
        sum.repeats += one.retransmittedPacketsReceived ?? 0;
      }
    }
    const state = window.efirFrozen;
    const open = performance.now() - state.last;
    sum.frozenMs = state.frozenMs + (open > 217 ? open : 0);
    sum.freezes = state.freezes + (open > 217 ? 1 : 0);
    return sum;
  }, undefined);

interface Row {
  means: Means;
  lossPercent: number;
  rttMs: number;
  fps: number;
  freezes: number;
  frozenPercent: number;
  concealedPercent: number;
  repair: number;
  repeats: number;
}

function row(means: Means, loss: number, rttMs: number, before: Figures, after: Figures): Row {
  const since = (name: keyof Figures) => after[name] - before[name];
  const percent = (part: number, whole: number) => Math.round((1_000 * part) / Math.max(1, whole)) / 10;
  return {
    means,
    lossPercent: loss * 100,
    rttMs,
    fps: Math.round((since('frames') * 10_000) / MEASURE_MS) / 10,
    freezes: since('freezes'),
    frozenPercent: percent(since('frozenMs'), MEASURE_MS),
    concealedPercent: percent(since('concealed'), since('samples')),
    repair: since('repair'),
    repeats: since('repeats'),
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.runIf(asked)(
  'what is done about losses keeps pictures and sound going',
  async () => {
    const room = stage.room();
    await stage.join(room, 'Ann', { query: { quality: 'h360', fps: '15' } });
    const receivers: { means: Means; link: Relay; person: Participant }[] = [];
    for (const [index, means] of (Object.keys(MEANS) as Means[]).entries()) {
      const link = await Relay.to((await stage.server()).mediaPort, { seed: 31 + index });
      stage.later(() => link.close());
      const probe = { relayPort: link.port, without: [...MEANS[means]] };
      const person = await stage.join(room, means, { query: { video: '0', audio: '0' }, probe });
      receivers.push({ means, link, person });
    }
    for (const { person } of receivers) {
      await person.sees(1, 30_000);
      await person.page.evaluate(watchPicture, undefined);
    }

    const rows: Row[] = [];
    for (const rttMs of ROUND_TRIPS_MS) {
      for (const loss of LOSSES) {
        for (const { link } of receivers) link.set({ loss, delayMs: rttMs / 2 });
        await pause(SETTLE_MS);
        const before = await Promise.all(receivers.map(({ person }) => received(person)));
        await pause(MEASURE_MS);
        const after = await Promise.all(receivers.map(({ person }) => received(person)));
        for (const [i, { means }] of receivers.entries())
          rows.push(row(means, loss, rttMs, before[i] as Figures, after[i] as Figures));
        for (const { link } of receivers) link.set({ loss: 0, delayMs: 5 });
        for (const { person } of receivers) {
          const { frames } = await received(person);
          await until(async () => (await received(person)).frames > frames + 15, {
            within: 20_000,
            what: 'pictures are back',
          });
        }
      }
    }
    console.table(rows);
    const of = (means: Means, lossPercent: number, rttMs: number) =>
      rows.find((one) => one.means === means && one.lossPercent === lossPercent && one.rttMs === rttMs) as Row;
    const [asking, all] = [of('asking', 10, 200), of('all', 10, 200)];
    expect(of('none', 10, 200).repeats + of('none', 10, 200).repair).toBe(0);
    expect(asking.repeats).toBeGreaterThan(0);
    expect(asking.repair).toBe(0);
    expect(all.repair).toBeGreaterThan(0);
    expect(all.frozenPercent).toBeLessThanOrEqual(Math.max(asking.frozenPercent / 2, 1));
    expect(all.concealedPercent).toBeLessThan(asking.concealedPercent);
  },
  900_000,
);
