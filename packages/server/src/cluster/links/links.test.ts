import { randomBytes } from 'node:crypto';
import type { PipeFigures } from '@efir/sfu';
import { afterEach, expect, test, vi } from 'vitest';
import { ServerError } from '../../errors.js';
import { MediaEngine } from '../../media/engine.js';
import { Place } from '../../rooms/place.js';
import { FakeWorkers } from '../../testing/fake-workers.js';
import { Dispatch } from '../dispatch.js';
import { ClusterMemory, MemoryCluster } from '../memory.js';
import { CLUSTER_PROTOCOL } from '../schema.js';
import { Links } from './links.js';

class Node {
  readonly workers = new FakeWorkers(1);
  readonly engine = new MediaEngine(this.workers, { announced: ['203.0.113.7'], listen: ['0.0.0.0'] });
  readonly place = new Place(this.workers, 'stage');
  readonly cluster: MemoryCluster;
  readonly links: Links;
  has = true;

  constructor(id: string, memory: ClusterMemory) {
    const self = {
      ...{ protocol: CLUSTER_PROTOCOL, id, instance: randomBytes(16).toString('hex'), url: `http://127.0.0.1:3000` },
      ...{ region: null, version: '0', limits: { viewers: 10, bandwidthBps: null, streams: null } },
    };
    this.cluster = new MemoryCluster(self, memory);
    this.links = new Links({
      ...{ cluster: this.cluster, dispatch: new Dispatch(this.cluster), engine: this.engine },
      find: (room) => {
        if (!this.has) throw new ServerError('not-found', `there is no room ${room}`);
        return this.place.find();
      },
    });
  }

  pull(from: Node, relay = true) {
    return this.links.pull({ room: 'stage', from: from.cluster.self.id, place: () => this.place.find(), relay });
  }

  get worker() {
    return this.workers.workers[0];
  }

  says(transport: string, state: 'connected' | 'failed'): void {
    this.workers.emit('notice', this.worker, { type: 'transportState', transport, state });
  }
}

let nodes: Node[] = [];
afterEach(() => {
  for (const { links } of nodes) links.close();
  nodes = [];
});

function two(): [Node, Node] {
  const memory = new ClusterMemory();
  nodes = [new Node('a', memory), new Node('b', memory)];
  return nodes as [Node, Node];
}

test('a link opens an end on each node, each with what authenticates the other', async () => {
  const [a, b] = two();
  const link = b.pull(a);
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
  const [sink] = b.worker.of('openPipeSink');
  const [source] = a.worker.of('openPipeSource');
  expect(source).toMatchObject({ relay: true, remoteIce: sink.localIce, localIce: sink.remoteIce });
  expect(sink.remoteFingerprints).toEqual([a.worker.fingerprint]);
  expect(sink.candidates).toContainEqual({ protocol: 'udp', address: '127.0.0.1', port: 40_000 });
  expect(link.state).toBe('opening');
  b.says(sink.pipe, 'connected');
  expect(link.state).toBe('connected');
  expect(a.links.sources.list()).toMatchObject([{ room: 'stage', to: 'b' }]);

  link.close();
  expect(b.worker.of('closePipe')).toMatchObject([{ pipe: sink.pipe }]);
  expect(b.links.list()).toEqual([]);
  a.says(source.pipe, 'failed');
  expect(a.links.sources.list()).toEqual([]);
});

test('a pipe that fails is opened again, and the node at its other end suspected', async () => {
  const [a, b] = two();
  const suspect = vi.spyOn(b.cluster, 'suspect');
  const link = b.pull(a);
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
  const failed = vi.fn();
  link.on('failed', failed);
  b.says(b.worker.of('openPipeSink')[0].pipe, 'connected');
  b.says(b.worker.of('openPipeSink')[0].pipe, 'failed');
  expect(failed).toHaveBeenCalledTimes(1);
  expect(suspect).toHaveBeenCalledWith('a');
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(2));
  const [first, second] = b.worker.of('openPipeSink');
  expect(second.pipe).not.toBe(first.pipe);
  expect(second.localIce).not.toEqual(first.localIce);
  // What is still said of the one before is nothing to it.
  b.says(first.pipe, 'failed');
  expect(link.state).toBe('opening');
  expect(link.failures).toBe(1);
});

test('a room that is not there is refused with a code, counted, and asked for again', async () => {
  const [a, b] = two();
  a.has = false;
  const link = b.pull(a);
  const code = await new Promise((resolve) => link.once('failed', (_, refused) => resolve(refused)));
  expect(code).toBe('not-found');
  expect(a.links.sources.refusals.get('not-found')).toBe(1);
  a.has = true;
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
});

test('a node that isn’t there fails the link, which waits for it', async () => {
  const [, b] = two();
  const link = b.links.pull({ room: 'stage', from: 'nobody', place: () => b.place.find(), relay: false });
  expect(await new Promise((resolve) => link.once('failed', (_, code) => resolve(code)))).toBe('no-node');
  expect(link.state).toBe('waiting');
});

test('another node opens no more than some pipes of a room, and forged requests none', async () => {
  const [a, b] = two();
  const link = b.pull(a);
  await vi.waitFor(() => expect(a.worker.of('openPipeSource')).toHaveLength(1));
  const { localIce: _, ...rest } = a.worker.of('openPipeSource')[0];
  const good = {
    type: 'pipe-open',
    room: 'stage',
    relay: false,
    ice: rest.remoteIce,
    fingerprint: b.worker.fingerprint,
  };
  const forged = [
    { ...good, ice: { usernameFragment: '', password: '' } },
    { ...good, ice: { usernameFragment: 'a\r\nb', password: 'x'.repeat(30) } },
    { ...good, fingerprint: { algorithm: 'sha-256', value: 'AB' } },
    { ...good, room: 'x'.repeat(1000) },
    { ...good, maxBps: -1 },
  ];
  for (const message of forged) {
    await expect(b.cluster.request('a', message)).rejects.toMatchObject({ remoteCode: 'bad-request' });
  }
  expect(a.worker.of('openPipeSource')).toHaveLength(1);
  for (let i = 0; i < 11; i++) await b.cluster.request('a', good);
  await expect(b.cluster.request('a', good)).rejects.toMatchObject({ remoteCode: 'rate-limited' });
  link.close();
});

test('the end of a worker ends its pipes; a link is made anew on another', async () => {
  const [a, b] = two();
  b.pull(a);
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
  b.workers.crash(b.worker);
  b.place.lost();
  const next = b.workers.restart(0);
  await vi.waitFor(() => expect(next.of('openPipeSink')).toHaveLength(1));
  expect(a.links.sources.list()).toHaveLength(2);
  a.workers.crash(a.worker);
  expect(a.links.sources.list()).toEqual([]);
});

test('a link tells what flows on it, and a node whose end is silent is suspected from either end', async () => {
  const [a, b] = two();
  const [suspectOfSource, suspect] = [a, b].map(({ cluster }) => vi.spyOn(cluster, 'suspect'));
  const link = b.pull(a);
  await vi.waitFor(() => expect(b.worker.of('openPipeSink')).toHaveLength(1));
  const [{ pipe, router }] = b.worker.of('openPipeSink');
  b.says(pipe, 'connected');
  const figures: PipeFigures = {
    ...{ pipe, router, role: 'sink', state: 'connected', roundTripMs: 3, lossShare: 0.01, sendBps: 0 },
    ...{ receiveBps: 1_000_000, producers: 2, streams: 2, carried: [] },
  };
  b.workers.emit('notice', b.worker, { type: 'pipes', pipes: [figures] });
  expect(b.links.figures()).toEqual([
    {
      ...{ id: link.id, room: 'stage', from: 'a', to: 'b', bitrateBps: 1_000_000, streams: 2 },
      ...{ rttMs: 3, lossShare: 0.01, state: 'connected' },
    },
  ]);
  expect(suspect).not.toHaveBeenCalled();
  b.workers.emit('notice', b.worker, { type: 'pipeSilent', pipe });
  expect(suspect).toHaveBeenCalledWith('a');
  const [source] = a.links.sources.list();
  a.workers.emit('notice', a.worker, { type: 'pipeSilent', pipe: source.pipe });
  expect(suspectOfSource).toHaveBeenCalledWith('b');
  a.workers.emit('notice', a.worker, { type: 'pipeSilent', pipe: 'a pipe of before' });
  expect(suspectOfSource).toHaveBeenCalledTimes(1);
});

test('a node asks itself without anybody’s help, by addresses of its own, and tells nobody of such links', async () => {
  const [a] = two();
  const asked = vi.spyOn(a.cluster, 'request');
  for (let i = 0; i < 20; i++) a.pull(a);
  await vi.waitFor(() => expect(a.worker.of('openPipeSink')).toHaveLength(20));
  expect(asked).not.toHaveBeenCalled();
  const addresses = a.worker.of('openPipeSink')[0].candidates.map(({ address }) => address);
  expect(addresses).toContain('127.0.0.1');
  expect(addresses).not.toContain('203.0.113.7');
  expect(a.links.figures()).toEqual([]);
});
