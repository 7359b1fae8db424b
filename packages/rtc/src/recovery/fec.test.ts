import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RTP_HEADER_BYTES } from '../rtp/header.js';
import { FecDecoder } from './fec-decoder.js';
import { FecEncoder } from './fec-encoder.js';
import { FecHeader } from './fec-header.js';
import { MEDIA_SSRC, protect, repairPayloads, rtpPacket } from './fec-testing.js';
import { readFlexfec03 } from './flexfec03.js';
import { readUlpfec } from './ulpfec.js';

function encoder(share: number): FecEncoder {
  const made = new FecEncoder();
  made.share = share;
  return made;
}

/** `frames` frames of `packets` packets each, 33 ms apart; repair comes behind the frame, in the same sequence numbers. */
function* stream(frames: number, packets: number, share: number, format: 'ulpfec' | 'flexfec', firstSequence = 65_500) {
  const fec = encoder(share);
  let sequence = firstSequence;
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < packets; i++) {
      const body = Uint8Array.from({ length: 20 + ((frame * 7 + i * 31) % 90) }, (_, at) => at * 3 + frame + i);
      const marker = i === packets - 1;
      const packet = rtpPacket({ sequence: sequence++ & 0xffff, timestamp: frame * 3000, marker, body });
      yield packet;
      for (const repair of repairPayloads(fec, protect(fec, packet, frame * 33), format)) {
        if (format === 'ulpfec') sequence++;
        yield { repair };
      }
    }
  }
}

/** Runs a stream through a decoder; `lost` says which media packets don't arrive. Returns those restored. */
function run(
  items: Iterable<Uint8Array | { repair: Uint8Array }>,
  format: 'ulpfec' | 'flexfec',
  lost: (n: number) => boolean,
) {
  const decoder = new FecDecoder({ ssrc: MEDIA_SSRC });
  const header = new FecHeader();
  const out = new Uint8Array(1512);
  const missing = new Map<number, Uint8Array>();
  let sent = 0;
  let repairs = 0;
  let restored = 0;
  for (const item of items) {
    if (item instanceof Uint8Array) {
      if (lost(sent++)) missing.set((item[2] << 8) | item[3], item);
      else decoder.packet(item, 0, item.length);
    } else {
      repairs++;
      const read = format === 'ulpfec' ? readUlpfec : readFlexfec03;
      expect(read(item.repair, 0, item.repair.length, header)).toBe(true);
      decoder.repair(header, item.repair);
    }
    for (let length = decoder.restore(out); length > 0; length = decoder.restore(out)) {
      const sequence = (out[2] << 8) | out[3];
      expect([...out.subarray(0, length)]).toEqual([...missing.get(sequence)!]);
      restored++;
    }
  }
  expect(decoder).toMatchObject({ recovered: restored, malformed: 0 });
  return { sent, repairs, missing: missing.size, restored };
}

for (const format of ['ulpfec', 'flexfec'] as const) {
  test(`${format}: one packet lost in each frame comes back as it was`, () => {
    const result = run(stream(100, 4, 0.25, format), format, (n) => n % 4 === (n >> 2) % 4);
    expect(result).toMatchObject({ sent: 400, repairs: 100, missing: 100, restored: 100 });
  });

  test(`${format}: two in a row come back where the share allows two repair packets`, () => {
    const result = run(stream(50, 6, 1 / 3, format), format, (n) => n % 6 === 2 || n % 6 === 3);
    expect(result).toMatchObject({ repairs: 100, missing: 100, restored: 100 });
  });

  test(`${format}: the share holds over time, whatever the frames' sizes`, () => {
    for (const [packets, share] of [
      [1, 0.1],
      [1, 0.5],
      [3, 0.2],
      [4, 0.3],
      [9, 0.15],
      [40, 0.5],
      [40, 0.1],
    ]) {
      const { sent, repairs } = run(stream(60, packets, share, format), format, () => false);
      expect(Math.abs(repairs - sent * share)).toBeLessThanOrEqual(2);
    }
  });
}

test('small frames are protected together with the next ones', () => {
  const { restored, missing } = run(stream(300, 1, 1 / 3, 'ulpfec'), 'ulpfec', (n) => n % 9 === 4);
  expect(restored).toBe(missing);
});

test('what a repair packet restores may let another restore', () => {
  // Parities of 0 and 3, 1 and 4, 2 and 5, once it is known how large frames are: three in a row hit each once.
  const items = [...stream(20, 6, 0.5, 'ulpfec')];
  expect(run(items, 'ulpfec', (n) => n >= 116 && n <= 118).restored).toBe(3);
});

test('without a share nothing is gathered, and packets longer than can be protected are left out', () => {
  const none = encoder(0);
  expect(protect(none, rtpPacket({ sequence: 1, marker: true, body: [1] }), 0)).toBe(0);
  const some = encoder(0.5);
  expect(some.packet(1, 0x80, 96, 0, 1501, 0)).toBe(false);
  expect(some.repairs(true, 0)).toBe(0);
});

test('a block that grows too old goes without repair', () => {
  const fec = encoder(0.1);
  const sentAt = (sequence: number, nowMs: number) =>
    protect(fec, rtpPacket({ sequence, marker: true, body: [sequence] }), nowMs);
  for (let i = 0; i < 4; i++) expect(sentAt(i, i * 200)).toBe(0);
  // The budget is kept for a block that is quick enough.
  expect(sentAt(4, 800)).toBe(1);
  const [repair] = repairPayloads(fec, 1);
  const header = new FecHeader();
  readUlpfec(repair, 0, repair.length, header);
  expect([...header.sequences.subarray(0, header.count)]).toEqual([4]);
});

test('sequence numbers that jump begin another block', () => {
  const fec = encoder(0.5);
  protect(fec, rtpPacket({ sequence: 10, body: [1] }), 0);
  expect(protect(fec, rtpPacket({ sequence: 100, marker: true, body: [2] }), 0)).toBe(1);
  const header = new FecHeader();
  const [repair] = repairPayloads(fec, 1);
  readUlpfec(repair, 0, repair.length, header);
  expect([...header.sequences.subarray(0, header.count)]).toEqual([100]);
});

test('extensions that are written after protection count as zeros on both sides', () => {
  // A block of one-byte extensions: id 1 (1 byte) stays, id 3 (2 bytes) is the transport-wide sequence number.
  const withExtension = (sequence: number, transport: number) => {
    const packet = rtpPacket({
      sequence,
      marker: sequence === 2,
      body: [0xbe, 0xde, 0, 2, 0x10, sequence, 0x31, transport >> 8, transport & 0xff, 0, 0, 0, 5, 6, sequence],
    });
    packet[0] |= 0x10;
    return packet;
  };
  const fec = encoder(0.5);
  let due = 0;
  for (const sequence of [1, 2]) {
    const packet = withExtension(sequence, 0xaaaa);
    fec.packet(sequence, packet[0], packet[1], 0, 15, 0);
    fec.part(0, packet, RTP_HEADER_BYTES, 7);
    fec.part(9, packet, RTP_HEADER_BYTES + 9, 6);
    due = fec.repairs(sequence === 2, 0);
  }
  expect(due).toBe(1);
  const [repair] = repairPayloads(fec, 1);
  const header = new FecHeader();
  readUlpfec(repair, 0, repair.length, header);
  const decoder = new FecDecoder({ ssrc: MEDIA_SSRC, mutableExtensions: [3, 9] });
  const came = withExtension(1, 0x1234);
  decoder.packet(came, 0, came.length);
  decoder.repair(header, repair);
  const out = new Uint8Array(1512);
  expect(decoder.restore(out)).toBe(27);
  expect([...out.subarray(0, 27)]).toEqual([...withExtension(2, 0)]);
});

test('padding is part of what is protected', () => {
  const items = [...stream(1, 2, 0.5, 'ulpfec')];
  const padded = items[0] as Uint8Array;
  padded[0] |= 0x20;
  padded[padded.length - 1] = 3;
  const fec = encoder(0.5);
  protect(fec, padded, 0);
  const [repair] = repairPayloads(fec, protect(fec, items[1] as Uint8Array, 0));
  expect(run([padded, items[1], { repair }] as Uint8Array[], 'ulpfec', (n) => n === 0).restored).toBe(1);
});

test('a repair packet restores nothing that is longer than it, or no RTP', () => {
  const decoder = new FecDecoder({ ssrc: MEDIA_SSRC });
  const header = new FecHeader();
  Object.assign(header, { count: 1, first: 0, second: 96, lengthParity: 5, bodyLength: 4, bodyOffset: 0 });
  decoder.repair(header, new Uint8Array(4));
  const out = new Uint8Array(1512);
  expect(decoder.restore(out)).toBe(0);
  // Eight CSRCs in a body of four bytes.
  Object.assign(header, { first: 8, lengthParity: 4 });
  decoder.repair(header, new Uint8Array(4));
  expect(decoder.restore(out)).toBe(0);
  expect(decoder).toMatchObject({ recovered: 0, malformed: 2 });
});

test('anything may come as repair: nothing throws, memory stays bounded, and what is restored is RTP', () => {
  const decoder = new FecDecoder({ ssrc: MEDIA_SSRC, mutableExtensions: [3] });
  const out = new Uint8Array(1512);
  const header = new FecHeader();
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.nat(40), fc.nat(255), (payload, sequence, first) => {
      const media = rtpPacket({ sequence, body: payload });
      media[0] = first;
      decoder.packet(media, 0, media.length);
      // Bases near the media's.
      if (payload.length > 17) payload.set([0, sequence], payload[0] & 1 ? 2 : 16);
      for (const read of [readUlpfec, readFlexfec03]) {
        const framed = new Uint8Array(payload.length + 2);
        framed.set(payload, 1);
        if (!read(framed, 1, payload.length, header)) continue;
        expect(header.bodyOffset + header.bodyLength).toBeLessThanOrEqual(payload.length + 1);
        decoder.repair(header, framed);
      }
      for (let i = 0; i < 40; i++) {
        const length = decoder.restore(out);
        if (length === 0) return;
        expect(length).toBeGreaterThanOrEqual(12);
        expect(length).toBeLessThanOrEqual(72);
        expect(out[0] >> 6).toBe(2);
      }
    }),
    { numRuns: 3000, seed: 11 },
  );
});

test('against bursts a block stays open over frames until it has as many repair packets, or is old', () => {
  const due = (minRepairs: number, intervalMs: number) => {
    const fec = encoder(0.25);
    Object.assign(fec, { minRepairs, maxBlockMs: 100 });
    return Array.from({ length: 6 }, (_, frame) => {
      protect(fec, rtpPacket({ sequence: frame * 4, body: [1] }), frame * intervalMs);
      for (const i of [1, 2]) protect(fec, rtpPacket({ sequence: frame * 4 + i, body: [1] }), frame * intervalMs);
      return protect(fec, rtpPacket({ sequence: frame * 4 + 3, marker: true, body: [1] }), frame * intervalMs);
    });
  };
  expect(due(1, 33)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(due(3, 20)).toEqual([0, 0, 3, 0, 0, 3]);
  expect(due(6, 33)).toEqual([0, 0, 3, 0, 0, 3]);
});
