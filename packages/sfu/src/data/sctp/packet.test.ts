import { expect, test } from 'vitest';
import { DATA, FORWARD_TSN, INIT, RECONFIG, readPacket, SACK, sealPacket } from './packet.js';
import { Link, seeded } from './testing/link.js';

/** Ports 5000, the tag, and chunks as [type, flags, body]. */
function packet(tag: number, ...chunks: [number, number, number[]][]): Uint8Array {
  const bytes: number[] = [
    0x13,
    0x88,
    0x13,
    0x88,
    tag >>> 24,
    (tag >> 16) & 255,
    (tag >> 8) & 255,
    tag & 255,
    0,
    0,
    0,
    0,
  ];
  for (const [type, flags, body] of chunks) {
    const length = body.length + 4;
    bytes.push(type, flags, length >> 8, length & 255, ...body);
    while (bytes.length % 4) bytes.push(0);
  }
  const whole = Uint8Array.from(bytes);
  sealPacket(whole);
  return whole;
}
const u32 = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
const data = (tsn: number, flags: number, text: string): [number, number, number[]] => [
  DATA,
  flags,
  [...u32(tsn), 0, 1, 0, 0, ...u32(51), ...Buffer.from(text)],
];

test('a packet is its header and its chunks', () => {
  const read = readPacket(packet(7, data(1, 3, 'abc'), [SACK, 0, [...u32(5), ...u32(1000), 0, 0, 0, 0]]));
  expect(read).toMatchObject({ sourcePort: 5000, destinationPort: 5000, tag: 7 });
  expect(read?.chunks).toEqual([
    { type: DATA, flags: 3, at: 16, end: 31 },
    { type: SACK, flags: 0, at: 36, end: 48 },
  ]);
});

test('what is cut, changed or claims what it has not is no packet', () => {
  const whole = packet(7, data(1, 3, 'abcdefgh'));
  for (let length = 0; length < whole.length; length++) expect(readPacket(whole.slice(0, length))).toBeNull();
  for (let i = 0; i < whole.length; i++) {
    const changed = whole.slice();
    changed[i] ^= 0x10;
    expect(readPacket(changed)).toBeNull();
  }
  const refused: [number, number, number[]][][] = [
    [[DATA, 3, [...u32(1), 0, 1, 0, 0, ...u32(51)]]], // no data
    [[INIT, 0, u32(1)]],
    [[INIT, 0, [...u32(0), ...u32(1), 0, 1, 0, 1, ...u32(1)]]], // tag 0
    [[INIT, 0, [...u32(1), ...u32(1), 0, 1, 0, 1, ...u32(1), 0x80, 8, 0, 0]]], // a parameter of length 0
    [[INIT, 0, [...u32(1), ...u32(1), 0, 1, 0, 1, ...u32(1), 0x80, 8, 0, 99]]],
    [[SACK, 0, [...u32(5), ...u32(1000), 0, 1, 0, 0]]], // a gap block less than it says
    [[SACK, 0, [...u32(5), ...u32(1000), 255, 255, 255, 255]]],
    [[FORWARD_TSN, 0, [0, 0]]],
    [[FORWARD_TSN, 0, [...u32(1), 0, 1]]],
    [[RECONFIG, 0, [0, 13, 0, 0]]],
    [[RECONFIG, 0, [0, 13, 0, 8, ...u32(1)]]],
    [[INIT, 0, [...u32(1), ...u32(1), 0, 1, 0, 1, ...u32(1)]], data(1, 3, 'x')], // INIT is alone
    Array.from({ length: 97 }, () => [11, 0, []] as [number, number, number[]]),
  ];
  for (const chunks of refused) expect(readPacket(packet(7, ...chunks))).toBeNull();
  // A chunk of length 0 would never end.
  const endless = packet(7, [11, 0, []]);
  endless.set([0, 0], 14);
  sealPacket(endless);
  expect(readPacket(endless)).toBeNull();
});

test('garbage, wrong tags and forged packets are counted and change nothing', async () => {
  const link = await Link.connected();
  const { server, client } = link;
  const random = seeded(11);
  const byte = () => Math.floor(random() * 256);
  const tag = new DataView(client.sent.at(-1)!.buffer).getUint32(4);
  const rounds = Number(process.env.EFIR_FUZZ_ROUNDS ?? 5_000);
  for (let i = 0; i < rounds; i++) {
    const rubbish = Uint8Array.from({ length: Math.floor(random() * 200) }, byte);
    server.association.receive(rubbish, link.now);
  }
  expect(server.counters.sctpMalformed).toBe(rounds);
  for (let i = 0; i < 100; i++) server.association.receive(packet(tag ^ (i + 1), data(i, 3, 'forged')), link.now);
  expect(server.counters.sctpWrongTag).toBe(100);
  client.association.send(1, 51, Uint8Array.of(1, 2, 3));
  await link.until(() => server.messages.length === 1);
  expect(server.messages).toEqual([{ stream: 1, ppid: 51, bytes: Uint8Array.of(1, 2, 3) }]);
}, 60_000);

test('whatever well-formed chunks come, nothing is thrown, memory stays bounded and only that peer is hurt', async () => {
  const random = seeded(12);
  const byte = () => Math.floor(random() * 256);
  const types = [0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 130, 192, 64, 200];
  for (let round = 0; round < 150; round++) {
    const link = await Link.connected({ seed: round + 1 });
    const { server, client } = link;
    const tag = new DataView(client.sent.at(-1)!.buffer).getUint32(4);
    const near = server.association.inbound.cumulativeTsn;
    server.association.send(1, 51, new Uint8Array(5000));
    server.association.send(2, 51, new Uint8Array(5000), { ordered: false, maxRetransmits: 0 });
    for (let i = 0; i < 60; i++) {
      const chunks: [number, number, number[]][] = [];
      for (let c = 1 + Math.floor(random() * 3); c > 0; c--) {
        const type = types[Math.floor(random() * types.length)];
        let body = Array.from({ length: Math.floor(random() * 40) }, byte);
        if (type === DATA || type === FORWARD_TSN) {
          const tsn = near + Math.floor(random() * 50) * (random() < 0.1 ? 1e6 : 1);
          body = [...u32(tsn >>> 0), ...body.slice(4)];
        }
        if (type === SACK) {
          const sent = server.association.outbound.lastSentTsn - Math.floor(random() * 12);
          body = [...u32(sent >>> 0), 0, 0, byte(), byte(), 0, 1, 0, 0, 0, 1 + (byte() & 7), 0, 1 + (byte() & 7)];
        }
        if (type === RECONFIG) body = [0, 13, 0, 18, ...u32(byte()), ...u32(1), ...u32(near - 1), byte() & 3, byte()];
        chunks.push([type, byte(), body]);
      }
      server.association.receive(packet(chunks[0][0] === INIT ? 0 : tag, ...chunks), link.now);
      await link.pass(3);
    }
    await link.pass(100);
    expect(server.association.inbound.window).toBeGreaterThanOrEqual(0);
  }
}, 60_000);

test('a flood of INITs and of data far ahead is bounded', async () => {
  const link = new Link();
  link.server.association.start(link.now);
  for (let i = 1; i < 200; i++)
    link.server.association.receive(
      packet(0, [INIT, 0, [...u32(i), ...u32(100_000), 0, 9, 0, 9, ...u32(i)]]),
      link.now,
    );
  expect(link.server.sent).toHaveLength(16);
  expect(link.server.counters.sctpRefused).toBe(199 - 16);

  // Data without end before the handshake has ended.
  const before = link.server.counters.sctpRefused;
  const ours = new DataView(link.server.sent.at(-1)!.buffer).getUint32(16);
  for (let i = 0; i < 1_000; i++)
    link.server.association.receive(packet(ours, data((16 + i) >>> 0, 3, 'early')), link.now);
  expect(link.server.counters.sctpRefused - before).toBe(1_000 - 64);
  expect(link.server.messages).toEqual([]);

  const other = await Link.connected({}, { windowBytes: 200_000 });
  const { server, client } = other;
  const tag = new DataView(client.sent.at(-1)!.buffer).getUint32(4);
  const first = server.association.inbound.cumulativeTsn + 2;
  const heap = process.memoryUsage().heapUsed;
  for (let i = 0; i < 20_000; i++)
    server.association.receive(packet(tag, data((first + i) >>> 0, i % 2 ? 0 : 2, 'x'.repeat(100))), other.now);
  expect(server.counters.sctpBeyondWindow).toBeGreaterThan(18_000);
  expect(server.association.inbound.window).toBe(0);
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(60e6);
}, 60_000);
