import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { useStage } from './harness/stage.js';
import { undisturbed } from './harness/undisturbed.js';
import { until } from './harness/until.js';

const stage = useStage({ meshMax: 5 });

interface Refusal {
  ok: boolean;
  error?: { code: string; message: string };
}

/** A client that says what it likes. `address`: of loopback, as rate limits count by address. */
async function connect(namespace: '/' | '/sfu', address = '127.0.0.1'): Promise<Socket> {
  const { port } = await stage.server();
  const options = { transports: ['websocket'], forceNew: true, reconnection: false };
  // Goes through to `ws`, though it is not in the types.
  const from = { localAddress: address };
  const socket = io(`http://127.0.0.1:${port}${namespace}`, { ...options, ...from });
  stage.later(() => void socket.disconnect());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', reject);
  });
  return socket;
}

const ask = (socket: Socket, event: string, payload?: unknown): Promise<Refusal> =>
  socket.timeout(5000).emitWithAck(event, payload);

/** Two people in a mesh with each other. */
async function call(room: string): Promise<Participant[]> {
  const people = [await stage.join(room, 'Ann'), await stage.join(room, 'Bob')];
  for (const person of people) await person.sees(1);
  return people;
}

/** The participants' ids, as a page knows them. */
const idsOf = (person: Participant): Promise<string[]> =>
  person.page.evaluate(
    () => [...document.querySelectorAll<HTMLElement>('article.tile')].map((tile) => tile.dataset.participant ?? ''),
    undefined,
  );

const rooms = async (): Promise<string[]> => {
  const list: { id: string }[] = await (await (await stage.server()).request('/api/rooms')).json();
  return list.map(({ id }) => id);
};

test('events without their fields, with wrong ones and into rooms that are no UUID are refused with a reason', async () => {
  const room = randomUUID();
  const people = await call(room);
  const [classic, app] = [await connect('/'), await connect('/sfu')];
  const description = { type: 'offer', sdp: 'v=0' };
  const wrong: [Socket, string, unknown][] = [
    ...[undefined, null, room, [], {}, { room: 5 }, { room: 'lobby' }, { room: '' }, { room: room.slice(1) }].map(
      (payload): [Socket, string, unknown] => [classic, 'join', payload],
    ),
    [classic, 'join', { room: '00000000-0000-1000-8000-000000000000' }],
    [classic, 'join', { room: `${room}/../x` }],
    [classic, 'relay-sdp', {}],
    [classic, 'relay-sdp', { peerID: 7, sessionDescription: description }],
    [classic, 'relay-sdp', { peerID: 'x', sessionDescription: 'v=0' }],
    [classic, 'relay-sdp', { peerID: 'x', sessionDescription: { type: 'surprise', sdp: 'v=0' } }],
    [classic, 'relay-ice', { peerID: 'x', iceCandidate: 'candidate:1' }],
    [classic, 'relay-ice', { peerID: 'x', iceCandidate: { candidate: 'y'.repeat(2000) } }],
    [classic, 'no-such-event', {}],
    [app, 'relay', {}],
    [app, 'relay', { to: 'x' }],
    [app, 'relay', { to: 'x', description, candidate: null }],
    [app, 'relay', { to: 'x', description: { ...description, more: 1 } }],
    [app, 'migrated', { epoch: 'now', ok: 1 }],
    [app, 'say', { to: null, channel: 'loud', data: 'x' }],
    [app, 'publish', { tracks: 'all' }],
  ];
  await undisturbed(people, async () => {
    for (const [socket, event, payload] of wrong) {
      const reply = await ask(socket, event, payload);
      const what = `${event} ${JSON.stringify(payload)?.slice(0, 80)}`;
      expect(reply, what).toMatchObject({ ok: false, error: { message: expect.stringMatching(/./) } });
      expect(reply.error?.code, what).not.toBe('internal');
    }
    // Who asks for no ack is told by an event.
    const told = new Promise((resolve) => classic.once('error-message', resolve));
    classic.emit('join', { room: 'lobby' });
    expect(await told).toMatchObject({ code: 'bad-request', message: expect.stringContaining('UUID') });
  });
  expect(classic.connected && app.connected).toBe(true);
  expect(await rooms()).toEqual([room]);
  expect(await ask(classic, 'join', { room: randomUUID() })).toMatchObject({ ok: true });
});

test('SDP that is too long is refused, and a megabyte of it ends the connection that sent it', async () => {
  const room = randomUUID();
  const people = await call(room);
  const [ann] = await idsOf(people[1]);
  const guest = await connect('/');
  expect(await ask(guest, 'join', { room })).toMatchObject({ ok: true });
  await until(async () => (await people[0].tiles()).length === 3, { within: 5000, what: 'Ann sees the guest come' });
  const long = (length: number) => ({
    peerID: ann,
    sessionDescription: { type: 'offer', sdp: `v=0\r\n${'a=x\r\n'.repeat(length / 5)}` },
  });
  await undisturbed(people, async () => {
    expect(await ask(guest, 'relay-sdp', long(70_000))).toMatchObject({ ok: false, error: { code: 'bad-request' } });
    expect(guest.connected).toBe(true);
    const cut = new Promise((resolve) => guest.once('disconnect', (_, details) => resolve(details)));
    guest.emit('relay-sdp', long(1 << 20));
    // RFC 6455, section 7.4.1: message too big.
    expect(await cut).toMatchObject({ context: { code: 1009 } });
    const server = await stage.server();
    for (const door of ['whip', 'whep']) {
      const body = `v=0\r\n${'a=x\r\n'.repeat(200_000)}`;
      const reply = await server.request(`/${door}/x`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/sdp' },
      });
      expect(reply.status, door).toBe(413);
    }
  });
  for (const person of people) await person.showsTiles(['Ann', 'Bob']);
});

test('a relay to somebody in another room, or from no room, is refused and reaches nobody', async () => {
  const room = randomUUID();
  const people = await call(room);
  const ids = await idsOf(people[0]);
  expect(ids).toHaveLength(2);
  const [outside, elsewhere, app] = [await connect('/'), await connect('/'), await connect('/sfu')];
  await ask(elsewhere, 'join', { room: randomUUID() });
  await ask(app, 'enter', { room: 'elsewhere', name: 'Eve' });
  const description = { type: 'offer', sdp: 'v=0\r\n' };
  await undisturbed(people, async () => {
    for (const id of ids) {
      for (const guest of [outside, elsewhere]) {
        const reply = await ask(guest, 'relay-sdp', { peerID: id, sessionDescription: description });
        expect(reply.error?.code).toMatch(/^(not-found|conflict)$/);
        expect((await ask(guest, 'relay-ice', { peerID: id, iceCandidate: null })).ok).toBe(false);
      }
      expect(await ask(app, 'relay', { to: id, description })).toMatchObject({
        ok: false,
        error: { code: 'not-found' },
      });
    }
  });
});

test('who floods a room with relays, from inside it, is cut off, and the others go on talking', async () => {
  const server = await stage.server();
  const room = randomUUID();
  const people = await call(room);
  const ids = await idsOf(people[0]);
  const eve = await connect('/', '127.0.0.66');
  expect(await ask(eve, 'join', { room })).toMatchObject({ ok: true });
  const limited = await server.metric('efir_rate_limited_total');
  await undisturbed(people, async () => {
    const cut = new Promise<void>((resolve) => eve.once('disconnect', () => resolve()));
    for (let i = 0; i < 5000 && eve.connected; i++) {
      const peerID = ids[i % ids.length];
      const sdp = `v=0\r\ns=${i}\r\n`;
      eve.emit('relay-sdp', { peerID, sessionDescription: { type: i % 2 ? 'offer' : 'answer', sdp } });
      eve.emit('relay-ice', {
        peerID,
        iceCandidate: { candidate: `candidate:${i} 1 udp 1 127.0.0.1 9 typ host`, sdpMid: '0' },
      });
      if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await cut;
  });
  expect(await server.metric('efir_rate_limited_total')).toBeGreaterThan(limited);
  for (const person of people) await person.showsTiles(['Ann', 'Bob']);
  for (const person of people) await person.sees(1);
});

test('a flood of joins makes no more rooms than the limits allow, and others still get in', async () => {
  const server = await stage.server();
  const people = await call(randomUUID());
  // Limits count by address, so a second attempt needs another.
  const address = `127.0.67.${1 + (process.hrtime()[1] % 250)}`;
  const flooders = await Promise.all(Array.from({ length: 20 }, () => connect('/', address)));
  const app = await connect('/sfu', address);
  const codes = new Map<string, number>();
  const made = new Set<string>();
  await undisturbed(people, async () => {
    const asked = flooders.flatMap((socket) =>
      Array.from({ length: 150 }, async () => {
        const room = randomUUID();
        const cut = (): Refusal => ({ ok: false, error: { code: 'cut', message: '' } });
        return { room, reply: await ask(socket, 'join', { room }).catch(cut) };
      }),
    );
    for (const { room, reply } of await Promise.all(asked)) {
      if (reply.ok) made.add(room);
      const code = reply.ok ? 'ok' : (reply.error?.code ?? '');
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(codes.get('rate-limited')).toBeGreaterThan(2000);
    // Rooms that are made: 120 a minute and address.
    expect(made.size).toBeGreaterThan(0);
    expect(made.size).toBeLessThanOrEqual(120);
    expect((await ask(app, 'enter', { room: 'one-more', name: 'Eve' })).error?.code).toBe('rate-limited');
    const other = await connect('/', '127.0.0.68');
    expect(await ask(other, 'join', { room: randomUUID() })).toMatchObject({ ok: true });
  });
  for (const socket of flooders) socket.disconnect();
  const left = async () => (await rooms()).filter((room) => made.has(room));
  await until(async () => (await left()).length === 0, { within: 5000, what: 'their rooms are gone' }, left);
  expect(await server.healthy()).toBe(true);
});
