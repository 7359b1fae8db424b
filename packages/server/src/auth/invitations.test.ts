import { afterEach, expect, test, vi } from 'vitest';
import { Tokens } from './tokens.js';

const SECRET = 'correct horse battery staple';
const GRANT = { name: 'Ann', publish: true, subscribe: false };

afterEach(() => {
  vi.useRealTimers();
});

test('an invitation gives what it was made for, once, and on any node of the secret', async () => {
  const token = await new Tokens(SECRET, true).invitations.issue('demo', GRANT, 'b');
  const { invitations } = new Tokens(SECRET, true);
  expect(await invitations.redeem('demo', token, 'b')).toEqual(GRANT);
  expect(await invitations.redeem('demo', token, 'b')).toBe(null);
});

test('it is good for its room and node, and not spent by others', async () => {
  const { invitations } = new Tokens(SECRET, true);
  const token = await invitations.issue('demo', GRANT, 'b');
  expect(await invitations.redeem('other', token, 'b')).toBe(null);
  expect(await invitations.redeem('demo', token, 'c')).toBe(null);
  expect(await invitations.redeem('demo', token, 'b')).toEqual(GRANT);
});

test('it is no join token, and a join token is no invitation', async () => {
  const tokens = new Tokens(SECRET, true);
  const invitation = await tokens.invitations.issue('demo', GRANT, 'b');
  await expect(tokens.grant('demo', invitation)).rejects.toMatchObject({ code: 'unauthorized' });
  const { token } = await tokens.issue('demo', { ...GRANT, ttlSeconds: 60 });
  for (const one of [token, '', 'garbage', await new Tokens('another', true).invitations.issue('demo', GRANT, 'b')]) {
    expect(await tokens.invitations.redeem('demo', one, 'b')).toBe(null);
  }
});

test('it ends by itself, and those that were used are not kept longer', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { invitations } = new Tokens(SECRET, true);
  const late = await invitations.issue('demo', GRANT, 'b');
  for (let n = 0; n < 3; n++) {
    const used = await invitations.issue('demo', GRANT, 'b');
    expect(await invitations.redeem('demo', used, 'b')).toEqual(GRANT);
  }
  vi.setSystemTime(Date.now() + 40_000);
  expect(await invitations.redeem('demo', late, 'b')).toBe(null);
  expect(await invitations.redeem('demo', await invitations.issue('demo', GRANT, 'b'), 'b')).toEqual(GRANT);
  expect(invitations.used).toBe(1);
});
