/** The two kinds of cluster, behind one face, for tests that hold for both. */
import type { Cluster } from '../cluster.js';
import { ClusterMemory, MemoryCluster } from '../memory.js';
import { RedisCluster, type RedisClusterOptions } from '../redis/redis-cluster.js';
import type { NodeInfo } from '../schema.js';
import { nodeInfo } from './nodes.js';

import { RedisServer } from './redis-server.js';
import { Wire } from './wire.js';

export interface World {
  open(id: string, more?: Partial<NodeInfo>): Promise<Cluster>;
  /** The node is cut off from the cluster's memory, with no word to anybody. */
  sever(id: string): void;
  mend(id: string): void;
  close(): Promise<void>;
}

export const BEAT_MS = 40;
export const LEASE_MS = 1000;
export const SECRET = 'a secret of the tests';

export class MemoryWorld implements World {
  readonly #memory = new ClusterMemory();
  readonly #nodes = new Map<string, MemoryCluster>();

  async open(id: string, more?: Partial<NodeInfo>): Promise<Cluster> {
    const cluster = new MemoryCluster(nodeInfo(id, more), this.#memory);
    this.#nodes.set(id, cluster);
    return cluster;
  }

  sever(id: string): void {
    this.#memory.sever(id);
  }

  mend(id: string): void {
    this.#memory.restore(this.#nodes.get(id)!);
  }

  async close(): Promise<void> {
    for (const cluster of this.#nodes.values()) await cluster.close();
  }
}

export class RedisWorld implements World {
  readonly redis: RedisServer;
  readonly #wires = new Map<string, Wire>();
  readonly #clusters: RedisCluster[] = [];

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  static async start(program: string): Promise<RedisWorld> {
    return new RedisWorld(await RedisServer.start(program));
  }

  async open(
    id: string,
    more: Partial<NodeInfo> = {},
    options: Partial<RedisClusterOptions> = {},
  ): Promise<RedisCluster> {
    const wire = this.#wires.get(id) ?? (await Wire.open(this.redis.port));
    this.#wires.set(id, wire);
    const cluster = await RedisCluster.open({
      ...{ url: wire.url, secret: SECRET, self: nodeInfo(id, more), beatMs: BEAT_MS, leaseMs: LEASE_MS },
      ...options,
    });
    this.#clusters.push(cluster);
    return cluster;
  }

  wire(id: string): Wire {
    return this.#wires.get(id)!;
  }

  sever(id: string): void {
    this.wire(id).sever();
  }

  mend(id: string): void {
    this.wire(id).mend();
  }

  async close(): Promise<void> {
    this.redis.thaw();
    for (const cluster of this.#clusters) await cluster.close();
    for (const wire of this.#wires.values()) wire.close();
    await this.redis.kill();
  }
}
