import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { COOKIE_ECHO, FORWARD_TSN, RECONFIG, sealPacket } from './packet.js';
import { Link, seeded } from './testing/link.js';

const BINARY = 53;
const text = (n: number, length = 40) => Uint8Array.from({ length }, (_, i) => (i < 4 ? n >> (8 * i) : n + i));
const numberOf = (bytes: Uint8Array) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
const hash = (parts: Uint8Array[]) => {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(part);
  return sha.digest('hex');
};

test('two ends connect and messages of all sizes go both ways', async () => {
  const link = await Link.connected();
  const sizes = [1, 2, 3, 4, 1131, 1132, 1133, 5000, 65_536, 262_144];
  for (const [from, to] of [
    [link.client, link.server],
    [link.server, link.client],
  ]) {
    for (const size of sizes) expect(from.association.send(7, BINARY, text(size, size))).toBe(true);
    await link.until(() => to.messages.length === sizes.length);
    expect(to.messages.map(({ bytes }) => bytes.length)).toEqual(sizes);
    for (const [i, { stream, ppid, bytes }] of to.messages.entries()) {
      expect([stream, ppid]).toEqual([7, BINARY]);
      expect(Buffer.compare(bytes, text(sizes[i], sizes[i]))).toBe(0);
    }
    for (const packet of from.sent) expect(packet.length).toBeLessThanOrEqual(1160);
  }
});

test('small messages share packets', async () => {
  const link = await Link.connected();
  const before = link.client.sent.length;
  for (let i = 0; i < 100; i++) link.client.association.send(1, BINARY, text(i, 20));
  await link.until(() => link.server.messages.length === 100);
  expect(link.client.sent.length - before).toBeLessThan(20);
});

test.each([
  ['5 % loss', { loss: 0.05 }],
  ['reordering', { jitterMs: 40 }],
  ['both, and repeated packets', { loss: 0.05, jitterMs: 40, repeat: 0.05 }],
  ['20 % loss', { loss: 0.2, jitterMs: 20 }],
])(
  'over a link with %s, ordered messages arrive once and in order',
  async (_, options) => {
    for (const seed of [1, 2, 3]) {
      const link = await Link.connected({ ...options, seed });
      const count = 1_000;
      for (let i = 0; i < count; i++) {
        link.client.association.send(i % 3, BINARY, text(i, 10 + (i % 7) * 400));
        if (i % 5 === 0) link.server.association.send(1, BINARY, text(i));
      }
      await link.until(() => link.server.messages.length >= count && link.client.messages.length >= count / 5, 300_000);
      await link.pass(2_000);
      for (const stream of [0, 1, 2]) {
        const numbers = link.server.messages.filter((m) => m.stream === stream).map(({ bytes }) => numberOf(bytes));
        expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i).filter((i) => i % 3 === stream));
      }
      expect(link.client.messages.map(({ bytes }) => numberOf(bytes))).toEqual(
        Array.from({ length: count / 5 }, (_, i) => i * 5),
      );
      expect(link.client.association.outbound.queuedBytes).toBe(0);
      expect(link.client.association.outbound.flight).toMatchObject({ flightSize: 0, sentQueue: [] });
    }
  },
  60_000,
);

test('unordered messages without retransmission: most arrive, none twice, and ordered ones beside them all', async () => {
  for (const seed of [4, 5, 6]) {
    const link = await Link.connected({ loss: 0.1, jitterMs: 30, seed });
    const random = seeded(seed);
    for (let i = 0; i < 600; i++) {
      link.client.association.send(2, BINARY, text(i, random() < 0.1 ? 4000 : 200), {
        ordered: false,
        maxRetransmits: 0,
      });
      if (i % 4 === 0) link.client.association.send(1, BINARY, text(i, 300));
      await link.pass(2);
    }
    await link.until(() => link.server.messages.filter(({ stream }) => stream === 1).length === 150);
    await link.pass(3_000);
    const lossy = link.server.messages.filter(({ stream }) => stream === 2).map(({ bytes }) => numberOf(bytes));
    expect(new Set(lossy).size).toBe(lossy.length);
    expect(lossy.length).toBeGreaterThan(400);
    expect(lossy.length).toBeLessThan(600);
    const reliable = link.server.messages.filter(({ stream }) => stream === 1).map(({ bytes }) => numberOf(bytes));
    expect(reliable).toEqual(Array.from({ length: 150 }, (_, i) => i * 4));
    // Some were given up though they were only late.
    expect(link.client.counters.sctpAbandoned).toBeGreaterThanOrEqual(600 - lossy.length);
    expect(link.client.chunkTypes()).toContain(FORWARD_TSN);
    expect(link.client.association.outbound.flight).toMatchObject({ flightSize: 0, sentQueue: [] });
  }
}, 60_000);

test('a lost FORWARD-TSN is sent again, and what comes after it is not stuck', async () => {
  const link = await Link.connected();
  let lose = 3;
  link.filter = (packet, to) => to === 'client' || packet[12] !== FORWARD_TSN || lose-- <= 0;
  const data = (packet: Uint8Array) => packet[12] === 0;
  const { filter } = link;
  link.filter = (packet, to) => to === 'client' || !data(packet);
  link.client.association.send(2, BINARY, text(1), { ordered: false, maxRetransmits: 0 });
  await link.pass(15);
  link.filter = filter;
  link.client.association.send(1, BINARY, text(2));
  await link.until(
    () => link.server.messages.length === 1 && link.client.association.outbound.flight.sentQueue.length === 0,
  );
  expect(numberOf(link.server.messages[0].bytes)).toBe(2);
  expect(lose).toBeLessThanOrEqual(0);
});

test('a receiver that takes nothing closes its window; the sender stops and goes on when it opens', async () => {
  const link = await Link.connected({}, { windowBytes: 100_000 });
  const { server, client } = link;
  let held = 0;
  server.onMessage = (message) => {
    server.messages.push(message);
    held += message.bytes.length;
    server.association.inbound.hold(message.bytes.length);
  };
  const parts = Array.from({ length: 100 }, (_, i) => text(i, 16_384));
  for (const part of parts) client.association.send(1, BINARY, part);
  await link.pass(20_000);
  expect(held).toBeGreaterThan(60_000);
  expect(held).toBeLessThan(120_000);
  expect(client.association.state).toBe('connected');
  expect(server.counters.sctpBeyondWindow).toBeLessThan(200);
  while (server.messages.length < parts.length) {
    const seen = server.messages.length;
    server.association.inbound.hold(-held);
    held = 0;
    await link.until(() => server.messages.length > seen || server.messages.length === parts.length);
  }
  expect(hash(server.messages.map(({ bytes }) => bytes))).toBe(hash(parts));
}, 60_000);

test('a stream is reset after its last message, also when that comes late', async () => {
  const link = await Link.connected({ loss: 0.2, seed: 9 });
  for (let i = 0; i < 50; i++) link.client.association.send(4, BINARY, text(i, 1000));
  link.client.association.resetStream(4);
  link.client.association.resetStream(4);
  await link.until(() => link.server.resets.length > 0);
  expect(link.server.messages).toHaveLength(50);
  expect(link.server.resets[0]).toEqual([4]);
  await link.until(() => link.client.resets.length > 0);
  expect(link.client.chunkTypes()).toContain(RECONFIG);
  // The stream can be used again.
  link.client.association.send(4, BINARY, text(77));
  await link.until(() => link.server.messages.length === 51);
});

test('an end that closes says so; one that is gone is noticed', async () => {
  const link = await Link.connected();
  link.client.association.close();
  link.client.association.close();
  await link.pass(50);
  expect([link.client.closed, link.server.closed]).toEqual(['closed', 'the peer aborted the association']);
  expect(link.client.association.send(1, BINARY, text(1))).toBe(false);

  const silent = await Link.connected();
  silent.filter = () => false;
  silent.client.association.send(1, BINARY, text(1));
  await silent.until(() => silent.client.closed !== null, 300_000);
  expect(silent.client.closed).toBe('the peer acknowledged nothing any more');

  const alone = new Link();
  alone.filter = () => false;
  alone.client.association.start(alone.now);
  await alone.until(() => alone.client.closed !== null, 300_000);
  expect(alone.client.closed).toBe('the peer did not answer');
});

test('data in the packet that ends the handshake is not lost', async () => {
  const link = new Link();
  let echo: Uint8Array | null = null;
  link.filter = (packet) => {
    if (packet[12] !== COOKIE_ECHO) return true;
    echo = packet.slice();
    return false;
  };
  link.server.association.start(link.now);
  link.client.association.start(link.now);
  await link.until(() => echo !== null);
  const data = [0, 3, 0, 20, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 51, 65, 66, 67, 68];
  const both = Uint8Array.from([...echo!, ...data]);
  new DataView(both.buffer).setUint32(echo!.length + 4, link.client.association.outbound.lastSentTsn + 1);
  sealPacket(both);
  link.server.association.receive(both, link.now);
  expect(link.server.messages).toEqual([]);
  await link.pass(1);
  expect(link.server.messages).toEqual([{ stream: 1, ppid: 51, bytes: Uint8Array.of(65, 66, 67, 68) }]);
});

test('handshakes survive loss', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const link = await Link.connected({ loss: 0.3, seed });
    link.server.association.send(1, BINARY, text(5));
    await link.until(() => link.client.messages.length === 1);
  }
}, 60_000);
