import { seededRandom } from '@efir/rtc';
import { expect, test } from 'vitest';
import type { Demand, PlacementNode } from './demand.js';
import { Placement, type PlacementPolicy } from './placement.js';
import { compileRules, splitRules } from './rules.js';

const idle = {
  ...{ cpu: 0, loop: 0, receiveBps: 0, sendBps: 0, viewers: 0, participants: 0, streams: 0, rooms: 0 },
  ...{ rssBytes: 1e8, arrivals: 0 },
};

interface NodeChanges extends Partial<Omit<PlacementNode, 'load' | 'limits'>> {
  load?: Partial<NonNullable<PlacementNode['load']>> | null;
  limits?: Partial<PlacementNode['limits']>;
}

function node(id: string, { load, limits, ...more }: NodeChanges = {}): PlacementNode {
  return {
    ...{ id, region: null, draining: false, isolated: null, workers: { length: 2 } },
    ...more,
    limits: { viewers: 100, bandwidthBps: null, streams: null, ...limits },
    load: load === null ? null : { ...idle, ...load },
  };
}

const viewer: Demand = {
  ...{ kind: 'broadcast', role: 'viewer', region: null, bitrateBps: 1.5e6, streams: 2, roomStreams: 2 },
  carriers: new Set(),
};
const caller: Demand = { ...viewer, kind: 'call', role: 'participant' };

function placement(policy: PlacementPolicy = 'mix', rules = 'score node.viewerShare'): Placement {
  return new Placement({ policy, rules: compileRules(splitRules(rules)), random: seededRandom(1) });
}

test.each([
  ['cpu', { cpu: 0.6 }],
  ['bandwidth', { sendBps: 8e8 }],
  ['streams', { streams: 7000 }],
  ['mix', { cpu: 0.3, sendBps: 3e8 }],
  ['rules', { viewers: 60 }],
] as const)('%s takes the node that has the least of it', (policy, load) => {
  const busy = node('busy', { load });
  // More people than the busy one, which is another matter.
  const free = node('free', { load: { viewers: policy === 'rules' || policy === 'mix' ? 0 : 50 } });
  const many = placement(policy);
  for (let i = 0; i < 5; i++) expect(many.place(viewer, [busy, free], 0)).toMatchObject({ node: 'free' });
});

test('loads that are about the same leave it to the number of people', () => {
  const nodes = [node('a', { load: { cpu: 0.3, viewers: 40 } }), node('b', { load: { cpu: 0.33, viewers: 20 } })];
  expect(placement('cpu').place(viewer, nodes, 0).node).toBe('b');
});

test('with three places on each of two nodes six get in and one has to wait', () => {
  const nodes = ['a', 'b'].map((id) => node(id, { limits: { viewers: 3 } }));
  const placing = placement();
  const placed = Array.from({ length: 7 }, () => placing.place(viewer, nodes, 0));
  expect(placed.filter(({ node: id }) => id === 'a')).toHaveLength(3);
  expect(placed.filter(({ node: id }) => id === 'b')).toHaveLength(3);
  const refused = placed[6];
  expect(refused).toMatchObject({ node: null, reason: 'full' });
  expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(5);
  expect(refused.retryAfterSeconds).toBeLessThanOrEqual(10);
  expect(placing.place(viewer, [...nodes, node('c', { limits: { viewers: 3 } })], 0).node).toBe('c');
});

test('newcomers count once: on their way, then in the reports', () => {
  const placing = placement();
  const at = (viewers: number, arrivals: number): PlacementNode[] => [
    node('a', { limits: { viewers: 3 }, load: { viewers, arrivals } }),
  ];
  expect(placing.place(viewer, at(0, 7), 0).node).toBe('a');
  expect(placing.place(viewer, at(0, 7), 0).node).toBe('a');
  // Both are there now: that leaves one place.
  expect(placing.place(viewer, at(2, 9), 1000).node).toBe('a');
  expect(placing.place(viewer, at(2, 9), 1000).node).toBe(null);
  // One of them left.
  expect(placing.place(viewer, at(2, 10), 2000).node).toBe('a');
});

test('a newcomer who never arrives frees the place again', () => {
  const placing = placement();
  const nodes = [node('a', { limits: { viewers: 1 } })];
  expect(placing.place(viewer, nodes, 0).node).toBe('a');
  expect(placing.place(viewer, nodes, 7999).node).toBe(null);
  expect(placing.place(viewer, nodes, 8000).node).toBe('a');
});

test.each([
  ['viewers', { load: { viewers: 100 } }],
  ['bandwidth', { load: { sendBps: 9.99e8 }, limits: { bandwidthBps: 1e9 } }],
  ['streams', { load: { streams: 99 }, limits: { streams: 100 } }],
  ['CPU', { load: { cpu: 0.95 } }],
] as const)('a node that is full of %s gets nobody', (_, changes) => {
  expect(placement().place(viewer, [node('a', changes)], 0)).toMatchObject({ node: null, reason: 'full' });
});

test('viewers do not count for those who take part in calls', () => {
  expect(placement().place(caller, [node('a', { load: { viewers: 100 } })], 0).node).toBe('a');
});

test.each([
  ['drains', { draining: true }],
  ['is isolated', { isolated: 'reports an absurd load' }],
  ['has not reported', { load: null }],
] as const)('a node that %s gets nobody', (_, changes) => {
  expect(placement().place(viewer, [node('a', changes)], 0)).toMatchObject({ node: null, reason: 'none' });
  expect(placement().place(viewer, [node('a', changes), node('b', { load: { cpu: 0.8 } })], 0).node).toBe('b');
});

test('nodes that said no are left out', () => {
  const nodes = [node('a'), node('b', { load: { cpu: 0.5 } })];
  expect(placement().place({ ...viewer, except: new Set(['a']) }, nodes, 0).node).toBe('b');
});

test('a call stays on the node that has it, until that is nearly full', () => {
  const carriers = new Set(['a']);
  const at = (cpu: number): PlacementNode[] => [node('a', { load: { cpu } }), node('b')];
  expect(placement().place({ ...caller, carriers }, at(0.6), 0).node).toBe('a');
  expect(placement().place({ ...caller, carriers }, at(0.75), 0).node).toBe('b');
  // The viewers of a broadcast don't.
  expect(placement().place({ ...viewer, carriers }, at(0.6), 0).node).toBe('b');
});

test('people stay in their region, until it is much busier than another', () => {
  const at = (cpu: number): PlacementNode[] => [
    node('near', { region: 'east', load: { cpu } }),
    node('far', { region: 'west' }),
  ];
  const east = { ...viewer, region: 'east' };
  expect(placement('cpu').place(east, at(0.15), 0).node).toBe('near');
  expect(placement('cpu').place(east, at(0.5), 0).node).toBe('far');
});

test('rules deny, prefer, avoid and score', () => {
  const rules = `deny node.region == "moon"; prefer node.carries by 0.5
    avoid room.kind == "broadcast" and node.streams > 100 by 2; score node.cpu`;
  const placing = placement('rules', rules);
  const nodes = [
    node('moon', { region: 'moon' }),
    node('crowded', { load: { streams: 200 } }),
    node('plain', { load: { cpu: 0.5 } }),
    node('carrier', { load: { cpu: 0.7 } }),
  ];
  expect(placing.place({ ...viewer, carriers: new Set(['carrier']) }, nodes, 0).node).toBe('carrier');
  expect(placing.place(viewer, nodes.slice(0, 3), 0).node).toBe('plain');
  expect(placing.place(viewer, nodes.slice(0, 2), 0).node).toBe('crowded');
  expect(placing.place(viewer, nodes.slice(0, 1), 0)).toMatchObject({ node: null, reason: 'full' });
});

test('rules that are wrong are told when they are read', () => {
  expect(() => compileRules(['prefer node.cpus < 1'])).toThrow(
    'have a rule that knows no node.cpus (character 8), only node.cpu,',
  );
  expect(() => compileRules(['node.cpu < 1'])).toThrow('begins with none of deny, prefer, avoid, score');
  expect(() => compileRules(['score node.cpu by 2'])).toThrow("doesn't go on with by");
  expect(() => compileRules(Array.from({ length: 33 }, () => 'score 1'))).toThrow('are 32 at most');
});

interface Machine {
  viewers: number;
  arrivals: number;
  /** Last second's average, which lags. */
  carried: number;
}

/** What four equal nodes make of joins, each of which takes some time to arrive; reports come once a second, late. */
function burst(policy: PlacementPolicy, seed: number, deciders: number): number[] {
  const random = seededRandom(seed);
  const rules = compileRules(['score node.cpu + node.streamShare']);
  const placings = Array.from({ length: deciders }, () => new Placement({ policy, rules, random }));
  const machines: Machine[] = Array.from({ length: 4 }, () => ({ viewers: 0, arrivals: 0, carried: 0 }));
  const nodes = machines.map((_, i) => node(`n${i}`, { limits: { viewers: 1000, bandwidthBps: 1e9 } }));
  const events: { atMs: number; run(): void }[] = [];
  for (let i = 0; i < 500; i++) {
    const atMs = i * 20;
    events.push({
      atMs,
      run() {
        const { node: id } = placings[Math.floor(random() * deciders)].place(viewer, nodes, atMs);
        const machine = machines[Number(id!.slice(1))];
        const arrive = (): void => {
          machine.viewers++;
          machine.arrivals++;
        };
        events.push({ atMs: atMs + 100 + random() * 1400, run: arrive });
      },
    });
  }
  machines.forEach((machine, i) => {
    for (let atMs = random() * 1000; atMs < 12_000; atMs += 1000) {
      const report = (): void => {
        // The figures of a second that has passed, with what measuring varies by.
        const average = (machine.carried + machine.viewers) / 2;
        machine.carried = machine.viewers;
        const load = {
          ...idle,
          cpu: Math.max(0, 0.1 + average * 0.0015 + (random() - 0.5) * 0.04),
          sendBps: average * 1.5e6 * (0.9 + random() * 0.2),
          streams: machine.viewers * 2,
          viewers: machine.viewers,
          arrivals: machine.arrivals,
        };
        const arrive = (): void => {
          nodes[i].load = load;
        };
        events.push({ atMs: atMs + 200 + random() * 800, run: arrive });
      };
      events.push({ atMs, run: report });
    }
    nodes[i].load = { ...idle, cpu: 0.1 };
  });
  while (events.length > 0) {
    let next = 0;
    for (let i = 1; i < events.length; i++) if (events[i].atMs < events[next].atMs) next = i;
    events.splice(next, 1)[0].run();
  }
  return machines.map(({ viewers }) => viewers);
}

const share = (viewers: number): number => viewers / 125;

test.each(['mix', 'cpu', 'bandwidth', 'streams', 'rules'] as const)(
  '500 joins in 10 s over four equal nodes come out even by %s, with reports that come late',
  (policy) => {
    for (let seed = 1; seed <= 20; seed++) {
      const spread = burst(policy, seed, 1);
      expect(spread.reduce((sum, n) => sum + n)).toBe(500);
      expect(Math.min(...spread.map(share)), `seed ${seed}: ${spread}`).toBeGreaterThanOrEqual(0.85);
      expect(Math.max(...spread.map(share)), `seed ${seed}: ${spread}`).toBeLessThanOrEqual(1.15);
    }
  },
);

test('four who place without knowing of each other come out less even', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const spread = burst('mix', seed, 4);
    expect(Math.min(...spread.map(share)), `seed ${seed}: ${spread}`).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...spread.map(share)), `seed ${seed}: ${spread}`).toBeLessThanOrEqual(1.5);
  }
});
