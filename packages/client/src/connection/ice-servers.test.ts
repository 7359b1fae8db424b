import { expect, test } from 'vitest';
import { IceServers } from './ice-servers.js';

const given = [{ urls: ['turn:relay.example'], username: '1', credential: 'x' }];

test('servers without an end never get stale, others do half a minute before it', () => {
  const servers = new IceServers();
  expect(servers.stale(Number.MAX_SAFE_INTEGER)).toBe(false);
  servers.take({ iceServers: given, iceExpiresAt: 100_000 });
  expect(servers.current).toEqual(given);
  expect(servers.stale(69_999)).toBe(false);
  expect(servers.stale(70_000)).toBe(true);
  servers.take({ iceServers: given });
  expect(servers.stale(100_000)).toBe(false);
});

test('connections keep the rest of their configuration, and one that is closed does no harm', () => {
  const servers = new IceServers();
  servers.take({ iceServers: given });
  const set: RTCConfiguration[] = [];
  const open = {
    getConfiguration: () => ({ iceTransportPolicy: 'relay' }),
    setConfiguration: (configuration: RTCConfiguration) => set.push(configuration),
  };
  const closed = {
    getConfiguration: () => ({}),
    setConfiguration: () => {
      throw new Error('closed');
    },
  };
  servers.apply([closed, open].map((pc) => ({ pc: pc as unknown as RTCPeerConnection })));
  expect(set).toEqual([{ iceTransportPolicy: 'relay', iceServers: given }]);
});
