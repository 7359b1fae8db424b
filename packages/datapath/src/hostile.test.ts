import { afterEach, describe, expect, test } from 'vitest';
import type { DatapathStats } from './datapath.js';
import * as L from './layout.js';
import { capture, connected, End, type Link, pathOf, random, start, until } from './testing/end.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}

const ROUNDS = Number(process.env.EFIR_FUZZ_ROUNDS ?? 25_000);
const ssrc = 0xabcdef01;
type Source = (limit: number) => number;

const REASONS: (keyof DatapathStats)[] = [
  'rxFromUnknown',
  'rxMalformed',
  'rxTooLarge',
  'srtpAuthFailures',
  'srtpReplays',
  'srtcpAuthFailures',
  'srtcpReplays',
  'srtpNoContext',
];

/** Sealed RTP and RTCP that the server has not seen. */
function sealedPackets({ client, clientPeer }: Link, stream: number): Uint8Array[] {
  return capture(client, clientPeer, () => {
    for (let i = 0; i < 20; i++)
      client.send({ stream, ssrc, sequence: 1000 + i, payload: new Uint8Array(100).fill(i) });
    client.datapath.sendRtcp(clientPeer, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1));
    client.flush();
  });
}

function rubbish(next: Source, sealed: Uint8Array[]): Uint8Array {
  const kind = next(5);
  if (kind === 0) {
    const bytes = new Uint8Array(1 + next(300));
    for (let i = 0; i < bytes.length; i++) bytes[i] = next(256);
    return bytes;
  }
  if (kind === 1) {
    // Looks like DTLS.
    const bytes = new Uint8Array(13 + next(80));
    for (let i = 0; i < bytes.length; i++) bytes[i] = next(256);
    bytes.set([20 + next(6), 0xfe, 0xfd, 0, next(2)]);
    return bytes;
  }
  const original = sealed[next(sealed.length)];
  if (kind === 2) return original.slice(0, 1 + next(original.length - 1));
  const changed = original.slice();
  for (let i = 1 + next(4); i > 0; i--) changed[next(changed.length)] ^= 1 + next(255);
  return kind === 3 ? changed : Uint8Array.from([...changed, ...new Uint8Array(next(50))]);
}

describe.each([{ portable: false }, { portable: true }])('portable: $portable', ({ portable }) => {
  test('rubbish from a known path changes nothing, and is counted', async () => {
    const server = keep(new End({ portable }));
    const client = keep(new End({ portable }));
    const link = await connected(start(server, client));
    const stream = client.datapath.addStream(link.clientPeer, ssrc);
    const sealed = sealedPackets(link, stream);
    const seen = new Set(sealed.map((packet) => Buffer.from(packet).toString('latin1')));
    const next = random(42);
    const before = server.datapath.stats();
    const sentBefore = client.datapath.stats().txPackets;
    const path = pathOf(client.socket, server.port);
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = rubbish(next, sealed);
      if (seen.has(Buffer.from(bytes).toString('latin1'))) continue;
      client.datapath.sendRaw(path, bytes);
      if (i % 100 === 0) server.drain();
    }
    server.drain();
    const sent = client.datapath.stats().txPackets - sentBefore;
    await until(() => server.datapath.stats().rxPackets - before.rxPackets === sent);
    // Only what looks like STUN was handed on, for JavaScript to judge.
    expect(server.received.filter(({ kind }) => kind !== L.KIND_STUN)).toEqual([]);
    const after = server.datapath.stats();
    const counted = REASONS.reduce((sum, reason) => sum + after[reason] - before[reason], 0);
    expect(counted).toBeGreaterThan(ROUNDS / 2);
    expect(after.srtpAuthFailures).toBeGreaterThan(ROUNDS / 10);
    expect(after).toMatchObject({ peers: 1, dtlsFailures: 0 });
    expect(server.eventsOf(link.serverPeer)).toEqual(['connected']);
    // The packets themselves are as good as ever.
    for (const packet of [...sealed, ...sealed]) client.datapath.sendRaw(path, packet);
    await until(() => server.of(L.KIND_RTP).length === 20 && server.of(L.KIND_RTCP).length === 1);
    expect(server.of(L.KIND_RTP).map(({ row }) => row[L.RX_SEQUENCE])).toEqual(
      Array.from({ length: 20 }, (_, i) => 1000 + i),
    );
    // And the other way too.
    const down = server.datapath.addStream(link.serverPeer, ssrc);
    server.send({ stream: down, ssrc, sequence: 1, payload: Uint8Array.of(1) });
    await until(() => client.of(L.KIND_RTP).length === 1);
    server.datapath.closePeer(link.serverPeer);
    await until(() => client.eventsOf(link.clientPeer).includes('closed'));
  }, 60_000);

  test('strangers are counted, and heard only with STUN', async () => {
    const server = keep(new End({ portable }));
    const client = keep(new End({ portable }));
    const stranger = keep(new End({ portable }));
    const link = await connected(start(server, client));
    const stream = client.datapath.addStream(link.clientPeer, ssrc);
    const sealed = sealedPackets(link, stream);
    const next = random(43);
    for (let i = 0; i < 2000; i++) {
      stranger.datapath.sendRaw(pathOf(stranger.socket, server.port), i % 2 ? sealed[i % 21] : rubbish(next, sealed));
      if (i % 100 === 0) server.drain();
    }
    await until(() => server.datapath.stats().rxFromUnknown >= 1500);
    expect(server.received.filter(({ kind }) => kind !== L.KIND_STUN)).toEqual([]);
    expect(server.datapath.stats()).toMatchObject({ srtpAuthFailures: 0, srtpReplays: 0, peers: 1 });
  });
});

test('rubbish in the middle of a handshake does not stop it', async () => {
  const server = keep(new End());
  const client = keep(new End());
  const next = random(44);
  const link = start(server, client);
  const path = pathOf(client.socket, server.port);
  // Records that no handshake of this version could contain; a forged alert would be another matter.
  for (let i = 0; i < 200; i++) {
    const bytes = new Uint8Array(13 + next(60));
    for (let j = 0; j < bytes.length; j++) bytes[j] = next(256);
    bytes.set([22, 0xfe, 0xfd, 0, 1 + next(3)]);
    client.datapath.sendRaw(path, bytes);
  }
  await connected(link);
  expect(server.eventsOf(link.serverPeer)).toEqual(['connected']);
});

test('datagrams longer than a slot are dropped and counted', async () => {
  const { createSocket } = await import('node:dgram');
  const server = keep(new End());
  const socket = createSocket('udp4');
  for (const length of [2049, 9000, 60_000]) socket.send(new Uint8Array(length).fill(0x80), server.port, '127.0.0.1');
  socket.send(new Uint8Array(0), server.port, '127.0.0.1');
  await until(() => server.datapath.stats().rxTooLarge === 3 && server.datapath.stats().rxMalformed === 1);
  socket.close();
});
