import type { WorkerNotice } from '@efir/sfu';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { offer, publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestServer } from '../testing/test-server.js';

let running: TestServer;
beforeEach(async () => {
  running = await startTestServer({ resumeGraceMs: 4000 });
});
afterEach(() => running.close());

const notice = (sent: WorkerNotice): boolean => running.workers.emit('notice', running.workers.workers[0], sent);
const metrics = async (): Promise<string> => (await fetch(running.url('/metrics'))).text();
const quality = (transport: string) => ({
  type: 'quality' as const,
  transport,
  estimateBps: 300_000,
  sentBps: 250_000,
  wantedBps: 2_000_000,
  lossShare: 0.02,
  roundTripMs: 80,
  weak: true,
  streams: [{ mid: '0', spatial: -1, temporal: -1, bitrateBps: 0, paused: true }],
});

test("a client is told of its own path's quality, and again when it comes back", async () => {
  const ann = await running.enter('demo', 'Ann');
  const bob = await running.enter('demo', 'Bob');
  await ann.offer(receiving(0, 1));
  await bob.offer(receiving(0, 1));
  const sent = quality(`${ann.id}.1`);
  notice(sent);
  const { type: _, transport: __, ...event } = sent;
  expect(await ann.event('quality')).toEqual(event);
  await bob.settled();
  expect(bob.seen('quality')).toEqual([]);
  ann.socket.disconnect();
  const again = running.connect();
  await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect(await again.event('quality')).toEqual(event);
});

test('a publisher is told which layers are taken, of all its tracks together and only when that changes', async () => {
  const ann = await running.enter('demo', 'Ann');
  const sections = ['audio', 'video', 'video'].map((kind) => ({
    kind: kind as 'audio' | 'video',
    direction: 'sendonly' as const,
  }));
  await ann.offer(offer(sections), { tracks: [{ mid: '2', source: 'screen' }] });
  const layers = (mid: string, spatial: number): boolean =>
    notice({ type: 'layers', producer: `${ann.id}.1/${mid}`, spatial });
  layers('1', 0);
  layers('1', 0);
  layers('2', 2);
  layers('0', 1);
  layers('9', 1);
  notice({ type: 'layers', producer: 'nobody.1/0', spatial: 1 });
  notice({ type: 'layers', producer: '', spatial: 1 });
  layers('1', -1);
  await ann.event('layers', (event) => event.layers[0]?.spatial === -1);
  expect(ann.seen('layers')).toEqual([
    { layers: [{ source: 'camera', spatial: 0 }] },
    {
      layers: [
        { source: 'camera', spatial: 0 },
        { source: 'screen', spatial: 2 },
      ],
    },
    {
      layers: [
        { source: 'camera', spatial: -1 },
        { source: 'screen', spatial: 2 },
      ],
    },
  ]);
  ann.socket.disconnect();
  const again = running.connect();
  await again.enter({ room: 'demo', name: 'Ann', resume: ann.resume });
  expect((await again.event('layers')).layers).toHaveLength(2);
});

test('notices of a transport that has been replaced reach nobody', async () => {
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(publishing());
  await ann.offer(publishing({ certificate: '7B' }), { fresh: true });
  notice(quality(`${ann.id}.1`));
  notice({ type: 'layers', producer: `${ann.id}.1/1`, spatial: 0 });
  notice({ type: 'source', transport: `${ann.id}.1`, mid: '0', producer: null });
  await ann.settled();
  expect([...ann.seen('quality'), ...ann.seen('layers')]).toEqual([]);
});

test('everybody on a worker that cannot keep up is told, and who comes later, and when it is over', async () => {
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(receiving(0, 1));
  notice({ type: 'overload', level: 1 });
  notice({ type: 'overload', level: 1 });
  expect(await ann.event('overload')).toEqual({ level: 1 });
  const bob = await running.enter('demo', 'Bob');
  expect(await bob.event('overload')).toEqual({ level: 1 });
  notice({ type: 'overload', level: 0 });
  await ann.event('overload', ({ level }) => level === 0);
  expect(ann.seen('overload')).toHaveLength(2);
});

test('another worker that keeps up ends the overload', async () => {
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(receiving(0, 1));
  notice({ type: 'overload', level: 2 });
  await ann.event('overload');
  running.workers.crash(running.workers.workers[0]);
  expect(await ann.event('overload', ({ level }) => level === 0)).toEqual({ level: 0 });
});

test('the metrics sum up what clients get, under as many names whatever comes', async () => {
  const ann = await running.enter('demo', 'Ann');
  await ann.offer(
    offer([
      { kind: 'video', direction: 'sendonly' },
      { kind: 'video', direction: 'recvonly' },
    ]),
  );
  await ann.ok('view', { tiles: [] });
  const names = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => /^efir_(layers|paths|weak|paused|worker_overload)/.test(line))
      .map((line) => line.replace(/ \S+$/, ''));
  const before = names(await metrics());
  notice(quality(`${ann.id}.1`));
  notice({ type: 'layers', producer: `${ann.id}.1/0`, spatial: 7 });
  notice({ type: 'overload', level: 2 });
  const text = await metrics();
  for (const line of [
    'efir_weak_participants 1',
    'efir_paused_streams 1',
    'efir_participants_with_view 1',
    'efir_layers_taken{spatial="3"} 1',
    'efir_paths_bits_per_second{rate="wanted"} 2000000',
    'efir_worker_overload_level{worker="0"} 2',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(names(text)).toEqual(before);
});
