/** Application data over DTLS: both ways, whole, bounded, and not to be forged. */
import { afterEach, describe, expect, test } from 'vitest';
import * as L from './layout.js';
import { capture, connect, connected, End, type Link, pathOf, random, start, tcpPath, until } from './testing/end.js';
import { Relay } from './testing/relay.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}
async function link(options: Parameters<typeof connect>[0] = {}): Promise<Link> {
  const made = await connect(options);
  open.push(made.server, made.client);
  return made;
}
const bytesOf = (length: number, seed = 0) => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
const data = (end: End) => end.of(L.KIND_DATA).map(({ bytes }) => bytes);
const DATA_RECORD = 23;

describe.each([{ portable: false }, { portable: true }])('portable: $portable', ({ portable }) => {
  test('records of all sizes arrive as they were sent, both ways', async () => {
    const { server, client, serverPeer, clientPeer } = await link({ portable });
    for (const [from, peer, to, toPeer] of [
      [server, serverPeer, client, clientPeer],
      [client, clientPeer, server, serverPeer],
    ] as const) {
      const sent = [1, 2, 15, 16, 17, 255, 256, 257, 1200, 1400].map((length) => bytesOf(length, length));
      for (const bytes of sent) from.datapath.sendData(peer, bytes);
      from.flush();
      await until(() => data(to).length === sent.length);
      expect(data(to)).toEqual(sent);
      const [{ row }] = to.of(L.KIND_DATA);
      expect(row[L.RX_PEER]).toBe(toPeer);
      expect(row[L.RX_LENGTH]).toBe(1);
      expect(row[L.RX_SSRC]).toBe(0);
      expect(Math.abs(to.datapath.nowUs() - row[L.RX_ARRIVAL_US])).toBeLessThan(1_000_000);
    }
    expect(server.datapath.stats()).toMatchObject({ dtlsRefused: 0, rxDataDrops: 0 });
  });

  test('a flood arrives whole while there is room, beside media', async () => {
    const { server, client, serverPeer, clientPeer } = await link({ portable });
    const stream = client.datapath.addStream(clientPeer, 5);
    for (let i = 0; i < 2000; i++) {
      client.datapath.sendData(clientPeer, bytesOf(1000, i));
      if (i % 10 === 0) client.send({ stream, ssrc: 5, sequence: i / 10, payload: bytesOf(50) });
      if (i % 50 === 0) server.drain();
    }
    client.flush();
    await until(() => data(server).length === 2000 && server.of(L.KIND_RTP).length === 200);
    expect(data(server).every((bytes, i) => bytes[0] === (i & 0xff))).toBe(true);
    expect(server.datapath.stats().rxDataDrops).toBe(0);
    expect(server.eventsOf(serverPeer)).toEqual(['connected']);
  });
});

test('over a TCP path data is framed like all else', async () => {
  const { server, client, serverPeer, clientPeer } = await link();
  client.datapath.selectPath(clientPeer, tcpPath(9));
  server.datapath.addPath(serverPeer, tcpPath(3));
  client.onTcp = (connection, frame) => {
    expect(connection).toBe(9);
    server.datapath.injectTcp(3, frame.subarray(2));
  };
  client.datapath.sendData(clientPeer, bytesOf(100));
  client.flush();
  await until(() => data(server).length === 1);
  expect(data(server)).toEqual([bytesOf(100)]);
});

test('what is sent before the handshake is dropped and counted, and so is what is malformed', async () => {
  const server = keep(new End());
  const client = keep(new End());
  const link = start(server, client);
  client.datapath.sendData(link.clientPeer, bytesOf(10));
  server.datapath.sendData(link.serverPeer, bytesOf(10));
  server.datapath.sendData(12345, bytesOf(10));
  expect(client.datapath.stats().txNotReady).toBe(1);
  expect(server.datapath.stats().txNotReady).toBe(1);
  await connected(link);
  client.datapath.sendData(link.clientPeer, new Uint8Array(0));
  client.datapath.sendData(link.clientPeer, bytesOf(1401));
  expect(client.datapath.stats().txMalformed).toBe(2);
  expect(() => client.datapath.sendData(link.clientPeer, 'text' as never)).toThrow(
    expect.objectContaining({ code: 'ERR_ARGUMENT' }),
  );
  client.datapath.sendData(link.clientPeer, bytesOf(20));
  client.flush();
  await until(() => data(server).length === 1);
  expect(data(server)).toEqual([bytesOf(20)]);
});

test('data right behind the last flight, or overtaking it, is not lost', async () => {
  for (const overtaking of [false, true]) {
    const server = keep(new End());
    const client = keep(new End());
    const relay = keep(await new Relay().open(server.port, client.port));
    // The server's last flight is held until the server has sent data after it.
    let held: Uint8Array[] | null = [];
    relay.passage = (datagram, direction) => {
      if (direction === 'to-server' || !held) return [datagram];
      if (datagram[0] !== 20 && datagram[0] !== DATA_RECORD) return [datagram];
      held.push(datagram.slice());
      if (datagram[0] !== DATA_RECORD) return [];
      const all = held;
      held = null;
      return overtaking ? all.reverse() : all;
    };
    const link = start(server, client, relay.clientSide, relay.serverSide);
    await until(() => server.eventsOf(link.serverPeer).length > 0);
    server.datapath.sendData(link.serverPeer, bytesOf(300));
    server.flush();
    await until(() => data(client).length === 1);
    expect(data(client)).toEqual([bytesOf(300)]);
    expect(client.eventsOf(link.clientPeer)).toEqual(['connected']);
  }
});

test('a burst in the middle of the handshake is bounded, and the handshake goes through', async () => {
  const server = keep(new End());
  const client = keep(new End());
  const link = start(server, client);
  const path = pathOf(client.socket, server.port);
  const rubbish = new Uint8Array(200).fill(9);
  rubbish.set([DATA_RECORD, 0xfe, 0xfd, 0, 1]);
  for (let i = 0; i < 500; i++) client.datapath.sendRaw(path, rubbish);
  await connected(link);
  expect(server.eventsOf(link.serverPeer)).toEqual(['connected']);
  expect(server.datapath.peerStats(link.serverPeer)?.rxDropped).toBeGreaterThan(0);
});

test('a record that comes twice, or changed, or late, is refused and counted', async () => {
  const made = await link();
  const { server, client, clientPeer } = made;
  const [record, second] = capture(client, clientPeer, () => {
    client.datapath.sendData(clientPeer, bytesOf(100));
    client.datapath.sendData(clientPeer, bytesOf(50));
    client.flush();
  });
  expect(record[0]).toBe(DATA_RECORD);
  const path = pathOf(client.socket, server.port);
  const changed = record.slice();
  changed[40] ^= 1;
  const shortened = record.slice(0, -1);
  for (const bytes of [changed, shortened, second, record, record, second]) client.datapath.sendRaw(path, bytes);
  await until(() => server.datapath.stats().dtlsRefused === 4);
  expect(data(server)).toEqual([bytesOf(50), bytesOf(100)]);

  for (let i = 0; i < 300; i++) client.datapath.sendData(clientPeer, bytesOf(1, i));
  client.flush();
  await until(() => data(server).length === 302);
  client.datapath.sendRaw(path, record);
  await until(() => server.datapath.stats().dtlsRefused === 5);
});

test('several records in one datagram are several rows, in one turn or in two', async () => {
  const made = await link();
  const { client, clientPeer } = made;
  const small = keep(new End({ rxRows: 4 }));
  const other = await connected(start(small, client));
  const records = capture(client, other.clientPeer, () => {
    for (let i = 0; i < 12; i++) client.datapath.sendData(other.clientPeer, bytesOf(30, i));
    client.flush();
  });
  client.datapath.sendRaw(pathOf(client.socket, small.port), Buffer.concat(records.slice(0, 7)));
  await until(() => data(small).length === 7);
  expect(data(small).map((bytes) => bytes[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
  // Twelve at once: four rows now, four that wait, and the rest is dropped.
  const more = capture(client, other.clientPeer, () => {
    for (let i = 0; i < 12; i++) client.datapath.sendData(other.clientPeer, bytesOf(30, i));
    client.flush();
  });
  client.datapath.sendRaw(pathOf(client.socket, small.port), Buffer.concat(more));
  await until(() => small.datapath.stats().rxDataDrops === 4);
  await until(() => data(small).length === 15);
  expect(clientPeer).not.toBe(other.clientPeer);
});

test('after closing nothing comes and nothing goes', async () => {
  const { server, client, serverPeer, clientPeer } = await link();
  client.datapath.sendData(clientPeer, bytesOf(10));
  client.flush();
  client.datapath.closePeer(clientPeer);
  await until(() => server.eventsOf(serverPeer).includes('closed'));
  expect(data(server)).toHaveLength(1);
  server.datapath.sendData(serverPeer, bytesOf(10));
  expect(server.datapath.stats().txNotReady).toBe(1);
  server.datapath.closePeer(serverPeer);
  server.datapath.sendData(serverPeer, bytesOf(10));
  client.datapath.sendData(clientPeer, bytesOf(10));
  server.datapath.close();
  server.datapath.sendData(serverPeer, bytesOf(10));
});

test('rubbish that looks like data records changes nothing', async () => {
  const { server, client, serverPeer, clientPeer } = await link();
  const next = random(45);
  const path = pathOf(client.socket, server.port);
  const rounds = Number(process.env.EFIR_FUZZ_ROUNDS ?? 10_000);
  for (let i = 0; i < rounds; i++) {
    const bytes = Uint8Array.from({ length: 13 + next(200) }, () => next(256));
    bytes.set([DATA_RECORD, 0xfe, 0xfd, 0, 1]);
    const body = next(3) ? bytes.length - 13 : next(65_536);
    bytes.set([body >> 8, body & 0xff], 11);
    client.datapath.sendRaw(path, bytes);
    if (i % 100 === 0) server.drain();
  }
  const before = server.datapath.stats();
  expect(before.dtlsRefused).toBeGreaterThan(rounds / 2);
  expect(data(server)).toEqual([]);
  client.datapath.sendData(clientPeer, bytesOf(64));
  client.flush();
  await until(() => data(server).length === 1);
  expect(server.eventsOf(serverPeer)).toEqual(['connected']);
}, 60_000);
