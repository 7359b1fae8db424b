/** This server as a node: what it has with the others, put together. Without Redis it is a cluster of one. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Tokens } from './auth/tokens.js';
import { Broadcasts } from './broadcast/broadcasts.js';
import type { Cluster } from './cluster/cluster.js';
import { Dispatch } from './cluster/dispatch.js';
import { Links } from './cluster/links/links.js';
import { measureCluster } from './cluster/metrics.js';
import { openPlacement } from './cluster/open.js';
import { startReports } from './cluster/reporter.js';
import { type Carried, ClusterStatus } from './cluster/status.js';
import type { ServerConfig } from './config/schema.js';
import { DrainOfNode } from './drain/drain.js';
import { HttpMediaSessions } from './http/media-sessions.js';
import type { MediaEngine } from './media/engine.js';
import type { Metrics } from './metrics.js';
import { Calls } from './rooms/nodes/calls.js';
import { servePassages } from './rooms/nodes/passages.js';
import type { Rooms } from './rooms/rooms.js';

export interface ClusterNodeOptions {
  config: ServerConfig;
  cluster: Cluster;
  engine: MediaEngine;
  rooms: Rooms;
  tokens: Tokens;
  metrics: Metrics & { registry: Registry };
  log: Logger;
  /** There may be others. */
  clustered: boolean;
}

export class ClusterNode {
  readonly cluster: Cluster;
  readonly clustered: boolean;
  readonly dispatch: Dispatch;
  readonly links: Links;
  readonly broadcasts: Broadcasts;
  readonly calls: Calls;
  readonly sessions: HttpMediaSessions;
  readonly status: ClusterStatus;
  readonly drain: DrainOfNode;
  readonly #reports: { stop(): void };

  constructor({ config, cluster, engine, rooms, tokens, metrics, log, clustered }: ClusterNodeOptions) {
    this.cluster = cluster;
    this.clustered = clustered;
    this.dispatch = new Dispatch(cluster);
    const { dispatch } = this;
    this.links = new Links({
      ...{ cluster, dispatch, engine },
      find: (room, from, relay) => {
        const isCall = rooms.find(room)?.settings.kind === 'call';
        return isCall ? this.calls.source(room, from.id, relay) : this.broadcasts.source(room);
      },
    });
    const { links } = this;
    if (clustered) rooms.nodes = { cluster, links };
    rooms.pullTrunk = (room, place) => links.pull({ room, from: cluster.self.id, place, relay: true });
    this.calls = new Calls({ rooms, cluster, dispatch, log });
    servePassages(rooms, dispatch);
    const placement = openPlacement(config);
    this.broadcasts = new Broadcasts({ cluster, dispatch, links, placement, rooms, log, clustered });
    this.sessions = new HttpMediaSessions(metrics);
    this.status = new ClusterStatus({ cluster, dispatch, links, rooms, carried: (room) => this.#carried(room) });
    const { broadcasts, calls, sessions } = this;
    this.drain = new DrainOfNode({ broadcasts, calls, tokens, dispatch, sessions });
    measureCluster(metrics.registry, cluster, links);
    this.#reports = startReports(cluster, engine.workers, rooms);
  }

  /** Before the rooms are closed: others are not to be told of each. */
  async close(): Promise<void> {
    this.#reports.stop();
    this.drain.close();
    this.broadcasts.close();
    this.calls.close();
    this.links.close();
    await this.cluster.close();
  }

  #carried(room: string): Carried | null {
    const { self } = this.cluster;
    if (this.broadcasts.home(room)) return { home: self.id, parent: null, depth: 0 };
    const call = this.calls.home(room);
    if (call !== null) return { home: call, parent: null, depth: 0 };
    const edge = this.broadcasts.edge(room);
    return edge && { home: edge.home, parent: edge.parent, depth: edge.depth };
  }
}
