import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTransportFeedback } from '../congestion/feedback-reader.js';
import { MAX_NACKS_PER_COMPOUND, parseRtcp, type RtcpVisitor } from './parse.js';
import { type ReportBlock, RtcpWriter } from './write.js';

type Call = [string, ...unknown[]];

function recorder(): { visitor: Required<RtcpVisitor>; calls: Call[] } {
  const calls: Call[] = [];
  const record =
    (name: string) =>
    (...facts: unknown[]) => {
      calls.push([name, ...facts]);
    };
  const visitor = {
    senderReport: record('senderReport'),
    reportBlock: record('reportBlock'),
    nack: record('nack'),
    pli: record('pli'),
    fir: record('fir'),
    transportFeedback: (_bytes: Uint8Array, offset: number, length: number) =>
      void calls.push(['transportFeedback', offset, length]),
    remb: record('remb'),
    bye: record('bye'),
    sdes: record('sdes'),
  };
  return { visitor, calls };
}

function parse(bytes: Uint8Array | number[], offset = 0, length = bytes.length): { whole: boolean; calls: Call[] } {
  const { visitor, calls } = recorder();
  const whole = parseRtcp(Uint8Array.from(bytes), offset, length, visitor);
  return { whole, calls };
}

const block: ReportBlock = {
  ssrc: 0xaabbccdd,
  fractionLost: 255,
  cumulativeLost: -2,
  highestSequence: 0x0001fffe,
  jitter: 77,
  lastSr: 0xfedcba98,
  delaySinceLastSr: 65_536,
};

test('a compound packet of everything is told in order', () => {
  const writer = new RtcpWriter();
  const info = {
    ssrc: 1,
    ntpHigh: 0xe0000000,
    ntpLow: 0x80000000,
    rtpTimestamp: 90_000,
    packets: 10,
    octets: 0xffffffff,
  };
  expect(writer.senderReport(info, [block])).toBe(true);
  expect(writer.receiverReport(2, [{ ...block, cumulativeLost: 5 }, block])).toBe(true);
  expect(writer.sdes(1, 'cname')).toBe(true);
  expect(writer.nack(3, 4, [65_535, 0, 15, 16])).toBe(true);
  expect(writer.pli(5, 6)).toBe(true);
  expect(writer.fir(7, 8, 257)).toBe(true);
  expect(writer.bye(9)).toBe(true);
  const facts = [0x0001fffe, 77, 0xfedcba98, 65_536];
  expect(parse(writer.packet)).toEqual({
    whole: true,
    calls: [
      ['senderReport', 1, 0xe0000000, 0x80000000, 90_000, 10, 0xffffffff],
      ['reportBlock', 1, 0xaabbccdd, 255, -2, ...facts],
      ['reportBlock', 2, 0xaabbccdd, 255, 5, ...facts],
      ['reportBlock', 2, 0xaabbccdd, 255, -2, ...facts],
      ['sdes', 1, 'cname'],
      ['nack', 3, 4, 65_535],
      ['nack', 3, 4, 0],
      ['nack', 3, 4, 15],
      ['nack', 3, 4, 16],
      ['pli', 5, 6],
      ['fir', 7, 8, 1],
      ['bye', 9],
    ],
  });
});

test('the layouts are those of the RFCs, byte by byte', () => {
  const writer = new RtcpWriter();
  writer.receiverReport(0x01020304, [block]);
  expect([...writer.packet]).toEqual(
    [
      [0x81, 201, 0, 7, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd, 255, 0xff, 0xff, 0xfe, 0, 1, 0xff, 0xfe],
      [0, 0, 0, 77, 0xfe, 0xdc, 0xba, 0x98, 0, 1, 0, 0],
    ].flat(),
  );
  writer.reset();
  writer.nack(1, 2, [10, 11, 26]);
  expect([...writer.packet]).toEqual([0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0x80, 0x01]);
  writer.reset();
  writer.fir(1, 2, 3);
  expect([...writer.packet]).toEqual([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0]);
  writer.reset();
  writer.sdes(1, 'ab');
  expect([...writer.packet]).toEqual([0x81, 202, 0, 3, 0, 0, 0, 1, 1, 2, 0x61, 0x62, 0, 0, 0, 0]);
});

test('CNAMEs of any length come through', () => {
  for (let length = 0; length <= 255; length++) {
    const writer = new RtcpWriter();
    const cname = 'x'.repeat(length);
    expect(writer.sdes(7, cname)).toBe(true);
    expect(writer.bye(8)).toBe(true);
    expect(parse(writer.packet)).toEqual({
      whole: true,
      calls: [
        ['sdes', 7, cname],
        ['bye', 8],
      ],
    });
  }
  expect(new RtcpWriter().sdes(7, 'x'.repeat(256))).toBe(false);
});

test('losses that the field cannot hold are clamped', () => {
  const writer = new RtcpWriter();
  writer.receiverReport(1, [
    { ...block, cumulativeLost: 1e9 },
    { ...block, cumulativeLost: -1e9 },
  ]);
  expect(parse(writer.packet).calls.map((call) => call[4])).toEqual([0x7fffff, -0x800000]);
});

test('what does not fit is not written, and what was there stays', () => {
  const writer = new RtcpWriter(new Uint8Array(30));
  expect(writer.pli(1, 2)).toBe(true);
  expect(writer.receiverReport(1, [block])).toBe(false);
  expect(writer.nack(1, 2, [0, 100])).toBe(false);
  expect(writer.append(new Uint8Array(20))).toBe(false);
  expect(writer.length).toBe(12);
  expect(writer.nack(1, 2, [0])).toBe(true);
  expect(writer.length).toBe(28);
  expect(writer.bye(1)).toBe(false);
  expect(parse(writer.packet).calls).toEqual([
    ['pli', 1, 2],
    ['nack', 1, 2, 0],
  ]);
  const large = new RtcpWriter(new Uint8Array(5000));
  expect(large.receiverReport(1, new Array(32).fill(block))).toBe(false);
  let reports = 0;
  while (large.receiverReport(1, [block])) reports++;
  expect(reports).toBe(37);
});

test('packets made elsewhere are appended whole', () => {
  const writer = new RtcpWriter();
  const other = new RtcpWriter();
  other.pli(1, 2);
  expect(writer.append(other.buffer, other.length)).toBe(true);
  expect(writer.append(other.packet)).toBe(true);
  expect(parse(writer.packet).calls).toHaveLength(2);
});

test('any ascending list of losses comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.array(fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 20 }) }, fc.nat(5000)), { maxLength: 80 }),
      (first, gaps) => {
        const sequences = [first];
        for (const gap of gaps) if (gap > 0) sequences.push((sequences[sequences.length - 1] + gap) & 0xffff);
        const writer = new RtcpWriter();
        expect(writer.nack(1, 2, Uint16Array.from([...sequences, 7, 7]), sequences.length)).toBe(true);
        expect(parse(writer.packet).calls).toEqual(sequences.map((sequence) => ['nack', 1, 2, sequence]));
      },
    ),
    { numRuns: 500, seed: 23 },
  );
});

test('of no losses nothing is written', () => {
  const writer = new RtcpWriter();
  expect(writer.nack(1, 2, [])).toBe(true);
  expect(writer.length).toBe(0);
});

test('requests without end are cut short', () => {
  const packet = new Uint8Array(12 + 4 * 300).fill(0xff);
  packet.set([0x81, 205, 0x01, 0x2e]);
  expect(parse(packet).calls).toHaveLength(MAX_NACKS_PER_COMPOUND);
  const twice = new Uint8Array(packet.length * 2);
  twice.set(packet);
  twice.set(packet, packet.length);
  expect(parse(twice)).toMatchObject({ whole: true, calls: { length: MAX_NACKS_PER_COMPOUND } });
});

test('receiver-estimated maximum bitrate', () => {
  const packet = [
    0x8f,
    206,
    0,
    5,
    0,
    0,
    0,
    9,
    0,
    0,
    0,
    0,
    0x52,
    0x45,
    0x4d,
    0x42,
    1,
    (5 << 2) | 2,
    0x34,
    0x56,
    0,
    0,
    0,
    1,
  ];
  expect(parse(packet).calls).toEqual([['remb', 9, 0x23456 * 32]]);
  packet[17] = 0xff;
  expect(Number.isFinite(parse(packet).calls[0][2] as number)).toBe(true);
  packet[12] = 0;
  expect(parse(packet)).toEqual({ whole: true, calls: [] });
});

test('transport-wide feedback is handed on whole, padding and all', () => {
  const feedback = [0xaf, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 5, 0, 0x20, 1, 4, 1];
  const { whole, calls } = parse([...[0x80, 201, 0, 1, 0, 0, 0, 1], ...feedback]);
  expect(whole).toBe(true);
  expect(calls).toEqual([['transportFeedback', 8, 24]]);
  const told: unknown[] = [];
  readTransportFeedback(Uint8Array.from(feedback), 0, 24, {
    begin: (...facts) => told.push(facts),
    packet: (...facts) => told.push(facts),
  });
  expect(told).toEqual([
    [1, 1, 5, 0],
    [1, true, 1000],
  ]);
});

test('several streams in one BYE and one FIR', () => {
  expect(parse([0x82, 203, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 3, 0x62, 0x79, 0x65]).calls).toEqual([
    ['bye', 1],
    ['bye', 2],
  ]);
  const fir = [0x84, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 0, 0, 6, 2, 0, 0, 0];
  expect(parse(fir).calls).toEqual([
    ['fir', 1, 5, 1],
    ['fir', 1, 6, 2],
  ]);
});

test('unknown packets are stepped over', () => {
  const unknown = [0x80, 207, 0, 1, 1, 2, 3, 4, 0x81, 204, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
  expect(parse([...unknown, 0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 5])).toEqual({
    whole: true,
    calls: [['bye', 5]],
  });
});

test('a fault ends the walk after what was good', () => {
  const good = [0x81, 203, 0, 1, 0, 0, 0, 5];
  const told = [['bye', 5]];
  const faults = [
    [0x80],
    [0x41, 203, 0, 1, 0, 0, 0, 6],
    [0x81, 203, 0, 9, 0, 0, 0, 6],
    [0x82, 203, 0, 1, 0, 0, 0, 6],
    [0x81, 200, 0, 6, ...Array(24).fill(0)],
    [0x81, 201, 0, 1, 0, 0, 0, 6],
    [0x81, 206, 0, 1, 0, 0, 0, 6],
    [0x84, 206, 0, 2, 0, 0, 0, 6, 0, 0, 0, 0],
    [0x81, 202, 0, 2, 0, 0, 0, 6, 1, 9, 0x61, 0],
    // Padding: none, too much, or not in the last packet.
    [0xa1, 203, 0, 2, 0, 0, 0, 6, 0, 0, 0, 0],
    [0xa1, 203, 0, 2, 0, 0, 0, 6, 0, 0, 0, 12],
    [0xa1, 203, 0, 2, 0, 0, 0, 6, 0, 0, 0, 4, ...good],
  ];
  // An item that is whole is told, though no zero ends the list.
  expect(parse([0x81, 202, 0, 2, 0, 0, 0, 6, 1, 2, 0x61, 0x61])).toEqual({ whole: false, calls: [['sdes', 6, 'aa']] });
  for (const fault of faults) expect(parse([...good, ...fault])).toEqual({ whole: false, calls: told });
  expect(parse([...good, 0xa1, 203, 0, 2, 0, 0, 0, 6, 0, 0, 0, 4]).whole).toBe(true);
});

test('a visitor need not listen to anything', () => {
  const writer = new RtcpWriter();
  writer.senderReport({ ssrc: 1, ntpHigh: 0, ntpLow: 0, rtpTimestamp: 0, packets: 0, octets: 0 }, [block]);
  writer.sdes(1, 'x');
  writer.nack(1, 2, [3]);
  writer.pli(1, 2);
  writer.fir(1, 2, 3);
  writer.bye(1);
  expect(parseRtcp(writer.buffer, 0, writer.length, {})).toBe(true);
});

/** Packets that look like RTCP most of the time, so that the walk gets far. */
const compounds = fc
  .array(
    fc.record({
      first: fc.oneof(
        fc.nat(255),
        fc.nat(31).map((count) => 0x80 | count),
        fc.constantFrom(0x81, 0x8f, 0xa1, 0xaf),
      ),
      type: fc.oneof(fc.integer({ min: 199, max: 208 }), fc.nat(255)),
      body: fc.uint8Array({ maxLength: 48 }),
      wrong: fc.oneof(
        { weight: 8, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -2, max: 40 }) },
      ),
    }),
    { maxLength: 5 },
  )
  .map((packets) =>
    Uint8Array.from(
      packets.flatMap(({ first, type, body, wrong }) => {
        const words = (body.length >> 2) + wrong;
        return [first, type, (words >> 8) & 0xff, words & 0xff, ...body.subarray(0, body.length & ~3)];
      }),
    ),
  );

test('random compounds never throw, and what stands around the range makes no difference', () => {
  fc.assert(
    fc.property(compounds, fc.nat(255), (packet, filling) => {
      const alone = parse(packet);
      const framed = new Uint8Array(packet.length + 40).fill(filling);
      framed.set(packet, 20);
      const { visitor, calls } = recorder();
      const whole = parseRtcp(framed, 20, packet.length, visitor);
      const shifted = alone.calls.map((call) =>
        call[0] === 'transportFeedback' ? ['transportFeedback', (call[1] as number) + 20, call[2]] : call,
      );
      expect({ whole, calls }).toEqual({ whole: alone.whole, calls: shifted });
    }),
    { numRuns: 5000, seed: 29 },
  );
});

test('ranges outside of the buffer are refused', () => {
  const bytes = [0x81, 203, 0, 1, 0, 0, 0, 5];
  for (const [offset, length] of [
    [0, 9],
    [1, 8],
    [-1, 8],
    [0, 0],
    [0, 3],
    [0, -8],
  ]) {
    expect(parse(bytes, offset, length)).toEqual({ whole: false, calls: [] });
  }
});
