import { expect, test } from 'vitest';
import { credentialsExpired, hasRelay, relayError } from './relay-trouble.js';

const NOW = 1_800_000_000_000;
const servers = (expiry: number) => [
  { urls: ['stun:example.org:3478'] },
  { urls: ['turn:example.org:3478'], username: `${expiry}:ann`, credential: 'x' },
];
const fresh: RTCConfiguration = { iceServers: servers(NOW / 1000 + 60) };
const stale: RTCConfiguration = { iceServers: servers(NOW / 1000 - 60) };
const failure = (errorCode: number, url = 'turn:example.org:3478') => ({ errorCode, errorText: 'x', url });

test('credentials that were refused are told to be out of date if they are, and wrong if not', () => {
  expect(relayError(failure(401), stale, NOW)?.code).toBe('relay-expired');
  for (const code of [401, 403, 438, 441]) expect(relayError(failure(code), fresh, NOW)?.code).toBe('relay-refused');
});

test('a relay that is not reached matters only where nothing but relays is allowed', () => {
  expect(relayError(failure(701), fresh, NOW)).toBeNull();
  expect(relayError(failure(701), { ...fresh, iceTransportPolicy: 'relay' }, NOW)?.code).toBe('relay-unreachable');
});

test('a STUN server that does not answer is no news', () => {
  expect(relayError(failure(701, 'stun:example.org:3478'), { ...fresh, iceTransportPolicy: 'relay' }, NOW)).toBeNull();
});

test('user names without a time never expire', () => {
  expect(credentialsExpired({ iceServers: [{ urls: 'turn:x', username: 'ann' }] }, NOW)).toBe(false);
  expect(credentialsExpired({}, NOW)).toBe(false);
});

test('relays are told from STUN servers', () => {
  expect(hasRelay([{ urls: 'stun:x' }])).toBe(false);
  expect(hasRelay([{ urls: 'stun:x' }, { urls: ['turns:x'] }])).toBe(true);
});
