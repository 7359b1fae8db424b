import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { Relay } from './harness/relay.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage({}, { fps: 15, viewport: { width: 480, height: 320 } });

async function relay(seed: number): Promise<Relay> {
  const link = await Relay.to((await stage.server()).mediaPort, { seed });
  stage.later(() => link.close());
  return link;
}

/** Inbound figures that only these tests look at. */
function received(person: Participant) {
  return person.page.evaluate(async () => {
    const figures = { fecPackets: 0, repeatedFrames: 0, pictures: 0, frozenMs: 0 };
    for (const peer of window.efirPeers ?? []) {
      const stats: RTCStatsReport = await peer.getStats();
      for (const one of stats.values()) {
        if (one.type !== 'inbound-rtp') continue;
        figures.fecPackets += one.kind === 'video' ? (one.fecPacketsReceived ?? 0) : 0;
        figures.pictures += one.framesDecoded ?? 0;
        figures.frozenMs += (one.totalFreezesDuration ?? 0) * 1000;
        figures.repeatedFrames += one.kind === 'audio' ? (one.fecPacketsReceived ?? 0) : 0;
      }
    }
    return figures;
  }, undefined);
}

test('a receiver that loses much far away gets repair packets with pictures and earlier frames with sound', async () => {
  const room = stage.room();
  const link = await relay(21);
  await stage.join(room, 'Ann', { query: { quality: 'h180' } });
  const bob = await stage.join(room, 'Bob', { query: { quality: 'h180' }, probe: { relayPort: link.port } });
  await bob.sees(1, 30_000);
  link.set({ loss: 0.1, delayMs: 100 });
  await until(
    async () => {
      const { fecPackets, repeatedFrames } = await received(bob);
      return fecPackets > 20 && repeatedFrames > 100;
    },
    { within: 30_000, what: 'repair packets come, and sound in RED' },
    () => received(bob),
  );
  const before = await received(bob);
  await until(async () => (await received(bob)).pictures > before.pictures + 60, {
    within: 20_000,
    what: 'pictures go on',
  });
});

test('a path that gets narrow takes smaller pictures, and none stops; wide again, they grow', async () => {
  const room = stage.room();
  const link = await relay(22);
  await stage.join(room, 'Ann', { query: { quality: 'h720' } });
  // Only Ann is heard, so it is she who is seen at her best.
  const quiet = { quality: 'h180', audio: '0' };
  await stage.join(room, 'Cleo', { query: quiet });
  const bob = await stage.join(room, 'Bob', { query: quiet, probe: { relayPort: link.port } });
  await bob.sees(2, 30_000);
  link.down.conditions.rateBps = 3_000_000;
  const height = () =>
    bob.page.evaluate(
      () =>
        Math.max(
          ...[...document.querySelectorAll('article.tile:not([data-local]) video')].map(
            (v) => (v as HTMLVideoElement).videoHeight,
          ),
        ),
      undefined,
    );
  await until(async () => (await height()) >= 360, { within: 30_000, what: 'a large picture comes' }, height);
  link.down.conditions.rateBps = 500_000;
  await until(async () => (await height()) <= 180, { within: 20_000, what: 'pictures get smaller' }, height);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { frozenMs, pictures } = await received(bob);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const later = await received(bob);
  expect(later.pictures - pictures).toBeGreaterThan(15);
  expect(later.frozenMs - frozenMs).toBeLessThan(1_000);
  link.down.conditions.rateBps = 5_000_000;
  await until(async () => (await height()) >= 360, { within: 20_000, what: 'the large picture is back' }, height);
});
