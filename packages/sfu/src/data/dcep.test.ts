import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACK_MESSAGE, type ChannelOpen, openMessage, parseControl } from './dcep.js';

test('an OPEN as Chromium sends it', () => {
  const bytes = Buffer.from('0381000000000000000500006c6f737379', 'hex');
  expect(parseControl(bytes)).toEqual({ ordered: false, maxRetransmits: 0, label: 'lossy', protocol: '' });
  expect(parseControl(ACK_MESSAGE)).toBe('ack');
});

test('whatever is opened is understood', () => {
  const reliability = fc.oneof(
    fc.constant({}),
    fc.record({ maxRetransmits: fc.nat(65_535) }),
    fc.record({ maxLifetimeMs: fc.nat(65_535) }),
  );
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  const open = fc.tuple(fc.record({ ordered: fc.boolean(), label: text, protocol: text }), reliability);
  fc.assert(
    fc.property(open, ([fields, reliable]) => {
      const channel: ChannelOpen = { ...fields, ...reliable };
      expect(parseControl(openMessage(channel))).toEqual(channel);
    }),
  );
}, 60_000);

test('garbage is nothing, and does not throw', () => {
  const good = openMessage({ ordered: true, label: 'reliable', protocol: '' });
  for (let length = 0; length < good.length; length++) expect(parseControl(good.slice(0, length))).toBeNull();
  expect(parseControl(Uint8Array.from([...good, 0]))).toBeNull();
  expect(parseControl(Uint8Array.of(2, 0))).toBeNull();
  expect(parseControl(Uint8Array.of(3, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))).toBeNull();
  // A label that is not UTF-8, and one that is too long.
  expect(parseControl(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0xff))).toBeNull();
  expect(parseControl(openMessage({ ordered: true, label: 'x'.repeat(513), protocol: '' }))).toBeNull();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const parsed = parseControl(bytes);
      if (parsed && parsed !== 'ack') expect(openMessage(parsed).length).toBe(bytes.length);
    }),
    { numRuns: 2_000 },
  );
}, 60_000);
