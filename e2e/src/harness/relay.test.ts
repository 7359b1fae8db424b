import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { Relay } from './relay.js';
import { until } from './until.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const thing of open.splice(0)) thing.close();
});

async function socket(onMessage: (packet: Buffer, port: number, self: Socket) => void): Promise<Socket> {
  const udp = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  udp.on('message', (packet, from) => onMessage(packet, from.port, udp));
  open.push(udp);
  return udp;
}

/** A link to an echoing server, and a client that keeps what came back. */
async function echo(seed: number) {
  const server = await socket((packet, port, self) => self.send(packet, port, '127.0.0.1'));
  const relay = await Relay.to(server.address().port, { seed });
  open.push(relay);
  const received: number[] = [];
  const client = await socket((packet) => received.push(packet.readUInt32BE(0)));
  const send = (number: number) => {
    const packet = Buffer.alloc(200);
    packet.writeUInt32BE(number);
    client.send(packet, relay.port, '127.0.0.1');
  };
  return { relay, received, send };
}

test('an open link brings every datagram there and back', async () => {
  const { received, send } = await echo(1);
  for (let i = 0; i < 50; i++) send(i);
  await until(() => received.length === 50, { within: 2000, what: 'all come back', every: 10 });
});

test('a lossy link loses about its share in each direction, and the same ones for the same seed', async () => {
  const runs: string[] = [];
  for (let run = 0; run < 2; run++) {
    const { relay, received, send } = await echo(7);
    relay.set({ loss: 0.2 });
    // In small steps, so that only the relay loses anything.
    for (let i = 0; i < 1000; i++) {
      send(i);
      if (i % 20 === 19) {
        await until(() => relay.up.passed + relay.up.lost === i + 1, {
          within: 2000,
          what: 'the relay saw all',
          every: 1,
        });
      }
    }
    await until(
      () => received.length === relay.down.passed && relay.down.passed + relay.down.lost === relay.up.passed,
      {
        within: 2000,
        what: 'what passed comes back',
        every: 10,
      },
    );
    expect(received.length).toBeGreaterThan(580);
    expect(received.length).toBeLessThan(700);
    runs.push(received.join());
  }
  expect(runs[0]).toBe(runs[1]);
});

test('a slow link delays by its delay and drops what its queue does not hold', async () => {
  const { relay, received, send } = await echo(1);
  relay.up.conditions = { loss: 0, delayMs: 40, rateBps: 160_000, queueMs: 100 };
  const started = performance.now();
  for (let i = 0; i < 50; i++) send(i);
  await until(() => relay.up.passed + relay.up.lost === 50, { within: 2000, what: 'the relay saw all', every: 5 });
  await until(() => received.length === relay.up.passed, { within: 2000, what: 'the queue empties', every: 5 });
  // 200 bytes take 10 ms at 160 kbit/s: about ten fit in the queue.
  expect(received.length).toBeGreaterThanOrEqual(10);
  expect(received.length).toBeLessThanOrEqual(13);
  expect(performance.now() - started).toBeGreaterThan(130);
});
