import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CallSaid, Inbox, Outbox, type Said } from './outbox.js';

const said = (data: string): Said => ({ from: 'ann', to: null, channel: 'reliable', data });
const texts = (messages: readonly Said[]): string[] => messages.map(({ data }) => data);

/** A way to another node that fails as told. */
class Way {
  readonly inbox = new Inbox();
  readonly heard: string[] = [];
  requests = 0;
  /** Of the next request: it is not heard, or the answer to it isn't. */
  fails: 'before' | 'after' | 'for good' | null = null;
  readonly outbox = new Outbox({
    ...{ room: 'demo', stream: 's', passing: (error) => (error as Error).message !== 'for good' },
    send: (message) => this.#carry(message),
  });

  async #carry(message: CallSaid): Promise<void> {
    this.requests++;
    await Promise.resolve();
    const { fails } = this;
    this.fails = null;
    if (fails && fails !== 'after') throw new Error(fails);
    this.heard.push(...texts(this.inbox.take('a', JSON.parse(JSON.stringify(message)))));
    if (fails) throw new Error(fails);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is said at once goes together, in order', async () => {
  const way = new Way();
  for (const text of ['1', '2', '3']) way.outbox.add(said(text));
  await vi.advanceTimersByTimeAsync(0);
  expect(way.heard).toEqual(['1', '2', '3']);
  expect(way.requests).toBe(2);
});

test('after a failure it is said again, and heard once even if only the answer was lost', async () => {
  for (const fails of ['before', 'after'] as const) {
    const way = new Way();
    way.fails = fails;
    way.outbox.add(said('1'));
    await vi.advanceTimersByTimeAsync(10);
    way.outbox.add(said('2'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(way.heard).toEqual(['1', '2']);
  }
});

test('what the other node refuses is dropped, and the rest goes on', async () => {
  const way = new Way();
  way.fails = 'for good';
  way.outbox.add(said('1'));
  await vi.advanceTimersByTimeAsync(1);
  way.outbox.add(said('2'));
  await vi.advanceTimersByTimeAsync(1);
  expect(way.heard).toEqual(['2']);
});

test('what waits is bounded, and does not wait for ever', async () => {
  const way = new Way();
  const send = vi.fn(async () => {
    throw new Error('away');
  });
  const outbox = new Outbox({ room: 'demo', stream: 's', passing: () => true, send });
  let taken = 0;
  while (outbox.add(said('x'.repeat(16_000)))) taken++;
  expect(taken).toBeGreaterThan(100);
  expect(taken).toBeLessThan(130);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(outbox.add(said('x'))).toBe(true);
  outbox.close();
  expect(outbox.add(said('x'))).toBe(false);
  way.outbox.close();
});

test('one request stays below what the cluster carries', async () => {
  const sizes: number[] = [];
  const outbox = new Outbox({
    ...{ room: 'demo', stream: 's', passing: () => true },
    send: async (message) => void sizes.push(Buffer.byteLength(JSON.stringify(message))),
  });
  for (let n = 0; n < 50; n++) outbox.add(said('ж'.repeat(n % 2 ? 16_000 : 10)));
  await vi.advanceTimersByTimeAsync(0);
  expect(Math.max(...sizes)).toBeLessThan(65_536);
  expect(sizes.length).toBeLessThan(30);
});

test('another stream of the same node begins anew', () => {
  const inbox = new Inbox();
  const message = (stream: string, first: number, ...data: string[]): CallSaid => ({
    ...{ type: 'call-said', room: 'demo', stream, first, messages: data.map(said) },
  });
  expect(texts(inbox.take('a', message('s', 1, '1', '2')))).toEqual(['1', '2']);
  expect(texts(inbox.take('a', message('s', 2, '2', '3')))).toEqual(['3']);
  expect(texts(inbox.take('b', message('s', 1, 'b')))).toEqual(['b']);
  expect(texts(inbox.take('a', message('t', 1, 'new')))).toEqual(['new']);
});
