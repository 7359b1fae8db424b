import { randomBytes } from 'node:crypto';
import { buildStun, StunClass } from '@efir/rtc';
import { turnCredentials } from '@efir/server';
import { afterEach, expect, test } from 'vitest';
import { type Answer, openStunPort, type StunPort } from '../testing/stun-port.js';
import { type TestTurn, turnServer } from '../testing/turn-server.js';
import { Allocation, type AllocationResult } from './allocation.js';
import { allocate } from './client.js';
import { judgeTurn } from './judge.js';
import { StunStream } from './stun-stream.js';
import { tryTurn } from './trial.js';
import { parseTurnUrl, type TurnUrl } from './url.js';

const open: StunPort[] = [];
afterEach(async () => {
  for (const port of open.splice(0)) await port.close();
});
const listen = async (answer: Answer | null, transport: 'udp' | 'tcp' = 'udp'): Promise<TurnUrl> => {
  const stun = await openStunPort(transport === 'udp' ? answer : null, transport === 'tcp' ? answer : null, false);
  open.push(stun);
  return parseTurnUrl(`turn:127.0.0.1:${stun.port}?transport=${transport}`)!;
};
const SECRET = 'north';
const turn = (more: Partial<TestTurn> = {}) => turnServer({ secret: SECRET, now: Date.now, ...more });
const login = (secret = SECRET, ttl = 600) => turnCredentials(secret, 'doctor', ttl, Date.now());
/** Both ends in memory. */
const alone = (allocation: Allocation, server: { answer: Answer }): AllocationResult | null => {
  let packet: Uint8Array | null = allocation.start();
  for (let i = 0; packet && i < 20; i++) {
    const answer = server.answer(packet, { address: '127.0.0.1', port: 9 });
    packet = answer && allocation.handle(answer);
  }
  return allocation.result;
};

test('URLs tell host, port and transport', () => {
  expect(parseTurnUrl('turn:turn.example.org')).toMatchObject({
    host: 'turn.example.org',
    port: 3478,
    transport: 'udp',
  });
  expect(parseTurnUrl('turn:192.0.2.1:80?transport=tcp')).toMatchObject({ port: 80, transport: 'tcp' });
  expect(parseTurnUrl('turns:[2001:db8::1]')).toMatchObject({ host: '2001:db8::1', port: 5349, transport: 'tls' });
  for (const bad of ['stun:x', 'turn:', 'turn:a b', 'turn:x:0', 'turn:x:70000', 'turn:x?transport=sctp', 'turn:[zz]']) {
    expect(parseTurnUrl(bad), bad).toBeNull();
  }
});

test('an allocation takes realm and nonce from the first refusal', () => {
  expect(alone(new Allocation(login(), randomBytes), turn())).toEqual({
    type: 'allocated',
    relayed: { address: '198.51.100.9', port: 50_000 },
    mapped: { address: '127.0.0.1', port: 9 },
  });
});

test('a stale nonce is replaced, but not for ever', () => {
  expect(alone(new Allocation(login(), randomBytes), turn({ staleNonces: 1 }))?.type).toBe('allocated');
  expect(alone(new Allocation(login(), randomBytes), turn({ staleNonces: 10 }))).toMatchObject({
    type: 'refused',
    code: 438,
  });
});

test('a wrong secret is a second 401, and so is none', () => {
  expect(alone(new Allocation(login('south'), randomBytes), turn())).toMatchObject({ code: 401, authenticated: true });
  expect(alone(new Allocation(null, randomBytes), turn())).toMatchObject({ code: 401, authenticated: false });
});

test('a yes that is not signed with our password is none', () => {
  expect(alone(new Allocation(login(), randomBytes), turn({ forged: true }))).toEqual({ type: 'garbage' });
});

test('messages of others, and noise, are passed over', () => {
  const allocation = new Allocation(login(), randomBytes);
  allocation.start();
  const foreign = buildStun({ class: StunClass.success, method: 3, transactionId: randomBytes(12) });
  for (const packet of [foreign, new Uint8Array(0), randomBytes(300)]) expect(allocation.handle(packet)).toBeNull();
  expect(allocation.result).toBeNull();
  expect(allocation.release()).toBeNull();
});

test('a stream of STUN is cut into messages, however it comes', () => {
  const message = buildStun({ class: StunClass.request, transactionId: randomBytes(12) });
  const both = Buffer.concat([message, message]);
  for (const size of [1, 3, 20, 27, 28, 29, 56]) {
    const stream = new StunStream();
    const seen: string[] = [];
    for (let at = 0; at < both.length; at += size) {
      stream.push(both.subarray(at, at + size), (packet) => seen.push(Buffer.from(packet).toString('hex')));
    }
    expect(seen, `by ${size}`).toEqual([Buffer.from(message).toString('hex'), Buffer.from(message).toString('hex')]);
  }
  expect(new StunStream().push(Buffer.from('HTTP/1.1 400 Bad Request'), () => {})).toBe(false);
  expect(new StunStream().push(Buffer.from([0, 1, 0xff, 0xff]), () => {})).toBe(false);
});

for (const transport of ['udp', 'tcp'] as const) {
  test(`over ${transport} an allocation is taken and given back`, async () => {
    const server = turn();
    const url = await listen(server.answer, transport);
    expect((await allocate(url, login())).type).toBe('allocated');
    await expect.poll(server.released).toBe(1);
  });
}

test('where nobody listens, it is said', async () => {
  for (const transport of ['udp', 'tcp'] as const) {
    expect(await allocate(await listen(null, transport), login())).toEqual({
      type: 'unreachable',
      code: 'ECONNREFUSED',
    });
  }
  const nowhere = { ...parseTurnUrl('turn:nowhere.invalid')! };
  expect(await allocate(nowhere, login())).toMatchObject({ type: 'unreachable', code: expect.stringMatching(/^E/) });
});

test('what speaks another protocol is no TURN server', async () => {
  const url = await listen(() => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'tcp');
  expect(await allocate(url, login())).toEqual({ type: 'garbage' });
});

/** The check of one server. */
const judged = async (server: TurnUrl, secret: string | undefined) => {
  const [trial] = await tryTurn({ urls: [server.url], secret, ttlSeconds: 600 });
  return judgeTurn(trial);
};

test('a wrong secret, a clock ahead and a missing secret are told apart', async () => {
  const well = await listen(turn().answer);
  expect(await judged(well, SECRET)).toMatchObject({ status: 'ok' });
  expect(await judged(well, 'south')).toMatchObject({
    status: 'problem',
    finding: expect.stringContaining('Wrong TURN secret'),
    remedy: expect.stringContaining('static-auth-secret'),
  });
  expect(await judged(well, undefined)).toMatchObject({
    status: 'problem',
    finding: expect.stringContaining('no TURN secret'),
  });
  const ahead = await listen(turn({ now: () => Date.now() + 3_600_000 }).answer);
  expect(await judged(ahead, SECRET)).toMatchObject({
    status: 'problem',
    finding: expect.stringContaining('its clock is ahead'),
  });
  const full = await listen(turn({ refuse: 486 }).answer);
  expect(await judged(full, SECRET)).toMatchObject({
    status: 'problem',
    finding: expect.stringContaining('486 Refused'),
  });
});

test('relay addresses that nobody reaches are a warning', () => {
  const server = parseTurnUrl('turn:turn.example.org')!;
  const outcome = (relayed: string, mapped: string) =>
    ({ type: 'allocated', relayed: { address: relayed, port: 1 }, mapped: { address: mapped, port: 2 } }) as const;
  expect(judgeTurn({ server, from: 'secret', outcome: outcome('10.0.0.9', '203.0.113.7') })).toMatchObject({
    status: 'warning',
    remedy: expect.stringContaining('external-ip'),
  });
  expect(judgeTurn({ server, from: 'secret', outcome: outcome('10.0.0.9', '10.0.0.7') }).status).toBe('ok');
});

test('what keeps us from a server is told by its kind', () => {
  const finding = (url: string, code: string) => {
    const { status, finding: text } = judgeTurn({
      server: parseTurnUrl(url)!,
      from: 'secret',
      outcome: { type: 'unreachable', code },
    });
    expect(status).toBe('problem');
    return text;
  };
  expect(finding('turn:turn.example.org', 'ENOTFOUND')).toContain('does not resolve');
  expect(finding('turn:turn.example.org', 'ECONNREFUSED')).toContain('Nobody listens');
  expect(finding('turn:turn.example.org', 'ENETUNREACH')).toContain('cannot be reached (ENETUNREACH)');
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'EPROTO',
  ]) {
    expect(finding('turns:turn.example.org', code), code).toContain('its TLS is not good');
  }
  const server = parseTurnUrl('turn:turn.example.org?transport=tcp')!;
  expect(judgeTurn({ server, from: 'secret', outcome: { type: 'silent' } })).toMatchObject({
    status: 'problem',
    remedy: expect.stringContaining('Let TCP in to port 3478'),
  });
});
