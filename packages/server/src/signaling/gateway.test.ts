import { EnterReply } from '@efir/protocol';
import { sourceTag } from '@efir/sfu';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { offer, publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestServer } from '../testing/test-server.js';

let running: TestServer;
beforeEach(async () => {
  running = await startTestServer();
});
afterEach(() => running.close());

const restart = async (...parameters: Parameters<typeof startTestServer>): Promise<void> => {
  await running.close();
  running = await startTestServer(...parameters);
};
/** Sends microphone and camera, and has sections for as many others. */
const sending = (others: number): string =>
  offer([
    { kind: 'audio', direction: 'sendonly' },
    { kind: 'video', direction: 'sendonly' },
    ...Array(others).fill({ kind: 'audio', direction: 'recvonly' }),
    ...Array(others).fill({ kind: 'video', direction: 'recvonly' }),
  ]);

test('who enters is told who is there, and the others are told who came', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = running.connect();
  const reply = await bob.enter({ room: 'demo', name: '  Bob ' });
  EnterReply.parse(reply);
  expect(reply).toMatchObject({ ok: true, resumed: false, room: { id: 'demo', participants: 2 } });
  expect(reply.participants.map(({ name }) => name)).toEqual(['Ann', 'Bob']);
  expect(await ann.event('participant-joined')).toMatchObject({ participant: { id: bob.id, name: 'Bob', tracks: [] } });
  expect(bob.seen('participant-joined')).toEqual([]);
});

test('what one publishes, the other receives: tracks announced, routed and assigned', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  const answer = await ann.offer(publishing(), { tracks: [{ mid: '1', source: 'screen', muted: true }] });
  expect(answer).toMatch(/^v=0/);
  expect(await bob.event('participant-updated')).toEqual({
    participant: expect.objectContaining({
      id: ann.id,
      tracks: [
        { id: `${ann.id}/0`, source: 'microphone', kind: 'audio', muted: false },
        { id: `${ann.id}/1`, source: 'screen', kind: 'video', muted: true },
      ],
    }),
  });
  await bob.offer(receiving(1, 2));
  expect(await bob.event('streams')).toEqual({
    streams: [
      { mid: '0', participant: ann.id, source: 'microphone', track: `${ann.id}/0`, csrc: sourceTag(`${ann.id}.1/0`) },
      { mid: '1', participant: ann.id, source: 'screen', track: `${ann.id}/1`, csrc: sourceTag(`${ann.id}.1/1`) },
      { mid: '2', participant: null, source: null, track: null, csrc: null },
    ],
    missing: { audio: 0, video: 0 },
  });
  expect(running.workers.workers[0].routes(`${bob.id}.1`)).toEqual({
    0: { producer: `${ann.id}.1/0` },
    1: { producer: `${ann.id}.1/1` },
  });
});

test('who has too few sections is told how many are missing, and gets the rest by offering again', async () => {
  const bob = await running.enter('demo', 'Bob');
  await bob.offer(receiving(1, 1, { ufrag: 'same' }));
  for (const name of ['Ann', 'Cat']) await (await running.enter('demo', name)).offer(publishing());
  await bob.event('streams', ({ missing }) => missing.audio === 1 && missing.video === 1);
  await bob.offer(
    offer(
      [
        { kind: 'audio', direction: 'recvonly' },
        { kind: 'video', direction: 'recvonly' },
        { kind: 'audio', direction: 'recvonly' },
        { kind: 'video', direction: 'recvonly' },
      ],
      { ufrag: 'same' },
    ),
  );
  const { streams } = await bob.event('streams', (told) => told.missing.video === 0 && told.streams.length === 4);
  expect(streams.every(({ track }) => track !== null)).toBe(true);
  const [first, second] = running.workers.workers[0]
    .of('configureTransport')
    .filter((r) => r.transport === `${bob.id}.1`);
  expect(second.localIce).toEqual(first.localIce);
  expect(second.sections[0].downlink).toEqual(first.sections[0].downlink);
});

test('an offer with new ICE credentials is a restart: ours are new, the transport is not', async () => {
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(publishing({ ufrag: 'before' }));
  await ann.offer(publishing({ ufrag: 'after' }));
  const [first, second] = running.workers.workers[0].of('configureTransport');
  expect(second.transport).toBe(first.transport);
  expect(second.remoteIce.usernameFragment).toBe('after');
  expect(second.localIce).not.toEqual(first.localIce);
});

test('a fresh PeerConnection takes the place of the one before', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  await bob.offer(receiving(1, 1));
  await ann.offer(publishing());
  await bob.event('streams', ({ streams }) => streams[1]?.participant === ann.id);
  expect(await ann.refused('offer', { sdp: publishing({ certificate: '7B' }) })).toMatchObject({ code: 'conflict' });
  await ann.offer(publishing({ certificate: '7B' }), { fresh: true });
  const [worker] = running.workers.workers;
  await expect
    .poll(() => worker.routes(`${bob.id}.1`))
    .toEqual({
      0: { producer: `${ann.id}.2/0` },
      1: { producer: `${ann.id}.2/1` },
    });
  expect(worker.transports.sort()).toEqual([`${ann.id}.2`, `${bob.id}.1`].sort());
});

test('muting is told to the others', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  await ann.offer(publishing());
  await ann.ok('mute', { source: 'camera', muted: true });
  await bob.event('participant-updated', ({ participant }) => participant.tracks[1]?.muted === true);
  expect(await ann.refused('mute', { source: 'screen', muted: true })).toMatchObject({ code: 'not-found' });
  await ann.offer(publishing({ ufrag: 'other' }));
  expect((await running.connect().enter({ room: 'demo', name: 'Cat' })).participants[0].tracks[1].muted).toBe(true);
});

test('the speaker of the room is told to all, and to who comes later', async () => {
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(publishing());
  const [worker] = running.workers.workers;
  const { router } = worker.of('openRouter')[0];
  running.workers.emit('notice', worker, { type: 'speaker', router, producer: `${ann.id}.1/0` });
  expect(await ann.event('speaker')).toEqual({ participant: ann.id });
  const bob = await running.enter('demo', 'Bob');
  expect(await bob.event('speaker')).toEqual({ participant: ann.id });
  running.workers.emit('notice', worker, { type: 'speaker', router, producer: null });
  await bob.event('speaker', ({ participant }) => participant === null);
});

test('who leaves is gone at once, and the last one takes the room along', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  await bob.offer(receiving(1, 1));
  await ann.offer(publishing());
  await bob.event('streams', ({ streams }) => streams[1]?.participant === ann.id);
  await ann.ok('leave', {});
  expect(await bob.event('participant-left')).toEqual({ participant: ann.id, reason: 'left' });
  const [worker] = running.workers.workers;
  await expect.poll(() => worker.routes(`${bob.id}.1`)).toEqual({ 0: null, 1: null });
  expect(await ann.refused('offer', { sdp: publishing() })).toMatchObject({ code: 'conflict' });
  await bob.ok('leave', undefined);
  expect((await fetch(running.url('/api/rooms/demo'))).status).toBe(404);
  expect(worker.of('closeRouter')).toHaveLength(1);
  expect(worker.transports).toEqual([]);
  await ann.enter({ room: 'demo', name: 'Ann' });
});

test('a message that fails its schema is an error to its sender and nothing else', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  await ann.event('participant-joined');
  const before = ann.events.length;
  const deep: Record<string, unknown> = {};
  deep.sdp = deep.tracks = [[[[[[]]]]]];
  for (const [event, payload] of [
    ['offer', null],
    ['offer', 'sdp'],
    ['offer', { sdp: 5 }],
    ['offer', { sdp: '' }],
    ['offer', { sdp: 'x', tracks: [{ mid: '../', source: 'camera' }] }],
    ['offer', { sdp: 'x', extra: true }],
    ['offer', deep],
    ['mute', { source: 'camera' }],
    ['leave', { really: true }],
    ['leave', []],
  ] as const) {
    expect(await bob.refused(event, payload)).toMatchObject({ code: 'bad-request' });
  }
  expect(await running.connect().refused('enter', { room: 'no/room', name: 'x' })).toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(/^room: /),
  });
  expect(ann.events.length).toBe(before);
  expect(bob.socket.connected).toBe(true);
});

test('without an ack the error comes as an event', async () => {
  const ann = await running.enter('demo', 'Ann');
  ann.socket.emit('offer', { sdp: 5 });
  expect(await ann.event('error')).toMatchObject({ code: 'bad-request' });
  ann.socket.emit('dance');
  expect(await ann.event('error', ({ message }) => message.includes('dance'))).toMatchObject({ code: 'bad-request' });
  ann.socket.emit('mute', new Uint8Array(100));
  await expect.poll(() => ann.seen('error').length).toBe(3);
});

test('an offer of garbage, of too much or of nothing we have names the reason', async () => {
  const ann = await running.enter('demo', 'Ann');
  expect(await ann.refused('offer', { sdp: 'hello' })).toMatchObject({ code: 'bad-sdp' });
  expect(await ann.refused('offer', { sdp: publishing().replace(/a=fingerprint.*\r\n/g, '') })).toMatchObject({
    code: 'bad-sdp',
    message: expect.stringMatching(/fingerprint/),
  });
  expect(await ann.refused('offer', { sdp: 'v'.repeat(65_537) })).toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(/^sdp: /),
  });
  const strange = publishing({ codecs: { audio: 'G729/8000', video: 'H261/90000' } });
  expect(await ann.refused('offer', { sdp: strange })).toMatchObject({ code: 'unsupported' });
  const wrongKind = { sdp: publishing(), tracks: [{ mid: '0', source: 'camera' }] };
  expect(await ann.refused('offer', wrongKind)).toMatchObject({ code: 'bad-request' });
  const many = offer(Array(17).fill({ kind: 'audio', direction: 'sendonly' }));
  expect(await ann.refused('offer', { sdp: many })).toMatchObject({ code: 'too-large' });
  expect(running.workers.workers[0].transports).toEqual([]);
  await ann.offer(publishing());
});

test('a message above the payload limit ends the connection that sent it, and no other', async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  ann.socket.emit('offer', { sdp: 'v'.repeat(1_200_000) });
  await ann.disconnected();
  await bob.event('participant-left', ({ reason }) => reason === 'lost');
});

test('offering before entering, or entering twice, is refused', async () => {
  const ann = running.connect();
  expect(await ann.refused('offer', { sdp: publishing() })).toMatchObject({ code: 'conflict' });
  await ann.enter({ room: 'demo', name: 'Ann' });
  expect(await ann.refused('enter', { room: 'demo', name: 'Ann' })).toMatchObject({ code: 'conflict' });
});

test('a full room is refused', async () => {
  await fetch(running.url('/api/rooms/demo'), {
    method: 'PUT',
    body: JSON.stringify({ maxParticipants: 1 }),
    headers: { 'Content-Type': 'application/json' },
  });
  await running.enter('demo', 'Ann');
  expect(await running.connect().refused('enter', { room: 'demo', name: 'Bob' })).toMatchObject({ code: 'room-full' });
});

test('a flood of messages is cut off for its sender, and others go on', async () => {
  await restart({ rateLimits: { socketMessages: 30 } });
  const ann = await running.enter('demo', 'Ann');
  const replies = await Promise.all(Array.from({ length: 20 }, () => ann.refused('mute', {})));
  expect(replies.filter(({ code }) => code === 'rate-limited').length).toBeGreaterThanOrEqual(15);
  expect(replies.filter(({ code }) => code === 'bad-request').length).toBeLessThanOrEqual(5);
  await running.enter('demo', 'Bob');
});

test('an address with too many connections gets no more of them', async () => {
  await restart({ rateLimits: { connections: 1 } });
  await running.enter('demo', 'Ann');
  const bob = running.connect();
  const error = await new Promise<Error & { data?: { code: string } }>((resolve) =>
    bob.socket.on('connect_error', resolve),
  );
  expect(error.data?.code).toBe('rate-limited');
});

test('where tokens are required, one says who enters and what they may do', async () => {
  await restart({ apiSecret: 'correct-horse', requireTokens: true });
  const response = await fetch(running.url('/api/rooms/demo/token'), {
    method: 'POST',
    body: JSON.stringify({ name: 'Ann', publish: false }),
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer correct-horse' },
  });
  const { token } = (await response.json()) as { token: string };
  const ann = running.connect();
  expect(await ann.refused('enter', { room: 'demo', name: 'Eve' })).toMatchObject({ code: 'unauthorized' });
  expect(await ann.refused('enter', { room: 'demo', name: 'Eve', token: 'x' })).toMatchObject({ code: 'unauthorized' });
  expect(await ann.refused('enter', { room: 'other', name: 'Eve', token })).toMatchObject({ code: 'forbidden' });
  const { participants } = await ann.enter({ room: 'demo', name: 'Eve', token });
  expect(participants[0].name).toBe('Ann');
  expect(await ann.offer(sending(1))).not.toMatch(/a=(recvonly|sendrecv)/);
});

test('the removal of a room puts everyone out, for good', async () => {
  const ann = await running.enter('demo', 'Ann');
  await fetch(running.url('/api/rooms/demo'), { method: 'DELETE' });
  expect(await ann.event('closed')).toEqual({ reason: 'the room was closed', retry: false });
  await ann.disconnected();
});

test('when the server ends, everyone is told to come back', async () => {
  const ann = await running.enter('demo', 'Ann');
  await running.server.close();
  expect(await ann.event('closed')).toMatchObject({ retry: true });
  expect(running.workers.closed).toBe(true);
  await expect(fetch(running.url('/healthz'))).rejects.toThrow();
});

test('in a room of more than fifty, who comes is told in batches to those who know them and singly to others', async () => {
  const [ann, bob] = [running.connect(), await running.enter('demo', 'Bob')];
  await ann.enter({ room: 'demo', name: 'Ann', batches: true });
  const crowd = await Promise.all(Array.from({ length: 60 }, (_, n) => running.enter('demo', `Guest ${n}`)));
  const last = crowd.at(-1) as (typeof crowd)[number];
  await ann.event('participants', ({ joined }) => joined.some(({ id }) => id === last.id));
  await bob.event('participant-joined', ({ participant }) => participant.id === last.id);
  expect(bob.seen('participants')).toEqual([]);
  expect(bob.seen('participant-joined')).toHaveLength(61);
  expect(ann.seen('participants').length).toBeLessThan(12);
  last.socket.disconnect();
  await ann.event('participants', ({ left }) => left.some(({ participant }) => participant === last.id));
  await bob.event('participant-left', ({ participant }) => participant === last.id);
}, 20_000);

test('fifty who enter, offer and show a page within a second from one address are all let in', async () => {
  const tiles = [{ show: { follow: 'speaker' }, width: 320, height: 180 }];
  const crowd = Array.from({ length: 50 }, async (_, n) => {
    const client = await running.enter('demo', `Guest ${n}`);
    await client.offer(sending(3), { tracks: [{ mid: '0', source: 'microphone' }] });
    await client.ok('view', { tiles });
    await client.ok('mute', { source: 'microphone', muted: true });
    return client;
  });
  for (const client of await Promise.all(crowd)) await client.event('streams', ({ streams }) => streams.length === 6);
}, 20_000);
