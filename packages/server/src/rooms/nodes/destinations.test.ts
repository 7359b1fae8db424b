import { expect, test } from 'vitest';
import type { NodeRecord } from '../../cluster/cluster.js';
import { nodeInfo } from '../../cluster/testing/nodes.js';
import { destinations } from './destinations.js';

const idle = {
  ...{ cpu: 0.1, loop: 0, receiveBps: 0, sendBps: 0, viewers: 0, participants: 0, streams: 0, rooms: 0 },
  ...{ rssBytes: 0, arrivals: 0 },
};
const node = (id: string, load: Partial<typeof idle> | null = {}, more: Partial<NodeRecord> = {}): NodeRecord => ({
  ...nodeInfo(id),
  ...{ self: false, draining: false, isolated: null, workers: [], reports: 1, seenMs: 0 },
  load: load && { ...idle, ...load },
  ...more,
});
const ids = (nodes: NodeRecord[]): string[] => nodes.map(({ id }) => id);

test('nobody goes to a node that drains, is isolated, has said nothing yet or is full', () => {
  const limits = { viewers: 2, bandwidthBps: 1000, streams: 10 };
  const nodes = [
    node('self', {}, { self: true }),
    node('drains', {}, { draining: true }),
    node('lies', {}, { isolated: 'reports an absurd load' }),
    node('silent', null),
    node('hot', { cpu: 0.95 }),
    node('sends', { sendBps: 1000 }, { limits }),
    node('streams', { streams: 10 }, { limits }),
    node('watched', { viewers: 2 }, { limits }),
  ];
  expect(ids(destinations(nodes, [], 'viewer'))).toEqual([]);
  expect(ids(destinations(nodes, [], 'participant'))).toEqual(['watched']);
});

test('nodes that have the call come first, then the idle ones, then those with fewer people', () => {
  const nodes = [
    node('busy', { cpu: 0.6 }),
    node('many', { participants: 9 }),
    node('few', { participants: 2 }),
    node('has-it', { cpu: 0.7 }),
  ];
  expect(ids(destinations(nodes, ['has-it'], 'participant'))).toEqual(['has-it', 'few', 'many', 'busy']);
});
