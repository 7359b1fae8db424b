/** Command lines of the benches. */
import { parseArgs } from 'node:util';
import { BenchError } from './errors.js';

export interface FanOutOptions {
  subscribers: number;
  /** Frames as a real encoder made them instead of equal packets. */
  trace: boolean;
  /** Measure the cost per packet at several sizes as well. */
  flatness: boolean;
  /** Only what a viewer costs at viewers' rates. */
  viewer: boolean;
  /** Seconds of each measured window. */
  seconds: number;
  /** Rounds of worker and yardstick, one after the other. */
  rounds: number;
  /** Go before other processes of the machine, where we may. */
  priority: boolean;
  json: boolean;
}

export interface JoinsOptions {
  subscribers: number;
  priority: boolean;
  json: boolean;
}

export interface CongestionOptions {
  /** CPU and memory of estimates instead of the report. */
  cost: boolean;
  json: boolean;
}

export const MASS_PARTS = ['pages', 'storm', 'cost'] as const;
export type MassPart = (typeof MASS_PARTS)[number];

export interface MassOptions {
  parts: readonly MassPart[];
  publishers: number;
  viewers: number;
  /** Cameras on a page. */
  page: number;
  /** How long viewers watch, and CPU time is taken. */
  seconds: number;
  json: boolean;
}

export interface BroadcastOptions {
  viewers: number;
  /** Joins a second. */
  rate: number;
  /** How long they watch while costs are taken. */
  seconds: number;
  placement: PlacementPolicy;
  json: boolean;
}

/** Expressions for `rules`: fewest pictures and sounds first. */
export const RULES = 'score node.streams';
export const POLICIES = ['mix', 'cpu', 'bandwidth', 'streams', 'rules'] as const;
export type PlacementPolicy = (typeof POLICIES)[number];

export const USAGE = `npm run bench -- <bench> [options]

  fan-out   one publisher, many subscribers: CPU per forwarded packet of the whole worker beside a bare sendto loop,
            packets per second at saturation, memory per subscriber, forwarding delay
    --subscribers <n>   default 500
    --trace             sizes and times of frames recorded from a real encoder
    --flatness          cost per packet also at 50, 100, 500 and 1,000 subscribers
    --viewer            only what a viewer costs at usual rates, by packet and by second: the input of efir plan
    --seconds <n>       of each measured window, default 4
    --rounds <n>        of worker and yardstick in turn, default 3
    --priority          go before other processes (as root), on a machine that is not quiet
    --json              one line of JSON at the end

  joins     subscribers joining at once: joins per second until the first packet, and what a running call feels of it
    --subscribers <n>   default 200
    --priority, --json

  congestion  bandwidth estimation in virtual time: RFC 8867, a link cut, loss; writes tables and plots of docs/congestion.md
    --cost              CPU of a feedback and memory of an estimator instead
    --json              with --cost

  cascade   a million viewers and dying nodes in virtual time; writes the tables and the plot of docs/cascade.md

  mass      rooms of robots on a real server, with what is promised of large rooms; exit code 1 when it is not kept
    --part <name>       pages (viewers turn pages), storm (half of the room joins within a second) or cost (of a participant
                        in rooms of twelve and in a large one); default: all of them
    --publishers <n>    default 100
    --viewers <n>       default 4
    --page <n>          default 9
    --seconds <n>       of watching, default 24
    --json

  broadcast one broadcast over four nodes on a Redis of their own: joins, spread, what goes between nodes, beside the plan;
            a node that is killed, a node that is drained
    --viewers <n>       default 1,000
    --rate <n>          joins a second, default 50
    --seconds <n>       of watching, default 10
    --placement <p>     mix (default), cpu, bandwidth, streams, rules (fewest streams)
    --json

The first two want two CPUs: the worker has the first to itself, everything else runs on the second.
`;

export function parseFanOut(args: string[]): FanOutOptions {
  const values = parse(args, {
    subscribers: { type: 'string' },
    trace: { type: 'boolean' },
    flatness: { type: 'boolean' },
    viewer: { type: 'boolean' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    priority: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  return {
    subscribers: count('subscribers', values.subscribers, 500, 4000),
    trace: values.trace === true,
    flatness: values.flatness === true,
    viewer: values.viewer === true,
    seconds: count('seconds', values.seconds, 4, 120),
    rounds: count('rounds', values.rounds, 3, 50),
    priority: values.priority === true,
    json: values.json === true,
  };
}

export function parseJoins(args: string[]): JoinsOptions {
  const values = parse(args, {
    subscribers: { type: 'string' },
    priority: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  return {
    subscribers: count('subscribers', values.subscribers, 200, 4000),
    priority: values.priority === true,
    json: values.json === true,
  };
}

export function parseCongestion(args: string[]): CongestionOptions {
  const values = parse(args, { cost: { type: 'boolean' }, json: { type: 'boolean' } });
  return { cost: values.cost === true, json: values.json === true };
}

/** It has no options. */
export function parseCascade(args: string[]): void {
  parse(args, {});
}

export function parseMass(args: string[]): MassOptions {
  const values = parse(args, {
    part: { type: 'string' },
    publishers: { type: 'string' },
    viewers: { type: 'string' },
    page: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'boolean' },
  });
  const parts = MASS_PARTS.filter((part) => values.part === undefined || values.part === part);
  if (parts.length === 0) throw new BenchError(`--part must be one of ${MASS_PARTS.join(', ')}, not ${values.part}`);
  return {
    parts,
    publishers: count('publishers', values.publishers, 100, 1000),
    viewers: count('viewers', values.viewers, 4, 100),
    page: count('page', values.page, 9, 24),
    seconds: count('seconds', values.seconds, 24, 600),
    json: values.json === true,
  };
}

export function parseBroadcast(args: string[]): BroadcastOptions {
  const values = parse(args, {
    viewers: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    placement: { type: 'string' },
    json: { type: 'boolean' },
  });
  const placement = POLICIES.find((policy) => policy === (values.placement ?? 'mix'));
  if (!placement) throw new BenchError(`--placement must be one of ${POLICIES.join(', ')}, not ${values.placement}`);
  return {
    placement,
    viewers: count('viewers', values.viewers, 1000, 4000),
    rate: count('rate', values.rate, 50, 1000),
    seconds: count('seconds', values.seconds, 10, 600),
    json: values.json === true,
  };
}

type OptionTypes = Record<string, { type: 'string' | 'boolean' }>;

function parse(args: string[], options: OptionTypes): Record<string, unknown> {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}

function count(name: string, value: unknown, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > max) {
    throw new BenchError(`--${name} must be a whole number of 1 to ${max}, not ${value}`);
  }
  return number;
}
