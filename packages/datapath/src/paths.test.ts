import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import * as L from './layout.js';
import { connected, End, pathOf, start, tcpPath, until } from './testing/end.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}
const BINDING = Uint8Array.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
const portOf = (path: Uint8Array) => new DataView(path.buffer, path.byteOffset).getUint16(L.PATH_REMOTE_PORT);
const LOOPBACK_V6 = Uint8Array.from([...Array(15).fill(0), 1]);
const hasV6 = Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === '::1'));

describe.each([{ portable: false }, { portable: true }])('portable: $portable', ({ portable }) => {
  test('STUN comes with its path from whoever sends it, and an answer goes back on it', async () => {
    const server = keep(new End({ portable }, '0.0.0.0'));
    const client = keep(new End({ portable }));
    client.datapath.sendRaw(pathOf(client.socket, server.port), BINDING);
    await until(() => server.received.length === 1);
    const [{ kind, bytes, row, path }] = server.received;
    expect(kind).toBe(L.KIND_STUN);
    expect(bytes).toEqual(BINDING);
    expect(row[L.RX_PEER]).toBe(L.NO_PEER);
    expect(row[L.RX_SOCKET]).toBe(server.socket);
    expect(path[L.PATH_FAMILY]).toBe(4);
    expect(path[1]).toBe(0);
    expect(portOf(path)).toBe(client.port);
    expect([...path.subarray(L.PATH_REMOTE_ADDRESS, 8)]).toEqual([127, 0, 0, 1]);
    expect(new DataView(path.buffer).getUint32(L.PATH_SOCKET, true)).toBe(server.socket);
    server.datapath.sendRaw(path, BINDING);
    await until(() => client.received.length === 1);
    expect(portOf(client.received[0].path)).toBe(server.port);
  });

  test('answers go out from the address that was asked', async () => {
    const server = keep(new End({ portable }, '0.0.0.0'));
    const client = keep(new End({ portable }));
    client.datapath.sendRaw(pathOf(client.socket, server.port, '127.0.0.2'), BINDING);
    await until(() => server.received.length === 1);
    const { path } = server.received[0];
    expect([...path.subarray(L.PATH_LOCAL_ADDRESS, L.PATH_LOCAL_ADDRESS + 4)]).toEqual([127, 0, 0, 2]);
    server.datapath.sendRaw(path, BINDING);
    await until(() => client.received.length === 1);
    const source = client.received[0].path;
    expect([...source.subarray(L.PATH_REMOTE_ADDRESS, 8)]).toEqual([127, 0, 0, 2]);
  });

  test('a handshake and media run over a path told by STUN, from the address that was asked', async () => {
    const server = keep(new End({ portable }, '0.0.0.0'));
    const client = keep(new End({ portable }));
    const toServer = pathOf(client.socket, server.port, '127.0.0.3');
    client.datapath.sendRaw(toServer, BINDING);
    await until(() => server.received.length === 1);
    const serverPeer = server.datapath.createPeer();
    const clientPeer = client.datapath.createPeer();
    client.datapath.selectPath(clientPeer, toServer);
    server.datapath.selectPath(serverPeer, server.received[0].path);
    server.datapath.startDtls(serverPeer, { role: 'server', fingerprints: [client.datapath.fingerprint] });
    client.datapath.startDtls(clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
    await connected({ server, client, serverPeer, clientPeer });
    const stream = server.datapath.addStream(serverPeer, 7);
    const packet = server.fillSlot(800);
    for (let i = 0; i < 10; i++) server.add({ stream, ssrc: 7, sequence: i, packet, length: 800 });
    server.flush();
    await until(() => client.of(L.KIND_RTP).length === 10);
  });

  test.skipIf(!hasV6)('IPv6', async () => {
    const server = keep(new End({ portable }, '::'));
    const client = keep(new End({ portable }, '::1'));
    const toServer = pathOf(client.socket, server.port, LOOPBACK_V6);
    client.datapath.sendRaw(toServer, BINDING);
    await until(() => server.received.length === 1);
    const { path } = server.received[0];
    expect(path[L.PATH_FAMILY]).toBe(6);
    expect(path.subarray(L.PATH_REMOTE_ADDRESS, L.PATH_REMOTE_ADDRESS + 16)).toEqual(LOOPBACK_V6);
    expect(path.subarray(L.PATH_LOCAL_ADDRESS, L.PATH_LOCAL_ADDRESS + 16)).toEqual(LOOPBACK_V6);
    const serverPeer = server.datapath.createPeer();
    const clientPeer = client.datapath.createPeer();
    client.datapath.selectPath(clientPeer, toServer);
    server.datapath.selectPath(serverPeer, path);
    server.datapath.startDtls(serverPeer, { role: 'server', fingerprints: [client.datapath.fingerprint] });
    client.datapath.startDtls(clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
    await connected({ server, client, serverPeer, clientPeer });
    const stream = server.datapath.addStream(serverPeer, 7);
    const packet = server.fillSlot(800);
    for (let i = 0; i < 10; i++) server.add({ stream, ssrc: 7, sequence: i, packet, length: 800 });
    server.flush();
    await until(() => client.of(L.KIND_RTP).length === 10);
    // V6ONLY: a port of both families at once.
    const { port } = server.datapath.openUdp({ address: '0.0.0.0', port: 0 });
    server.datapath.openUdp({ address: '::', port });
  });

  test('everything runs over TCP connections as well', async () => {
    const server = keep(new End({ portable }));
    const client = keep(new End({ portable }));
    const frames = (from: End, to: End, connection: number) => {
      from.onTcp = (_number, frame) => {
        expect((frame[0] << 8) | frame[1]).toBe(frame.length - 2);
        to.datapath.injectTcp(connection, frame.subarray(2));
      };
    };
    frames(client, server, 11);
    frames(server, client, 22);
    client.datapath.sendRaw(tcpPath(22), BINDING);
    await until(() => server.received.length === 1);
    expect(server.received[0].path).toEqual(tcpPath(11));
    const serverPeer = server.datapath.createPeer();
    const clientPeer = client.datapath.createPeer();
    server.datapath.selectPath(serverPeer, tcpPath(11));
    client.datapath.selectPath(clientPeer, tcpPath(22));
    server.datapath.startDtls(serverPeer, { role: 'server', fingerprints: [client.datapath.fingerprint] });
    client.datapath.startDtls(clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
    await connected({ server, client, serverPeer, clientPeer });
    const stream = server.datapath.addStream(serverPeer, 7);
    const packet = server.fillSlot(800);
    for (let i = 0; i < 10; i++) server.add({ stream, ssrc: 7, sequence: i, packet, length: 800 });
    server.flush();
    server.datapath.sendRtcp(serverPeer, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7));
    server.flush();
    await until(() => client.of(L.KIND_RTP).length === 10 && client.of(L.KIND_RTCP).length === 1);
    expect(client.of(L.KIND_RTP)[0].row[L.RX_SOCKET]).toBe(22);
    server.datapath.closePeer(serverPeer);
    await until(() => client.eventsOf(clientPeer).includes('closed'));
  });

  test('a peer can move to another path and back', async () => {
    const server = keep(new End({ portable }));
    const client = keep(new End({ portable }));
    const link = await connected(start(server, client));
    const second = client.datapath.openUdp({ address: '127.0.0.1', port: 0 });
    const stream = server.datapath.addStream(link.serverPeer, 7);
    const first = pathOf(server.socket, client.port);
    const other = pathOf(server.socket, second.port);
    client.datapath.addPath(link.clientPeer, pathOf(second.socket, server.port));
    [first, other, first].forEach((path, i) => {
      server.datapath.selectPath(link.serverPeer, path);
      server.send({ stream, ssrc: 7, sequence: i, payload: Uint8Array.of(1) });
    });
    await until(() => client.of(L.KIND_RTP).length === 3);
    const sockets = client.of(L.KIND_RTP).map(({ row }) => row[L.RX_SOCKET]);
    expect(sockets.sort()).toEqual([client.socket, client.socket, second.socket].sort());
  });
});

test('a path belongs to the last peer that claims it', async () => {
  const server = keep(new End());
  const client = keep(new End());
  const link = await connected(start(server, client));
  const other = server.datapath.createPeer();
  server.datapath.addPath(other, pathOf(server.socket, client.port));
  const stream = client.datapath.addStream(link.clientPeer, 7);
  client.send({ stream, ssrc: 7, sequence: 1, payload: Uint8Array.of(1) });
  await until(() => server.datapath.stats().srtpNoContext === 1);
  // And what was sent to the first no longer goes there.
  const back = server.datapath.addStream(link.serverPeer, 8);
  server.send({ stream: back, ssrc: 8, sequence: 1 });
  expect(server.datapath.stats().txNotReady).toBe(1);
});

test('a peer has sixteen paths; the oldest goes, but not the selected one', async () => {
  const server = keep(new End());
  const client = keep(new End());
  const link = await connected(start(server, client));
  const stream = client.datapath.addStream(link.clientPeer, 7);
  for (let i = 0; i < 20; i++) server.datapath.addPath(link.serverPeer, pathOf(server.socket, 1000 + i));
  client.send({ stream, ssrc: 7, sequence: 1, payload: Uint8Array.of(1) });
  await until(() => server.of(L.KIND_RTP).length === 1);
  server.datapath.selectPath(link.serverPeer, pathOf(server.socket, 1019));
  for (let i = 0; i < 20; i++) server.datapath.addPath(link.serverPeer, pathOf(server.socket, 2000 + i));
  client.send({ stream, ssrc: 7, sequence: 2, payload: Uint8Array.of(1) });
  await until(() => server.datapath.stats().rxFromUnknown === 1);
});

test('a taken port and a foreign address are errors with the system’s name', () => {
  const end = keep(new End());
  expect(() => end.datapath.openUdp({ address: '127.0.0.1', port: end.port })).toThrow(
    expect.objectContaining({ name: 'DatapathError', code: 'EADDRINUSE' }),
  );
  expect(() => end.datapath.openUdp({ address: '192.0.2.1', port: 0 })).toThrow(
    expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
  );
  expect(() => end.datapath.openUdp({ address: 'localhost', port: 0 })).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
  expect(() => end.datapath.openUdp({ address: '127.0.0.1', port: 65536 })).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION' }),
  );
});

test('a socket that was closed is forgotten', async () => {
  const end = keep(new End());
  const other = end.datapath.openUdp({ address: '127.0.0.1', port: 0 });
  expect(end.datapath.stats().sockets).toBe(2);
  end.datapath.closeUdp(other.socket);
  end.datapath.closeUdp(other.socket);
  expect(end.datapath.stats().sockets).toBe(1);
  end.datapath.sendRaw(pathOf(other.socket, end.port), BINDING);
  expect(end.datapath.stats().txErrors).toBe(1);
  end.datapath.openUdp({ address: '127.0.0.1', port: other.port });
});

test('what is injected beyond the rows of a turn is dropped and counted', () => {
  const end = keep(new End({ rxRows: 8 }));
  for (let i = 0; i < 10; i++) end.datapath.injectTcp(3, BINDING);
  expect(end.datapath.receive()).toBe(8);
  expect(end.datapath.receive()).toBe(0);
  expect(end.datapath.stats().rxInjectDrops).toBe(2);
});

test('paths that are none are errors', () => {
  const end = keep(new End());
  const peer = end.datapath.createPeer();
  for (const path of [new Uint8Array(39), new Uint8Array(40), new Uint8Array(41)]) {
    expect(() => end.datapath.addPath(peer, path)).toThrow(expect.objectContaining({ code: 'ERR_PATH' }));
  }
});
