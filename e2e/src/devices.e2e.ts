import { expect, test } from 'vitest';
import { launchChromium } from './harness/browsers.js';
import { Participant } from './harness/participant.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage();

async function shyBrowser() {
  const shy = await launchChromium({ permission: 'deny' });
  stage.later(() => shy.close());
  return shy;
}

test('a link with a name goes straight in, even where camera and microphone are denied', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const sam = await Participant.join(await shyBrowser(), url, room, 'Sam');
  stage.people.push(sam);
  await sam.sees(1);
  await sam.hears(1);
  await ann.showsTiles(['Ann', 'Sam']);
  expect((await sam.stats()).outbound.filter((stream) => stream.packets > 0)).toEqual([]);
});

test('where devices are denied, the lobby says so and lets one join without', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const page = await (await shyBrowser()).open();
  await page.goto(`${url}/room/${room}`);
  const notices = () =>
    page.evaluate(() => [...document.querySelectorAll('.notice')].map((notice) => notice.textContent ?? ''), undefined);
  await until(async () => (await notices()).length > 0, {
    within: 10_000,
    what: 'the lobby tells of the denied devices',
  });
  await page.fill('input[name="name"]', 'Sam');
  await page.click('button[type="submit"]');
  await ann.showsTiles(['Ann', 'Sam']);
  await until(
    () => page.evaluate(() => document.querySelectorAll('article.tile[data-picture]').length === 1, undefined),
    {
      within: 10_000,
      what: "Ann's picture is on Sam's page",
    },
  );
});

test('in the lobby one sees oneself, and joins with a name', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const page = await (await stage.browser()).open();
  stage.later(() => page.close());
  await page.goto(`${url}/room/${room}`);
  await until(() => page.evaluate(() => (document.querySelector('video')?.videoWidth ?? 0) > 0, undefined), {
    within: 10_000,
    what: 'the preview shows a picture',
  });
  await page.fill('input[name="name"]', 'Bob');
  await page.click('button[type="submit"]');
  await ann.showsTiles(['Ann', 'Bob']);
  await ann.sees(1);
});
