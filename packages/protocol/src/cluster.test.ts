import { expect, test } from 'vitest';
import { ClusterView } from './cluster.js';

const view: ClusterView = {
  self: 'a',
  available: true,
  nodes: [
    {
      ...{ id: 'a', url: 'http://localhost:3000', region: null, version: '0.1.0', draining: false },
      limits: { viewers: 100, bandwidthBps: null, streams: null },
      load: null,
      workers: [{ index: 0, cpu: 0.5, loop: 0.2, sendBps: 1e6, receiveBps: 2e6, transports: 3, port: 40_000 }],
    },
  ],
  links: [
    {
      ...{ id: 'p1', room: 'demo', from: 'a', to: 'b', bitrateBps: 1.5e6, streams: 2, rttMs: null, lossShare: 0 },
      state: 'connected',
    },
  ],
  rooms: [
    {
      ...{ id: 'demo', kind: 'broadcast', home: 'a', publishers: 1 },
      nodes: [{ node: 'a', viewers: 3, participants: 1, parent: null, depth: 0 }],
    },
  ],
};

test('a cluster is read as it was written, with or without a reason for isolation', () => {
  expect(ClusterView.parse(view)).toEqual(view);
  const [node] = view.nodes;
  const isolated = { ...view, nodes: [{ ...node, isolated: 'reports an absurd load' }] };
  expect(ClusterView.parse(isolated)).toEqual(isolated);
});

test('absurd figures are no cluster', () => {
  expect(ClusterView.safeParse({ ...view, links: [{ ...view.links[0], lossShare: 2 }] }).success).toBe(false);
  expect(ClusterView.safeParse({ ...view, rooms: [{ ...view.rooms[0], kind: 'party' }] }).success).toBe(false);
});
