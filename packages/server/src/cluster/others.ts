import type { Cluster } from './cluster.js';

/** Addresses of other nodes that take people, for those who may lose this one. */
export function otherAddresses(cluster: Cluster, most: number): string[] {
  const others = cluster.nodes().filter(({ self, draining, isolated }) => !self && !draining && isolated === null);
  return others.slice(0, most).map(({ url }) => url);
}
