import { randomUUID } from 'node:crypto';
import type { RoomInfo } from '@efir/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import { offer, publishing } from '../testing/offers.js';
import { type ClassicClient, startTestServer, type TestServer } from '../testing/test-server.js';

let running: TestServer;
let room: string;
const start = async (config: ServerConfigInput = {}): Promise<void> => {
  await running?.close();
  running = await startTestServer({ meshMax: 5, ...config });
};
beforeEach(async () => {
  room = randomUUID();
  await start();
});
afterEach(() => running.close());

const sessionDescription = { type: 'offer', sdp: 'v=0\r\n' };
const iceCandidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
const joined = async (count: number): Promise<ClassicClient[]> => {
  const clients = [];
  for (let n = 0; n < count; n++) {
    const client = running.classic();
    await client.join(room);
    clients.push(client);
  }
  return clients;
};
const roomInfo = async (): Promise<RoomInfo> =>
  (await (await fetch(running.url(`/api/rooms/${room}`))).json()) as RoomInfo;
const put = (settings: unknown, id = room): Promise<Response> =>
  fetch(running.url(`/api/rooms/${id}`), {
    method: 'PUT',
    body: JSON.stringify(settings),
    headers: { 'Content-Type': 'application/json' },
  });

test('of three who join, each newcomer offers to each who is there', async () => {
  const [a, b, c] = await joined(3);
  await c.settled();
  expect(a.of('add-peer')).toEqual([
    { peerID: b.id, createOffer: false },
    { peerID: c.id, createOffer: false },
  ]);
  expect(b.of('add-peer')).toEqual([
    { peerID: a.id, createOffer: true },
    { peerID: c.id, createOffer: false },
  ]);
  expect(c.of('add-peer')).toEqual([
    { peerID: a.id, createOffer: true },
    { peerID: b.id, createOffer: true },
  ]);
});

test('descriptions and candidates are relayed as they are, to the one they are for', async () => {
  const [a, b, c] = await joined(3);
  c.socket.emit('relay-sdp', { peerID: a.id, sessionDescription });
  c.socket.emit('relay-ice', { peerID: a.id, iceCandidate });
  a.socket.emit('relay-sdp', { peerID: c.id, sessionDescription: { type: 'answer', sdp: 'v=0' } });
  expect(await a.event('session-description')).toEqual({ peerID: c.id, sessionDescription });
  expect(await a.event('ice-candidate')).toEqual({ peerID: c.id, iceCandidate });
  expect(await c.event('session-description')).toMatchObject({ peerID: a.id, sessionDescription: { type: 'answer' } });
  await b.settled();
  expect([...b.of('session-description'), ...b.of('ice-candidate')]).toEqual([]);
});

test('who leaves is told to remove each peer, and each peer to remove them; a disconnect is a leave', async () => {
  const [a, b, c] = await joined(3);
  b.socket.emit('leave');
  await a.event('remove-peer', ({ peerID }) => peerID === b.id);
  await c.event('remove-peer', ({ peerID }) => peerID === b.id);
  await b.settled();
  expect(b.of('remove-peer')).toEqual([{ peerID: a.id }, { peerID: c.id }]);
  const { id } = c;
  c.socket.disconnect();
  await a.event('remove-peer', ({ peerID }) => peerID === id);
  await b.settled();
  expect(b.of('remove-peer')).toHaveLength(2);
  b.socket.emit('leave');
  await b.settled();
  expect(b.of('error-message')).toEqual([]);
});

test('the list of rooms goes to everyone on connection and on every change, UUIDs of version 4 only', async () => {
  const listener = running.classic();
  expect(await listener.event('share-rooms')).toEqual({ rooms: [] });
  await running.enter('demo', 'Ann');
  const [a] = await joined(1);
  await listener.event('share-rooms', ({ rooms }) => rooms.length === 1 && rooms[0] === room);
  expect(await running.classic().event('share-rooms')).toEqual({ rooms: [room] });
  a.socket.disconnect();
  await expect.poll(() => listener.of('share-rooms').at(-1)).toEqual({ rooms: [] });
  expect(listener.of('share-rooms').flatMap(({ rooms }) => rooms)).not.toContain('demo');
});

test('a room of our app is in the list if its id is such a UUID', async () => {
  const listener = running.classic();
  await running.enter(room, 'Ann');
  await listener.event('share-rooms', ({ rooms }) => rooms.includes(room));
});

test('joining twice is a warning, and changes nothing', async () => {
  const [a, b] = await joined(2);
  b.socket.emit('join', { room });
  expect((await b.event('warning')).message).toContain(room);
  await a.settled();
  expect([a, b].flatMap((client) => [...client.of('remove-peer'), ...client.of('error-message')])).toEqual([]);
  expect(a.of('add-peer')).toHaveLength(1);
});

test('joining another room leaves the first one', async () => {
  const [a, b] = await joined(2);
  await b.join(randomUUID());
  await a.event('remove-peer', ({ peerID }) => peerID === b.id);
  expect(b.of('remove-peer')).toEqual([{ peerID: a.id }]);
});

test('join, leave and join at once is joined, and nobody is in twice', async () => {
  const [a] = await joined(1);
  const b = running.classic();
  b.socket.emit('join', { room });
  b.socket.emit('leave');
  b.socket.emit('join', { room });
  await b.settled();
  expect(a.of('add-peer')).toHaveLength(2);
  expect(a.of('remove-peer')).toHaveLength(1);
  expect((await roomInfo()).participants).toBe(2);
});

test('relays to strangers are refused and reach nobody', async () => {
  const [a] = await joined(1);
  const eve = running.classic();
  await eve.join(randomUUID());
  eve.socket.emit('relay-sdp', { peerID: a.id, sessionDescription });
  expect(await eve.event('error-message')).toMatchObject({ code: 'not-found' });
  const outside = running.classic();
  outside.socket.emit('relay-ice', { peerID: a.id, iceCandidate });
  expect(await outside.event('error-message')).toMatchObject({ code: 'conflict' });
  await a.settled();
  expect([...a.of('session-description'), ...a.of('ice-candidate')]).toEqual([]);
  const metrics = await (await fetch(running.url('/metrics'))).text();
  expect(metrics).toContain('efir_signaling_messages_total{event="relay-sdp",result="not-found"} 1');
});

test('rooms that are no UUID of version 4, and events without their fields, get a clear error', async () => {
  const [a, b] = await joined(2);
  for (const [event, payload] of [
    ['join', { room: 'demo' }],
    ['join', { room: '3b241101-e2bb-1255-8caf-4136c566a962' }],
    ['join', {}],
    ['join', null],
    ['join', undefined],
    ['join', { room: { $ne: 1 } }],
    ['relay-sdp', { peerID: a.id }],
    ['relay-sdp', { sessionDescription }],
    ['relay-sdp', { peerID: [a.id], sessionDescription }],
    ['relay-sdp', { peerID: a.id, sessionDescription: { type: 'offer', sdp: 'v'.repeat(65_537) } }],
    ['relay-ice', { peerID: a.id, iceCandidate: 'candidate' }],
    ['relay-ice', { peerID: a.id, iceCandidate: { ...iceCandidate, candidate: 'x'.repeat(2000) } }],
    ['relay-ice', new Uint8Array(10)],
    ['share-rooms', {}],
    ['__proto__', {}],
  ] as const) {
    const reply = await b.socket.timeout(4000).emitWithAck(event, payload);
    expect(reply).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  }
  b.socket.emit('join', { room: 'demo' });
  expect((await b.event('error-message')).message).toMatch(/UUID/);
  await a.settled();
  expect([...a.of('session-description'), ...a.of('ice-candidate'), ...a.of('remove-peer')]).toEqual([]);
});

test('a message of a megabyte ends the connection that sent it, and no other', async () => {
  const [a, b] = await joined(2);
  const { id } = b;
  b.socket.emit('relay-sdp', { peerID: a.id, sessionDescription: { type: 'offer', sdp: 'v'.repeat(1_000_000) } });
  await b.disconnected();
  await a.event('remove-peer', ({ peerID }) => peerID === id);
  await a.settled();
});

test('a flood of relays is cut off for its sender, others go on', async () => {
  await start({ rateLimits: { relays: 120 } });
  const [a, b, c] = await joined(3);
  for (let n = 0; n < 100; n++) b.socket.emit('relay-ice', { peerID: a.id, iceCandidate });
  await b.settled();
  expect(a.of('ice-candidate')).toHaveLength(20);
  expect(b.of('error-message')).toEqual([expect.objectContaining({ code: 'rate-limited' })]);
  c.socket.emit('relay-ice', { peerID: a.id, iceCandidate });
  await a.event('ice-candidate', ({ peerID }) => peerID === c.id);
});

test('who floods on and on is put out', async () => {
  const [a, b] = await joined(2);
  const { id } = b;
  for (let n = 0; n < 3000; n++) b.socket.emit('relay-ice', { peerID: a.id, iceCandidate });
  await b.disconnected();
  await a.event('remove-peer', ({ peerID }) => peerID === id);
});

test('a flood of joins is cut off for its address', async () => {
  await start({ rateLimits: { joins: 5 } });
  const a = running.classic();
  for (let n = 0; n < 5; n++) await a.join(randomUUID());
  await expect(a.join(randomUUID())).rejects.toThrow(/too many/);
});

test('connections that one address has open are limited', async () => {
  await start({ rateLimits: { openConnections: 2 } });
  const clients = [running.classic(), running.classic()];
  for (const client of clients) await client.event('share-rooms');
  const third = running.classic();
  await new Promise((resolve) => third.socket.once('connect_error', resolve));
  clients[0].socket.disconnect();
  await expect
    .poll(async () => {
      const client = running.classic();
      return new Promise((resolve) => {
        client.socket.once('connect', () => resolve(true));
        client.socket.once('connect_error', () => resolve(false));
      });
    })
    .toBe(true);
});

test('a classic client and people in our app are in one room, and see each other as their own kind', async () => {
  const ann = await running.enter(room, 'Ann');
  const [classic] = await joined(1);
  expect(classic.of('add-peer')).toEqual([{ peerID: ann.id, createOffer: true }]);
  const { participant } = await ann.event('participant-joined');
  expect(participant).toMatchObject({ id: classic.id, classic: true, tracks: [] });
  expect(participant.name).toMatch(/^Guest \w+$/);

  classic.socket.emit('relay-sdp', { peerID: ann.id, sessionDescription });
  expect(await ann.event('relay')).toEqual({ from: classic.id, description: sessionDescription });
  classic.socket.emit('relay-ice', { peerID: ann.id, iceCandidate });
  await ann.event('relay', (relayed) => relayed.candidate?.candidate === iceCandidate.candidate);
  const answer = { type: 'answer', sdp: 'v=0' };
  await ann.ok('relay', { to: classic.id, description: answer, tracks: [{ mid: '0', source: 'camera' }] });
  expect(await classic.event('session-description')).toEqual({ peerID: ann.id, sessionDescription: answer });
  await ann.ok('relay', { to: classic.id, candidate: iceCandidate });
  await ann.ok('relay', { to: classic.id, candidate: null });
  await ann.settled();
  expect(classic.of('ice-candidate')).toEqual([{ peerID: ann.id, iceCandidate }]);

  expect(await ann.refused('say', { to: classic.id, channel: 'reliable', data: 'hi' })).toMatchObject({
    code: 'unsupported',
  });
  const bob = await running.enter(room, 'Bob');
  expect(await classic.event('add-peer', ({ peerID }) => peerID === bob.id)).toMatchObject({ createOffer: false });
  await bob.ok('leave', {});
  await classic.event('remove-peer', ({ peerID }) => peerID === bob.id);
  const { id } = classic;
  classic.socket.disconnect();
  expect(await ann.event('participant-left', ({ participant: gone }) => gone === id)).toMatchObject({ reason: 'left' });
});

test('a room with a classic client stays a mesh up to its limit, and the next one is refused, of either kind', async () => {
  await start({ meshMax: 2, classicMax: 4 });
  const [classic] = await joined(1);
  const app = [];
  for (const name of ['Ann', 'Bob', 'Cat']) app.push(await running.enter(room, name));
  expect((await roomInfo()).topology).toBe('mesh');
  expect(app[0].seen('topology')).toEqual([]);
  expect(await running.connect().refused('enter', { room, name: 'Dan' })).toMatchObject({
    code: 'room-full',
    message: expect.stringMatching(/classic.*4/),
  });
  await expect(running.classic().join(room)).rejects.toThrow(/classic.*4/);
  const refused = running.classic();
  refused.socket.emit('join', { room });
  expect(await refused.event('error-message')).toMatchObject({ code: 'room-full' });
  classic.socket.emit('leave');
  await app[0].event('topology', ({ topology, phase }) => topology === 'sfu' && phase === 'prepare');
});

test('a classic client takes a room back from the SFU, and is refused where it cannot', async () => {
  await start({ meshMax: 1 });
  const ann = await running.enter(room, 'Ann');
  const bob = await running.enter(room, 'Bob');
  for (const [client, certificate] of [
    [ann, '7B'],
    [bob, '7C'],
  ] as const) {
    await client.event('topology');
    await client.offer(publishing({ certificate }), { fresh: true });
    await client.ok('migrated', { epoch: 1, ok: true });
  }
  await ann.event('topology', ({ phase }) => phase === 'commit');
  const [classic] = await joined(1);
  await ann.event('topology', ({ epoch, topology }) => epoch === 2 && topology === 'mesh');
  // Their connections are made at once, whatever comes of the move.
  classic.socket.emit('relay-sdp', { peerID: ann.id, sessionDescription });
  await ann.event('relay');

  const other = randomUUID();
  await put({ topology: 'sfu' }, other);
  await expect(running.classic().join(other)).rejects.toThrow(/SFU/);
  expect((await put({ topology: 'sfu' })).status).toBe(409);
});

test('WHIP and WHEP into a room with a classic client are refused, and leave it as it was', async () => {
  const [classic] = await joined(1);
  const post = (path: string, body: string): Promise<Response> =>
    fetch(running.url(path), { method: 'POST', body, headers: { 'Content-Type': 'application/sdp' } });
  const whip = await post(`/whip/${room}`, publishing());
  expect(whip.status).toBe(409);
  expect(await whip.text()).toMatch(/classic/);
  const playing = offer([{ kind: 'video', direction: 'recvonly' }]);
  expect((await post(`/whep/${room}`, playing)).status).toBe(409);
  await classic.settled();
  expect(classic.of('add-peer')).toEqual([]);
  expect(running.workers.workers[0].transports).toEqual([]);
});

test('who is away when a classic client joins offers on coming back', async () => {
  await start({ resumeGraceMs: 4000 });
  const ann = await running.enter(room, 'Ann');
  ann.socket.disconnect();
  const bob = await running.enter(room, 'Bob');
  await expect
    .poll(() => bob.request('relay', { to: ann.id, description: sessionDescription }))
    .toMatchObject({ error: { code: 'unavailable' } });
  const [classic] = await joined(1);
  expect(classic.of('add-peer')).toEqual([
    { peerID: ann.id, createOffer: false },
    { peerID: bob.id, createOffer: true },
  ]);
});

test('where tokens are required, a classic client needs one that allows both directions', async () => {
  await start({ apiSecret: 'correct-horse', requireTokens: true });
  const [token, half] = await Promise.all(
    [{}, { publish: false }].map(async (body) => {
      const response = await fetch(running.url(`/api/rooms/${room}/token`), {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', Authorization: 'Bearer correct-horse' },
      });
      return ((await response.json()) as { token: string }).token;
    }),
  );
  await expect(running.classic().join(room)).rejects.toThrow(/token/);
  const restricted = running.classic();
  restricted.socket.auth = { token: half };
  await expect(restricted.join(room)).rejects.toThrow(/sends and receives/);
  const allowed = running.classic();
  allowed.socket.auth = { token };
  await allowed.join(room);
});

test('a room that is removed puts classic clients out, and they may join another', async () => {
  const [a, b] = await joined(2);
  await fetch(running.url(`/api/rooms/${room}`), { method: 'DELETE' });
  expect(await a.event('error-message')).toMatchObject({ message: 'the room was closed' });
  expect(a.of('remove-peer')).toEqual([{ peerID: b.id }]);
  await a.join(randomUUID());
});
