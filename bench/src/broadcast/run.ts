/**
 * One broadcast over four nodes of this machine: how fast viewers come in, how evenly they are spread, what goes between the
 * nodes and what it costs, beside what `efir plan` says; and what is felt of a node that is killed, of one that is drained and of
 * the home's death.
 */
import { ClientHub, PLAN_DEFAULTS, type Plan, plan, WhepViewer } from '@efir/cli';
import { round } from '../measure/median.js';
import { atMost, type Promised } from '../measure/promises.js';
import { type BroadcastOptions, RULES } from '../options.js';
import { Audience, type Quantiles } from './audience.js';
import { BenchNodes } from './nodes.js';

const IDS = ['a', 'b', 'c', 'd'];
const ROOM = 'show';
const FEW = 20;
const CHILDREN = 2;
/** Of the robot's clip. */
const FPS = 15;

/** Of a packet beyond UDP's payload, which is what nodes count: UDP 8, IPv4 20, Ethernet 18. */
const LOWER_BYTES = 46;

interface Between {
  /** UDP payload. */
  bps: number;
  links: string[];
  mostStreams: number;
}

export async function broadcast(options: BroadcastOptions, log: (line: string) => void) {
  const { viewers: count, rate, seconds, placement } = options;
  const nodes = new BenchNodes();
  const hub = new ClientHub({ datapath: { maxPeers: count * 2 + 64, slots: 32_768 } });
  const audience = new Audience();
  const watch = (): WhepViewer => {
    const { urls } = nodes;
    const from = audience.viewers.length % urls.length;
    return new WhepViewer({ urls: [...urls.slice(from), ...urls.slice(0, from)], room: ROOM, hub });
  };
  try {
    // Two of them have room for all, and some to spare.
    const flags = { 'max-viewers': Math.ceil(count * 0.7), 'max-children': CHILDREN, placement };
    await nodes.start(IDS, placement === 'rules' ? { ...flags, 'placement-rules': RULES } : flags);
    await nodes.put(ROOM);
    nodes.publish(ROOM);

    log(`${count} viewers join, ${rate} a second`);
    const few = await audience.join(Math.min(FEW, count), rate, watch);
    const before = await between(nodes);
    const joins = audience.quantiles([...few, ...(await audience.join(count - few.length, rate, watch))]);
    await wait(2000);
    const spread = await nodes.spread();
    const after = await between(nodes);

    const cpuBefore = IDS.map((id) => nodes.workerNs(id));
    audience.begin();
    const watched = await audience.watched(seconds * 1000);
    const cpu = IDS.map((id, i) => (nodes.workerNs(id) - cpuBefore[i]) / (watched.tookMs * 1e6));
    const steady = audience.gaps();
    const planned = plan({
      ...{ ...PLAN_DEFAULTS, viewers: count, bitrateBps: watched.bps / count, fps: FPS },
      ...{ cores: 1, nicBps: 1e9, nodes: IDS.length, fanOut: CHILDREN },
    });

    const middle = await nodes.middle();
    const killed = await audience.without(nodes.url(middle), () => nodes.kill(middle), log, `node ${middle} is killed`);
    const drainedId = (await nodes.ids()).find((id) => id !== 'a' && id !== middle)!;
    const drained = await audience.without(
      nodes.url(drainedId),
      () => nodes.drain(drainedId, true),
      log,
      `node ${drainedId} is drained`,
    );
    await nodes.drain(drainedId, false);
    log('the home is killed');
    const home = await audience.interrupted(() => nodes.kill('a'));

    const wireBps = after.bps + (after.links.length * watched.packetsPerSecond * LOWER_BYTES * 8) / count;
    const unevenness = Math.max(...Object.values(spread).map((n) => Math.abs(n / (count / IDS.length) - 1)));
    const figures = {
      ...{ viewers: count, placement, viewerBps: Math.round(watched.bps / count) },
      join: { ms: joins, failed: audience.viewers.filter(({ origin }) => origin === null).length },
      ...{ spread, unevenness: round(unevenness, 3), links: after.links },
      betweenNodesBps: {
        few: Math.round(before.bps),
        all: Math.round(after.bps),
        allOnTheWire: Math.round(wireBps),
        planned: Math.round(planned.tree.trafficBps),
      },
      workerCpu: { measured: cpu.map((share) => round(share, 3)), planned: round(planned.node.cpuCores, 3) },
      ...{ steady, killed, drained, home },
    };
    return { ...figures, promises: promises(figures, { before, after, wireBps, planned, cpu, joins }) };
  } finally {
    audience.close();
    await Promise.all(audience.viewers.map((one) => one.leave()));
    await nodes.close();
    hub.close();
  }
}

interface Felt {
  unevenness: number;
  killed: { concerned: Quantiles; others: Quantiles };
  drained: { concerned: Quantiles; tookMs: number };
  home: Quantiles;
}

interface Measured {
  before: Between;
  after: Between;
  wireBps: number;
  planned: Plan;
  cpu: number[];
  joins: Quantiles;
}

function promises(felt: Felt, { before, after, wireBps, planned, cpu, joins }: Measured): Promised[] {
  const mean = cpu.reduce((sum, share) => sum + share, 0) / cpu.length;
  const off = (predicted: number, measured: number): number => round(Math.abs(predicted / measured - 1) * 100);
  return [
    atMost('join until the first picture, 95 %, ms', joins.p95, 2500),
    atMost('nodes from even, %', round(felt.unevenness * 100, 1), 15),
    atMost('streams on a link', after.mostStreams, 2),
    atMost('traffic between nodes with all viewers beside a few, %', round((after.bps / before.bps) * 100), 115),
    atMost('planned traffic between nodes from measured, %', off(planned.tree.trafficBps, wireBps), 25),
    atMost('planned CPU of a node from measured, %', off(planned.node.cpuCores, mean), 25),
    atMost('a killed node: its viewers without a picture, 95 %, ms', felt.killed.concerned.p95, 3000),
    atMost('a killed node: any other viewer without a picture, ms', felt.killed.others.max, 500),
    atMost('a drained node is empty after, ms', felt.drained.tookMs, 10_000),
    atMost('a drained node: longest without a picture, ms', felt.drained.concerned.max, 500),
    atMost('a killed home: longest without a picture, ms', felt.home.max, 5000),
  ];
}

async function between(nodes: BenchNodes): Promise<Between> {
  await wait(2500);
  const flowing = (await nodes.overview()).links.filter(({ state }) => state === 'connected');
  return {
    bps: flowing.reduce((sum, { bitrateBps }) => sum + bitrateBps, 0),
    links: flowing.map(({ from, to, streams }) => `${from}>${to} ${streams} streams`),
    mostStreams: Math.max(...flowing.map(({ streams }) => streams)),
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
