import { expect, test } from 'vitest';
import { PLAN_DEFAULTS, plan, shapeOf } from './model.js';
import { PlanUsageError, parsePlanOptions } from './options.js';
import { formatPlan } from './report.js';

const MILLION = ['--viewers', '1000000', '--bitrate', '1500k', '--node', '16c/10g'];
const planned = (...args: string[]) => {
  const options = parsePlanOptions(args);
  if (options === 'help') throw new Error('no help was asked for');
  return plan(options.input);
};

test('a million viewers at 1.5 Mbit/s fill the network of a few hundred nodes, two hops deep', () => {
  const made = planned(...MILLION);
  expect(made.capacity.limit).toBe('network');
  expect(made.capacity.viewers).toBeGreaterThan(4500);
  expect(made.capacity.viewers).toBeLessThan(8e9 / 1.5e6);
  expect(made.nodes.needed).toBe(Math.ceil(1e6 / made.capacity.viewers));
  expect(made.nodes.total).toBe(Math.ceil(made.nodes.needed * 1.1));
  expect(made.tree).toMatchObject({ depth: 2, links: made.nodes.total - 1 });
  expect(made.node.sendBps).toBeLessThan(8e9);
  expect(made.problems).toEqual([]);
});

test('traffic between nodes depends on the nodes, not on the viewers', () => {
  const few = planned('--viewers', '100', '--bitrate', '1m', '--nodes', '4');
  const many = planned('--viewers', '1000', '--bitrate', '1m', '--nodes', '4');
  expect(many.tree.trafficBps).toBe(few.tree.trafficBps);
  expect(many.tree.trafficBps).toBeCloseTo(3 * many.viewer.wireBps);
  expect(many.node.viewers).toBe(250);
});

test('a cost of one own is reckoned with, and may make the CPU what ends first', () => {
  const cheap = planned(...MILLION);
  const dear = planned(...MILLION, '--packet-cost-ns', '20000');
  expect(dear.capacity.limit).toBe('cpu');
  expect(dear.nodes.total).toBeGreaterThan(cheap.nodes.total);
  expect(dear.node.cpuShare).toBeLessThanOrEqual(0.7);
  expect(planned(...MILLION, '--viewer-cost-us', '10000').capacity.limit).toBe('cpu');
});

test('the CPU of a node is what its frames, its packets, its viewers and its workers cost', () => {
  const input = { ...PLAN_DEFAULTS, viewers: 250, nodes: 1, cores: 1 };
  const costs = { viewerCostUs: 100, packetCostNs: 1000, frameCostNs: 2000, workerCostUs: 30_000 };
  const { viewer, node } = plan({ ...input, ...costs, bitrateBps: 40_000 });
  expect(viewer).toMatchObject({ framesPerSecond: 50, packetsPerSecond: 50, cpuUsPerSecond: 250 });
  expect(node.cpuCores).toBeCloseTo(250 * 250e-6 + 0.03);
});

test('a small picture is one packet, a large one is many, the last of them half full', () => {
  const packets = (bitrateBps: number): number =>
    plan({ ...PLAN_DEFAULTS, viewers: 1, bitrateBps, fps: 15 }).viewer.packetsPerSecond;
  expect(packets(40_000)).toBe(50);
  expect(packets(80_000)).toBe(50 + 15);
  expect(packets(40_000 + 15 * 3 * 1150 * 8)).toBe(50 + 15 * 3.5);
});

test('latency grows with the hops', () => {
  const made = planned(...MILLION, '--link-ms', '30', '--forward-ms', '3', '--fan-out', '8');
  expect(made.tree.depth).toBe(3);
  expect(made.latency.addedMaxMs).toBe(3 * 33 + 6);
  expect(made.latency.addedMeanMs).toBeLessThan(made.latency.addedMaxMs);
});

test('a tree is filled level by level', () => {
  expect(shapeOf(1, 16)).toEqual({ depth: 0, meanHops: 0 });
  expect(shapeOf(17, 16)).toEqual({ depth: 1, meanHops: 16 / 17 });
  expect(shapeOf(18, 16)).toEqual({ depth: 2, meanHops: 18 / 18 });
});

test('what does not work out is said', () => {
  expect(planned(...MILLION, '--nodes', '3').problems[0]).toMatch(/^3 nodes are too few: \d+ are needed$/);
  expect(planned(...MILLION, '--fan-out', '2').problems[0]).toMatch(/^the tree would be 7 hops deep/);
  expect(planned('--viewers', '10', '--bitrate', '900m', '--node', '1c/1g').problems[0]).toMatch(/carries no viewer/);
  expect(formatPlan(planned(...MILLION, '--nodes', '3'))).toContain('It does not work out: 3 nodes are too few');
});

test('the text has it all in a dozen lines', () => {
  const text = formatPlan(planned(...MILLION));
  expect(text).toMatch(/^1,000,000 viewers at 1.50 Mbit\/s, nodes of 16 cores and 10.00 Gbit\/s\n/);
  expect(text).toMatch(/^Nodes +\d+: \d+ needed, \d+ to spare$/m);
  expect(text).toMatch(/^Tree +2 hops at most/m);
  expect(text.split('\n').length).toBeLessThan(16);
});

test('a command line that says too little or nonsense is told what is wrong', () => {
  const complaint = (...args: string[]): string => {
    try {
      parsePlanOptions(args);
    } catch (error) {
      expect(error).toBeInstanceOf(PlanUsageError);
      return (error as Error).message;
    }
    throw new Error('it was accepted');
  };
  expect(complaint('--bitrate', '1m')).toBe('--viewers must be a whole number of 1 to 1000000000');
  expect(complaint('--viewers', '5')).toBe('--bitrate must be a bit rate such as 1500k');
  expect(complaint('--viewers', '5', '--bitrate', 'fast')).toBe('--bitrate must be a bit rate such as 1500k, not fast');
  expect(complaint(...MILLION, '--node', '16')).toBe('--node must be cores and network such as 16c/10g, not 16');
  expect(complaint(...MILLION, '--spare', '-1')).toMatch(/--spare/);
  expect(complaint(...MILLION, '--speed', '1')).toMatch(/--speed/);
  expect(parsePlanOptions(['--help'])).toBe('help');
});
