import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ENTRIES, type PipedProducer, readMessage, writeMessage } from './messages.js';

const PRODUCER: PipedProducer = {
  id: 'ann.1/0',
  kind: 'video',
  paused: false,
  codecs: [{ name: 'vp8', clockRate: 90_000, fmtp: {} }],
  encodings: [
    { rid: 'l', ssrc: 1, rtxSsrc: 2 },
    { rid: 'h', ssrc: 3, rtxSsrc: 4 },
  ],
  path: ['abc'],
};

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const producers = (...set: unknown[]) => readMessage(bytesOf({ type: 'producers', set, gone: [] }));

test('what is written is read', () => {
  const messages = [
    { type: 'hello', version: 1 },
    { type: 'producers', set: [PRODUCER], gone: ['eve.2/a'], complete: true },
    {
      type: 'layers',
      layers: [{ producer: 'a/0', encoding: 0, spatial: 1, temporal: 0, heights: [180, 360], bps: [1, 2] }],
    },
    { type: 'wants', wants: [{ producer: 'a/0', encodings: [{ encoding: 1, spatial: 3, temporal: 2 }] }] },
  ] as const;
  for (const message of messages) expect(readMessage(writeMessage(message as never))).toEqual({ message, refused: 0 });
});

test('entries that make no sense are left out and counted, the others stay', () => {
  const bad = [
    null,
    7,
    [],
    { ...PRODUCER, id: 'no-slash' },
    { ...PRODUCER, id: `a/${'x'.repeat(300)}` },
    { ...PRODUCER, id: 'a b/0' },
    { ...PRODUCER, id: { toString: 'a/0' } },
    { ...PRODUCER, kind: 'data' },
    { ...PRODUCER, paused: 0 },
    { ...PRODUCER, codecs: [] },
    { ...PRODUCER, codecs: [{ name: 'vp8', clockRate: 0, fmtp: {} }] },
    { ...PRODUCER, codecs: [{ name: 'vp8', clockRate: 90_000, fmtp: { a: 1 } }] },
    { ...PRODUCER, codecs: [{ name: 'VP8 ', clockRate: 90_000, fmtp: {} }] },
    { ...PRODUCER, codecs: Array(50).fill(PRODUCER.codecs[0]) },
    { ...PRODUCER, encodings: [] },
    { ...PRODUCER, encodings: Array(5).fill(PRODUCER.encodings[0]) },
    { ...PRODUCER, encodings: [{ ssrc: 0, rtxSsrc: 1 }] },
    { ...PRODUCER, encodings: [{ ssrc: 5, rtxSsrc: 5 }] },
    { ...PRODUCER, encodings: [{ ssrc: 2 ** 32, rtxSsrc: 1 }] },
    { ...PRODUCER, encodings: [...PRODUCER.encodings, { rid: 'l', ssrc: 8, rtxSsrc: 9 }] },
    { ...PRODUCER, kind: 'audio' },
    { ...PRODUCER, path: [] },
    { ...PRODUCER, path: Array(9).fill('a') },
    { ...PRODUCER, path: ['A!'] },
  ];
  const read = producers(PRODUCER, ...bad)!;
  expect(read.message).toMatchObject({ set: [PRODUCER] });
  expect(read.refused).toBe(bad.length);
});

test('what a layer costs is a number that can be', () => {
  const layers = { producer: 'a/0', encoding: 0, spatial: 0, temporal: 1, heights: [180], bps: [1, 2] };
  const read = (...entries: unknown[]) => readMessage(bytesOf({ type: 'layers', layers: entries }))!;
  expect(read(layers).refused).toBe(0);
  for (const bad of [
    { spatial: 4 },
    { temporal: -1 },
    { encoding: 9 },
    { heights: [] },
    { heights: [99_999] },
    { bps: [1] },
    { bps: [1, -1] },
    { bps: [1, 1e12] },
    { bps: [1, 'much'] },
  ])
    expect(read({ ...layers, ...bad })).toMatchObject({ message: { layers: [] }, refused: 1 });
});

test('no more entries than a message may have', () => {
  // More than 64 KB.
  expect(producers(...Array(5 * MAX_ENTRIES).fill(PRODUCER))).toBeNull();
  const gone = Array.from({ length: 3 * MAX_ENTRIES }, (_, i) => `a/${i}`);
  const short = readMessage(bytesOf({ type: 'producers', set: [], gone }))!;
  expect(short.message).toMatchObject({ gone: gone.slice(0, MAX_ENTRIES) });
  expect(short.refused).toBe(2 * MAX_ENTRIES);
});

test('garbage is nothing, and does not throw', () => {
  for (const bad of [
    '',
    '{',
    '[]',
    'null',
    '7',
    '"producers"',
    '{"type":"producers"}',
    '{"type":"other"}',
    '{"type":"wants","wants":{}}',
  ])
    expect(readMessage(new TextEncoder().encode(bad))).toBeNull();
  expect(readMessage(Uint8Array.of(0xff, 0xfe))).toBeNull();
  expect(readMessage(bytesOf({ type: 'hello', version: '1' }))).toBeNull();
  const value = fc.anything({ maxDepth: 5 });
  const shaped = fc.record({
    type: fc.constantFrom('hello', 'producers', 'layers', 'wants'),
    set: fc.array(fc.record({ id: value, kind: value, codecs: value, encodings: value, path: value })),
    gone: value,
    layers: value,
    wants: fc.oneof(value, fc.array(fc.record({ producer: value, encodings: value }))),
  });
  fc.assert(
    fc.property(fc.oneof(value, shaped), (thing) => {
      let text: string | undefined;
      try {
        text = JSON.stringify(thing);
      } catch {
        return; // Big integers.
      }
      readMessage(new TextEncoder().encode(text ?? ''));
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readMessage(bytes)));
}, 60_000);
