import { expect, test } from 'vitest';
import { FLAG_FIRST, FLAG_LAST, FLAG_UNORDERED, InboundData } from './inbound.js';

const WHOLE = FLAG_FIRST | FLAG_LAST;

function inbound(windowBytes = 100_000, maxMessageBytes = 1_000) {
  const counters = { sctpDuplicates: 0, sctpBeyondWindow: 0, sctpTooLong: 0, sctpStrayFragments: 0 };
  const messages: string[] = [];
  const data = new InboundData({ windowBytes, maxMessageBytes }, counters, (stream, _ppid, bytes) =>
    messages.push(`${stream}:${Buffer.from(bytes).toString()}`),
  );
  data.start(0xffff_fffe);
  /** `n` counts from the initial TSN, which is two before the wrap. */
  const receive = (n: number, flags: number, text: string, stream = 1) =>
    data.receive((0xffff_fffe + n) >>> 0, flags, stream, 51, Buffer.from(text));
  return { data, counters, messages, receive };
}

test('messages come in TSN order across the wrap, with the gaps told', () => {
  const { data, messages, receive } = inbound();
  receive(0, WHOLE, 'a');
  receive(3, WHOLE, 'd');
  receive(2, FLAG_LAST, 'C');
  receive(5, WHOLE, 'f');
  expect(messages).toEqual(['1:a']);
  expect(data.gapBlocks(10)).toEqual([
    [2, 3],
    [5, 5],
  ]);
  receive(1, FLAG_FIRST, 'b');
  expect(messages).toEqual(['1:a', '1:bC', '1:d']);
  expect(data.cumulativeTsn).toBe(1);
  receive(4, WHOLE, 'e');
  expect(messages.at(-1)).toBe('1:f');
  expect(data.gapBlocks(10)).toEqual([]);
  expect(data.window).toBe(100_000);
});

test('an unordered message of one fragment does not wait, and comes once', () => {
  const { messages, receive, counters } = inbound();
  receive(2, WHOLE | FLAG_UNORDERED, 'late');
  receive(2, WHOLE | FLAG_UNORDERED, 'late');
  receive(1, WHOLE, 'b');
  receive(0, WHOLE, 'a');
  receive(2, WHOLE | FLAG_UNORDERED, 'late');
  expect(messages).toEqual(['1:late', '1:a', '1:b']);
  expect(counters.sctpDuplicates).toBe(2);
});

test('FORWARD-TSN skips what is missing, and half messages with it', () => {
  const { data, messages, receive } = inbound();
  receive(1, FLAG_LAST, 'tail');
  receive(2, WHOLE, 'c');
  receive(3, FLAG_FIRST, 'd1');
  receive(5, WHOLE, 'f');
  data.forward((0xffff_fffe + 3) >>> 0);
  expect(messages).toEqual(['1:c']);
  receive(4, FLAG_LAST, 'd2');
  expect(messages).toEqual(['1:c', '1:d1d2', '1:f']);
  data.forward((0xffff_fffe + 1000) >>> 0);
  data.forward((0xffff_fffe + 2) >>> 0);
  receive(1001, WHOLE, 'z');
  expect(messages.at(-1)).toBe('1:z');
  expect(data.window).toBe(100_000);
});

test('messages that are too long and fragments of nothing are dropped and counted', () => {
  const { data, messages, receive, counters } = inbound();
  receive(0, FLAG_FIRST, 'x'.repeat(800));
  receive(1, 0, 'x'.repeat(800));
  receive(2, 0, 'x'.repeat(800));
  receive(3, FLAG_LAST, 'x');
  receive(4, WHOLE, 'x'.repeat(1_001));
  receive(5, 0, 'stray');
  receive(6, FLAG_FIRST, 'begun');
  receive(7, FLAG_LAST, 'of another stream', 2);
  receive(8, FLAG_FIRST, 'begun');
  receive(9, WHOLE, 'good');
  expect(messages).toEqual(['1:good']);
  expect(counters).toMatchObject({ sctpTooLong: 2, sctpStrayFragments: 3 });
  expect(data.window).toBe(100_000);
});

test('the window is what is left, and closes for good while the consumer holds on', () => {
  const { data, messages, receive, counters } = inbound(10_000, 10_000);
  receive(0, WHOLE, 'a'.repeat(8_000));
  data.hold(8_000);
  expect(data.window).toBe(0); // 2,000 is silly
  receive(2, WHOLE, 'c');
  expect(counters.sctpBeyondWindow).toBe(1);
  receive(1, WHOLE, 'b'.repeat(2_000)); // the next one has room
  data.hold(2_000);
  receive(2, WHOLE, 'c');
  expect(counters.sctpBeyondWindow).toBe(2);
  expect(messages).toHaveLength(2);
  data.gapBlocks(1);
  expect(data.sackNeeded).toBe(false);
  data.hold(-2_000);
  expect(data.sackNeeded).toBe(false);
  data.hold(-8_000);
  expect(data.sackNeeded).toBe(true);
  expect(data.window).toBe(10_000);
});

test('nothing is taken before the beginning is known, nor far beyond it', () => {
  const fresh = inbound();
  const data = new InboundData({ windowBytes: 1e5, maxMessageBytes: 1e3 }, fresh.counters, () => {
    throw new Error('too early');
  });
  data.receive(1, WHOLE, 1, 51, Uint8Array.of(1));
  data.forward(1);
  expect(data.sackNeeded).toBe(false);
  fresh.receive(2_048, WHOLE, 'far');
  fresh.receive(0x7fff_0000, WHOLE, 'behind, rather');
  expect(fresh.counters.sctpBeyondWindow).toBe(2);
});
