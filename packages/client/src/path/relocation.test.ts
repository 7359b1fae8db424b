import type { ParticipantInfo } from '@efir/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Room } from '../room.js';
import { FakePeerConnection, fakeMedia } from '../testing/fake-media.js';
import { FakeServer, type FakeSocket } from '../testing/fake-server.js';

let server: FakeServer;
vi.mock('socket.io-client', () => ({ io: (url: string) => server.io(url) }));

const ann: ParticipantInfo = {
  ...{ id: 'ann', name: 'Ann', joinedAt: 1 },
  tracks: [{ id: 'ann/1', source: 'camera', kind: 'video', muted: false }],
};
/** The server says where it is, on the latest connection. */
const annsPicture = () => ({
  streams: [
    {
      mid: section(FakePeerConnection.all.at(-1))?.mid ?? '',
      participant: 'ann',
      source: 'camera' as const,
      track: 'ann/1',
      csrc: 1,
    },
  ],
  missing: { audio: 0, video: 0 },
});
const MOVE = { urls: ['https://b.example.org'], from: 'node-a' };
let room: Room;
let states: string[];
const connections = () => FakePeerConnection.all;
const picture = () => room.participant('ann')?.track('camera')?.media;
const section = (connection: FakePeerConnection | undefined) =>
  connection?.transceivers.find(({ receiver }) => receiver.track.kind === 'video');
const pictureOf = (connection: FakePeerConnection | undefined) => section(connection)?.receiver.track;
/** Media of the microphone that a connection sends. */
const sound = (connection: FakePeerConnection | undefined) =>
  connection?.transceivers.find(({ receiver }) => receiver.track.kind === 'audio')?.sender.track ?? null;

beforeEach(async () => {
  server = new FakeServer();
  server.participants = [ann];
  FakePeerConnection.all = [];
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
  room = new Room({ room: 'demo', name: 'Me', url: 'https://a.example.org' });
  await room.local.publish('microphone', fakeMedia('audio'));
  await room.connect();
  await vi.waitFor(() => expect(room.state).toBe('connected'));
  server.send('streams', annsPicture());
  states = [];
  room.on('state', ({ state }) => states.push(state));
});
afterEach(async () => {
  await room.leave();
  vi.unstubAllGlobals();
});

test('told to move, it has media at the other server before it leaves this one, as who it is', async () => {
  const [first] = connections();
  const [here] = server.sockets;
  server.send('move', MOVE);
  await vi.waitFor(() => expect(server.of('offer')).toHaveLength(2));
  expect(server.asked).toEqual(['https://a.example.org/sfu', 'https://b.example.org/sfu']);
  expect(server.of('enter')[1]).toMatchObject({ room: 'demo', resume: 'secret', from: 'node-a' });
  expect(server.of('offer')[1]).toMatchObject({ fresh: true, tracks: [{ source: 'microphone' }] });
  // Until then it is heard and sees from here.
  expect([picture(), sound(first)]).toEqual([pictureOf(first), room.local.track('microphone')?.media]);
  expect(sound(connections()[1])).toBe(null);

  await vi.waitFor(() => expect(server.of('arrive')).toHaveLength(1));
  server.send('streams', annsPicture());
  await vi.waitFor(() => expect(picture()).toBe(pictureOf(connections()[1])));
  expect(sound(connections()[1])).toBe(room.local.track('microphone')?.media);
  expect(here?.connected).toBe(false);
  expect([states, room.peerConnections]).toEqual([[], [connections()[1]]]);

  // From then on it comes back there.
  server.cut();
  await vi.waitFor(() => expect(server.asked).toHaveLength(3));
  expect(server.asked[2]).toBe('https://b.example.org/sfu');
});

test('the server that it leaves may cut the connection as soon as the other one has asked it to', async () => {
  const here = server.socket as FakeSocket;
  const { answer } = server;
  server.answer = (name, payload) => {
    if (name === 'arrive') {
      here.fire('closed', { reason: 'you are on another server now', retry: true });
      here.fire('disconnect', 'io server disconnect');
    }
    return answer.call(server, name, payload);
  };
  server.send('move', MOVE);
  await vi.waitFor(() => expect(server.of('arrive')).toHaveLength(1));
  await vi.waitFor(() => expect(room.peerConnections).toEqual([connections()[1]]));
  expect([states, server.sockets.length]).toEqual([[], 2]);
});

test.each(['mesh', 'sfu'] as const)(
  'told of a move to %s by the server that it leaves as it arrives, it makes another connection there',
  async (topology) => {
    const here = server.socket as FakeSocket;
    const { answer } = server;
    server.answer = (name, payload) => {
      if (name === 'arrive') here.fire('topology', { phase: 'prepare', epoch: 1, topology, reason: 'size' });
      return answer.call(server, name, payload);
    };
    server.send('move', MOVE);
    await vi.waitFor(() => expect(server.of('arrive')).toHaveLength(1));
    await vi.waitFor(() => expect(server.of('offer')).toHaveLength(3));
    await vi.waitFor(() => expect(room.state).toBe('connected'));
    const last = connections().at(-1);
    expect([room.peerConnections, room.topology, here.connected]).toEqual([[last], 'sfu', false]);
    expect(last?.connectionState).toBe('connected');
    expect(sound(last)).toBe(room.local.track('microphone')?.media);
    for (const closed of connections().slice(0, 2)) expect(closed.connectionState).toBe('closed');
    expect(server.sockets).toHaveLength(2);
  },
);

test.each(['enter', 'offer', 'arrive'] as const)(
  'refused %s there, it stays, and goes when it is told again',
  async (name) => {
    const [first] = connections();
    const here = server.socket as FakeSocket;
    const asked = server.of(name).length;
    server.refuse = { [name]: { code: 'conflict', message: 'not now' } };
    here.fire('move', MOVE);
    await vi.waitFor(() => expect(server.of(name)).toHaveLength(asked + 1), { timeout: 3000 });
    await vi.waitFor(() => expect(server.sockets[1]?.connected).toBe(false), { timeout: 3000 });
    expect([picture(), here.connected, states]).toEqual([pictureOf(first), true, []]);
    expect(
      connections()
        .slice(1)
        .every(({ connectionState }) => connectionState === 'closed'),
    ).toBe(true);

    server.refuse = {};
    here.fire('move', MOVE);
    await vi.waitFor(() => expect(room.peerConnections).toEqual([connections().at(-1)]), { timeout: 3000 });
  },
);

test('of several servers the first that takes it is gone to', async () => {
  const { answer } = server;
  server.answer = (name, payload) =>
    server.sockets.length === 2 && name === 'enter'
      ? { ok: false, error: { code: 'unavailable', message: 'full' } }
      : answer.call(server, name, payload);
  server.send('move', { urls: ['https://b.example.org', 'https://c.example.org'], from: 'node-a' });
  await vi.waitFor(() => expect(server.of('arrive')).toHaveLength(1), { timeout: 3000 });
  expect(server.asked.slice(1)).toEqual(['https://b.example.org/sfu', 'https://c.example.org/sfu']);
});
