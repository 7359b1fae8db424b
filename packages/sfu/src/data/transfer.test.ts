/** Data through a real worker process, between clients with real sockets, DTLS and SCTP. */
import { createHash, randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { ClientHub } from '../client/hub.js';
import type { ClientPeer } from '../client/peer.js';
import { WorkerProcess } from '../worker/process.js';
import type { ChannelLabel } from './channels.js';
import { sealPacket } from './sctp/packet.js';
import { seeded } from './sctp/testing/link.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Got {
  label: ChannelLabel;
  from: string;
  payload: Uint8Array;
  text: boolean;
}

async function stage() {
  const script = fileURLToPath(new URL('../../dist/worker/main.js', import.meta.url));
  const worker = await WorkerProcess.spawn({ index: 0, port: 0, listen: ['127.0.0.1'] }, { script });
  closing.push(() => worker.close());
  await worker.request({ type: 'openRouter', router: 'r' });
  const hub = new ClientHub();
  closing.push(() => hub.close());

  const join = async (address: string, maxMessageSize = 262_144) => {
    const peer = hub.createPeer(address);
    const localIce = { usernameFragment: `${address}ufrag`, password: 'secretsecretsecretsecret' };
    await worker.request({
      type: 'configureTransport',
      router: 'r',
      transport: `t-${address}`,
      localIce,
      remoteIce: peer.localIce,
      dtlsRole: 'server',
      remoteFingerprints: [hub.fingerprint],
      sections: [],
      data: { sctpPort: 5000, maxMessageSize, address },
    });
    const candidate = { foundation: '1', component: 1, protocol: 'udp', priority: 1, type: 'host' } as const;
    peer.agree({
      remoteIce: localIce,
      remoteFingerprints: [worker.fingerprint],
      candidates: [{ ...candidate, address: '127.0.0.1', port: worker.port }],
      sections: [],
      data: { sctpPort: 5000, maxMessageSize: 262_144 },
    });
    const got: Got[] = [];
    peer.data!.on('message', (label, from, payload, text) => got.push({ label, from, payload, text }));
    await peer.connected();
    await peer.data!.opened();
    return { peer, data: peer.data!, got };
  };
  const counter = async (name: string): Promise<number> => {
    const load = await new Promise<Record<string, number>>((resolve) => {
      const listen = (notice: { type: string; load?: { counters: Record<string, number> } }) => {
        if (notice.type !== 'load') return;
        worker.off('notice', listen);
        resolve(notice.load!.counters);
      };
      worker.on('notice', listen);
    });
    return load[name];
  };
  return { worker, hub, join, counter };
}

async function until(condition: () => boolean, within = 20_000): Promise<void> {
  const end = performance.now() + within;
  while (!condition()) {
    if (performance.now() > end) throw new Error('waited in vain');
    await turn();
  }
}

const textOf = ({ from, payload }: Got) => `${from}: ${Buffer.from(payload).toString()}`;

/** Sends in parts of 16 KB, paced by what waits in the association. */
async function sendFile(peer: ClientPeer, to: string | null, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += 16_384) {
    await until(() => peer.data!.queuedBytes < 256 * 1024, 60_000);
    expect(peer.data!.send('file', to, bytes.subarray(at, at + 16_384))).toBe(true);
  }
}

test('messages reach one or all others under the sender’s name, on each channel, once and in order', async () => {
  const { join, counter } = await stage();
  const ann = await join('ann');
  const bob = await join('bob');
  const cleo = await join('cleo');
  for (let i = 0; i < 200; i++) ann.data.send('reliable', null, `message ${i}`);
  ann.data.send('reliable', 'cleo', 'for you');
  ann.data.send('lossy', 'bob', Uint8Array.of(1, 2, 3));
  bob.data.send('file', 'ann', Uint8Array.of(9));
  bob.data.send('reliable', 'ann', '');
  await until(() => bob.got.length === 201 && cleo.got.length === 201 && ann.got.length === 2);
  const texts = Array.from({ length: 200 }, (_, i) => `ann: message ${i}`);
  expect(cleo.got.map(textOf)).toEqual([...texts, 'ann: for you']);
  expect(bob.got.filter(({ label }) => label === 'reliable').map(textOf)).toEqual(texts);
  expect(bob.got.filter(({ label }) => label === 'lossy')).toEqual([
    { label: 'lossy', from: 'ann', payload: Uint8Array.of(1, 2, 3), text: false },
  ]);
  expect(ann.got.map(({ label, text, payload }) => [label, text, payload.length])).toEqual(
    expect.arrayContaining([
      ['file', false, 1],
      ['reliable', true, 0],
    ]),
  );
  expect(await counter('dataAssociations')).toBe(3);
  expect(await counter('dataMessagesReceived')).toBe(204);
}, 30_000);

test('a message to nobody, to oneself, without a head or too long is dropped and counted', async () => {
  const { join, counter } = await stage();
  const ann = await join('ann');
  const bob = await join('bob', 1_000);
  ann.data.send('reliable', 'nobody', 'x');
  ann.data.send('reliable', 'ann', 'x');
  ann.data.send('file', 'nobody', Uint8Array.of(1));
  ann.data.sendRaw('reliable', new Uint8Array(0));
  ann.data.sendRaw('reliable', Uint8Array.of(65, 1));
  ann.data.sendRaw('reliable', Uint8Array.of(3, 0x41, 0x20, 0x42));
  ann.data.send('reliable', 'bob', 'x'.repeat(1_000));
  ann.data.send('reliable', 'bob', 'fits');
  await until(() => bob.got.length === 1);
  expect(textOf(bob.got[0])).toBe('ann: fits');
  expect(await counter('dataNoReceiver')).toBe(3);
  expect(await counter('dataMalformed')).toBe(3);
  expect(await counter('dataTooLong')).toBe(1);
}, 30_000);

test('20 MB go from one to another whole', async () => {
  const { join } = await stage();
  const ann = await join('ann');
  const bob = await join('bob');
  const file = randomBytes(20_000_000);
  const hash = createHash('sha256');
  let received = 0;
  bob.data.removeAllListeners('message');
  bob.data.on('message', (_label, _from, payload) => {
    hash.update(payload);
    received += payload.length;
  });
  const began = performance.now();
  await sendFile(ann.peer, 'bob', file);
  await until(() => received === file.length, 60_000);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(file).digest('hex'));
  expect(performance.now() - began).toBeLessThan(30_000);
}, 90_000);

test('a slow receiver slows its sender down, not the chat of others, and nothing is lost', async () => {
  const { join, worker } = await stage();
  const ann = await join('ann');
  const bob = await join('bob');
  const cleo = await join('cleo');
  bob.data.slow = true;
  let sent = 0;
  const part = (n: number) => new Uint8Array(16_384).fill(n & 0xff);
  const push = () => {
    while (ann.data.queuedBytes < 128 * 1024 && sent < 400) ann.data.send('file', 'bob', part(sent++));
  };
  // Until nothing more is taken: bob's window, its outbox, and ann's window are full.
  let still = 0;
  for (let before = -1; still < 50; before = sent) {
    push();
    still = sent === before ? still + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(sent * 16_384).toBeLessThan(4_500_000);
  expect(sent).toBeLessThan(400);

  cleo.data.send('reliable', null, 'still here');
  await until(() => ann.got.length === 1);
  expect(textOf(ann.got[0])).toBe('cleo: still here');
  expect(worker.load!.counters.dataStalls).toBe(0);

  bob.data.slow = false;
  await until(() => {
    push();
    bob.data.takeHeld();
    return bob.got.filter(({ label }) => label === 'file').length === 400;
  }, 30_000);
  expect(bob.got.filter(({ label }) => label === 'file').map(({ payload }) => payload[0])).toEqual(
    Array.from({ length: 400 }, (_, i) => i & 0xff),
  );
}, 60_000);

test('a client that floods loses what is over its rate; the calm one beside it loses nothing and waits little', async () => {
  const { join, counter, worker } = await stage();
  const flood = await join('flood');
  const calm = await join('calm');
  const other = await join('other');
  const delays: number[] = [];
  other.data.on('message', (_label, from, payload) => {
    if (from === 'calm') delays.push(performance.now() - Number(Buffer.from(payload).toString()));
  });
  const end = performance.now() + 4_000;
  let sent = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 200 && flood.data.queuedBytes < 64 * 1024; i++) {
      flood.data.send('reliable', 'other', `flood ${i}`);
      flood.data.send('lossy', null, new Uint8Array(500));
    }
    calm.data.send('reliable', 'other', `${performance.now()}`);
    sent++;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await until(() => delays.length === sent);
  delays.sort((a, b) => a - b);
  expect(delays[Math.floor(delays.length * 0.95)]).toBeLessThan(250);
  expect(await counter('dataOverBudget')).toBeGreaterThan(1_000);
  expect(await counter('dataOverflows')).toBe(0);
  expect(calm.data.channels.isOpen('reliable') && other.data.channels.isOpen('reliable')).toBe(true);
  expect(worker.load!.rssBytes).toBeLessThan(300e6);
}, 60_000);

test('channels that are not served are closed; without end it costs the association, and no other', async () => {
  const { join, counter } = await stage();
  const rude = await join('rude');
  const ann = await join('ann');
  const bob = await join('bob');
  const open = (label: string) =>
    Uint8Array.from([3, 0, 0, 0, 0, 0, 0, 0, 0, label.length, 0, 0, ...Buffer.from(label)]);
  rude.data.association.send(20, 50, open('reliable'));
  rude.data.association.send(22, 50, open('chat'));
  rude.data.association.send(24, 50, Uint8Array.of(7, 7));
  rude.data.association.send(26, 51, Buffer.from('no channel'));
  rude.data.send('reliable', 'bob', 'fine');
  await until(() => bob.got.length === 1);
  expect(await counter('dataChannelsRefused')).toBe(3);
  expect(await counter('dataStray')).toBe(1);
  for (let i = 0; i < 100; i++) rude.data.association.send(30 + 2 * i, 50, open('x'));
  rude.data.flush();
  await until(() => rude.data.association.isClosed());
  ann.data.send('reliable', null, 'hello');
  await until(() => bob.got.length === 2);
}, 30_000);

test('who left is nobody’s receiver any more; who comes back under the same address is', async () => {
  const { join, worker, counter } = await stage();
  const ann = await join('ann');
  const bob = await join('bob');
  await worker.request({ type: 'closeTransport', transport: 't-bob' });
  await until(() => bob.peer.state === 'closed');
  ann.data.send('reliable', 'bob', 'anybody?');
  await until(() => ann.data.queuedBytes === 0);
  expect(await counter('dataNoReceiver')).toBe(1);
  const again = await join('bob');
  ann.data.send('reliable', 'bob', 'welcome');
  await until(() => again.got.length === 1);
}, 30_000);

test('a client that agreed on no data and sends it is counted, no more', async () => {
  const { worker, hub, counter } = await stage();
  const peer = hub.createPeer('silent');
  const localIce = { usernameFragment: 'silentufrag', password: 'secretsecretsecretsecret' };
  const remote = { remoteIce: peer.localIce, dtlsRole: 'server', remoteFingerprints: [hub.fingerprint] } as const;
  await worker.request({
    type: 'configureTransport',
    router: 'r',
    transport: 's',
    localIce,
    sections: [],
    ...remote,
    remoteFingerprints: [hub.fingerprint],
  });
  const candidate = { foundation: '1', component: 1, protocol: 'udp', priority: 1, type: 'host' } as const;
  peer.agree({
    remoteIce: localIce,
    remoteFingerprints: [worker.fingerprint],
    candidates: [{ ...candidate, address: '127.0.0.1', port: worker.port }],
    sections: [],
  });
  await peer.connected();
  for (let i = 0; i < 10; i++) hub.datapath.sendData(peer.handle, randomBytes(200));
  hub.datapath.flush(0);
  expect(await counter('dataPacketDrops')).toBe(10);
}, 30_000);

test('SCTP garbage inside DTLS costs its sender alone', async () => {
  const { hub, join, worker, counter } = await stage();
  const ann = await join('ann');
  const bob = await join('bob');
  const rude = await join('rude');
  // Its own packets, changed here and there, with and without a checksum that fits.
  const seen: Uint8Array[] = [];
  const host = rude.data.host as { output(packet: Uint8Array): void };
  const { output } = host;
  host.output = (packet) => {
    seen.push(packet.slice());
    output(packet);
  };
  for (let i = 0; i < 20; i++) rude.data.send('reliable', 'bob', randomBytes(300));
  await until(() => bob.got.length === 20);
  const random = seeded(31);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let i = 0; i < 5_000; i++) {
    const packet = below(4) ? seen[below(seen.length)].slice() : new Uint8Array(randomBytes(1 + below(1_200)));
    for (let flips = 1 + below(6); flips > 0; flips--) packet[below(packet.length)] = below(256);
    if (packet.length >= 16 && below(3)) sealPacket(packet);
    hub.datapath.sendData(rude.peer.handle, packet);
    if (i % 50 !== 0) continue;
    hub.datapath.flush(0);
    ann.data.send('reliable', 'bob', `fine ${i}`);
    await turn();
  }
  await until(() => bob.got.filter(({ from }) => from === 'ann').length === 100);
  expect(await counter('sctpMalformed')).toBeGreaterThan(100);
  expect(worker.load!.rssBytes).toBeLessThan(300e6);
}, 60_000);
