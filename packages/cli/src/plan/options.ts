/** What `efir plan` is asked, from its command line. */
import { parseArgs } from 'node:util';
import { parseBitrate } from '@efir/server';
import { PLAN_DEFAULTS, type PlanInput } from './model.js';

/** A command line that can't be obeyed; `message` says which part and what it may be. */
export class PlanUsageError extends Error {
  override readonly name = 'PlanUsageError';
}

export interface PlanOptions {
  input: PlanInput;
  json: boolean;
}

export const PLAN_USAGE = `efir plan --viewers <n> --bitrate <bps> [options]

Says how many servers a broadcast takes: nodes, depth of the tree, traffic between them, latency added.

  --viewers <n>           people who watch at once
  --bitrate <bps>         what each of them gets, sound included: 1500k, 2.5m
  --node <size>           cores and network of a node (default: 16c/10g)
  --max-viewers <n>       viewers of a node at most, as its --max-viewers (default: as many as fit)
  --nodes <n>             plan for so many nodes (default: as many as needed, and the spare ones)
  --spare <share>         nodes more than needed, for those that fail (default: 0.1)
  --fan-out <n>           nodes that pull from one node at most (default: 16)
  --fps <n>               pictures a second (default: ${PLAN_DEFAULTS.fps})
  --frame-cost-ns <n>     CPU of a forwarded picture, or of 20 ms of sound, beside its packets (default: ${PLAN_DEFAULTS.frameCostNs}, as measured)
  --packet-cost-ns <n>    CPU of a forwarded packet (default: ${PLAN_DEFAULTS.packetCostNs}, as measured)
  --viewer-cost-us <n>    CPU of a viewer in a second, whatever they get (default: ${PLAN_DEFAULTS.viewerCostUs}, as measured)
  --worker-cost-us <n>    CPU of a worker in a second that has no viewers (default: ${PLAN_DEFAULTS.workerCostUs}, as measured)
  --cpu-fill <share>      how busy a node's cores may be (default: 0.7)
  --nic-fill <share>      how full its network may be (default: 0.8)
  --link-ms <ms>          one way between two nodes (default: 10)
  --forward-ms <ms>       through one node (default: ${PLAN_DEFAULTS.forwardMs}, as measured)
  --json                  one line of JSON
  --help                  this text

All costs are measured on the machine at hand by: npm run bench -- fan-out --viewer
`;

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean' } as const;
const OPTIONS = {
  ...{ viewers: TEXT, bitrate: TEXT, node: TEXT, 'max-viewers': TEXT, nodes: TEXT, spare: TEXT, 'fan-out': TEXT },
  ...{
    fps: TEXT,
    'frame-cost-ns': TEXT,
    'packet-cost-ns': TEXT,
    'viewer-cost-us': TEXT,
    'worker-cost-us': TEXT,
    'cpu-fill': TEXT,
    'nic-fill': TEXT,
    'link-ms': TEXT,
  },
  ...{ 'forward-ms': TEXT, json: SWITCH, help: SWITCH },
} as const;
type Values = Partial<Record<keyof typeof OPTIONS, string | boolean>>;

/** Throws `PlanUsageError`. */
export function parsePlanOptions(args: string[]): PlanOptions | 'help' {
  const values = parsed(args);
  if (values.help) return 'help';
  const { cores, nicBps } = nodeSize(values.node);
  const defaults = PLAN_DEFAULTS;
  const input: PlanInput = {
    viewers: whole(values, 'viewers', null, 1, 1e9)!,
    bitrateBps: bitrate(values.bitrate),
    cores,
    nicBps,
    fps: number(values, 'fps', defaults.fps, 1, 240),
    frameCostNs: number(values, 'frame-cost-ns', defaults.frameCostNs, 0, 1e7),
    packetCostNs: number(values, 'packet-cost-ns', defaults.packetCostNs, 1, 1e7),
    viewerCostUs: number(values, 'viewer-cost-us', defaults.viewerCostUs, 0, 1e6),
    workerCostUs: number(values, 'worker-cost-us', defaults.workerCostUs, 0, 1e6),
    cpuFill: number(values, 'cpu-fill', defaults.cpuFill, 0.01, 1),
    nicFill: number(values, 'nic-fill', defaults.nicFill, 0.01, 1),
    maxViewers: values['max-viewers'] === undefined ? null : whole(values, 'max-viewers', null, 1, 1e6),
    nodes: values.nodes === undefined ? null : whole(values, 'nodes', null, 1, 100_000),
    spare: number(values, 'spare', defaults.spare, 0, 10),
    fanOut: whole(values, 'fan-out', defaults.fanOut, 1, 1000)!,
    linkMs: number(values, 'link-ms', defaults.linkMs, 0, 10_000),
    forwardMs: number(values, 'forward-ms', defaults.forwardMs, 0, 10_000),
  };
  return { input, json: values.json === true };
}

function parsed(args: string[]): Values {
  try {
    return parseArgs({ args, options: OPTIONS }).values as Values;
  } catch (error) {
    throw new PlanUsageError((error as Error).message);
  }
}

function nodeSize(given: string | boolean | undefined): { cores: number; nicBps: number } {
  if (given === undefined) return PLAN_DEFAULTS;
  const [, cores, network] = /^(\d{1,4})c\/(.+)$/i.exec(String(given)) ?? [];
  const nicBps = network === undefined ? null : parseBitrate(network);
  if (!Number(cores) || nicBps === null) {
    throw new PlanUsageError(`--node must be cores and network such as 16c/10g, not ${given}`);
  }
  return { cores: Number(cores), nicBps };
}

function bitrate(given: string | boolean | undefined): number {
  const bps = given === undefined ? null : parseBitrate(String(given));
  if (bps !== null && bps >= 1000 && bps <= 1e9) return bps;
  throw new PlanUsageError(`--bitrate must be a bit rate such as 1500k${given === undefined ? '' : `, not ${given}`}`);
}

function whole(
  values: Values,
  name: keyof Values,
  fallback: number | null,
  least: number,
  most: number,
): number | null {
  const given = values[name];
  if (given === undefined && fallback !== null) return fallback;
  const value = /^\d{1,12}$/.test(String(given)) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new PlanUsageError(
    `--${name} must be a whole number of ${least} to ${most}${given === undefined ? '' : `, not ${given}`}`,
  );
}

function number(values: Values, name: keyof Values, fallback: number, least: number, most: number): number {
  const given = values[name];
  if (given === undefined) return fallback;
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(String(given)) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new PlanUsageError(`--${name} must be a number of ${least} to ${most}, not ${given}`);
}
