import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { createDatapath } from './addon.js';
import { connect, connected, End, pathOf, start, until } from './testing/end.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}
const NOTHING = { onReadable: () => {}, onPeerEvent: () => {}, onTcpOutput: () => {} };

test('closing twice is closing once; afterwards calls do nothing or say so', async () => {
  const { server, client, serverPeer } = await connect();
  keep(client);
  const stream = server.datapath.addStream(serverPeer, 5);
  server.close();
  server.close();
  const { datapath } = server;
  datapath.flush(10);
  datapath.tick();
  datapath.closePeer(serverPeer);
  datapath.removeStream(stream);
  datapath.sendRaw(pathOf(1, 1), new Uint8Array(20));
  datapath.injectTcp(1, new Uint8Array(20));
  expect(datapath.receive()).toBe(0);
  expect(datapath.peerStats(serverPeer)).toBeUndefined();
  expect(datapath.arena.length).toBeGreaterThan(0);
  expect(() => datapath.createPeer()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  expect(() => datapath.openUdp({ address: '127.0.0.1', port: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_CLOSED' }),
  );
  await until(() => client.events.length > 1);
  expect(client.events[1].event).toEqual({ type: 'closed' });
});

test('closing from within a callback ends the callbacks', async () => {
  const client = keep(new End());
  let calls = 0;
  const datapath = createDatapath(
    {},
    {
      ...NOTHING,
      onReadable() {
        calls++;
        datapath.close();
      },
    },
  );
  const { port } = datapath.openUdp({ address: '127.0.0.1', port: 0 });
  for (let i = 0; i < 5; i++) client.datapath.sendRaw(pathOf(client.socket, port), new Uint8Array(20));
  await until(() => calls > 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toBe(1);
});

test('peers closed while their handshakes run are no trouble', async () => {
  const server = keep(new End());
  const client = keep(new End());
  for (let round = 0; round < 20; round++) {
    const links = Array.from({ length: 5 }, () => {
      const serverPeer = server.datapath.createPeer();
      const clientPeer = client.datapath.createPeer();
      server.datapath.selectPath(serverPeer, pathOf(server.socket, client.port));
      client.datapath.selectPath(clientPeer, pathOf(client.socket, server.port));
      server.datapath.startDtls(serverPeer, { role: 'server', fingerprints: [client.datapath.fingerprint] });
      client.datapath.startDtls(clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
      return [serverPeer, clientPeer];
    });
    for (let i = 0; i < round % 7; i++) await new Promise((resolve) => setImmediate(resolve));
    for (const [serverPeer, clientPeer] of links) {
      server.datapath.closePeer(serverPeer);
      client.datapath.closePeer(clientPeer);
    }
  }
  expect(server.datapath.stats().peers).toBe(0);
  await connected(start(server, client));
});

test('closed with handshakes under way, nothing is told any more', async () => {
  const server = new End();
  const client = new End();
  for (let i = 0; i < 10; i++) start(server, client);
  await new Promise((resolve) => setImmediate(resolve));
  server.close();
  client.close();
  const told = server.events.length + client.events.length;
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(server.events.length + client.events.length).toBe(told);
});

test('handles that outlived their object are refused', () => {
  const { datapath } = keep(new End());
  const old = datapath.createPeer();
  const stream = datapath.addStream(old, 1);
  datapath.closePeer(old);
  const handles = new Set([old]);
  for (let i = 0; i < 200; i++) {
    const peer = datapath.createPeer();
    expect(handles.has(peer)).toBe(false);
    handles.add(peer);
    datapath.closePeer(peer);
  }
  datapath.removeStream(stream);
  datapath.closePeer(old);
  expect(datapath.peerStats(old)).toBeUndefined();
  expect(datapath.stats().peers).toBe(0);
});

test('there are as many peers as allowed, and places are used again', () => {
  const { datapath } = keep(new End({ maxPeers: 3 }));
  const peers = [datapath.createPeer(), datapath.createPeer(), datapath.createPeer()];
  expect(() => datapath.createPeer()).toThrow(expect.objectContaining({ code: 'ERR_TOO_MANY_PEERS' }));
  datapath.closePeer(peers[1]);
  expect(datapath.createPeer()).not.toBe(peers[1]);
});

test.each([
  [{ slots: 100 }, 'slots'],
  [{ slots: 0 }, 'slots'],
  [{ rxRows: -1 }, 'rxRows'],
  [{ maxPeers: 1.5 }, 'maxPeers'],
  [{ srtpProfiles: [] }, 'srtpProfiles'],
])('bad options are named: %o', (options, name) => {
  expect(() => createDatapath(options, NOTHING)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(`\`${name}\``) }),
  );
});

test('missing callbacks are named', () => {
  expect(() => createDatapath({}, { ...NOTHING, onReadable: undefined as never })).toThrow(/onReadable/);
});

const IN_A_WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(({ createDatapath, PATH_BYTES }) => {
    const end = (other) => {
      const datapath = createDatapath({}, {
        onReadable() { while (datapath.receive() > 0); },
        onPeerEvent(peer, event) { parentPort.postMessage(event.type); },
        onTcpOutput() {},
      });
      return { datapath, ...datapath.openUdp({ address: '127.0.0.1', port: 0 }) };
    };
    const a = end(), b = end();
    const path = (from, to) => {
      const bytes = new Uint8Array(PATH_BYTES);
      const view = new DataView(bytes.buffer);
      bytes.set([4, 0, to.port >> 8, to.port & 255, 127, 0, 0, 1]);
      view.setUint32(36, from.socket, true);
      return bytes;
    };
    for (const [from, to, role] of [[a, b, 'server'], [b, a, 'client']]) {
      const peer = from.datapath.createPeer();
      from.datapath.selectPath(peer, path(from, to));
      from.datapath.startDtls(peer, { role, fingerprints: [to.datapath.fingerprint] });
    }
    if (workerData.exitAtOnce) process.exit(0);
  });
`;
const MODULE = new URL('../dist/index.js', import.meta.url).href;

test('two worker threads at once each have their own; they may end at any moment', async () => {
  const run = (exitAtOnce: boolean) => {
    const worker = new Worker(IN_A_WORKER, { eval: true, workerData: { module: MODULE, exitAtOnce } });
    const state = { worker, told: [] as string[], code: -1, error: undefined as unknown };
    worker.on('message', (type: string) => state.told.push(type));
    worker.on('error', (error) => {
      state.error = error;
    });
    worker.on('exit', (code) => {
      state.code = code;
    });
    return state;
  };
  const workers = [run(false), run(false)];
  await until(() => workers.every(({ told }) => told.length === 2), 'handshakes in the workers');
  expect(workers.map(({ told }) => told)).toEqual(Array(2).fill(['connected', 'connected']));
  // With all sockets open and nothing closed.
  await Promise.all(workers.map(({ worker }) => worker.terminate()));
  const short = [run(true), run(true), run(true)];
  await until(() => short.every(({ code }) => code === 0), 'workers that end during handshakes');
  expect([...workers, ...short].map(({ error }) => error)).toEqual(Array(5).fill(undefined));
});
