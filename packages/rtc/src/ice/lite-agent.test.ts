import { expect, test } from 'vitest';
import type { IceParameters } from '../sdp/parameters.js';
import { bindingResponse } from './binding.js';
import { IceLiteAgent } from './lite-agent.js';
import {
  buildStun,
  integrityKey,
  parseStun,
  readErrorCode,
  readXorMappedAddress,
  StunAttribute,
  StunClass,
  uint32Attribute,
  uint64Attribute,
  usernameAttribute,
  verifyIntegrity,
} from './stun.js';
import { seeded, TRANSACTION } from './testing.js';

const SERVER: IceParameters = { usernameFragment: 'serverUfrag', password: 's'.repeat(24) };
const SERVER_AGAIN: IceParameters = { usernameFragment: 'serverUfrag2', password: 't'.repeat(24) };
const CLIENT: IceParameters = { usernameFragment: 'abcd', password: 'c'.repeat(24) };
const CLIENT_AGAIN: IceParameters = { usernameFragment: 'efgh', password: 'd'.repeat(24) };
const MAPPED = { address: '192.0.2.50', port: 5_000 };

interface CheckOptions {
  nominate?: boolean;
  to?: IceParameters;
  password?: string;
  role?: number | null;
  extra?: [number, Uint8Array][];
}

/** A transaction id of its own for each request, as clients have it. */
let requests = 0;
function nextTransaction(): Uint8Array {
  requests++;
  return Uint8Array.from({ length: 12 }, (_, index) => (index < 4 ? requests >> (index * 8) : index));
}

function check(options: CheckOptions = {}): Uint8Array {
  const { nominate = false, to = SERVER, role = StunAttribute.iceControlling, extra = [] } = options;
  const attributes: [number, Uint8Array][] = [
    usernameAttribute(`${to.usernameFragment}:abcd`),
    uint32Attribute(StunAttribute.priority, 1),
    ...extra,
  ];
  if (role !== null) attributes.push(uint64Attribute(role, 1n));
  if (nominate) attributes.push([StunAttribute.useCandidate, new Uint8Array(0)]);
  const key = integrityKey(options.password ?? to.password);
  return buildStun({ class: StunClass.request, transactionId: nextTransaction(), attributes, key });
}

function newAgent(consentTimeoutMs?: number): IceLiteAgent {
  return new IceLiteAgent({ local: SERVER, remote: CLIENT, consentTimeoutMs });
}

test('a valid check is answered with the address it came from, signed with our password', () => {
  const request = check();
  const result = newAgent().handle(request, 'a', MAPPED, 0);
  expect(result).toMatchObject({ accepted: true, selected: 'a' });
  const response = parseStun(result.response!)!;
  expect(response.class).toBe(StunClass.success);
  expect(response.transactionId).toEqual(request.subarray(8, 20));
  expect(readXorMappedAddress(response)).toEqual(MAPPED);
  expect(verifyIntegrity(response, integrityKey(SERVER.password))).toBe(true);
  expect(response.attributes.has(StunAttribute.fingerprint)).toBe(true);
});

test('the first valid path is used until one is nominated', () => {
  const agent = newAgent();
  expect(agent.handle(check(), 'a', MAPPED, 0).selected).toBe('a');
  expect(agent.handle(check(), 'b', MAPPED, 1).selected).toBeNull();
  expect(agent.nominated).toBe(false);
  expect(agent.handle(check({ nominate: true }), 'b', MAPPED, 2).selected).toBe('b');
  expect(agent.nominated).toBe(true);
  expect(agent.handle(check(), 'a', MAPPED, 3).selected).toBeNull();
  expect(agent.selected).toBe('b');
  expect(agent.paths()).toEqual(['a', 'b']);
});

test('a client that changes its address and nominates again moves the path, and back again', () => {
  const agent = newAgent();
  for (const [index, path] of ['wifi', 'mobile', 'wifi'].entries()) {
    expect(agent.handle(check({ nominate: true }), path, MAPPED, index).selected).toBe(path);
    expect(agent.handle(check({ nominate: true }), path, MAPPED, index).selected).toBeNull();
  }
  expect(agent.counters.selections).toBe(3);
});

test('a check without ICE role, as FFmpeg sends it, is good enough', () => {
  expect(newAgent().handle(check({ role: null, nominate: true }), 'a', MAPPED, 0).accepted).toBe(true);
});

test('a wrong password gets 401 and no path', () => {
  const agent = newAgent();
  const result = agent.handle(check({ password: 'x'.repeat(24), nominate: true }), 'a', MAPPED, 0);
  expect(result).toMatchObject({ accepted: false, selected: null, reason: 'unauthorized' });
  const response = parseStun(result.response!)!;
  expect(readErrorCode(response)).toBe(401);
  expect(response.integrityOffset).toBe(-1);
  expect(agent.selected).toBeNull();
  expect(agent.counters).toMatchObject({ unauthorized: 1, accepted: 0 });
});

test("another client's username gets 401", () => {
  const foreign = { usernameFragment: 'somebodyElse', password: SERVER.password };
  expect(newAgent().handle(check({ to: foreign }), 'a', MAPPED, 0).reason).toBe('unauthorized');
});

test('a request without credentials gets 400', () => {
  const packet = buildStun({ class: StunClass.request, transactionId: TRANSACTION });
  const result = newAgent().handle(packet, 'a', MAPPED, 0);
  expect(result.reason).toBe('bad-request');
  expect(readErrorCode(parseStun(result.response!)!)).toBe(400);
});

test('an attribute that must be understood and is not gets a signed 420 that names it', () => {
  const result = newAgent().handle(check({ extra: [[0x7abc, new Uint8Array(0)]] }), 'a', MAPPED, 0);
  expect(result).toMatchObject({ accepted: false, reason: 'unknown-attribute' });
  const response = parseStun(result.response!)!;
  expect(readErrorCode(response)).toBe(420);
  expect([...response.attributes.get(StunAttribute.unknownAttributes)!]).toEqual([0x7a, 0xbc]);
  expect(verifyIntegrity(response, integrityKey(SERVER.password))).toBe(true);
});

test('we are always controlled: a client that says it is controlled gets 487', () => {
  const result = newAgent().handle(check({ role: StunAttribute.iceControlled, nominate: true }), 'a', MAPPED, 0);
  expect(result).toMatchObject({ accepted: false, selected: null, reason: 'role-conflict' });
  expect(readErrorCode(parseStun(result.response!)!)).toBe(487);
});

test('indications, responses and garbage get no answer', () => {
  const agent = newAgent();
  for (const type of [StunClass.indication, StunClass.success, StunClass.error]) {
    const packet = buildStun({ class: type, transactionId: TRANSACTION });
    expect(agent.handle(packet, 'a', MAPPED, 0)).toMatchObject({ response: null, reason: 'not-a-request' });
  }
  expect(agent.handle(new Uint8Array(40), 'a', MAPPED, 0)).toMatchObject({ response: null, reason: 'malformed' });
});

test('after a restart both credentials are answered and media stays until the new ones nominate', () => {
  const agent = newAgent();
  agent.handle(check({ nominate: true }), 'old', MAPPED, 0);
  agent.restart(SERVER_AGAIN, CLIENT_AGAIN);
  expect(agent.localFragments()).toEqual(['serverUfrag2', 'serverUfrag']);
  expect(agent.selected).toBe('old');
  expect(agent.handle(check({ nominate: true }), 'old', MAPPED, 1).accepted).toBe(true);
  expect(agent.handle(check({ to: SERVER_AGAIN }), 'new', MAPPED, 2)).toMatchObject({ accepted: true, selected: null });
  expect(agent.handle(check({ to: SERVER_AGAIN, nominate: true }), 'new', MAPPED, 3).selected).toBe('new');
  expect(agent.localFragments()).toEqual(['serverUfrag2']);
  expect(agent.handle(check({ nominate: true }), 'old', MAPPED, 4).reason).toBe('unauthorized');
  expect(agent.local).toEqual(SERVER_AGAIN);
  expect(agent.remote).toEqual(CLIENT_AGAIN);
});

test('during a restart a client can still move with its old credentials', () => {
  const agent = newAgent();
  agent.handle(check({ nominate: true }), 'old', MAPPED, 0);
  agent.restart(SERVER_AGAIN, CLIENT_AGAIN);
  expect(agent.handle(check({ nominate: true }), 'moved', MAPPED, 1).selected).toBe('moved');
});

test('a second restart before the first one came to anything leaves the working credentials alone', () => {
  const agent = newAgent();
  agent.handle(check({ nominate: true }), 'a', MAPPED, 0);
  agent.restart(SERVER_AGAIN, CLIENT_AGAIN);
  agent.restart({ usernameFragment: 'third', password: 'u'.repeat(24) }, CLIENT_AGAIN);
  expect(agent.localFragments()).toEqual(['third', 'serverUfrag']);
});

test('a restart with the same credentials is none', () => {
  const agent = newAgent();
  agent.restart({ ...SERVER }, { ...CLIENT });
  expect(agent.localFragments()).toEqual(['serverUfrag']);
  expect(agent.counters.restarts).toBe(0);
});

test('consent ends when no valid check came for its time, whatever else came', () => {
  const agent = newAgent(30_000);
  agent.handle(check({ nominate: true }), 'a', MAPPED, 1_000);
  expect(agent.expired(31_000)).toBe(false);
  agent.handle(check({ password: 'x'.repeat(24) }), 'a', MAPPED, 31_000);
  expect(agent.expired(31_001)).toBe(true);
  agent.handle(check(), 'b', MAPPED, 31_002);
  expect(agent.expired(60_000)).toBe(false);
});

test('a client that never came expires as well', () => {
  const agent = newAgent(5_000);
  expect(agent.expired(100)).toBe(false);
  expect(agent.expired(5_100)).toBe(false);
  expect(agent.expired(5_101)).toBe(true);
});

test('media keeps a client alive that sends no more checks, but does not bring one to life', () => {
  const agent = newAgent(30_000);
  agent.expired(0);
  agent.heard(20_000);
  expect(agent.expired(30_001)).toBe(true);
  agent.handle(check(), 'a', MAPPED, 31_000);
  agent.heard(60_000);
  expect(agent.expired(90_000)).toBe(false);
  expect(agent.expired(90_001)).toBe(true);
});

test('a recorded nomination that is sent again from elsewhere draws no media there and gets no answer', () => {
  const agent = newAgent();
  const recorded = check({ nominate: true });
  agent.handle(recorded, 'client', MAPPED, 0);
  const result = agent.handle(recorded, 'attacker', MAPPED, 1);
  expect(result).toEqual({ response: null, accepted: false, selected: null, reason: 'replayed' });
  expect(agent.selected).toBe('client');
  expect(agent.counters.replayed).toBe(1);
});

test('a nomination that is sent again by the same path is answered and changes nothing', () => {
  const agent = newAgent();
  const recorded = check({ nominate: true });
  agent.handle(recorded, 'old', MAPPED, 0);
  agent.handle(check({ nominate: true }), 'new', MAPPED, 10_000);
  const result = agent.handle(recorded, 'old', MAPPED, 39_000);
  expect(result).toMatchObject({ accepted: true, selected: null });
  expect(result.response).not.toBeNull();
  expect(agent.selected).toBe('new');
  expect(agent.expired(40_001)).toBe(true);
});

test('when the selected connection closes, the path that was checked last takes over', () => {
  const agent = newAgent();
  agent.handle(check({ nominate: true }), 'tcp', MAPPED, 0);
  agent.handle(check(), 'b', MAPPED, 1);
  agent.handle(check(), 'c', MAPPED, 2);
  expect(agent.closePath('b')).toBe('tcp');
  expect(agent.closePath('tcp')).toBe('c');
  expect(agent.closePath('c')).toBeNull();
  expect(agent.handle(check(), 'd', MAPPED, 3).selected).toBe('d');
});

test('a client on ever new ports does not make the list of paths grow', () => {
  const agent = newAgent();
  agent.handle(check({ nominate: true }), 'selected', MAPPED, 0);
  for (let index = 1; index < 1_000; index++) agent.handle(check(), `port ${index}`, MAPPED, index);
  expect(agent.paths()).toHaveLength(16);
  expect(agent.paths()).toContain('selected');
  expect(agent.paths()).toContain('port 999');
});

test('mutated checks never select a path', () => {
  const random = seeded(3);
  const agent = newAgent();
  const valid = check({ nominate: true });
  for (let round = 0; round < 5_000; round++) {
    const packet = valid.slice(0, round % 4 === 0 ? Math.floor(random() * valid.length) : valid.length);
    const at = Math.floor(random() * Math.max(1, Math.min(packet.length, valid.length - 8)));
    if (at < packet.length) packet[at] ^= 1 + Math.floor(random() * 255);
    const result = agent.handle(packet, `from ${round % 50}`, MAPPED, round);
    expect(result.accepted).toBe(false);
    expect((result.response?.length ?? 0) <= packet.length).toBe(true);
  }
  expect(agent.selected).toBeNull();
  expect(agent.paths()).toEqual([]);
});

test('the plain STUN server answers requests without credentials and nothing else', () => {
  const plain = buildStun({ class: StunClass.request, transactionId: TRANSACTION, fingerprint: false });
  const response = parseStun(bindingResponse(plain, { address: 'fd00::9', port: 7 })!)!;
  expect(response.class).toBe(StunClass.success);
  expect(readXorMappedAddress(response)).toEqual({ address: 'fd00::9', port: 7 });
  expect(bindingResponse(check(), MAPPED)).toBeNull();
  expect(bindingResponse(buildStun({ class: StunClass.indication, transactionId: TRANSACTION }), MAPPED)).toBeNull();
  expect(
    bindingResponse(buildStun({ class: StunClass.request, method: 3, transactionId: TRANSACTION }), MAPPED),
  ).toBeNull();
  const demanding = buildStun({
    class: StunClass.request,
    transactionId: TRANSACTION,
    attributes: [[0x0003, new Uint8Array(4)]],
  });
  expect(readErrorCode(parseStun(bindingResponse(demanding, MAPPED)!)!)).toBe(420);
});
