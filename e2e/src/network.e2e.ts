import { expect, test } from 'vitest';
import { readStats } from './harness/probe.js';
import { Relay } from './harness/relay.js';
import { useStage } from './harness/stage.js';
import { publishColour } from './harness/studio.js';
import { until } from './harness/until.js';

const stage = useStage({}, { fps: 30 });

async function relay(seed: number): Promise<Relay> {
  const link = await Relay.to((await stage.server()).mediaPort, { seed });
  stage.later(() => link.close());
  return link;
}

test('5 % loss in both directions leaves 15 pictures a second or more, repaired by retransmission', async () => {
  const room = stage.room();
  const links = [await relay(11), await relay(12)];
  for (const link of links) link.set({ loss: 0.05, delayMs: 15 });
  const ann = await stage.join(room, 'Ann', { probe: { relayPort: links[0].port } });
  const bob = await stage.join(room, 'Bob', { probe: { relayPort: links[1].port } });
  await ann.sees(1);
  await bob.sees(1);
  for (const link of links) {
    await until(() => link.up.lost > 50 && link.down.lost > 50, {
      within: 30_000,
      what: 'the links have lost packets',
    });
  }
  for (const rates of await Promise.all([ann.frameRates(6000), bob.frameRates(6000)])) {
    expect(rates).toHaveLength(1);
    expect(rates[0]).toBeGreaterThanOrEqual(15);
  }
  for (const person of [ann, bob]) {
    const { inbound, outbound } = await person.stats();
    const video = inbound.find((stream) => stream.kind === 'video' && stream.frames > 0);
    expect(video?.nacks).toBeGreaterThan(0);
    expect(video?.retransmitted).toBeGreaterThan(0);
    expect(outbound.find((stream) => stream.kind === 'video')?.retransmitted).toBeGreaterThan(0);
  }
});

test('where UDP is blocked the call goes over TCP on the same port', async () => {
  const room = stage.room();
  const { mediaPort } = await stage.server();
  const wall = await relay(1);
  wall.set({ loss: 1 });
  const probe = { relayPort: wall.port, keepTcp: true };
  const ann = await stage.join(room, 'Ann', { probe });
  const bob = await stage.join(room, 'Bob', { probe });
  const cleo = await stage.join(room, 'Cleo');
  for (const person of [ann, bob, cleo]) await person.sees(2, 30_000);
  for (const person of [ann, bob]) {
    await person.hears(2);
    for (const path of (await person.stats()).paths)
      expect(path).toMatchObject({ protocol: 'tcp', remotePort: mediaPort });
  }
  for (const path of (await cleo.stats()).paths) expect(path).toMatchObject({ protocol: 'udp', remotePort: mediaPort });
});

test("a publisher's encoder gets all of the bitrate that it may use within seconds", async () => {
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  // Layers that nobody looks at are switched off.
  await stage.join(room, 'Bob');
  // Without feedback from us a browser's estimate stays below its start value of 300 kbit/s, and the picture shrinks.
  await until(
    async () => {
      const { outbound, paths } = await ann.stats();
      const video = outbound.filter((stream) => stream.kind === 'video');
      const targetBps = video.reduce((sum, stream) => sum + (stream.targetBps ?? 0), 0);
      return paths.some(({ estimateBps }) => estimateBps > 1_200_000) && targetBps >= 450_000;
    },
    { within: 10_000, what: 'the estimate passes the 1.2 Mbit/s of a 360p camera' },
    () => ann.stats(),
  );
});

test("a publisher's outgoing bitrate rises to megabits within seconds", async () => {
  const page = await (await stage.browser()).open();
  stage.later(() => page.close());
  await page.goto(`${(await stage.server()).url}/healthz`);
  await page.evaluate(publishColour, { room: stage.room(), colour: 'black', noise: true });
  const sent = async () => {
    const { at, outbound } = await page.evaluate(readStats, undefined);
    return { at, bytes: outbound.find((stream) => stream.kind === 'video')?.bytes ?? 0 };
  };
  let last = await sent();
  const seen: number[] = [];
  await until(
    async () => {
      const now = await sent();
      const bps = ((now.bytes - last.bytes) * 8000) / (now.at - last.at);
      last = now;
      seen.push(Math.round(bps));
      return bps > 1_000_000;
    },
    { within: 10_000, what: 'more than 1 Mbit/s goes out', every: 500 },
    () => seen,
  );
});
