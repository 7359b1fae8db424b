import type { ParticipantInfo } from '@efir/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RoomOptions } from './options.js';
import { Room } from './room.js';
import { FakePeerConnection, fakeMedia } from './testing/fake-media.js';
import { FakeServer } from './testing/fake-server.js';

let server: FakeServer;
vi.mock('socket.io-client', () => ({ io: () => server.io() }));

const ann: ParticipantInfo = {
  id: 'ann',
  name: 'Ann',
  joinedAt: 1,
  tracks: [
    { id: 'ann/0', source: 'microphone', kind: 'audio', muted: false },
    { id: 'ann/1', source: 'camera', kind: 'video', muted: false },
  ],
};
const annsStreams = (audioMid: string, videoMid: string) => ({
  streams: [
    { mid: audioMid, participant: 'ann', source: 'microphone' as const, track: 'ann/0', csrc: 1 },
    { mid: videoMid, participant: 'ann', source: 'camera' as const, track: 'ann/1', csrc: 2 },
  ],
  missing: { audio: 0, video: 0 },
});
const rooms: Room[] = [];
const latest = () => FakePeerConnection.all.at(-1) as FakePeerConnection;
const connected = (room: Room) => vi.waitFor(() => expect(room.state).toBe('connected'));

async function join(options: Partial<RoomOptions> = {}): Promise<Room> {
  const room = new Room({ room: 'demo', name: 'Me', ...options });
  rooms.push(room);
  await room.local.publish('camera', fakeMedia('video'));
  await room.connect();
  await connected(room);
  return room;
}

beforeEach(() => {
  server = new FakeServer();
  server.participants = [ann];
  FakePeerConnection.all = [];
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
});
afterEach(async () => {
  for (const room of rooms.splice(0)) await room.leave();
  vi.unstubAllGlobals();
});

test('the first offer has what is sent, and sections for what the others publish', async () => {
  await join();
  expect(server.of('offer')).toEqual([
    { sdp: expect.any(String), tracks: [{ mid: '0', source: 'camera', muted: false }], fresh: true },
  ]);
  expect(latest().transceivers.map(({ direction }) => direction)).toEqual(['sendonly', 'recvonly', 'recvonly']);
});

test('assignments hand the media of sections to the tracks of participants', async () => {
  const room = await join();
  const seen: string[] = [];
  room.on('track-media', ({ participant, track }) => seen.push(`${participant.name} ${track.source}`));
  server.send('streams', annsStreams('1', '2'));
  expect(seen).toEqual(['Ann microphone', 'Ann camera']);
  expect(room.participant('ann')?.track('camera')?.media).toBe(latest().transceivers[2]?.receiver.track);
});

test('when sections run out, more are offered at once, and only once', async () => {
  await join();
  const missing = { streams: [], missing: { audio: 2, video: 2 } };
  server.send('streams', missing);
  server.send('streams', missing);
  await vi.waitFor(() => expect(server.of('offer')).toHaveLength(2));
  expect(latest().transceivers).toHaveLength(3 + 4);
  expect(server.of('offer')[1]).toMatchObject({ fresh: false });
});

test('a lost socket comes back with the same identity and leaves the media alone', async () => {
  const room = await join();
  server.cut();
  expect(room.state).toBe('reconnecting');
  await connected(room);
  expect(server.of('enter')[1]).toMatchObject({ resume: 'secret' });
  expect(FakePeerConnection.all).toHaveLength(1);
  expect(server.of('offer')).toHaveLength(1);
});

test('a dead worker means a new peer connection under the same participants and tracks', async () => {
  const room = await join();
  server.send('streams', annsStreams('1', '2'));
  const participant = room.participant('ann');
  const track = participant?.track('camera');
  server.send('media-restart', { reason: 'worker died' });
  await vi.waitFor(() => expect(FakePeerConnection.all).toHaveLength(2));
  await connected(room);
  expect(FakePeerConnection.all[0]?.connectionState).toBe('closed');
  expect(server.of('offer')[1]).toMatchObject({ fresh: true, tracks: [{ source: 'camera' }] });
  server.send('streams', annsStreams('1', '2'));
  expect(room.participant('ann')).toBe(participant);
  expect(participant?.track('camera')).toBe(track);
  expect(track?.media).toBe(latest().transceivers[2]?.receiver.track);
});

test('a failed path is restarted on the same peer connection', async () => {
  await join();
  latest().become('failed');
  await vi.waitFor(() => expect(latest().iceRestarts).toBe(1));
  expect(FakePeerConnection.all).toHaveLength(1);
});

test('an identity that the server has forgotten is taken up anew, with a new peer connection', async () => {
  const room = await join();
  server.resumed = false;
  server.cut();
  await connected(room);
  expect(FakePeerConnection.all).toHaveLength(2);
});

test('a full room refuses, and says so', async () => {
  server.refuse.enter = { code: 'room-full', message: 'no place left' };
  const room = new Room({ room: 'demo', name: 'Me' });
  const closed = vi.fn();
  room.on('closed', closed);
  await expect(room.connect()).rejects.toMatchObject({ code: 'room-full' });
  expect(closed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ reason: 'room-full', retry: false }));
  expect(room.state).toBe('closed');
});

test('people come, change and go', async () => {
  const room = await join();
  const log: string[] = [];
  room.on('participant-joined', ({ participant }) => log.push(`+${participant.name}`));
  room.on('track-added', ({ participant, track }) => log.push(`${participant.name} ${track.source}`));
  room.on('track-muted', ({ track }) => log.push(`${track.source} ${track.muted}`));
  room.on('participant-left', ({ participant, reason }) => log.push(`-${participant.name} ${reason}`));
  const camera = { id: 'bob/0', source: 'camera', kind: 'video', muted: false } as const;
  server.send('participant-joined', { participant: { id: 'bob', name: 'Bob', joinedAt: 2, tracks: [camera] } });
  server.send('participant-updated', {
    participant: { id: 'bob', name: 'Bob', joinedAt: 2, tracks: [{ ...camera, muted: true }] },
  });
  expect(room.participants.map(({ name }) => name)).toEqual(['Ann', 'Bob', 'Me']);
  server.send('participant-left', { participant: 'bob', reason: 'lost' });
  expect(log).toEqual(['+Bob', 'Bob camera', 'camera true', '-Bob lost']);
  expect(room.participants.map(({ name }) => name)).toEqual(['Ann', 'Me']);
});

test('leaving tells the server and releases the devices', async () => {
  const room = await join();
  const media = room.local.track('camera')?.media;
  await room.leave();
  expect(server.of('leave')).toHaveLength(1);
  expect(media?.readyState).toBe('ended');
  expect(room.state).toBe('closed');
});

test('a room that is shown by the page has its sections from the start, and views need no offer', async () => {
  const room = await join({ page: 9 });
  const receiving = latest().transceivers.filter(({ direction }) => direction === 'recvonly');
  expect(receiving).toHaveLength(3 + 10);
  room.setView([{ show: { participant: 'ann', source: 'camera' }, width: 320, height: 180 }]);
  room.setReception({ maxBps: 400_000 });
  await vi.waitFor(() => expect(server.of('view')).toHaveLength(1));
  expect(server.of('view')[0]).toEqual({
    tiles: [{ show: { track: 'ann/camera' }, role: 'thumbnail', width: 320, height: 180 }],
    audioOnly: false,
    maxBps: 400_000,
  });
  expect(server.of('offer')).toHaveLength(1);
});

test('what happens in a large room is told in batches', async () => {
  const room = await join();
  expect(server.of('enter')[0]).toMatchObject({ batches: true });
  const joined = Array.from({ length: 60 }, (_, n) => ({ id: `p${n}`, name: `P${n}`, joinedAt: n, tracks: [] }));
  server.send('participants', { joined, updated: [{ ...ann, name: 'Anne' }], left: [] });
  expect(room.participants).toHaveLength(62);
  expect(room.participant('ann')?.name).toBe('Anne');
  server.send('participants', { joined: [], updated: [], left: [{ participant: 'p3', reason: 'left' }] });
  expect(room.participant('p3')).toBeUndefined();
});

test('quality is told by participant, and overload by where it is', async () => {
  const room = await join();
  server.send('streams', annsStreams('1', '2'));
  const stream = { mid: '2', spatial: 1, temporal: 2, bitrateBps: 300_000, paused: false };
  const path = { estimateBps: 1e6, sentBps: 3e5, wantedBps: 2e6, lossShare: 0, roundTripMs: 20, weak: true };
  server.send('quality', { ...path, streams: [stream, { ...stream, mid: '9' }] });
  expect(room.quality).toMatchObject({ weak: true, streams: [{ participant: 'ann', source: 'camera', spatial: 1 }] });
  const overload = vi.fn();
  room.on('overload', overload);
  server.send('overload', { level: 1 });
  server.send('overload', { level: 1 });
  expect(overload).toHaveBeenCalledExactlyOnceWith({ where: 'server', level: 1 });
});
