import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { FloodOrder } from './harness/flood.js';
import { Relay } from './harness/relay.js';
import { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** EFIR_FUZZ_PACKETS=1000000 for the long run. */
const PACKETS = Number(process.env.EFIR_FUZZ_PACKETS ?? 100_000);
const SEED = Number(process.env.EFIR_FUZZ_SEED ?? 20_261_122);
const PER_SECOND = 15_000;

const FLOOD = fileURLToPath(new URL('../dist/harness/flood.js', import.meta.url));

const stage = useStage();

async function throwAt(port: number, count: number, tape: Buffer[]): Promise<void> {
  const child = fork(FLOOD);
  stage.later(() => void child.kill('SIGKILL'));
  const order: FloodOrder = {
    port,
    count,
    seed: SEED,
    perSecond: PER_SECOND,
    tape: tape.map((packet) => packet.toString('base64')),
  };
  child.send(order);
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
}

test(`${PACKETS} hostile datagrams leave the call next to them untouched, and counters tell of them`, async () => {
  const server = await stage.server();
  const room = stage.room();
  const relay = await Relay.to(server.mediaPort);
  stage.later(() => relay.close());
  // Datagrams of this very call as they go by, to be replayed and mutated: STUN, DTLS, SRTP, SRTCP.
  const tape: Buffer[] = [];
  relay.tap = (packet) => {
    if (tape.length < 3000) tape.push(Buffer.from(packet));
  };
  const ann = await stage.join(room, 'Ann', { probe: { relayPort: relay.port } });
  const bob = await stage.join(room, 'Bob');
  await ann.sees(1);
  await bob.sees(1);
  await until(() => tape.length > 500, { within: 20_000, what: 'a tape of the call' });
  const workers = server.workerPids();

  // Once to warm up: pools and tables reach the size they keep.
  await throwAt(server.mediaPort, PACKETS / 5, tape);
  const residentBefore = workers.map((pid) => Server.residentBytes(pid));
  const before = [await ann.stats(), await bob.stats()];
  await throwAt(server.mediaPort, PACKETS, tape);
  const after = [await ann.stats(), await bob.stats()];

  expect(server.workerPids()).toEqual(workers);
  workers.forEach((pid, i) => {
    expect(Server.residentBytes(pid) - residentBefore[i]).toBeLessThan(32 << 20);
  });
  before.forEach((then, i) => {
    const now = after[i];
    expect(now.peers).toEqual([{ connection: 'connected', ice: 'connected', signaling: 'stable' }]);
    const seconds = (now.at - then.at) / 1000;
    const old = then.inbound.find((stream) => stream.kind === 'video' && stream.frames > 0)!;
    const video = now.inbound.find((stream) => stream.mid === old.mid)!;
    expect((video.frames - old.frames) / seconds).toBeGreaterThan(10);
    expect(video.lost).toBe(old.lost);
  });
  await ann.sees(1);
  await bob.sees(1);
  // Workers report each second.
  await until(
    async () => (await server.hostileCount()) > PACKETS / 2,
    { within: 5000, what: 'counters tell of them' },
    () => server.hostileCount(),
  );
}, 600_000);
