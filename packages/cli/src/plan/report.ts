/** A plan as text. */
import type { Plan } from './model.js';

const LIMITS = { cpu: 'the CPU', network: 'the network', 'max-viewers': '--max-viewers' } as const;

export function formatPlan(plan: Plan): string {
  const { input, viewer, capacity, nodes, node, tree, latency } = plan;
  const rows: [string, string][] = [
    ['A viewer', `${rate(viewer.wireBps)} on the wire, ${Math.round(viewer.packetsPerSecond)} packets/s`],
    ['', `${Math.round(viewer.cpuUsPerSecond)} us of CPU a second`],
    ['A node carries', `${count(capacity.viewers)} viewers; what ends first is ${LIMITS[capacity.limit]}`],
    ['', `(by CPU ${count(capacity.cpu)}, by network ${count(capacity.network)})`],
    ['Nodes', nodesOf(plan)],
    ['On each', `${count(node.viewers)} viewers, ${rate(node.sendBps)} out, ${rate(node.receiveBps)} in`],
    ['', `${node.cpuCores.toFixed(1)} of ${input.cores} cores (${percent(node.cpuShare)})`],
    ['Tree', `${tree.depth} hops at most, ${tree.meanHops.toFixed(2)} on average, ${input.fanOut} nodes under one`],
    ['Between nodes', `${count(tree.links)} links of ${rate(tree.linkBps)}: ${rate(tree.trafficBps)} in all`],
    ['', `${percent(plan.trafficShare)} of all that is sent, whatever the number of viewers on a node`],
    ['Latency added', `${Math.round(latency.addedMaxMs)} ms at most, ${Math.round(latency.addedMeanMs)} ms on average`],
  ];
  const lines = rows.map(([name, text]) => `${name.padEnd(16)}${text}`);
  const head = `${count(input.viewers)} viewers at ${rate(input.bitrateBps)}, nodes of ${input.cores} cores and ${rate(input.nicBps)}`;
  const problems = plan.problems.map((problem) => `It does not work out: ${problem}.`);
  return `${[head, '', ...lines, ...(nodes.total > 0 && problems.length > 0 ? ['', ...problems] : [])].join('\n')}\n`;
}

function nodesOf({ input, nodes }: Plan): string {
  if (input.nodes !== null) return `${count(nodes.total)} as asked; ${count(nodes.needed)} would do`;
  return `${count(nodes.total)}: ${count(nodes.needed)} needed, ${count(nodes.spare)} to spare`;
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.01 ? 2 : share < 0.1 ? 1 : 0)} %`;
}

function rate(bps: number): string {
  if (bps >= 1e9) return `${(bps / 1e9).toFixed(2)} Gbit/s`;
  if (bps >= 1e6) return `${(bps / 1e6).toFixed(2)} Mbit/s`;
  return `${(bps / 1e3).toFixed(0)} kbit/s`;
}
