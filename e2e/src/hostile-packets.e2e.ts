import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { seeded } from './harness/random.js';
import { Relay } from './harness/relay.js';
import { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

/** EFIR_FUZZ_PACKETS=1000000 for the long run. */
const PACKETS = Number(process.env.EFIR_FUZZ_PACKETS ?? 100_000);
const SEED = Number(process.env.EFIR_FUZZ_SEED ?? 20_261_122);

const stage = useStage();

/** Datagrams of a real call as they went by: STUN, DTLS, SRTP, SRTCP. */
async function recordingRelay(port: number): Promise<{ relay: Relay; tape: Buffer[] }> {
  const relay = await Relay.to(port);
  const tape: Buffer[] = [];
  relay.tap = (packet) => {
    if (tape.length < 5000) tape.push(Buffer.from(packet));
  };
  return { relay, tape };
}

/** The next hostile datagram: random, cut short, mutated, replayed, or noise behind a plausible first byte. */
function hostile(random: () => number, tape: Buffer[]): Buffer {
  const below = (n: number) => Math.floor(random() * n);
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));
  const real = tape[below(tape.length)];
  switch (below(6)) {
    case 0:
      return noise(below(300));
    case 1:
      return real.subarray(0, below(real.length));
    case 2: {
      const mutated = Buffer.from(real);
      for (let i = 0; i <= below(8); i++) mutated[below(mutated.length)] = below(256);
      return mutated;
    }
    case 3:
      return real;
    case 4: {
      // First bytes by RFC 7983: STUN, ZRTP, DTLS, TURN, RTP.
      const packet = noise(12 + below(200));
      packet[0] = [0, 1, 16, 20, 22, 23, 25, 63, 64, 79, 128, 144, 191][below(13)];
      return packet;
    }
    default:
      return Buffer.concat([real, noise(below(1500))]).subarray(0, 2500);
  }
}

async function throwAt(port: number, count: number, tape: Buffer[]): Promise<void> {
  const random = seeded(SEED);
  const sockets: Socket[] = [];
  for (let i = 0; i < 8; i++) {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    sockets.push(socket);
  }
  for (let sent = 0; sent < count; sent++) {
    const packet = hostile(random, tape);
    const socket = sockets[sent % sockets.length];
    if (sent % 64 === 63) await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
    else socket.send(packet, port, '127.0.0.1');
  }
  for (const socket of sockets) socket.close();
}

test(`${PACKETS} hostile datagrams leave the call next to them untouched, and counters tell of them`, async () => {
  const server = await stage.server();
  const room = stage.room();
  const { relay, tape } = await recordingRelay(server.mediaPort);
  stage.later(() => relay.close());
  const ann = await stage.join(room, 'Ann', { probe: { relayPort: relay.port } });
  const bob = await stage.join(room, 'Bob');
  await ann.sees(1);
  await bob.sees(1);
  expect(tape.length).toBeGreaterThan(200);
  const workers = server.workerPids();

  // Once to warm up: pools and tables reach the size they keep.
  await throwAt(server.mediaPort, PACKETS / 10, tape);
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
    const old = then.inbound.find((stream) => stream.kind === 'video' && stream.frames > 0);
    const video = now.inbound.find((stream) => stream.mid === old?.mid);
    expect((video!.frames - old!.frames) / seconds).toBeGreaterThan(10);
    expect(video!.freezes).toBe(old!.freezes);
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
