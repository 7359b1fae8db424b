import { afterEach, expect, test } from 'vitest';
import { publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestClient, type TestServer } from '../testing/test-server.js';

let running: TestServer;
afterEach(() => running.close());

/** Ann publishes, Bob receives her. */
const callOfTwo = async (resumeGraceMs: number, workers = 1): Promise<{ ann: TestClient; bob: TestClient }> => {
  running = await startTestServer({ resumeGraceMs }, workers);
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  await bob.offer(receiving(1, 1));
  await ann.offer(publishing());
  await bob.event('streams', ({ streams }) => streams[1]?.participant === ann.id);
  return { ann, bob };
};

test('who comes back in time is the same participant, and the others see nothing', async () => {
  const { ann, bob } = await callOfTwo(4000);
  ann.socket.disconnect();
  const seen = bob.events.length;
  const again = running.connect();
  const reply = await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(reply).toMatchObject({ participant: ann.id, resume: ann.resume, resumed: true });
  expect(reply.participants.map(({ id }) => id)).toEqual([ann.id, bob.id]);
  await bob.settled();
  expect(bob.events.slice(seen)).toEqual([]);
  await again.offer(publishing({ ufrag: 'elsewhere' }));
  expect(running.workers.workers[0].of('configureTransport').at(-1)?.transport).toBe(`${ann.id}.1`);
});

test('who comes back is told again what they receive', async () => {
  const { ann, bob } = await callOfTwo(4000);
  bob.socket.disconnect();
  const again = running.connect();
  await again.enter({ room: 'demo', name: 'Bob', resume: bob.resume });
  const { streams } = await again.event('streams');
  expect(streams[0]).toMatchObject({ participant: ann.id });
});

test('who does not come back is lost after the grace period, and another next time', async () => {
  const { ann, bob } = await callOfTwo(30);
  ann.socket.disconnect();
  expect(await bob.event('participant-left')).toEqual({ participant: ann.id, reason: 'lost' });
  const reply = await running.connect().enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(reply.resumed).toBe(false);
  expect(reply.participant).not.toBe(ann.id);
});

test('a second connection with the same secret takes over, and the first is told', async () => {
  const { ann, bob } = await callOfTwo(4000);
  const tab = running.connect();
  const { participant } = await tab.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(participant).toBe(ann.id);
  expect(await ann.event('closed')).toEqual({ reason: 'opened in another tab', retry: false });
  await ann.disconnected();
  await tab.ok('mute', { source: 'camera', muted: true });
  expect(bob.seen('participant-left')).toEqual([]);
});

test('a secret that is wrong, or of another room, makes a new participant', async () => {
  const { ann } = await callOfTwo(4000);
  for (const request of [
    { room: 'demo', name: 'Eve', resume: 'x'.repeat(32) },
    { room: 'other', name: 'Eve', resume: ann.resume },
  ]) {
    const reply = await running.connect().enter(request);
    expect(reply.resumed).toBe(false);
    expect(reply.participant).not.toBe(ann.id);
  }
});

test('when a worker dies, everyone is told to make a fresh PeerConnection and is routed anew', async () => {
  const { ann, bob } = await callOfTwo(4000, 2);
  const dead = running.workers.workers.find((worker) => worker.transports.length > 0) ?? running.workers.workers[0];
  running.workers.crash(dead);
  await Promise.all([ann.event('media-restart'), bob.event('media-restart')]);
  const [worker] = running.workers.workers;
  expect(worker.of('openRouter')).toHaveLength(1);

  expect(await ann.refused('offer', { sdp: publishing() })).toMatchObject({ code: 'conflict' });
  await ann.offer(publishing({ certificate: '7B' }), { fresh: true });
  await bob.offer(receiving(1, 1, { certificate: '7C' }), { fresh: true });
  await expect
    .poll(() => worker.routes(`${bob.id}.2`))
    .toEqual({
      0: { producer: `${ann.id}.2/0` },
      1: { producer: `${ann.id}.2/1` },
    });
});

test('when the only worker dies, offers wait for the next one', async () => {
  const { ann, bob } = await callOfTwo(4000);
  running.workers.crash(running.workers.workers[0]);
  expect((await fetch(running.url('/healthz'))).status).toBe(503);
  const offered = ann.offer(publishing({ certificate: '7B' }), { fresh: true });
  await bob.settled();
  expect(bob.seen('media-restart')).toEqual([]);
  const worker = running.workers.restart(0);
  await bob.event('media-restart');
  await offered;
  expect(worker.transports).toEqual([`${ann.id}.2`]);
});

test('who was away when the worker died resumes without media', async () => {
  const { ann } = await callOfTwo(4000);
  ann.socket.disconnect();
  running.workers.crash(running.workers.workers[0]);
  running.workers.restart(0);
  const again = running.connect();
  const reply = await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(reply).toMatchObject({ participant: ann.id, resumed: false });
  await again.offer(publishing({ certificate: '7B' }), { fresh: true });
});

test('a participant whose transport fails is told to make a new one', async () => {
  const { ann, bob } = await callOfTwo(4000);
  const [worker] = running.workers.workers;
  const notice = {
    type: 'transportState',
    transport: `${ann.id}.1`,
    state: 'failed',
    reason: 'consent expired',
  } as const;
  running.workers.emit('notice', worker, notice);
  expect(await ann.event('media-restart')).toEqual({ reason: 'consent expired' });
  await ann.offer(publishing({ certificate: '7B' }), { fresh: true });
  await expect.poll(() => worker.routes(`${bob.id}.1`)).toMatchObject({ 1: { producer: `${ann.id}.2/1` } });
  expect(bob.seen('participant-left')).toEqual([]);
});

test('a worker that refuses an offer leaves all as it was', async () => {
  const { ann } = await callOfTwo(4000);
  const [worker] = running.workers.workers;
  worker.before = () => {
    throw new Error('out of order');
  };
  expect(await ann.refused('offer', { sdp: publishing({ ufrag: 'other' }) })).toMatchObject({ code: 'internal' });
  worker.before = () => {};
  await ann.offer(publishing({ ufrag: 'third' }));
});
