import { expect, test } from 'vitest';
import { robots } from './harness/robots.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** Small versions of `npm run bench -- mass`. `EFIR_TIMED=1` holds them to what is promised of a machine of their own. */
const limits = process.env.EFIR_TIMED
  ? { newPageMs: 500, stageMs: 1000, firstSoundMs: 1500, fullPageMs: 4000 }
  : { newPageMs: 2500, stageMs: 4000, firstSoundMs: 6000, fullPageMs: 10_000 };

const stage = useStage({ workers: 1 });

test('who watches a crowd receives a page and three voices, turns pages without SDP, and sees who speaks at the best', async () => {
  const room = stage.room();
  const crowd = robots(stage, room, [
    ...['--publishers', '30', '--publisher-page', '0', '--talkers', '1', '--turn-seconds', '3', '--duration', '18s'],
  ]);
  const server = await stage.server();
  await until(async () => (await server.metric('efir_participants')) >= 30, {
    within: 15_000,
    what: 'the crowd is in the room',
  });
  const watching = await robots(stage, room, [
    ...['--publishers', '0', '--subscribers', '2', '--rate', '0', '--page', '9'],
    ...['--flip-seconds', '2.5', '--duration', '8s'],
  ]);
  const { report: seen } = watching;
  expect(watching.code, JSON.stringify(seen)).toBe(0);
  expect(seen).toMatchObject({ joined: 2, receivedMedia: 2, sdpExchanges: 0, restarts: 0, missedFaces: 0 });
  expect([seen.mostPictures, seen.mostVoices]).toEqual([10, 3]);
  expect(seen.newPage?.count).toBeGreaterThanOrEqual(4);
  expect(seen.newPage?.p50).toBeLessThan(limits.newPageMs);
  expect(seen.stage?.count).toBeGreaterThanOrEqual(2);
  expect(seen.stage?.p50).toBeLessThan(limits.stageMs);

  const { report: crowded } = await crowd;
  expect(crowded).toMatchObject({ joined: 30, sdpExchanges: 0, restarts: 0 });
  expect(crowded.mostKeyFrameRequests).toBeLessThanOrEqual(2);
  // Nobody watches any more: nobody sends pictures.
  expect(crowded.layersOn).toEqual([30, 0, 0, 0]);
});

test('a room that doubles within a second is heard and seen by those who came, and no publisher is asked too often', async () => {
  const room = stage.room();
  const options = ['--publishers', '12', '--publisher-page', '9', '--talkers', '2'];
  const there = robots(stage, room, [...options, '--duration', '12s']);
  const server = await stage.server();
  await until(async () => (await server.metric('efir_participants')) >= 12, {
    within: 15_000,
    what: 'the first are in the room',
  });
  const came = await robots(stage, room, [...options, '--rate', '12', '--duration', '6s']);
  expect(came.code, JSON.stringify(came.report)).toBe(0);
  expect(came.report).toMatchObject({ joined: 12, sdpExchanges: 0, restarts: 0 });
  expect(came.report.firstAudio).toMatchObject({ count: 12 });
  expect(came.report.firstAudio?.p95).toBeLessThan(limits.firstSoundMs);
  expect(came.report.fullPage).toMatchObject({ count: 12 });
  expect(came.report.fullPage?.max).toBeLessThan(limits.fullPageMs);
  const { report } = await there;
  expect(report).toMatchObject({ joined: 12, sdpExchanges: 0, restarts: 0 });
  for (const { mostKeyFrameRequests } of [came.report, report]) expect(mostKeyFrameRequests).toBeLessThanOrEqual(2);
});
