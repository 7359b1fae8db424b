/** The cluster that a configuration asks for. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { ServerConfig } from '../config/schema.js';
import { StartError } from '../errors.js';
import type { Cluster } from './cluster.js';
import { ClusterError } from './errors.js';
import { MemoryCluster } from './memory.js';
import { Placement } from './placement/placement.js';
import { compileRules } from './placement/rules.js';
import { RedisCluster } from './redis/redis-cluster.js';
import { CLUSTER_PROTOCOL, type NodeInfo } from './schema.js';

export interface OpenClusterOptions {
  log: Logger;
  /** Where this server is reached, unless it is configured. */
  url: string;
  version?: string;
}

/** Throws `StartError` with what is wrong and how to mend it. Without Redis it is a cluster of one. */
export async function openCluster(
  config: ServerConfig,
  { log, url, version = '0' }: OpenClusterOptions,
): Promise<Cluster> {
  const self = describeSelf(config, url, version);
  if (!config.redis || !config.clusterSecret) return new MemoryCluster(self);
  try {
    const cluster = await RedisCluster.open({ url: config.redis, secret: config.clusterSecret, self });
    logEvents(cluster, log);
    log.info({ node: self.id, region: self.region, nodes: cluster.nodes().length }, 'joined the cluster');
    return cluster;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    throw new StartError('cluster-refused', remedy(error, self.id));
  }
}

export function openPlacement(config: ServerConfig, random: () => number = Math.random): Placement {
  return new Placement({ policy: config.placement, rules: compileRules(config.placementRules), random });
}

export function describeSelf(config: ServerConfig, url: string, version: string): NodeInfo {
  const { nodeId, region, publicUrl, maxViewers, maxBandwidth, maxStreams, maxChildren } = config;
  const host =
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 48) || 'node';
  return {
    protocol: CLUSTER_PROTOCOL,
    id: nodeId ?? `${host}-${randomBytes(3).toString('hex')}`,
    instance: randomBytes(16).toString('hex'),
    url: publicUrl ?? url.replace(/\/+$/, ''),
    region: region ?? null,
    version,
    limits: {
      ...{ viewers: maxViewers, bandwidthBps: maxBandwidth ?? null, streams: maxStreams ?? null },
      children: maxChildren,
    },
  };
}

function remedy({ code, message }: ClusterError, id: string): string {
  if (code === 'wrong-secret') {
    return 'The nodes of this cluster have another secret: start with the same --cluster-secret as they.';
  }
  if (code === 'id-taken') return `A node with the id ${id} is in the cluster already: start with another --node-id.`;
  return `The cluster cannot be joined, ${message}: check --redis.`;
}

function logEvents(cluster: RedisCluster, log: Logger): void {
  cluster.on('node-up', ({ id, url, region, self }) => {
    if (!self) log.info({ node: id, url, region }, 'a node is up');
  });
  cluster.on('node-down', ({ id }, reason) => log.warn({ node: id, reason }, 'a node is down'));
  cluster.on('unavailable', (reason) =>
    log.error({ reason }, 'the memory of the cluster is out of reach; what runs goes on'),
  );
  cluster.on('available', () => log.info('the memory of the cluster is back'));
  const told = new Map<string, string | null>();
  cluster.on('node-changed', ({ id, isolated }) => {
    if ((told.get(id) ?? null) === isolated) return;
    told.set(id, isolated);
    if (isolated === null) log.info({ node: id }, 'a node is used again');
    else log.warn({ node: id, reason: isolated }, 'a node is isolated: nobody is placed on it');
  });
  cluster.on('node-down', ({ id }) => told.delete(id));
}
