import { expect, test } from 'vitest';
import type { BrowserPage } from './harness/browsers.js';
import { publishFromFfmpeg } from './harness/ffmpeg-publisher.js';
import { readStats, readVideos } from './harness/probe.js';
import { useStage } from './harness/stage.js';
import { middleColour, playWhep, publishColour, setLoudness } from './harness/studio.js';
import { until } from './harness/until.js';

const stage = useStage();

/** A page of the server's origin with nothing of ours on it. */
async function blankPage(): Promise<BrowserPage> {
  const page = await (await stage.browser()).open();
  stage.later(() => page.close());
  await page.goto(`${(await stage.server()).url}/healthz`);
  return page;
}

async function playing(page: BrowserPage, within = 15_000): Promise<void> {
  let last = 0;
  await until(
    async () => {
      const [video] = await page.evaluate(readVideos, undefined);
      const advanced = video && video.width > 0 && last > 0 && video.time > last;
      last = video?.time ?? 0;
      return advanced;
    },
    { within, what: 'the WHEP player shows moving pictures' },
    async () => ({ ...(await page.evaluate(readStats, undefined)), console: page.console }),
  );
}

test("FFmpeg's WHIP muxer publishes, and a page of twenty lines plays it by WHEP", async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const { written } = publishFromFfmpeg(stage, `${url}/whip/${room}`);
  const player = await blankPage();
  await until(() => player.evaluate(playWhep, { url: `/whep/${room}` }).then(() => true), {
    within: 15_000,
    what: 'the room plays by WHEP',
    every: 300,
  }).catch((error) => {
    throw new Error(`${error.message}\nFFmpeg wrote: ${written()}`);
  });
  await playing(player);
  const { inbound } = await player.evaluate(readStats, undefined);
  expect(inbound.find((stream) => stream.kind === 'video' && stream.frames > 0)?.codec).toBe('video/H264');
  await until(
    async () => (await player.evaluate(readStats, undefined)).inbound.some((s) => s.kind === 'audio' && s.energy > 0),
    { within: 5000, what: 'the tone is heard' },
  );
});

test('people in the room see and hear a WHIP publisher', async () => {
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const publisher = await blankPage();
  await publisher.evaluate(publishColour, { room, colour: 'red' });
  await publisher.evaluate(setLoudness, 0.5);
  await ann.sees(1);
  await ann.hears(1);
});

test('a WHEP player follows whoever speaks', async () => {
  const room = stage.room();
  const red = await blankPage();
  await red.evaluate(publishColour, { room, colour: 'rgb(255,0,0)' });
  const blue = await blankPage();
  await blue.evaluate(publishColour, { room, colour: 'rgb(0,0,255)' });
  const player = await blankPage();
  const speak = async (loud: BrowserPage, silent: BrowserPage) => {
    await silent.evaluate(setLoudness, 0);
    await loud.evaluate(setLoudness, 0.5);
  };
  const shows = (name: string, is: (colour: [number, number, number]) => boolean) =>
    until(async () => is(await player.evaluate(middleColour, undefined)), {
      within: 10_000,
      what: `the player shows ${name}`,
    });

  await speak(red, blue);
  await player.evaluate(playWhep, { url: `/whep/${room}` });
  await playing(player);
  await shows('red', ([r, , b]) => r > 150 && b < 100);
  await speak(blue, red);
  await shows('blue', ([r, , b]) => b > 150 && r < 100);
  await speak(red, blue);
  await shows('red again', ([r, , b]) => r > 150 && b < 100);
  // All of it on one stream, without a gap that looks like loss.
  const { inbound } = await player.evaluate(readStats, undefined);
  const video = inbound.filter((stream) => stream.kind === 'video');
  expect(video).toHaveLength(1);
  expect(video[0].lost).toBe(0);
});

test('DELETE on the location ends a session, and a second DELETE finds nothing', async () => {
  const server = await stage.server();
  const room = stage.room();
  const publisher = await blankPage();
  await publisher.evaluate(publishColour, { room, colour: 'green' });
  const ann = await stage.join(room, 'Ann');
  await ann.sees(1);
  const location = await publisher.evaluate(
    () => new URL(window.studioLocation, window.location.href).pathname,
    undefined,
  );
  expect((await server.request(location, { method: 'DELETE' })).status).toBe(200);
  await ann.sees(0);
  expect((await server.request(location, { method: 'DELETE' })).status).toBe(404);
});
