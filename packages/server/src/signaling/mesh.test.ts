import { afterEach, expect, test } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import { publishing } from '../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../testing/test-server.js';

let running: TestServer;
afterEach(() => running.close());

const start = async (config: ServerConfigInput = {}): Promise<void> => {
  running = await startTestServer({ meshMax: 5, ...config });
};
const description = { type: 'offer', sdp: 'v=0\r\n' };
const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };

/** Ann and Bob in a mesh. */
const two = async (config?: ServerConfigInput): Promise<{ ann: TestClient; bob: TestClient }> => {
  await start(config);
  return { ann: await running.enter('demo', 'Ann'), bob: await running.enter('demo', 'Bob') };
};

test('a small room is a mesh, and needs no media worker', async () => {
  await start();
  const reply = await running.connect().enter({ room: 'demo', name: 'Ann' });
  expect(reply.room.topology).toBe('mesh');
  expect(reply.migration).toBeUndefined();
  expect(running.workers.workers[0].requests).toEqual([]);
});

test('descriptions and candidates reach the one they are for, from whom they come', async () => {
  const { ann, bob } = await two();
  const cat = await running.enter('demo', 'Cat');
  const tracks = [{ mid: '0', source: 'camera' }];
  await ann.ok('relay', { to: bob.id, description, tracks, fresh: true });
  await ann.ok('relay', { to: bob.id, candidate });
  await ann.ok('relay', { to: bob.id, candidate: null });
  await bob.event('relay', (relayed) => relayed.candidate === null);
  expect(bob.seen('relay')).toEqual([
    { from: ann.id, description, tracks, fresh: true },
    { from: ann.id, candidate },
    { from: ann.id, candidate: null },
  ]);
  await cat.settled();
  expect(cat.seen('relay')).toEqual([]);
});

test('a relay to oneself, to nobody or into another room is refused', async () => {
  const { ann } = await two();
  const eve = await running.enter('other', 'Eve');
  for (const to of [ann.id, 'nobody', eve.id]) {
    expect(await ann.refused('relay', { to, description })).toMatchObject({ code: 'not-found' });
  }
  expect(await running.connect().refused('relay', { to: ann.id, description })).toMatchObject({ code: 'conflict' });
  await eve.settled();
  expect(eve.seen('relay')).toEqual([]);
});

test('a relay that is not what the schema says is refused', async () => {
  const { ann, bob } = await two();
  for (const bad of [
    { to: bob.id },
    { to: bob.id, description, candidate },
    { to: bob.id, description: { type: 'offer', sdp: 'v'.repeat(65_537) } },
    { to: bob.id, description: { type: 'offer', sdp: 5 } },
    { to: bob.id, candidate: { candidate: 'x'.repeat(2000) } },
    { to: bob.id, description, from: 'Eve' },
    { to: '../bob', description },
    null,
    [],
  ]) {
    expect(await ann.refused('relay', bad)).toMatchObject({ code: 'bad-request' });
  }
  await bob.settled();
  expect(bob.seen('relay')).toEqual([]);
});

test('a flood of relays is cut off for its sender, and others go on', async () => {
  const { ann, bob } = await two({ rateLimits: { relays: 60 } });
  const replies = await Promise.all(Array.from({ length: 50 }, () => ann.request('relay', { to: bob.id, candidate })));
  expect(replies.filter((reply) => !reply.ok && reply.error.code === 'rate-limited')).toHaveLength(40);
  await ann.ok('mute', { source: 'camera', muted: true }).catch(() => {});
  await bob.ok('relay', { to: ann.id, candidate });
  await ann.event('relay');
});

test('what one publishes in a mesh is named by its source and told to the others', async () => {
  const { ann, bob } = await two();
  await ann.ok('publish', { tracks: [{ source: 'camera' }, { source: 'microphone', muted: true }] });
  expect((await bob.event('participant-updated')).participant.tracks).toEqual([
    { id: `${ann.id}/camera`, source: 'camera', kind: 'video', muted: false },
    { id: `${ann.id}/microphone`, source: 'microphone', kind: 'audio', muted: true },
  ]);
  await ann.ok('mute', { source: 'microphone', muted: false });
  await bob.event('participant-updated', ({ participant }) => participant.tracks[1]?.muted === false);
  expect((await running.connect().enter({ room: 'demo', name: 'Cat' })).participants[0].tracks).toHaveLength(2);
  await ann.ok('publish', { tracks: [] });
  await bob.event('participant-updated', ({ participant }) => participant.tracks.length === 0);
  for (const tracks of [
    [{ source: 'camera' }, { source: 'camera' }],
    [{ source: 'camera', kind: 'audio' }],
    [{ source: 'camera', id: `${bob.id}/camera` }],
  ]) {
    expect(await ann.refused('publish', { tracks })).toMatchObject({ code: 'bad-request' });
  }
});

test('an offer to the server is refused in a mesh', async () => {
  const { ann } = await two();
  expect(await ann.refused('offer', { sdp: publishing() })).toMatchObject({ code: 'conflict' });
  expect(running.workers.workers[0].requests).toEqual([]);
});

test('what is said reaches one or all others, on the SFU as well', async () => {
  const { ann, bob } = await two();
  const cat = await running.enter('demo', 'Cat');
  await ann.ok('say', { to: null, channel: 'reliable', data: 'hello' });
  await ann.ok('say', { to: bob.id, channel: 'lossy', data: 'psst' });
  expect(await cat.event('said')).toEqual({ from: ann.id, channel: 'reliable', data: 'hello' });
  await bob.event('said', ({ data }) => data === 'psst');
  await Promise.all([ann.settled(), cat.settled()]);
  expect([ann.seen('said').length, bob.seen('said').length, cat.seen('said').length]).toEqual([0, 2, 1]);
  expect(await ann.refused('say', { to: 'nobody', channel: 'lossy', data: '' })).toMatchObject({ code: 'not-found' });
  expect(await ann.refused('say', { to: null, channel: 'lossy', data: 'x'.repeat(16_385) })).toMatchObject({
    code: 'bad-request',
  });
});

test('how much one may say depends on how much goes out', async () => {
  const { ann, bob } = await two({ rateLimits: { said: 600 } });
  const big = { to: null, channel: 'reliable', data: 'x'.repeat(16_000) };
  for (let n = 0; n < 6; n++) await ann.ok('say', big);
  expect(await ann.refused('say', big)).toMatchObject({ code: 'rate-limited' });
  await bob.ok('say', { to: null, channel: 'reliable', data: 'go on' });
});

test('a worker that dies does nothing to a mesh', async () => {
  const { ann, bob } = await two();
  running.workers.crash(running.workers.workers[0]);
  await ann.settled();
  expect(ann.seen('media-restart')).toEqual([]);
  await ann.ok('relay', { to: bob.id, description });
});

test('who comes back to a mesh is the same, and the others see nothing', async () => {
  const { ann, bob } = await two({ resumeGraceMs: 4000 });
  await ann.ok('publish', { tracks: [{ source: 'camera' }] });
  await bob.event('participant-updated');
  const seen = bob.events.length;
  ann.socket.disconnect();
  await expect
    .poll(() => bob.request('relay', { to: ann.id, description }))
    .toMatchObject({ ok: false, error: { code: 'unavailable' } });
  const again = running.connect();
  const reply = await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(reply).toMatchObject({ participant: ann.id, resumed: true, room: { topology: 'mesh' } });
  expect(reply.participants[0].tracks).toHaveLength(1);
  await again.ok('relay', { to: bob.id, description });
  await bob.event('relay');
  expect(bob.events.slice(seen).map(({ event }) => event)).toEqual(['relay']);
});

test('in a tab opened twice the newer one goes on, and the older one is told so', async () => {
  const { ann, bob } = await two();
  const tab = running.connect();
  expect(await tab.enter({ room: 'demo', name: 'Ann', resume: ann.resume })).toMatchObject({ participant: ann.id });
  expect(await ann.event('closed')).toEqual({ reason: 'opened in another tab', retry: false });
  await ann.disconnected();
  await bob.ok('relay', { to: ann.id, description });
  await tab.event('relay');
  expect(bob.seen('participant-left')).toEqual([]);
});

test('clients are told of STUN on our media port, and of TURN with credentials that end', async () => {
  await start({ turnUrls: ['turn:turn.example.org'], turnSecret: 'north' });
  const ann = running.connect();
  const { iceServers, iceExpiresAt = 0 } = await ann.enter({ room: 'demo', name: 'Ann' });
  expect(iceServers).toEqual([
    { urls: ['stun:127.0.0.1:40000'] },
    {
      urls: ['turn:turn.example.org'],
      username: expect.stringMatching(new RegExp(`^\\d+:${ann.id}$`)),
      credential: expect.stringMatching(/^[A-Za-z0-9+/]{27}=$/),
    },
  ]);
  expect(iceExpiresAt).toBeGreaterThan(Date.now() + 3_500_000);
  expect(await ann.ok('ice-servers', {})).toMatchObject({ iceServers: [{}, { urls: ['turn:turn.example.org'] }] });
  expect(await running.connect().refused('ice-servers', {})).toMatchObject({ code: 'conflict' });
});
