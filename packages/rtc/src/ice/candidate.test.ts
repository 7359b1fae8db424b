import { expect, test } from 'vitest';
import { formatHostCandidate, hostPriority, parseCandidate } from './candidate.js';

test('UDP comes before TCP and earlier before later', () => {
  const ordered = [hostPriority('udp', 0), hostPriority('udp', 1), hostPriority('tcp', 0), hostPriority('tcp', 1)];
  expect(ordered).toEqual([...ordered].sort((a, b) => b - a));
  expect(new Set(ordered).size).toBe(4);
  expect(ordered[0]).toBeLessThan(2 ** 31);
});

test('our candidates are read back as they were written', () => {
  const udp = parseCandidate(formatHostCandidate({ protocol: 'udp', address: '192.0.2.7', port: 40_000 }, 0));
  expect(udp).toMatchObject({ protocol: 'udp', address: '192.0.2.7', port: 40_000, type: 'host', component: 1 });
  const tcp = parseCandidate(formatHostCandidate({ protocol: 'tcp', address: 'fd00::7', port: 40_000 }, 3));
  expect(tcp).toMatchObject({ protocol: 'tcp', address: 'fd00::7', type: 'host', tcpType: 'passive', foundation: '4' });
});

test('candidates of browsers are read with all that follows the type', () => {
  expect(
    parseCandidate(
      'candidate:842163049 1 udp 1677729535 198.51.100.3 52200 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999',
    ),
  ).toMatchObject({ type: 'srflx', address: '198.51.100.3', port: 52_200, priority: 1_677_729_535 });
  expect(parseCandidate('2 1 TCP 2105458943 192.0.2.2 9 typ host tcptype active')).toMatchObject({
    protocol: 'tcp',
    tcpType: 'active',
  });
});

test.each([
  '',
  'candidate:',
  '1 1 udp 1 192.0.2.1 99999 typ host',
  '1 1 udp -1 192.0.2.1 9 typ host',
  '1 1 udp 1 2cf0b2c0-0842-4fe3-aaa0-4556a2dfbadc.local 33192 typ host',
  '1 1 sctp 1 192.0.2.1 9 typ host',
  '1 1 tcp 1 192.0.2.1 9 typ host',
  '1 1 udp 1 192.0.2.1 9 typ elsewhere',
  '1 1 udp x 192.0.2.1 9 typ host',
  `1 1 udp 1 192.0.2.1 9 typ host ${'x '.repeat(500)}`,
])('%j is not taken', (line) => {
  expect(parseCandidate(line)).toBeNull();
});
