import { expect, test } from 'vitest';
import { launchChromium } from './harness/browsers.js';
import { Participant } from './harness/participant.js';
import { useStage } from './harness/stage.js';

const stage = useStage();

test('somebody whose camera and microphone are denied joins without, and sees and hears the others', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const shy = await launchChromium({ permission: 'deny' });
  stage.later(() => shy.close());
  const sam = await Participant.join(shy, url, room, 'Sam');
  stage.people.push(sam);
  await sam.joinWithoutDevices();
  await sam.sees(1);
  await sam.hears(1);
  expect(await ann.tiles()).toEqual(['Ann', 'Sam']);
  expect((await sam.stats()).outbound.filter((stream) => stream.packets > 0)).toEqual([]);
});
