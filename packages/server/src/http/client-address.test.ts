import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { clientAddress } from './client-address.js';

const request = (forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: '10.0.0.1' },
    headers: forwarded ? { 'x-forwarded-for': forwarded } : {},
  }) as IncomingMessage;

test('nobody is believed who is not trusted', () => {
  expect(clientAddress(request('192.0.2.1'), () => false)).toBe('10.0.0.1');
  expect(clientAddress(request(), () => true)).toBe('10.0.0.1');
});

test('the nearest address that is not a trusted proxy is the client', () => {
  const header = '192.0.2.9, 192.0.2.1,10.0.0.2';
  expect(clientAddress(request(header), (address) => address.startsWith('10.'))).toBe('192.0.2.1');
  expect(clientAddress(request(header), (_, hop) => hop < 1)).toBe('10.0.0.2');
  expect(clientAddress(request(header), () => true)).toBe('192.0.2.9');
});
