/** The tables of docs/congestion.md, from runs in virtual time: the same on every machine. */
import {
  BURST_LOSS,
  LINK_CUT,
  meanBps,
  POLICER,
  RFC8867,
  randomLoss,
  runScenario,
  type Scenario,
  type ScenarioRun,
} from '@efir/rtc';
import { plot } from './plot.js';

export interface Report {
  markdown: string;
  /** File name to SVG. */
  images: Map<string, string>;
}

/** Each scenario also runs with so many other seeds; the tables tell the worst of them. */
const SEEDS = 10;
const LOSSES = [0.01, 0.05, 0.1, 0.2];
const ROUND_TRIPS = [50, 200];

export function report(log: (line: string) => void): Report {
  const images = new Map<string, string>();
  const sections = [
    suite(images, log),
    linkCut(images, log),
    fairness(log),
    loss(log),
    'The plots are of seed 1; a thin line is what one estimate allows, for TCP what it received.',
  ];
  return { markdown: sections.join('\n\n'), images };
}

function suite(images: Map<string, string>, log: (line: string) => void): string {
  const rows = RFC8867.map((scenario) => {
    log(`RFC 8867, ${scenario.name}: ${scenario.title}`);
    const runs = seeds(scenario);
    images.set(`rfc8867-${scenario.name.replace('.', '-')}.svg`, plot(scenario, runs[0]));
    const rates = runs[0].flows.map((flow) => `${kbps(flow.meanBps)} ${flow.label}`).join(', ');
    const jain = scenario.flows.filter((flow) => !flow.reverse && !flow.tcp).length > 1;
    return [
      `${scenario.name} ${scenario.title}`,
      spread(runs, (run) => run.utilisation * 100, 'low'),
      spread(runs, (run) => run.queueP50Ms, 'high'),
      spread(runs, (run) => run.queueP95Ms, 'high'),
      spread(runs, (run) => run.lossShare * 100, 'high', 2),
      jain ? spread(runs, (run) => run.fairness, 'low', 3) : '',
      rates,
    ];
  });
  const head = ['RFC 8867', 'utilisation, %', 'queue p50, ms', 'queue p95, ms', 'loss, %', 'Jain', 'kbps (seed 1)'];
  const pictures = RFC8867.map(
    ({ name, title }) => `![${name} ${title}](images/rfc8867-${name.replace('.', '-')}.svg)`,
  );
  return [table(head, rows), ...pictures].join('\n\n');
}

function linkCut(images: Map<string, string>, log: (line: string) => void): string {
  log(LINK_CUT.title);
  const runs = seeds(LINK_CUT);
  images.set('link-cut.svg', plot(LINK_CUT, runs[0]));
  const back = (run: ScenarioRun): number => {
    const first = run.flows[0].samples.find(({ atMs, targetBps = 0 }) => atMs > 60_000 && targetBps >= 0.85 * 3e6);
    return first === undefined ? Number.POSITIVE_INFINITY : (first.atMs - 60_000) / 1000;
  };
  const rows = [
    ['longest time over 110 % of the capacity, s', spread(runs, (run) => run.longestOverMs / 1000, 'high', 1), '2'],
    [
      'queue p95 from 3 s after the cut, ms',
      spread(runs, (run) => run.link.queueingDelayMs(0.95, 33_000, 60_000), 'high'),
      '200',
    ],
    ['back at 85 % of the link, s', spread(runs, back, 'high', 1), '10'],
    ['received at 3 Mbps, kbps', spread(runs, (run) => meanBps(run.flows[0].samples, 5000, 30_000) / 1000, 'low'), ''],
    ['received at 500 kbps', spread(runs, (run) => meanBps(run.flows[0].samples, 33_000, 60_000) / 1000, 'low'), ''],
  ];
  return `${table([LINK_CUT.title, 'measured', 'bound'], rows)}\n\n![${LINK_CUT.title}](images/link-cut.svg)`;
}

function fairness(log: (line: string) => void): string {
  log('fairness of two flows');
  const rows = [2e6, 4e6].flatMap((capacity) =>
    [0, 10_000].map((startMs) => {
      const flows = [{}, { startMs }];
      const two = { name: 'two', title: 'Two flows', durationMs: 120_000, propagationMs: 50, assessFromMs: 60_000 };
      const runs = seeds({ ...two, capacity, flows });
      return [
        `${capacity / 1e6} Mbps, ${startMs === 0 ? 'begun together' : 'one 10 s later'}`,
        spread(runs, (run) => run.fairness, 'low', 3),
        spread(runs, (run) => run.utilisation * 100, 'low'),
        spread(runs, (run) => run.queueP95Ms, 'high'),
      ];
    }),
  );
  return table(['two flows on a link of 100 ms', 'Jain', 'utilisation, %', 'queue p95, ms'], rows);
}

function loss(log: (line: string) => void): string {
  log('loss');
  const random = LOSSES.flatMap((share) => ROUND_TRIPS.map((roundTripMs) => randomLoss(share, roundTripMs)));
  const rows = [...random, BURST_LOSS, POLICER].map((scenario) => {
    const runs = seeds(scenario);
    return [
      scenario.title,
      spread(runs, (run) => run.utilisation * 100, 'low'),
      spread(runs, (run) => run.queueP95Ms, 'high'),
      spread(runs, (run) => run.lossShare * 100, 'high', 1),
    ];
  });
  return table(['loss', 'utilisation, %', 'queue p95, ms', 'lost, %'], rows);
}

function seeds(scenario: Scenario): ScenarioRun[] {
  return Array.from({ length: SEEDS }, (_, i) => runScenario(scenario, i + 1));
}

/** Median, and the worst of all. */
function spread(runs: ScenarioRun[], figure: (run: ScenarioRun) => number, worst: 'low' | 'high', digits = 0): string {
  const values = runs.map(figure).sort((a, b) => a - b);
  const extreme = worst === 'low' ? values[0] : values[values.length - 1];
  return `${values[values.length >> 1].toFixed(digits)} (${extreme.toFixed(digits)})`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function kbps(bps: number): string {
  return `${Math.round(bps / 1000)}`;
}
