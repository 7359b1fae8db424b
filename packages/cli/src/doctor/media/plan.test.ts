import type { RemoteCandidate } from '@efir/rtc';
import { expect, test } from 'vitest';
import { mediaPlan } from './plan.js';

const candidate = (address: string, port = 40_001): RemoteCandidate => ({
  foundation: '1',
  component: 1,
  protocol: 'udp',
  priority: 1,
  address,
  port,
  type: 'host',
});
const config = { mediaPort: 40_000, announcedIps: [] as string[] };

test('the addresses of the answer are knocked at, first at the port of the session', () => {
  const plan = mediaPlan(config, 3, [candidate('203.0.113.7'), candidate('127.0.0.1')]);
  expect(plan).toEqual({ addresses: ['203.0.113.7'], ports: [40_001, 40_000, 40_002], checks: [] });
});

test('loopback counts where nothing else is announced', () => {
  expect(mediaPlan(config, 2, [candidate('127.0.0.1')]).addresses).toEqual(['127.0.0.1']);
});

test('media ports that are not those of the options are told', () => {
  const { ports, checks } = mediaPlan(config, 2, [candidate('203.0.113.7', 50_000)]);
  expect(ports).toEqual([50_000]);
  expect(checks).toMatchObject([{ status: 'warning', remedy: expect.stringContaining('--media-port') }]);
  expect(mediaPlan(config, 1, [candidate('203.0.113.7', 50_000)]).checks).toEqual([]);
});

test('an address that the running server does not announce is told', () => {
  const { checks } = mediaPlan({ ...config, announcedIps: ['198.51.100.9'] }, 2, [candidate('203.0.113.7')]);
  expect(checks).toMatchObject([{ name: 'announced', finding: expect.stringContaining('198.51.100.9') }]);
});

test('without an answer, what the options announce is knocked at', () => {
  const announced = { ...config, announcedIps: ['203.0.113.7'] };
  expect(mediaPlan(announced, 2, null)).toEqual({ addresses: ['203.0.113.7'], ports: [40_000, 40_001], checks: [] });
  expect(mediaPlan(config, 2, null).addresses).toEqual([]);
  expect(mediaPlan({ ...config, mediaPort: 0 }, 1, null).ports).toEqual([]);
});
