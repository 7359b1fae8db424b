/** The measured part of docs/cascade.md: a million viewers in virtual time, the same on every machine. */

import { PLAN_DEFAULTS, type Plan, plan } from '@efir/cli';
import { seededRandom } from '@efir/rtc';
import { plot } from './plot.js';
import type { CascadeRun, CascadeSample } from './result.js';
import { Cascade, type CascadeOptions } from './simulate.js';
import type { Delays } from './timeline.js';

const VIEWERS = 1_000_000;
const MINUTE = 60_000;
const SEED = 1;

/** The audience comes within five minutes and goes within two; every so often a node dies, and once the home. */
export function scenario(viewers: number, seed = SEED): CascadeOptions {
  return {
    ...{ plan: plan({ ...PLAN_DEFAULTS, viewers, bitrateBps: 1.5e6 }), seed },
    ...{ joinMs: 5 * MINUTE, leaveAtMs: 8 * MINUTE, leaveMs: 2 * MINUTE, endMs: 10.75 * MINUTE },
    deathsAtMs: [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 6].map((minutes) => minutes * MINUTE),
    homeDiesAtMs: 7 * MINUTE,
  };
}

export interface CascadeReport {
  markdown: string;
  /** File name to SVG. */
  images: Map<string, string>;
}

export function report(log: (line: string) => void, viewers = VIEWERS): CascadeReport {
  const options = scenario(viewers);
  log(`${count(viewers)} viewers, ${options.plan.nodes.total} nodes`);
  const startedMs = performance.now();
  const run = new Cascade(options, seededRandom(options.seed)).run();
  log(`took ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  const title = `${count(viewers)} viewers come within five minutes, and nodes die`;
  const parts = [planTable(options.plan), `![${title}](images/cascade.svg)`, runTable(options, run), deathTable(run)];
  return { markdown: parts.join('\n\n'), images: new Map([['cascade.svg', plot(title, run)]]) };
}

function planTable({ input, viewer, capacity, nodes, node, tree, latency }: Plan): string {
  return table(
    ['plan', ''],
    [
      ['viewers, each', `${count(input.viewers)}, ${mbps(viewer.wireBps)} on the wire`],
      ['a node', `${input.cores} cores, ${mbps(input.nicBps)}`],
      ['it carries', `${count(capacity.viewers)} viewers (CPU alone: ${count(capacity.cpu)})`],
      ['nodes', `${nodes.needed} and ${nodes.spare} to spare`],
      ['on each', `${count(node.viewers)} viewers, ${mbps(node.sendBps)} out`],
      ['tree', `${tree.depth} hops at most, ${tree.links} links, ${mbps(tree.trafficBps)} in all`],
      ['latency added', `${Math.round(latency.addedMaxMs)} ms at most`],
    ],
  );
}

function runTable({ joinMs, plan: planned }: CascadeOptions, run: CascadeRun): string {
  const full = run.samples.find(({ atMs, waiting }) => atMs >= joinMs && waiting === 0);
  const spread = spreadAt(run.samples, joinMs);
  return table(
    ['simulation', ''],
    [
      ['everybody watches after', full ? `${(full.atMs / 1000).toFixed(0)} s` : 'never'],
      ['from asking to the picture, median, 95 %, most', delayText(run.join)],
      ['the same, from the death of the own node', delayText(run.rejoin)],
      ['nodes with the most and the least viewers, to the mean, when all are there', spread],
      ['decisions of placement', count(run.placed)],
      ['told to come later, sent to a node that was gone or full', `${count(run.refused)}, ${count(run.bounced)}`],
      ['moves in the tree', count(run.moves)],
      ['deepest, most links', `${run.deepest} hops, ${run.mostLinks} of ${planned.tree.links} planned`],
    ],
  );
}

function spreadAt(samples: readonly CascadeSample[], atMs: number): string {
  const sample = samples.find((one) => one.atMs >= atMs);
  if (!sample) return '';
  const share = (value: number): string => `${((value / sample.mean - 1) * 100).toFixed(1)} %`;
  return `+${share(sample.most)}, ${share(sample.least)}`;
}

function deathTable({ deaths }: CascadeRun): string {
  const rows = deaths.map(({ atMs, home, viewers, children, moves, backMs }) => [
    `${(atMs / MINUTE).toFixed(1)} min${home ? ', the home' : ''}`,
    ...[count(viewers), String(children), String(moves), `${(backMs / 1000).toFixed(1)} s`],
  ]);
  return table(
    ['a node dies at', 'viewers on it', 'nodes under it', 'moves', 'those under it have pictures after'],
    rows,
  );
}

function delayText({ p50Ms, p95Ms, maxMs }: Delays): string {
  return [p50Ms, p95Ms, maxMs].map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ');
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

function mbps(bps: number): string {
  return bps >= 1e9 ? `${(bps / 1e9).toFixed(1)} Gbit/s` : `${(bps / 1e6).toFixed(2)} Mbit/s`;
}
