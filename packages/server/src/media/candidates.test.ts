import { expect, test } from 'vitest';
import { hostCandidates, isLoopback, ownAddresses } from './candidates.js';

const base = {
  announced: [],
  own: ['192.168.1.5', '2001:db8::5'],
  listen: ['0.0.0.0', '::'],
  families: [4, 6] as const,
  port: 40_000,
  loopback: false,
};
const addresses = (request: Parameters<typeof hostCandidates>[0]): string[] => [
  ...new Set(hostCandidates(request).map(({ address }) => address)),
];

test('each address is offered over UDP first, then over TCP', () => {
  expect(hostCandidates({ ...base, own: ['192.168.1.5'] })).toEqual([
    { protocol: 'udp', address: '192.168.1.5', port: 40_000 },
    { protocol: 'tcp', address: '192.168.1.5', port: 40_000 },
  ]);
});

test('announced addresses are told instead of the own ones', () => {
  expect(addresses({ ...base, announced: ['203.0.113.7'] })).toEqual(['203.0.113.7']);
});

test('a client on this machine gets the loopback addresses as well', () => {
  expect(addresses({ ...base, announced: ['203.0.113.7'], loopback: true })).toEqual([
    '203.0.113.7',
    '127.0.0.1',
    '::1',
  ]);
});

test('without any other address there is loopback', () => {
  expect(addresses({ ...base, own: [] })).toEqual(['127.0.0.1', '::1']);
});

test('families that the worker does not listen on are left out', () => {
  expect(addresses({ ...base, families: [4], loopback: true })).toEqual(['192.168.1.5', '127.0.0.1']);
});

test('addresses that the workers do not listen on are left out, unless they are announced', () => {
  const request = { ...base, listen: ['192.168.1.5'], loopback: true };
  expect(addresses(request)).toEqual(['192.168.1.5']);
  expect(addresses({ ...request, announced: ['203.0.113.7'] })).toEqual(['203.0.113.7']);
  expect(addresses({ ...base, listen: ['127.0.0.1'] })).toEqual(['127.0.0.1']);
});

test('an address is told once, and sixteen at most', () => {
  const own = Array.from({ length: 40 }, (_, i) => `10.0.0.${i}`);
  expect(addresses({ ...base, announced: ['192.0.2.1', '192.0.2.1'] })).toHaveLength(1);
  expect(addresses({ ...base, own })).toHaveLength(16);
});

test('own addresses are neither internal nor link-local', () => {
  for (const address of ownAddresses()) {
    expect(isLoopback(address)).toBe(false);
    expect(address.toLowerCase().startsWith('fe80')).toBe(false);
  }
});

test('loopback is known in each of its forms', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) expect(isLoopback(address)).toBe(true);
  for (const address of ['192.168.1.5', '128.0.0.1', '::2', '127.evil.example'])
    expect(isLoopback(address)).toBe(false);
});
