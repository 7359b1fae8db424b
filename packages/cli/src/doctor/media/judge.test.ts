import { expect, test } from 'vitest';
import { kindOf } from './addresses.js';
import { judgeMedia, type MediaView, spellPorts } from './judge.js';
import type { Knock, Outcome } from './probe.js';

/** At `address`: by UDP and TCP at each port. */
const at = (address: string, udp: Outcome[], tcp: Outcome[]): Knock[] => [
  ...udp.map((outcome, i): Knock => ({ address, port: 40_000 + i, protocol: 'udp', outcome })),
  ...tcp.map((outcome, i): Knock => ({ address, port: 40_000 + i, protocol: 'tcp', outcome })),
];
const view = (knocks: Knock[], more: Partial<MediaView> = {}): MediaView => ({
  knocks,
  own: ['127.0.0.1', '10.0.0.5'],
  local: true,
  publicUrl: false,
  ...more,
});
const PUBLIC = '203.0.113.7';

test('an address that answers by both is well', () => {
  const [check] = judgeMedia(view(at(PUBLIC, ['answered', 'answered'], ['answered', 'answered'])));
  expect(check).toMatchObject({ status: 'ok', finding: expect.stringContaining('ports 40000-40001 by UDP and TCP') });
});

test('an announced address where nothing answers is told as such', () => {
  const [check] = judgeMedia(view(at(PUBLIC, ['silent'], ['silent'])));
  expect(check).toMatchObject({
    status: 'problem',
    finding: expect.stringContaining(`the announced address ${PUBLIC}, which is not this machine's`),
    remedy: expect.stringContaining('--announced-ip'),
  });
});

test('an announced address where something else answers is wrong', () => {
  for (const [udp, tcp] of [
    ['stranger', 'stranger'],
    ['silent', 'stranger'],
    ['refused', 'refused'],
    ['silent', 'refused'],
  ] as const) {
    const [check] = judgeMedia(view(at(PUBLIC, [udp], [tcp])));
    expect(check).toMatchObject({ status: 'problem', finding: expect.stringContaining('announced address is wrong') });
  }
});

test('blocked UDP is told apart from a wrong address', () => {
  for (const outcome of ['silent', 'refused', 'unreachable'] as const) {
    const [check] = judgeMedia(view(at(PUBLIC, [outcome], ['answered'])));
    expect(check).toMatchObject({
      status: 'problem',
      finding: expect.stringContaining('UDP is blocked'),
      remedy: expect.stringContaining('Let UDP in to port 40000'),
    });
  }
});

test('blocked TCP is a warning', () => {
  expect(judgeMedia(view(at(PUBLIC, ['answered'], ['silent'])))[0]).toMatchObject({
    status: 'warning',
    finding: expect.stringContaining('TCP is blocked'),
  });
});

test('ports of single workers that are shut are named', () => {
  const knocks = at(PUBLIC, ['answered', 'silent', 'answered'], ['answered', 'silent', 'silent']);
  const [check] = judgeMedia(view(knocks));
  expect(check.status).toBe('problem');
  expect(check.finding).toContain('UDP port 40001 and TCP ports 40001-40002');
});

test('what is known of the address from outside goes into the remedy', () => {
  const [check] = judgeMedia(view(at(PUBLIC, ['silent'], ['silent']), { seenAs: '198.51.100.9' }));
  expect(check.remedy).toContain('--announced-ip 198.51.100.9');
});

test("silence at the machine's own address is its firewall", () => {
  const [check] = judgeMedia(view(at('10.0.0.5', ['silent'], ['silent'])));
  expect(check.remedy).toContain('firewall of this machine');
});

test('IPv6 is not judged from a machine without it', () => {
  const knocks = at('2001:db8::1', ['unreachable'], ['unreachable']);
  expect(judgeMedia(view(knocks))[0].status).toBe('warning');
  expect(judgeMedia(view(knocks, { own: ['2001:db8::2'] }))[0].status).toBe('problem');
});

test('who can come to none of the addresses is told', () => {
  const answered = (address: string) => at(address, ['answered'], ['answered']);
  const last = (knocks: Knock[], more?: Partial<MediaView>) => judgeMedia(view(knocks, more)).at(-1);
  expect(last(answered('127.0.0.1'))).toMatchObject({ name: 'announced', status: 'warning' });
  expect(last(answered('10.0.0.5'))).toMatchObject({ name: 'announced', status: 'ok' });
  expect(last(answered('10.0.0.5'), { publicUrl: true })).toMatchObject({ name: 'announced', status: 'problem' });
  expect(last([...answered('10.0.0.5'), ...answered(PUBLIC)], { publicUrl: true })).toMatchObject({ status: 'ok' });
});

test('addresses are loopback, private or public', () => {
  const kinds = { '127.0.0.2': 'loopback', '::1': 'loopback', '10.1.1.1': 'private', '172.31.0.1': 'private' };
  const more = { '192.168.1.1': 'private', '100.64.0.1': 'private', 'fd00::1': 'private', 'fe80::1': 'private' };
  const world = { '172.32.0.1': 'public', '8.8.8.8': 'public', '2001:db8::1': 'public', '100.128.0.1': 'public' };
  for (const [address, kind] of Object.entries({ ...kinds, ...more, ...world })) {
    expect(kindOf(address), address).toBe(kind);
  }
});

test('ports are spelt in runs', () => {
  expect(spellPorts([40_000])).toBe('port 40000');
  expect(spellPorts([40_002, 40_000, 40_001, 40_001, 40_007])).toBe('ports 40000-40002, 40007');
});
