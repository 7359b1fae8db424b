import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { ServerConfig, type ServerConfigInput } from '../config/schema.js';
import { StartError } from '../errors.js';
import { openCluster, openPlacement } from './open.js';
import { nodeReport } from './testing/nodes.js';
import { findRedis, RedisServer } from './testing/redis-server.js';

vi.setConfig({ testTimeout: 20_000 });

const log = pino({ level: 'silent' });
const open = (input: ServerConfigInput) =>
  openCluster(ServerConfig.parse(input), { log, url: 'http://10.0.0.1:3000/' });

test('without Redis there is one node, which knows what it may carry', async () => {
  const cluster = await open({ maxViewers: 3, maxBandwidth: '2g', region: 'east' });
  expect(cluster.available).toBe(true);
  expect(cluster.nodes()).toMatchObject([
    {
      ...{ self: true, url: 'http://10.0.0.1:3000', region: 'east' },
      limits: { viewers: 3, bandwidthBps: 2e9, streams: null },
    },
  ]);
  expect(cluster.self.id).toMatch(/^[A-Za-z0-9._-]+-[0-9a-f]{6}$/);
  await cluster.close();
});

test('placement is the configured one, with its rules', async () => {
  const config = { nodeId: 'a', placement: 'rules', placementRules: 'deny node.id == "a"' } as const;
  const cluster = await open(config);
  cluster.report(nodeReport());
  const viewer = { role: 'viewer', region: null, bitrateBps: 1e6, streams: 2, roomStreams: 2 } as const;
  const place = (input: ServerConfigInput) =>
    openPlacement(ServerConfig.parse(input)).place(
      { ...viewer, kind: 'broadcast', carriers: new Set() },
      cluster.nodes(),
      0,
    ).node;
  expect(place(config)).toBe(null);
  expect(place({})).toBe('a');
});

const program = findRedis();
test.skipIf(!program)(
  `why a cluster cannot be joined is told with the remedy${program ? '' : ' (SKIPPED: no redis-server)'}`,
  async () => {
    const redis = await RedisServer.start(program!);
    const config = { redis: redis.url, clusterSecret: 'the-secret-of-the-tests', nodeId: 'a' };
    const first = await open(config);
    try {
      const refusal = async (more: ServerConfigInput): Promise<string> => {
        const error = await open({ ...config, ...more }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(StartError);
        return (error as StartError).message;
      };
      expect(await refusal({ nodeId: 'b', clusterSecret: 'another-secret-of-tests' })).toBe(
        'The nodes of this cluster have another secret: start with the same --cluster-secret as they.',
      );
      expect(await refusal({})).toBe('A node with the id a is in the cluster already: start with another --node-id.');
      const second = await open({ ...config, nodeId: 'b' });
      await expect.poll(() => first.nodes().map(({ id }) => id)).toEqual(['a', 'b']);
      await second.close();
    } finally {
      await first.close();
      await redis.kill();
    }
  },
);
