/** A cluster as `GET /api/cluster` tells it: a broadcast over five nodes in three layers, a call over two, all states. */

const worker = (index: number, cpu: number) => ({
  ...{ index, cpu, loop: cpu * 0.8, sendBps: cpu * 90e6, receiveBps: 2e6, transports: Math.round(cpu * 60) },
  port: 40_000 + index,
});

interface NodeFacts {
  cpu: number;
  viewers: number;
  sendBps: number;
  region?: string | null;
  draining?: boolean;
  isolated?: string;
  most?: number;
  bandwidthBps?: number | null;
}

const node = (id: string, facts: NodeFacts) => {
  const { cpu, viewers, sendBps, region = 'eu', draining = false, isolated, most = 100, bandwidthBps = 1e9 } = facts;
  return {
    ...{ id, url: `https://${id}.example.org`, region, version: '0.1.0', draining },
    ...(isolated ? { isolated } : {}),
    limits: { viewers: most, bandwidthBps, streams: null },
    load: {
      ...{ cpu, loop: Math.min(1, cpu * 1.2), receiveBps: 6e6, sendBps, viewers, participants: 2 },
      ...{ streams: viewers * 2, rooms: 2, rssBytes: 240e6 },
    },
    workers: [0, 1, 2, 3].map((index) => worker(index, Math.min(1, cpu * (0.7 + index * 0.2)))),
  };
};

const link = (room: string, from: string, to: string, bitrateBps: number, lossShare = 0, state = 'connected') => ({
  ...{ id: `${room}-${from}-${to}`, room, from, to, bitrateBps, streams: 2, rttMs: 12.4, lossShare, state },
});

const part = (name: string, viewers: number, participants: number, parent: string | null, depth: number) => ({
  ...{ node: name, viewers, participants, parent, depth },
});

export function clusterFixture() {
  return {
    self: 'ams-1',
    available: true,
    nodes: [
      node('ams-1', { cpu: 0.42, viewers: 64, sendBps: 410e6 }),
      node('ams-2', { cpu: 0.83, viewers: 97, sendBps: 720e6 }),
      node('fra-1', { cpu: 0.31, viewers: 40, sendBps: 240e6, bandwidthBps: null }),
      node('nyc-edge-of-the-network-7', { cpu: 0.12, viewers: 12, sendBps: 31e6, region: 'us', draining: true }),
      node('sgp-1', { cpu: 0.95, viewers: 100, sendBps: 980e6, region: 'asia' }),
      {
        ...node('tyo-1', { cpu: 0.1, viewers: 0, sendBps: 0, region: 'asia' }),
        isolated: 'reports an absurd load: load.cpu: Too big: expected number to be <=8',
      },
      { ...node('new-1', { cpu: 0, viewers: 0, sendBps: 0, region: null }), load: null, workers: [] },
    ],
    links: [
      link('keynote', 'ams-1', 'ams-2', 4.2e6),
      link('keynote', 'ams-1', 'fra-1', 4.1e6, 0.003),
      link('keynote', 'ams-2', 'nyc-edge-of-the-network-7', 2.1e6, 0.021),
      link('keynote', 'fra-1', 'sgp-1', 4.2e6, 0.11),
      link('keynote', 'ams-2', 'sgp-1', 0, 0, 'standby'),
      link('standup', 'ams-2', 'fra-1', 9e5),
      link('standup', 'fra-1', 'ams-2', 1.3e6, 0.001),
    ],
    rooms: [
      {
        ...{ id: 'keynote', kind: 'broadcast', home: 'ams-1', publishers: 1 },
        nodes: [
          part('ams-1', 64, 1, null, 0),
          part('ams-2', 97, 0, 'ams-1', 1),
          part('fra-1', 40, 0, 'ams-1', 1),
          part('nyc-edge-of-the-network-7', 12, 0, 'ams-2', 2),
          part('sgp-1', 100, 0, 'fra-1', 2),
        ],
      },
      {
        ...{ id: 'standup', kind: 'call', home: 'ams-2', publishers: 4 },
        nodes: [part('ams-2', 0, 3, null, 0), part('fra-1', 0, 2, null, 0)],
      },
      { id: 'orphan', kind: 'broadcast', home: null, publishers: 0, nodes: [] },
    ],
  };
}

export type ClusterFixture = ReturnType<typeof clusterFixture>;
