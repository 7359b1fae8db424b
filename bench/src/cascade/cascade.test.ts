import { PLAN_DEFAULTS, plan, shapeOf } from '@efir/cli';
import { seededRandom } from '@efir/rtc';
import { expect, test, vi } from 'vitest';
import { plot } from './plot.js';
import { scenario } from './report.js';
import { Cascade, type CascadeOptions } from './simulate.js';

// Simulated minutes can take seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Small nodes, so that a few viewers make a deep tree. */
function small(more: Partial<CascadeOptions> = {}): CascadeOptions {
  const input = { ...PLAN_DEFAULTS, viewers: 6000, bitrateBps: 1.5e6, maxViewers: 100, fanOut: 4 };
  return {
    ...{ plan: plan(input), seed: 1, joinMs: 30_000, leaveAtMs: 70_000, leaveMs: 10_000, endMs: 130_000 },
    ...{ deathsAtMs: [12_000, 24_000, 45_000], homeDiesAtMs: 55_000 },
    ...more,
  };
}

const run = (options = small()) => new Cascade(options, seededRandom(options.seed)).run();

test('everybody gets to watch, evenly spread, in a tree as flat as planned', () => {
  const options = small({ deathsAtMs: [], homeDiesAtMs: null });
  const { samples, refused, deepest, mostLinks } = run(options);
  const full = samples.find(({ watching }) => watching === 6000)!;
  expect(full.atMs).toBeLessThanOrEqual(33_000);
  expect(full.most / full.mean).toBeLessThan(1.05);
  expect(full.least / full.mean).toBeGreaterThan(0.95);
  expect(refused).toBe(0);
  expect(mostLinks).toBe(options.plan.tree.links);
  expect(deepest).toBe(shapeOf(options.plan.nodes.total, 4).depth);
});

test('nodes die, the home too, and all are back within seconds', () => {
  const { samples, deaths, deepest, rejoin } = run();
  expect(deaths).toHaveLength(4);
  expect(deaths.filter(({ home }) => home)).toHaveLength(1);
  for (const { atMs, children, moves } of deaths) {
    expect(moves).toBeLessThanOrEqual(children + 1);
    const back = samples.find((sample) => sample.atMs > atMs + 1000 && sample.waiting < 400);
    expect(back!.atMs - atMs).toBeLessThanOrEqual(6000);
  }
  expect(samples.find(({ atMs }) => atMs === 65_000)).toMatchObject({ watching: 6000, waiting: 0 });
  expect(deepest).toBeLessThanOrEqual(4);
  expect(rejoin.p95Ms).toBeLessThanOrEqual(4000);
});

test('when the audience has left, the tree shrinks to its home', () => {
  const last = run().samples.at(-1)!;
  expect(last).toMatchObject({ watching: 0, waiting: 0, nodes: 1 });
});

test('where there is too little room people are told to come later', () => {
  const { samples, refused } = run(
    small({ plan: plan({ ...small().plan.input, nodes: 50 }), deathsAtMs: [], homeDiesAtMs: null }),
  );
  expect(refused).toBeGreaterThan(1000);
  expect(Math.max(...samples.map(({ watching }) => watching))).toBe(5000);
  expect(Math.max(...samples.map(({ most }) => most))).toBe(100);
});

test('a run is the same each time, and so is its plot', () => {
  const [first, second] = [run(), run()];
  expect(second).toEqual(first);
  const svg = plot('A title', first);
  expect(plot('A title', second)).toBe(svg);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg.match(/<polyline/g)).toHaveLength(5);
});

test('the scenario of the docs is a million viewers in five minutes', () => {
  expect(scenario(1e6)).toMatchObject({ joinMs: 300_000, plan: { input: { viewers: 1e6 }, problems: [] } });
});
