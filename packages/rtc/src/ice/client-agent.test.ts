import { expect, test } from 'vitest';
import type { IceParameters } from '../sdp/parameters.js';
import { parseCandidate, type RemoteCandidate } from './candidate.js';
import { IceClientAgent, type IceClientAgentOptions } from './client-agent.js';
import { IceLiteAgent } from './lite-agent.js';
import { buildStun, errorCodeAttribute, parseStun, readErrorCode, StunAttribute, StunClass } from './stun.js';
import { seeded } from './testing.js';

const SERVER: IceParameters = { usernameFragment: 'serverUfrag', password: 's'.repeat(24) };
const SERVER_AGAIN: IceParameters = { usernameFragment: 'serverUfrag2', password: 't'.repeat(24) };
const CLIENT: IceParameters = { usernameFragment: 'clientUfrag', password: 'c'.repeat(24) };
const CLIENT_AGAIN: IceParameters = { usernameFragment: 'clientUfrag2', password: 'd'.repeat(24) };

const UDP = parseCandidate('1 1 udp 2130706431 192.0.2.1 40000 typ host')!;
const UDP6 = parseCandidate('2 1 udp 2130706175 fd00:0::1 40000 typ host')!;
const TCP = parseCandidate('3 1 tcp 1520434687 192.0.2.1 40000 typ host tcptype passive')!;

function newClient(options: Partial<IceClientAgentOptions> = {}): IceClientAgent {
  const random = seeded(11);
  return new IceClientAgent({
    local: CLIENT,
    remote: SERVER,
    candidates: [TCP, UDP6, UDP],
    tieBreaker: 5n,
    random,
    ...options,
  });
}

/** A network between a client and a lite server: 10 ms each way, candidates that lead nowhere, a path name for the client's side. */
class Network {
  now = 0;
  sent = 0;
  path = 'a';
  dead: RemoteCandidate[] = [];
  readonly #inFlight: { at: number; deliver: () => void }[] = [];

  constructor(
    readonly client: IceClientAgent,
    readonly server: IceLiteAgent,
  ) {}

  run(until: number): void {
    for (; this.now <= until; this.now += 5) {
      for (const flight of this.#inFlight.splice(0)) {
        if (flight.at <= this.now) flight.deliver();
        else this.#inFlight.push(flight);
      }
      for (const { to, packet } of this.client.poll(this.now)) {
        this.sent++;
        if (this.dead.includes(to)) continue;
        const from = `${this.path} to ${to.protocol} ${to.address}`;
        this.#later(() => {
          const { response } = this.server.handle(packet, from, { address: '192.0.2.99', port: 1 }, this.now);
          if (response) this.#later(() => this.client.handle(response, { ...to, protocol: to.protocol }, this.now));
        });
      }
    }
  }

  #later(deliver: () => void): void {
    this.#inFlight.push({ at: this.now + 10, deliver });
  }
}

function connected(options: Partial<IceClientAgentOptions> = {}): Network {
  const network = new Network(newClient(options), new IceLiteAgent({ local: SERVER, remote: CLIENT }));
  network.run(500);
  return network;
}

test('it checks the candidates, nominates the best and is connected on both sides', () => {
  const { client, server } = connected();
  expect(client.state).toBe('connected');
  expect(client.selected).toBe(UDP);
  expect(client.roundTripMs).toBe(20);
  expect(server.nominated).toBe(true);
  expect(server.selected).toBe('a to udp 192.0.2.1');
});

test('a good path is nominated after two round trips, not after a delay', () => {
  const network = new Network(newClient(), new IceLiteAgent({ local: SERVER, remote: CLIENT }));
  network.run(45);
  expect(network.client.state).toBe('connected');
});

test('a better candidate that does not answer holds things up for a moment only', () => {
  const network = new Network(newClient(), new IceLiteAgent({ local: SERVER, remote: CLIENT }));
  network.dead = [UDP];
  network.run(200);
  expect(network.client.selected).toBe(UDP6);
});

test('where UDP leads nowhere it ends on TCP', () => {
  const network = new Network(newClient(), new IceLiteAgent({ local: SERVER, remote: CLIENT }));
  network.dead = [UDP, UDP6];
  network.run(300);
  expect(network.client.selected).toBe(TCP);
});

test('checks are repeated at growing distances, then given up', () => {
  const client = newClient({ candidates: [UDP], rtoMs: 200 });
  const times: number[] = [];
  for (let now = 0; client.state === 'checking' && now < 60_000; now += 10) {
    for (const _ of client.poll(now)) times.push(now);
  }
  expect(times).toEqual([0, 200, 600, 1_400, 3_000, 6_200, 12_600]);
  expect(client.state).toBe('failed');
  expect(client.failure).toMatch(/answered/);
  expect(client.nextDueMs).toBe(Number.POSITIVE_INFINITY);
});

test('over TCP a check is sent once', () => {
  const client = newClient({ candidates: [TCP] });
  let sends = 0;
  for (let now = 0; now < 10_000; now += 10) sends += client.poll(now).length;
  expect(sends).toBe(1);
  expect(client.state).toBe('checking');
});

test('new checks are paced', () => {
  const client = newClient({ pacingMs: 50 });
  expect(client.poll(0).map(({ to }) => to)).toEqual([UDP]);
  expect(client.nextDueMs).toBe(50);
  expect(client.poll(49)).toEqual([]);
  expect(client.poll(50).map(({ to }) => to)).toEqual([UDP6]);
});

test('it keeps consent about every five seconds and never in step with others', () => {
  const network = connected();
  const before = network.sent;
  network.run(60_500);
  expect(network.client.state).toBe('connected');
  expect(network.sent - before).toBeGreaterThanOrEqual(10);
  expect(network.sent - before).toBeLessThanOrEqual(15);
});

test('it fails when the server falls silent for the consent time', () => {
  const network = connected();
  network.dead = [UDP];
  network.run(25_000);
  expect(network.client.state).toBe('connected');
  network.run(40_000);
  expect(network.client.state).toBe('failed');
  expect(network.client.failure).toMatch(/[Cc]onsent/);
});

test('where a silent server must be noticed soon, checks follow each other quickly until one is answered', () => {
  const network = connected({ consentIntervalMs: 400, consentRetryMs: 100 });
  const { sent } = network;
  network.run(10_500);
  expect(network.sent - sent).toBeGreaterThan(18);
  expect(network.sent - sent).toBeLessThan(34);
  const { consentMs } = network.client;
  expect(consentMs).toBeGreaterThan(9_900);
  network.dead = [UDP];
  const before = network.sent;
  network.run(12_500);
  expect(network.sent - before).toBeGreaterThan(14);
  expect(network.client.consentMs).toBeLessThan(10_600);
  network.dead = [];
  network.run(12_700);
  expect(network.client.consentMs).toBeGreaterThan(12_500);
});

test('wrong credentials fail at once, by the 401', () => {
  const network = new Network(
    newClient({ candidates: [UDP], remote: { ...SERVER, password: 'x'.repeat(24) } }),
    new IceLiteAgent({ local: SERVER, remote: CLIENT }),
  );
  network.run(100);
  expect(network.client.state).toBe('failed');
  expect(network.client.failure).toMatch(/401/);
});

test('an ICE restart keeps the selected candidate until the new credentials have nominated', () => {
  const network = connected();
  network.client.restart(CLIENT_AGAIN, SERVER_AGAIN);
  network.server.restart(SERVER_AGAIN, CLIENT_AGAIN);
  expect(network.client.state).toBe('checking');
  expect(network.client.selected).toBe(UDP);
  network.path = 'b';
  network.run(1_000);
  expect(network.client.state).toBe('connected');
  expect(network.server.selected).toBe('b to udp 192.0.2.1');
  expect(network.server.localFragments()).toEqual(['serverUfrag2']);
});

test('a client that moved nominates again and the server follows', () => {
  const network = connected();
  network.path = 'elsewhere';
  network.client.moved();
  network.run(1_000);
  expect(network.server.selected).toBe('elsewhere to udp 192.0.2.1');
});

test('a candidate that the caller cannot reach is left out', () => {
  const client = newClient({ candidates: [UDP6, TCP] });
  client.poll(0);
  client.unreachable(UDP6);
  expect(client.poll(20).map(({ to }) => to)).toEqual([TCP]);
  client.unreachable(TCP);
  client.poll(40);
  expect(client.state).toBe('failed');
});

test('an answer from elsewhere, an unsigned one and one to nothing are no answers', () => {
  const client = newClient({ candidates: [UDP] });
  const [{ packet }] = client.poll(0);
  const server = new IceLiteAgent({ local: SERVER, remote: CLIENT });
  const { response } = server.handle(packet, 'a', { address: '192.0.2.99', port: 1 }, 0);
  expect(client.handle(response!, { address: '192.0.2.66', port: 40_000 }, 1).accepted).toBe(false);
  const unsigned = buildStun({ class: StunClass.success, transactionId: parseStun(packet)!.transactionId });
  expect(client.handle(unsigned, UDP, 1).accepted).toBe(false);
  const stray = buildStun({ class: StunClass.success, transactionId: new Uint8Array(12) });
  expect(client.handle(stray, UDP, 1).accepted).toBe(false);
  expect(client.handle(new Uint8Array(30), UDP, 1).accepted).toBe(false);
  expect(client.handle(response!, UDP, 2).accepted).toBe(true);
  expect(client.handle(response!, UDP, 3).accepted).toBe(false);
});

test('two full agents with the same role settle it by tie-breaker and connect', () => {
  const random = seeded(2);
  const at = (address: string) => ({ ...UDP, address });
  const left = new IceClientAgent({
    local: CLIENT,
    remote: SERVER,
    candidates: [at('192.0.2.2')],
    tieBreaker: 1n,
    random,
  });
  const right = new IceClientAgent({
    local: SERVER,
    remote: CLIENT,
    candidates: [at('192.0.2.1')],
    tieBreaker: 2n,
    random,
  });
  for (let now = 0; now < 1_000; now += 10) {
    for (const [sender, receiver, from] of [
      [left, right, at('192.0.2.1')],
      [right, left, at('192.0.2.2')],
    ] as const) {
      for (const { to, packet } of sender.poll(now)) {
        const { response } = receiver.handle(packet, from, now);
        if (response) sender.handle(response, to, now);
      }
    }
  }
  expect([left.role, right.role]).toEqual(['controlled', 'controlling']);
  expect([left.state, right.state]).toEqual(['connected', 'connected']);
  expect(left.selected?.address).toBe('192.0.2.2');
});

test('checks of the other side are answered: 400 without credentials, 401 with wrong ones', () => {
  const client = newClient();
  const bare = buildStun({ class: StunClass.request, transactionId: new Uint8Array(12) });
  expect(readErrorCode(parseStun(client.handle(bare, UDP, 0).response!)!)).toBe(400);
  const [{ packet }] = client.poll(0);
  expect(readErrorCode(parseStun(client.handle(packet, UDP, 0).response!)!)).toBe(401);
});

test('a 487 that is signed changes the role and the check goes out again', () => {
  const client = newClient({ candidates: [UDP] });
  const [{ packet }] = client.poll(0);
  const { transactionId } = parseStun(packet)!;
  const attributes = [errorCodeAttribute(487, 'Role Conflict')];
  const key = Uint8Array.from(SERVER.password, (char) => char.charCodeAt(0));
  client.handle(buildStun({ class: StunClass.error, transactionId, attributes }), UDP, 10);
  expect(client.role).toBe('controlling');
  client.handle(buildStun({ class: StunClass.error, transactionId, attributes, key }), UDP, 10);
  expect(client.role).toBe('controlled');
  const [again] = client.poll(20);
  expect(parseStun(again.packet)!.attributes.has(StunAttribute.iceControlled)).toBe(true);
});
