import { expect, test } from 'vitest';
import { OfferQueue } from './offer-queue.js';

function gate() {
  const opens: (() => void)[] = [];
  let begun = 0;
  let inFlight = 0;
  let most = 0;
  const exchange = async () => {
    begun++;
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => opens.push(resolve));
    inFlight--;
  };
  return { exchange, open: () => opens.shift()?.(), begun: () => begun, most: () => most };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

test('requests of one turn share one offer', async () => {
  const g = gate();
  const queue = new OfferQueue(g.exchange);
  const all = Promise.all([queue.request(), queue.request(), queue.request()]);
  await turn();
  g.open();
  await all;
  expect(g.begun()).toBe(1);
});

test('a request made while an offer is in flight waits for one of its own', async () => {
  const g = gate();
  const queue = new OfferQueue(g.exchange);
  const first = queue.request();
  await turn();
  const later = Promise.all([queue.request(), queue.request()]);
  g.open();
  await first;
  await turn();
  g.open();
  await later;
  expect(g.begun()).toBe(2);
  expect(g.most()).toBe(1);
});

test('a failed exchange fails those who asked for it, and the next one runs', async () => {
  let fail = true;
  const queue = new OfferQueue(async () => {
    if (fail) throw new Error('lost');
  });
  await expect(queue.request()).rejects.toThrow('lost');
  fail = false;
  await expect(queue.request()).resolves.toBeUndefined();
});
