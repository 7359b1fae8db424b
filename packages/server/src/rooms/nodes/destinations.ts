/** Where people of a call can go from a node that is to end, the best first: calls stay together. */
import type { NodeRecord } from '../../cluster/cluster.js';

/** Above that a node's CPU is full. */
const CPU_FULL = 0.9;

/** `carriers`: nodes that have the call. */
export function destinations(
  nodes: readonly NodeRecord[],
  carriers: readonly string[],
  role: 'viewer' | 'participant',
): NodeRecord[] {
  const rank = ({ id, load }: NodeRecord): number => (carriers.includes(id) ? 0 : 1) + (load?.cpu ?? 0);
  const people = ({ load }: NodeRecord): number => (load?.participants ?? 0) + (load?.viewers ?? 0);
  return nodes
    .filter((node) => takes(node, role))
    .sort((a, b) => Math.round((rank(a) - rank(b)) * 10) || people(a) - people(b));
}

function takes({ self, draining, isolated, load, limits }: NodeRecord, role: 'viewer' | 'participant'): boolean {
  if (self || draining || isolated !== null || load === null || load.cpu >= CPU_FULL) return false;
  if (limits.bandwidthBps !== null && load.sendBps >= limits.bandwidthBps) return false;
  if (limits.streams !== null && load.streams >= limits.streams) return false;
  return role === 'participant' || load.viewers < limits.viewers;
}
