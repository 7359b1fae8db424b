import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { iceServers, stunHosts, turnCredentials } from './turn.js';

const NOW = 1_700_000_000_500;
const turn = { urls: ['turn:turn.example.org:3478', 'turns:turn.example.org:443'], secret: 'north', ttlSeconds: 600 };
const request = { turn, user: 'ann', stunPort: 40_000, stunHosts: ['203.0.113.7'], now: NOW };

test('TURN credentials are those of coturn’s shared secret, and end in time', () => {
  const { username, credential, expiresAt } = turnCredentials('north', 'ann', 600, NOW);
  expect(username).toBe('1700000600:ann');
  expect(credential).toBe(createHmac('sha1', 'north').update('1700000600:ann').digest('base64'));
  expect(expiresAt).toBe(1_700_000_600_000);
});

test('clients get our media port as STUN and the TURN servers with credentials', () => {
  expect(iceServers(request)).toEqual({
    iceServers: [
      { urls: ['stun:203.0.113.7:40000'] },
      {
        urls: turn.urls,
        ...{ username: '1700000600:ann', credential: turnCredentials('north', 'ann', 600, NOW).credential },
      },
    ],
    iceExpiresAt: 1_700_000_600_000,
  });
});

test('without TURN there are no credentials to end, without a worker no STUN', () => {
  expect(iceServers({ ...request, turn: { ...turn, urls: [] }, stunPort: null })).toEqual({ iceServers: [] });
  expect(iceServers({ ...request, turn: { ...turn, secret: undefined } }).iceExpiresAt).toBeUndefined();
});

test('STUN is where clients reach us: an announced address of each family, else the host of the page', () => {
  expect(stunHosts(['203.0.113.7', '203.0.113.8', '2001:db8::1'], 'call.example.org')).toEqual([
    '203.0.113.7',
    '2001:db8::1',
  ]);
  expect(stunHosts([], 'call.example.org:3000')).toEqual(['call.example.org']);
  expect(stunHosts([], '[2001:db8::1]:3000')).toEqual(['2001:db8::1']);
  expect(stunHosts([], '192.0.2.1')).toEqual(['192.0.2.1']);
  expect(iceServers({ ...request, stunHosts: ['2001:db8::1'] }).iceServers[0]?.urls).toEqual([
    'stun:[2001:db8::1]:40000',
  ]);
});

test('a host header that is no host is not passed on', () => {
  for (const header of [undefined, '', 'a b', 'x:y:z', '[::1', '[zz]:1', 'evil?transport=tcp', 'a'.repeat(300)]) {
    expect(stunHosts([], header)).toEqual([]);
  }
});
