import { afterEach, describe, expect, test } from 'vitest';
import type { DatapathStats } from './datapath.js';
import * as L from './layout.js';
import { capture, connect, connected, End, type Link, pathOf, start, until } from './testing/end.js';

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
const PROFILES = ['AEAD_AES_128_GCM', 'AES128_CM_SHA1_80'] as const;
const MODES = [false, true].flatMap((portable) => PROFILES.map((profile) => ({ portable, profile })));
const ssrc = 0x11223344;
const sequences = (end: End) => end.of(L.KIND_RTP).map((packet) => packet.row[L.RX_SEQUENCE]);

describe.each(MODES)('$profile, portable: $portable', (mode) => {
  test('RTP and RTCP arrive as they were sent, both ways', async () => {
    const { server, client, serverPeer, clientPeer } = await link(mode);
    const directions = [
      [server, serverPeer, client, clientPeer],
      [client, clientPeer, server, serverPeer],
    ] as const;
    for (const [from, fromPeer, to, toPeer] of directions) {
      const stream = from.datapath.addStream(fromPeer, ssrc);
      const packet = from.fillSlot(1000);
      from.send({ stream, ssrc, sequence: 500, payload: Uint8Array.of(7, 8, 9), packet, offset: 40, length: 900 });
      const report = Uint8Array.of(0x80, 201, 0, 1, 1, 2, 3, 4);
      from.datapath.sendRtcp(fromPeer, report);
      from.flush();
      await until(() => to.of(L.KIND_RTP).length + to.of(L.KIND_RTCP).length === 2);
      const [rtp] = to.of(L.KIND_RTP);
      expect(rtp.row[L.RX_PEER]).toBe(toPeer);
      expect(rtp.row[L.RX_SSRC]).toBe(ssrc);
      expect(rtp.row[L.RX_SEQUENCE]).toBe(500);
      expect(rtp.row[L.RX_TIMESTAMP]).toBe(1_500_000);
      expect(rtp.row[L.RX_HEADER_LENGTH]).toBe(12);
      expect(rtp.row[L.RX_PAYLOAD_LENGTH]).toBe(903);
      expect(rtp.row[L.RX_MARKER_TYPE]).toBe(96);
      expect(rtp.row[L.RX_SOCKET]).toBe(to.socket);
      expect(Math.abs(to.datapath.nowUs() - rtp.row[L.RX_ARRIVAL_US])).toBeLessThan(1_000_000);
      const slot = (packet & (from.datapath.slots - 1)) * L.SLOT_BYTES;
      expect(rtp.bytes.subarray(12, 15)).toEqual(Uint8Array.of(7, 8, 9));
      expect(rtp.bytes.subarray(15)).toEqual(from.datapath.arena.slice(slot + 40, slot + 940));
      const [rtcp] = to.of(L.KIND_RTCP);
      expect(rtcp.bytes).toEqual(report);
      expect(rtcp.row[L.RX_SSRC]).toBe(0x01020304);
      expect(rtcp.row[L.RX_PEER]).toBe(toPeer);
    }
  });

  test('bursts of unequal sizes arrive whole and in order', async () => {
    const { server, client, serverPeer } = await link(mode);
    const stream = server.datapath.addStream(serverPeer, ssrc);
    const packet = server.fillSlot(1200);
    const sizes = [1100, 1100, 1100, 300, 1100, 1101, 1099, 1100, 10, 10, 10, 0, 1200, 1200];
    // More than one run's 64 segments, too.
    for (let i = 0; i < 150; i++) sizes.push(700);
    sizes.forEach((length, i) => {
      server.add({ stream, ssrc, sequence: i, payload: Uint8Array.of(i), packet, length });
    });
    server.flush();
    await until(() => client.of(L.KIND_RTP).length === sizes.length);
    const slot = (packet & (server.datapath.slots - 1)) * L.SLOT_BYTES;
    client.of(L.KIND_RTP).forEach((got, i) => {
      expect(got.row[L.RX_SEQUENCE]).toBe(i);
      expect(got.row[L.RX_PAYLOAD_LENGTH]).toBe(sizes[i] + 1);
      expect(got.bytes[12]).toBe(i & 0xff);
      expect(Buffer.compare(got.bytes.subarray(13), server.datapath.arena.subarray(slot, slot + sizes[i]))).toBe(0);
    });
    expect(server.datapath.stats()).toMatchObject({ txErrors: 0, txMalformed: 0, txBacklogDrops: 0 });
    if (!mode.portable && process.platform === 'linux') expect(server.datapath.stats().txSyscalls).toBeLessThan(10);
  });

  test('padding is appended, and told apart from payload by the receiver', async () => {
    const { server, client, serverPeer } = await link(mode);
    const stream = server.datapath.addStream(serverPeer, ssrc);
    for (const [i, padding] of [1, 2, 255].entries()) {
      server.send({ stream, ssrc, sequence: i, payload: Uint8Array.of(5, 6), padding });
    }
    // Padding alone: a probe.
    server.send({ stream, ssrc, sequence: 3, padding: 200 });
    await until(() => client.of(L.KIND_RTP).length === 4);
    const rows = client.of(L.KIND_RTP);
    expect(rows.map(({ row }) => row[L.RX_PAYLOAD_LENGTH])).toEqual([2, 2, 2, 0]);
    expect(rows.map(({ row }) => row[L.RX_LENGTH])).toEqual([15, 16, 269, 212]);
    expect(rows[2].bytes.at(-1)).toBe(255);
  });

  test('sequence numbers wrap, in both directions, with loss around the wrap', async () => {
    const { server, client, serverPeer, clientPeer } = await link(mode);
    const down = server.datapath.addStream(serverPeer, ssrc);
    const up = client.datapath.addStream(clientPeer, ssrc);
    const sent = [30_000, 60_000, 65_530, 65_540, 65_535, 65_536, 90_000, 120_000, 131_072, 131_070];
    for (const sequence of sent) {
      server.send({ stream: down, ssrc, sequence, payload: Uint8Array.of(1) });
      client.send({ stream: up, ssrc, sequence, payload: Uint8Array.of(2) });
    }
    const wanted = sent.map((sequence) => sequence & 0xffff);
    await until(() => sequences(client).length === sent.length && sequences(server).length === sent.length);
    expect(sequences(client)).toEqual(wanted);
    expect(sequences(server)).toEqual(wanted);
    expect(client.datapath.stats().srtpAuthFailures).toBe(0);
  });

  test('a packet that comes twice counts once', async () => {
    const { server, client, serverPeer, clientPeer } = await link(mode);
    const stream = client.datapath.addStream(clientPeer, ssrc);
    client.send({ stream, ssrc, sequence: 1, payload: Uint8Array.of(1) });
    const sealed = capture(client, clientPeer, () => {
      client.send({ stream, ssrc, sequence: 2, payload: Uint8Array.of(2) });
      client.datapath.sendRtcp(clientPeer, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1));
      client.flush();
    });
    expect(sealed).toHaveLength(2);
    for (let i = 0; i < 5; i++) {
      for (const packet of sealed) client.datapath.sendRaw(pathOf(client.socket, server.port), packet);
    }
    await until(() => server.datapath.stats().srtpReplays === 4 && server.datapath.stats().srtcpReplays === 4);
    expect(sequences(server)).toEqual([1, 2]);
    expect(server.of(L.KIND_RTCP)).toHaveLength(1);
    expect(server.datapath.peerStats(serverPeer)).toMatchObject({ rxDropped: 8 });
  });

  test('an index is sealed again only where that is safe', async () => {
    const { server, client, serverPeer } = await link(mode);
    const stream = server.datapath.addStream(serverPeer, ssrc);
    const again = { stream, ssrc, sequence: 9, payload: Uint8Array.of(1) };
    server.send(again);
    server.send(again);
    expect(server.datapath.stats().txRepeats).toBe(1);
    server.send({ ...again, flags: L.TX_REPEAT });
    const allowed = mode.profile === 'AES128_CM_SHA1_80';
    expect(server.datapath.stats().txRepeats).toBe(allowed ? 1 : 2);
    // Late ones that were never sealed are fine; so old that nobody knows is not.
    for (const sequence of [3000, 2990, 2600, 2600, 100]) server.send({ ...again, sequence });
    expect(server.datapath.stats().txRepeats).toBe(allowed ? 3 : 4);
    await until(() => sequences(client).length === 4);
    expect(sequences(client)).toEqual([9, 3000, 2990, 2600]);
    expect(client.datapath.stats().srtpReplays).toBe(allowed ? 1 : 0);
  });
});

test('a removed stream that comes back goes on where it was', async () => {
  const { server, client, serverPeer } = await link();
  const first = server.datapath.addStream(serverPeer, ssrc);
  server.send({ stream: first, ssrc, sequence: 70, payload: Uint8Array.of(1) });
  server.datapath.removeStream(first);
  const second = server.datapath.addStream(serverPeer, ssrc);
  expect(second).not.toBe(first);
  for (const sequence of [69, 70, 71]) server.send({ stream: second, ssrc, sequence, payload: Uint8Array.of(2) });
  server.send({ stream: first, ssrc, sequence: 72, payload: Uint8Array.of(3) });
  expect(server.datapath.stats()).toMatchObject({ txRepeats: 2, txMalformed: 1 });
  await until(() => sequences(client).length === 2);
  expect(sequences(client)).toEqual([70, 71]);
});

test('one SSRC, one stream of a peer', async () => {
  const { server, serverPeer } = await link();
  server.datapath.addStream(serverPeer, ssrc);
  expect(() => server.datapath.addStream(serverPeer, ssrc)).toThrow(expect.objectContaining({ code: 'ERR_STREAM' }));
  expect(() => server.datapath.addStream(0, ssrc)).toThrow(expect.objectContaining({ code: 'ERR_STREAM' }));
});

test('a payload made by the caller goes out as it is', async () => {
  const { server, client, serverPeer } = await link();
  const stream = server.datapath.addStream(serverPeer, ssrc);
  const packet = server.fillSlot(500);
  server.datapath.made.fill(0x77, L.MADE_BYTES - 300, L.MADE_BYTES);
  server.add({ stream, ssrc, sequence: 1, packet, length: 300 });
  server.datapath.tx[L.TX_FLAGS] = L.TX_MADE;
  server.datapath.tx[L.TX_PAYLOAD_OFFSET] = L.MADE_BYTES - 300;
  server.flush();
  await until(() => sequences(client).length === 1);
  const [{ bytes }] = client.received;
  expect([...bytes.subarray(-300)]).toEqual(new Array(300).fill(0x77));
});

test('rows that make no sense are refused and counted', async () => {
  const { server, client, serverPeer } = await link();
  const { datapath } = server;
  const stream = datapath.addStream(serverPeer, ssrc);
  const packet = server.fillSlot(500);
  const good = { stream, ssrc, sequence: 1, packet, length: 500 };
  const refused = (counter: keyof DatapathStats, change: () => void) => {
    const before = datapath.stats()[counter];
    server.add(good);
    change();
    server.flush();
    expect(datapath.stats()[counter]).toBe(before + 1);
  };
  const row = (field: number, value: number) => () => {
    datapath.tx[field] = value;
  };
  const prefix = (at: number, value: number) => () => {
    datapath.txPrefix[at] = value;
  };
  refused('txMalformed', row(L.TX_STREAM, 0));
  refused('txMalformed', row(L.TX_STREAM, 0xffffffff));
  refused('txMalformed', row(L.TX_STREAM, stream + (1 << 20)));
  refused('txMalformed', row(L.TX_PREFIX_LENGTH, 11));
  refused('txMalformed', row(L.TX_PREFIX_LENGTH, L.TX_PREFIX_BYTES + 1));
  refused('txMalformed', row(L.TX_PREFIX_LENGTH, 0xffffffff));
  refused('txMalformed', row(L.TX_PAYLOAD_OFFSET, 1));
  refused('txMalformed', row(L.TX_PAYLOAD_OFFSET, 0xffffffff));
  refused('txMalformed', row(L.TX_PAYLOAD_LENGTH, 501));
  refused('txMalformed', row(L.TX_PAYLOAD_LENGTH, 0xffffffff));
  refused('txMalformed', row(L.TX_PADDING, 256));
  refused('txMalformed', row(L.TX_PADDING, 4)); // without the P bit
  refused('txMalformed', prefix(0, 0x40)); // version 1
  refused('txMalformed', prefix(0, 0x8f)); // CSRCs beyond the prefix
  refused('txMalformed', prefix(0, 0x90)); // an extension beyond the prefix
  refused('txMalformed', prefix(8, 0x12)); // another SSRC
  refused('txMalformed', prefix(1, 200)); // would be RTCP
  refused('txMalformed', () => {
    datapath.tx[L.TX_FLAGS] = L.TX_MADE;
    datapath.tx[L.TX_PAYLOAD_OFFSET] = L.MADE_BYTES - 499;
  });
  refused('txStale', row(L.TX_PACKET, packet + 1));
  refused('txStale', row(L.TX_PACKET, packet - datapath.slots));
  server.send(good);
  await until(() => sequences(client).length === 1);
  datapath.flush(0xffffffff); // rows left from before: repeats and nothing worse
  expect(sequences(client)).toEqual([1]);
});

test('a slot can be sent from until the ring has come round', async () => {
  const server = keep(new End({ slots: 64 }));
  const client = keep(new End());
  const { serverPeer } = await connected(start(server, client));
  const stream = server.datapath.addStream(serverPeer, ssrc);
  const packet = server.fillSlot(100);
  for (let i = 0; i < 62; i++) server.fillSlot(100);
  server.send({ stream, ssrc, sequence: 1, packet, length: 100 });
  expect(server.datapath.stats().txStale).toBe(0);
  server.fillSlot(100);
  server.send({ stream, ssrc, sequence: 2, packet, length: 100 });
  expect(server.datapath.stats().txStale).toBe(1);
});

test('bytes of one’s own are sent out of a reserved slot', async () => {
  const { server, client, serverPeer } = await link();
  const stream = server.datapath.addStream(serverPeer, ssrc);
  const packet = server.datapath.reservePacket();
  expect(server.fillSlot(30)).toBe(packet + 1);
  const slot = (packet & (server.datapath.slots - 1)) * L.SLOT_BYTES;
  server.datapath.arena.set([9, 8, 7, 6], slot + 50);
  server.send({ stream, ssrc, sequence: 1, packet, offset: 50, length: 4 });
  await until(() => client.of(L.KIND_RTP).length === 1);
  expect([...client.of(L.KIND_RTP)[0].bytes.subarray(12)]).toEqual([9, 8, 7, 6]);
});

test('rows for a peer that has no keys yet are dropped and counted', () => {
  const end = keep(new End());
  const peer = end.datapath.createPeer();
  end.send({ stream: end.datapath.addStream(peer, 5), ssrc: 5, sequence: 1 });
  end.datapath.sendRtcp(peer, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1));
  end.flush();
  expect(end.datapath.stats()).toMatchObject({ txNotReady: 1, txPackets: 0 });
});

test('RTCP that is none is refused', async () => {
  const { server, serverPeer } = await link();
  for (const bytes of [[], [0x80, 201, 0, 1, 0, 0, 0], [0x40, 201, 0, 1, 0, 0, 0, 0], [0x80, 96, 0, 1, 0, 0, 0, 0]]) {
    server.datapath.sendRtcp(serverPeer, Uint8Array.from(bytes));
  }
  server.datapath.sendRtcp(serverPeer, new Uint8Array(4000).fill(0x80));
  expect(server.datapath.stats().txMalformed).toBe(5);
});

test('64 SSRCs of a peer are followed, not more', async () => {
  const { server, client, clientPeer } = await link();
  for (let i = 1; i <= 70; i++) {
    client.send({ stream: client.datapath.addStream(clientPeer, i), ssrc: i, sequence: 1, payload: Uint8Array.of(1) });
  }
  await until(() => server.datapath.stats().ssrcLimitHits === 6);
  expect(server.of(L.KIND_RTP)).toHaveLength(64);
  expect(server.datapath.stats().srtpNoContext).toBe(6);
});

test('of a peer that is trusted with more, a thousand SSRCs are followed, each against replay', async () => {
  const server = keep(new End());
  const client = keep(new End());
  const { clientPeer } = await connected(start(server, client, server.port, client.port, 1_000));
  const streams = Array.from({ length: 1_003 }, (_, i) => client.datapath.addStream(clientPeer, i * 77_777 + 1));
  for (const sequence of [1, 2]) {
    for (const [i, stream] of streams.entries()) {
      client.add({ stream, ssrc: i * 77_777 + 1, sequence, payload: Uint8Array.of(1) });
      if (i % 100 === 99) client.flush();
    }
    client.flush();
    await until(() => server.datapath.stats().ssrcLimitHits === 3 * sequence);
  }
  expect(server.of(L.KIND_RTP)).toHaveLength(2_000);
  expect(server.datapath.stats().srtpReplays).toBe(0);
});

test('a full turn of rows loses nothing: the rest comes with the next', async () => {
  const server = keep(new End({ rxRows: 16 }));
  const client = keep(new End());
  const { clientPeer } = await connected(start(server, client));
  const stream = client.datapath.addStream(clientPeer, ssrc);
  for (let i = 0; i < 400; i++) client.add({ stream, ssrc, sequence: i, payload: Uint8Array.of(1, 2, 3) });
  client.flush();
  await until(() => sequences(server).length === 400);
  expect(sequences(server)).toEqual(Array.from({ length: 400 }, (_, i) => i));
});

test('one receiver whose address cannot be reached harms no other', async () => {
  const { server, client, serverPeer } = await link();
  const stream = server.datapath.addStream(serverPeer, ssrc);
  const nowhere = pathOf(server.socket, 9, '255.255.255.255');
  const packet = server.fillSlot(600);
  for (let i = 0; i < 10; i++) {
    server.datapath.sendRaw(nowhere, Uint8Array.of(0, 1, 2, 3));
    server.add({ stream, ssrc, sequence: i, packet, length: 600 });
  }
  server.flush();
  await until(() => sequences(client).length === 10);
  expect(server.datapath.stats().txErrors).toBe(10);
});
