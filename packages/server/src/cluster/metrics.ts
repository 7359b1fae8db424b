/** `efir_cluster_*`: how this node sees the others, and what it has with them. */
import { Gauge, type Registry } from 'prom-client';
import type { Cluster } from './cluster.js';
import type { Links } from './links/links.js';

const COUNTERS = {
  badSignatures: 'Messages with a signature of another secret, or none',
  badMessages: 'Messages that were signed and of no known shape',
  replays: 'Messages that had been seen before',
  requestsSent: 'Requests to other nodes',
  requestsFailed: 'Requests to other nodes that failed',
  requestsServed: 'Requests of other nodes that were served',
  memoryErrors: 'Failures of the memory of the cluster',
  reconnects: 'Connections to the memory of the cluster that were made again',
  homesLost: 'Rooms whose home was another node after an outage',
  nodesIsolated: 'Nodes that were isolated',
  nodesEvicted: 'Nodes whose lease was taken away from here',
} as const;

export function measureCluster(registry: Registry, cluster: Cluster, links: Links): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name: `efir_cluster_${name}`, help, registers, collect: () => made.set(read()) });
  };
  const sum = (read: (figures: ReturnType<Links['figures']>[number]) => number): number =>
    links.figures().reduce((total, figures) => total + read(figures), 0);
  gauge('available', 'Whether the memory of the cluster is within reach', () => Number(cluster.available));
  gauge('nodes', 'Nodes that are up, this one among them', () => cluster.nodes().length);
  gauge(
    'nodes_draining',
    'Of those, nodes that take nobody new',
    () => cluster.nodes().filter(({ draining }) => draining).length,
  );
  gauge(
    'nodes_isolated',
    'Of those, nodes that are isolated',
    () => cluster.nodes().filter(({ isolated }) => isolated !== null).length,
  );
  gauge('links', 'Pipes by which this node pulls rooms', () => links.list().length);
  gauge('links_connected', 'Of those, pipes that are connected', () =>
    sum(({ state }) => Number(state === 'connected')),
  );
  gauge('links_receive_bits_per_second', 'Media that comes by them', () => sum(({ bitrateBps }) => bitrateBps));
  gauge('links_streams', 'Streams that come by them', () => sum(({ streams }) => streams));
  gauge('pipes_served', 'Pipes by which others pull rooms from this node', () => links.sources.list().length);
  gauge('link_failures_total', 'Pipes that failed or could not be had', () => links.failures);
  const refusals: Gauge<'code'> = new Gauge({
    name: 'efir_cluster_pipes_refused_total',
    help: 'Pipes that other nodes asked for and did not get',
    labelNames: ['code'],
    registers,
    collect() {
      for (const [code, count] of links.sources.refusals) refusals.set({ code }, count);
    },
  });
  for (const [name, help] of Object.entries(COUNTERS)) {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    gauge(`${snake}_total`, help, () => cluster.counters[name as keyof typeof COUNTERS]);
  }
}
