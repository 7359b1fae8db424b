import { expect, test } from 'vitest';
import { Relay } from './harness/relay.js';
import { useStage } from './harness/stage.js';
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

test("a publisher's bitrate rises to its target within seconds", async () => {
  const room = stage.room();
  const ann = await stage.join(room, 'Ann');
  const bob = await stage.join(room, 'Bob');
  await bob.sees(1);
  const started = performance.now();
  // Without feedback a browser's estimate stays at its start value of 300 kbit/s.
  const estimate = await until(
    async () => {
      const bps = Math.max(...(await ann.stats()).paths.map((path) => path.estimateBps));
      return bps > 1_000_000 && bps;
    },
    { within: 10_000, what: "the publisher's estimate passes 1 Mbit/s" },
    async () => (await ann.stats()).paths,
  );
  const video = (await ann.stats()).outbound.find((stream) => stream.kind === 'video' && stream.frames > 0);
  expect(estimate).toBeGreaterThan(video?.targetBps ?? Number.POSITIVE_INFINITY);
  const limits = await ann.page.evaluate(async () => {
    const reasons: string[] = [];
    for (const connection of window.efirPeers) {
      if (connection.signalingState === 'closed') continue;
      for (const stat of (await connection.getStats()).values()) {
        if (stat.type === 'outbound-rtp' && stat.kind === 'video') reasons.push(stat.qualityLimitationReason);
      }
    }
    return reasons;
  }, undefined);
  expect(limits).not.toContain('bandwidth');
  expect(performance.now() - started).toBeLessThan(12_000);
});
