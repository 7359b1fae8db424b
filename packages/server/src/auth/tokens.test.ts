import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { bearerToken, Tokens } from './tokens.js';

const SECRET = 'correct horse battery staple';
const asked = { publish: true, subscribe: true, ttlSeconds: 60 };

test('a token gives what it was made for', async () => {
  const tokens = new Tokens(SECRET, true);
  const { token, expiresAt } = await tokens.issue('demo', { ...asked, name: 'Ann', publish: false });
  expect(await tokens.grant('demo', token)).toEqual({ name: 'Ann', publish: false, subscribe: true });
  expect(expiresAt).toBeGreaterThan(Date.now() + 55_000);
});

test('a token is good in its own room only', async () => {
  const tokens = new Tokens(SECRET, false);
  const { token } = await tokens.issue('demo', asked);
  await expect(tokens.grant('other', token)).rejects.toMatchObject({ code: 'forbidden' });
});

test('without a token everything is allowed, unless tokens are required', async () => {
  expect(await new Tokens(undefined, false).grant('demo', undefined)).toEqual({ publish: true, subscribe: true });
  await expect(new Tokens(SECRET, true).grant('demo', undefined)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('a forged, unsigned, expired or endless token is refused, also where none is needed', async () => {
  const tokens = new Tokens(SECRET, false);
  const key = new TextEncoder().encode(SECRET);
  const jwt = (): SignJWT => new SignJWT({ room: 'demo' }).setProtectedHeader({ alg: 'HS256' }).setAudience('efir');
  const bad = [
    '',
    'garbage',
    (await new Tokens('another secret', false).issue('demo', asked)).token,
    new UnsecuredJWT({ room: 'demo' }).setAudience('efir').setExpirationTime('1h').encode(),
    await jwt().setExpirationTime(1_000_000).sign(key),
    await jwt().sign(key),
    await jwt().setAudience('else').setExpirationTime('1h').sign(key),
  ];
  for (const token of bad) {
    await expect(tokens.grant('demo', token)).rejects.toMatchObject({ code: 'unauthorized' });
  }
});

test('the API secret is asked for once there is one', () => {
  new Tokens(undefined, false).requireApiSecret(undefined);
  const tokens = new Tokens(SECRET, false);
  tokens.requireApiSecret(SECRET);
  for (const given of [undefined, '', 'wrong', `${SECRET}!`]) {
    expect(() => tokens.requireApiSecret(given)).toThrow(/API secret/);
  }
});

test('the bearer is read from the header', () => {
  expect(bearerToken('Bearer abc')).toBe('abc');
  expect(bearerToken('bearer  abc')).toBe('abc');
  expect(bearerToken('Basic abc')).toBeUndefined();
  expect(bearerToken(undefined)).toBeUndefined();
});
