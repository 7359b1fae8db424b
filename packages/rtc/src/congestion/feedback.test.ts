import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TransportFeedbackGenerator } from './feedback-generator.js';
import { MAX_FEEDBACK_STATUSES, readTransportFeedback } from './feedback-reader.js';

const buffer = new Uint8Array(1500);

interface Report {
  base: number;
  count: number;
  reference: number;
  message: number;
  /** Arrival since the reference in us, or null. */
  statuses: (number | null)[];
  bytes: number;
}

function read(bytes: Uint8Array, offset: number, length: number): Report | null {
  const report: Report = { base: -1, count: 0, reference: 0, message: 0, statuses: [], bytes: length };
  const understood = readTransportFeedback(bytes, offset, length, {
    begin(base, count, reference, message) {
      Object.assign(report, { base, count, reference, message });
    },
    packet(sequence, received, arrivalUs) {
      expect(sequence).toBe((report.base + report.statuses.length) & 0xffff);
      report.statuses.push(received ? arrivalUs : null);
    },
  });
  if (!understood) expect(report.base).toBe(-1);
  else expect(report.statuses.length).toBe(report.count);
  return understood ? report : null;
}

function build(generator: TransportFeedbackGenerator, now = 0): Report | null {
  const length = generator.build(now, 1, 2, buffer);
  if (length === 0) return null;
  expect(length % 4).toBe(0);
  expect(length).toBeLessThanOrEqual(1200);
  const report = read(buffer, 0, length);
  expect(report).not.toBeNull();
  return report;
}

function buildAll(generator: TransportFeedbackGenerator, now = 0): Report[] {
  const reports: Report[] = [];
  for (let report = build(generator, now); report; report = build(generator, now)) {
    reports.push(report);
    expect(reports.length).toBeLessThan(3000);
  }
  return reports;
}

test('the layout is that of the draft, byte by byte', () => {
  const generator = new TransportFeedbackGenerator();
  // Reference: 64 ms x 5 = 320,000 us. One after 1 ms, one lost, one 100 ms later, one 0.5 ms before that.
  generator.received(0xfffe, 321_000);
  generator.received(0x0001, 420_500);
  generator.received(0x0000, 421_000);
  const length = generator.build(0, 0x11223344, 0xaabbccdd, buffer);
  expect([...buffer.subarray(0, length)]).toEqual(
    [
      // V=2, P=1, FMT=15; PT=205; 7 words less one; our SSRC; the media's
      [0xaf, 205, 0, 6, 0x11, 0x22, 0x33, 0x44, 0xaa, 0xbb, 0xcc, 0xdd],
      // base 65,534, 4 statuses, reference time 5, message 0
      [0xff, 0xfe, 0, 4, 0, 0, 5, 0],
      // two-bit vector: small (01), lost (00), large (10), large (10), three unused
      [0b11_01_00_10, 0b10_00_00_00],
      // 4 x 250 us; 400 x 250 us; -2 x 250 us; one byte of padding
      [4, 0x01, 0x90, 0xff, 0xfe, 1],
    ].flat(),
  );
  expect(read(buffer, 0, length)?.statuses).toEqual([1000, null, 101_000, 100_500]);
});

test('a long run is one chunk', () => {
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 100; i++) generator.received(i, i * 1000);
  const report = build(generator)!;
  expect(report.count).toBe(100);
  // Header, one chunk, a delta byte each, padding.
  expect(report.bytes).toBe(124);
  expect([buffer[20], buffer[21]]).toEqual([0x20, 100]);
});

test('mixed arrivals with small deltas go 14 to a chunk, a large delta makes it 7', () => {
  const small = new TransportFeedbackGenerator();
  for (const i of [0, 2, 3, 5, 8, 9, 13]) small.received(i, i * 1000);
  build(small);
  expect([buffer[20], buffer[21]]).toEqual([0b10_101101, 0b00110001]);

  const large = new TransportFeedbackGenerator();
  large.received(0, 0);
  large.received(2, 100_000);
  large.received(3, 100_000);
  build(large);
  expect([buffer[20], buffer[21]]).toEqual([0b11_01_00_10, 0b01_00_00_00]);
});

test('nothing new is nothing to tell', () => {
  const generator = new TransportFeedbackGenerator();
  expect(generator.build(0, 1, 2, buffer)).toBe(0);
  generator.received(5, 0);
  expect(build(generator)).not.toBeNull();
  expect(generator.build(100, 1, 2, buffer)).toBe(0);
  generator.received(5, 10);
  expect(generator.build(100, 1, 2, buffer)).toBe(0);
});

test('messages are numbered, and each begins where the last ended', () => {
  const generator = new TransportFeedbackGenerator();
  let sequence = 65_000;
  for (let i = 0; i < 300; i++) {
    generator.received(sequence, i * 5000);
    generator.received((sequence + 2) & 0xffff, i * 5000);
    const report = build(generator, i * 5)!;
    expect(report.message).toBe(i & 0xff);
    expect(report.base).toBe(i === 0 ? 65_000 : (sequence - 1) & 0xffff);
    sequence = (sequence + 4) & 0xffff;
  }
});

test('a packet that comes after its number was reported missing is told of in the next message', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(10, 1000);
  generator.received(12, 2000);
  expect(build(generator, 0)?.statuses).toEqual([1000, null, 2000]);
  generator.received(11, 3000);
  generator.received(13, 4000);
  const again = build(generator, 100)!;
  expect(again.base).toBe(11);
  expect(again.statuses).toEqual([3000, 2000, 4000]);
});

test('a packet much too late is not told of', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(10, 0);
  generator.received(12, 0);
  for (let now = 0; now <= 1500; now += 100) {
    generator.received(13 + now / 100, now * 1000);
    build(generator, now);
  }
  generator.received(11, 1_500_000);
  expect(build(generator, 1600)).toBeNull();
});

test('a packet before the first one is told of', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(0, 1000);
  generator.received(65_535, 1500);
  const report = build(generator)!;
  expect(report.base).toBe(65_535);
  expect(report.statuses).toEqual([1500, 1000]);
});

test('a pause that no delta can express starts another message', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(1, 0);
  generator.received(2, 9_000_000);
  const reports = buildAll(generator);
  expect(reports.map((r) => r.base)).toEqual([1, 2]);
  expect(reports[1].reference * 64_000 + reports[1].statuses[0]!).toBe(9_000_000);
});

test('large gaps: statuses of what is missing cost next to nothing, and a jump past the window begins anew', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(0, 0);
  generator.received(3000, 1000);
  const [report] = buildAll(generator);
  expect(report.count).toBe(3001);
  expect(report.bytes).toBeLessThan(40);
  generator.received(9000, 2000);
  expect(build(generator)).toMatchObject({ base: 9000, count: 1 });
});

test('a sender that begins anew far behind is followed after two packets', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(40_000, 0);
  build(generator);
  generator.received(20_000, 1000);
  expect(build(generator)).toBeNull();
  generator.received(20_001, 2000);
  expect(build(generator)).toMatchObject({ base: 20_001, count: 1 });
  generator.received(20_002, 3000);
  expect(build(generator)).toMatchObject({ base: 20_002, count: 1 });
});

test('what fits in no single message of 1,200 bytes is told in several', () => {
  const generator = new TransportFeedbackGenerator();
  // Every other one lost, every delta large: the most expensive there is.
  for (let i = 0; i < 1500; i++) generator.received(i * 2, i * 70_000);
  const reports = buildAll(generator);
  expect(reports.length).toBeGreaterThan(2);
  expect(Math.max(...reports.map((r) => r.bytes))).toBeGreaterThan(1150);
  expect(reports.reduce((sum, r) => sum + r.count, 0)).toBe(2999);
});

test('when nobody asks for long, the newest 4,096 numbers are told', () => {
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 79_999; i++) if (i % 3 !== 1) generator.received(i & 0xffff, i * 300);
  const reports = buildAll(generator);
  expect(reports[0].base).toBe((79_999 - 4096) & 0xffff);
  const statuses = reports.flatMap((r) => r.statuses.map((arrival) => arrival !== null));
  expect(statuses).toEqual(Array.from({ length: 4096 }, (_, i) => (79_999 - 4096 + i) % 3 !== 1));
});

test('a small buffer gets small messages, a tiny one none', () => {
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 60; i++) generator.received(i * 3, i * 100_000);
  expect(generator.build(0, 1, 2, new Uint8Array(27))).toBe(0);
  const small = new Uint8Array(28);
  let told = 0;
  for (let length = generator.build(0, 1, 2, small); length > 0; length = generator.build(0, 1, 2, small)) {
    told += read(small, 0, length)!.count;
  }
  expect(told).toBe(178);
});

test('a clock that wraps at 2^32 us is no jump', () => {
  const generator = new TransportFeedbackGenerator();
  generator.received(1, 0xffff_ff00);
  generator.received(2, (0xffff_ff00 + 5000) >>> 0);
  const [report, more] = buildAll(generator);
  expect(more).toBeUndefined();
  expect(report.statuses[1]! - report.statuses[0]!).toBe(5000);
  generator.received(3, (0xffff_ff00 + 100_000) >>> 0);
  const next = build(generator)!;
  const whole = (r: Report, i: number) => r.reference * 64_000 + r.statuses[i]!;
  expect(Math.abs(whole(next, 0) - whole(report, 0) - 100_000)).toBeLessThanOrEqual(250);
});

test('the reference time wraps at 24 bits of 64 ms', () => {
  const generator = new TransportFeedbackGenerator();
  const wrap = 2 ** 24 * 64_000;
  generator.received(1, wrap - 1000);
  expect(build(generator)?.reference).toBe(0xffffff);
  generator.received(2, wrap + 1000);
  expect(build(generator)?.reference).toBe(0);
});

/** A stretch of traffic: steps of sequence and time between packets, some of which are lost or overtaken. */
const traffic = fc.record({
  first: fc.nat(0xffff),
  startUs: fc.nat(2 ** 40),
  packets: fc.array(
    fc.record({
      lost: fc.boolean(),
      gap: fc.oneof(
        { weight: 20, arbitrary: fc.constant(1) },
        { weight: 2, arbitrary: fc.integer({ min: 2, max: 40 }) },
        { weight: 1, arbitrary: fc.integer({ min: 41, max: 1500 }) },
      ),
      afterUs: fc.oneof(
        { weight: 10, arbitrary: fc.nat(3000) },
        { weight: 2, arbitrary: fc.nat(200_000) },
        { weight: 1, arbitrary: fc.nat(20_000_000) },
      ),
      swap: fc.boolean(),
      flush: fc.nat(9),
    }),
    { minLength: 1, maxLength: 150 },
  ),
});

test('whatever was received is told, once or more, with its time to a quarter of a millisecond, and nothing else is', () => {
  fc.assert(
    fc.property(traffic, ({ first, startUs, packets }) => {
      const generator = new TransportFeedbackGenerator();
      const order: { n: number; flush: boolean }[] = [];
      let n = first;
      for (const packet of packets) {
        n += packet.gap;
        if (!packet.lost) order.push({ n, flush: packet.flush === 0 });
      }
      for (let i = 1; i < order.length; i++) {
        if (packets[i].swap) [order[i - 1], order[i]] = [order[i], order[i - 1]];
      }
      const arrived = new Map<number, number>();
      const told = new Map<number, number>();
      let highest = -1;
      const take = () => {
        for (const report of buildAll(generator)) {
          // The test knows which unwrapped numbers these are: the nearest below the newest.
          const base = highest - ((((highest & 0xffff) - report.base) << 16) >> 16);
          report.statuses.forEach((arrival, i) => {
            if (arrival === null) return;
            // 24 bits of 64 ms is 12 days, more than the test's clock.
            const epoch = Math.floor((startUs - 1e6) / (2 ** 24 * 64_000)) * 2 ** 24 * 64_000;
            let us = epoch + report.reference * 64_000 + arrival;
            while (us < startUs - 1e6) us += 2 ** 24 * 64_000;
            told.set(base + i, us);
          });
        }
      };
      let us = startUs;
      order.forEach(({ n: number, flush }, i) => {
        us += packets[i].afterUs;
        generator.received(number & 0xffff, us);
        // What lies more than a window apart isn't followed: the generators above make at most 1,500 at a time.
        if (highest - number < 4096) arrived.set(number, us);
        highest = Math.max(highest, number);
        if (flush) take();
        // An unreported packet that falls out of the window is forgotten.
        else for (const key of arrived.keys()) if (highest - key >= 4096 && !told.has(key)) arrived.delete(key);
      });
      take();
      for (const [number, at] of told) {
        expect(arrived.has(number)).toBe(true);
        expect(Math.abs(at - arrived.get(number)!)).toBeLessThanOrEqual(125);
      }
      expect(told.size).toBe(arrived.size);
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('any chunks are understood or refused, never half', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 0, maxLength: 120 }),
      fc.nat(0xffff),
      fc.nat(200),
      fc.boolean(),
      (body, base, count, honest) => {
        const length = (20 + body.length) & ~3;
        const packet = new Uint8Array(40 + body.length).fill(0xee);
        packet.set(body, 30);
        packet.set([0x8f, 205, 0, length / 4 - 1, 0, 0, 0, 1, 0, 0, 0, 2, base >> 8, base, count >> 8, count], 10);
        const report = read(packet, 10, honest ? length : length - 1);
        if (!honest) expect(report).toBeNull();
        else if (report) expect(report.count).toBe(count);
      },
    ),
    { numRuns: 2000, seed: 3 },
  );
});

test('random bytes never throw, and reading stays inside the range', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(70), fc.nat(70), (bytes, offset, length) => {
      read(bytes, offset, length);
      if (bytes.length < 20) return;
      bytes[0] = 0x8f | (bytes[0] & 0x20);
      bytes[1] = 205;
      bytes[2] = 0;
      bytes[3] = bytes[3] % 16;
      // The same bytes with other surroundings read the same.
      const whole = read(bytes, 0, bytes.length);
      const framed = new Uint8Array(bytes.length + 20).fill(0xff);
      framed.set(bytes, 5);
      expect(read(framed, 5, bytes.length)).toEqual(whole);
    }),
    { numRuns: 3000, seed: 5 },
  );
});

test('a message that speaks of more packets than anyone remembers is refused', () => {
  const count = MAX_FEEDBACK_STATUSES + 1;
  const packet = Uint8Array.from([
    0x8f,
    205,
    0,
    5,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    count >> 8,
    count & 0xff,
    0,
    0,
    0,
    0,
    0x1f,
    0xff,
    0,
    0,
  ]);
  expect(read(packet, 0, packet.length)).toBeNull();
  packet[14] = 0;
  packet[15] = 0;
  expect(read(packet, 0, packet.length)).toBeNull();
  packet[14] = 4096 >> 8;
  expect(read(packet, 0, packet.length)?.count).toBe(4096);
});

test('the status that does not exist is refused, but not where it is only filling', () => {
  const head = [0x8f, 205, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0];
  expect(read(Uint8Array.from([...head, 0x60, 2, 0, 0]), 0, 24)).toBeNull();
  expect(read(Uint8Array.from([...head, 0b11_00_11_00, 0, 0, 0]), 0, 24)).toBeNull();
  expect(read(Uint8Array.from([...head, 0b11_00_01_11, 0xff, 4, 0]), 0, 24)?.statuses).toEqual([null, 1000]);
});
