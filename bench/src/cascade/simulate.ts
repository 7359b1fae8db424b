/**
 * A broadcast of a million viewers in virtual time. Placement and tree are the server's own; nodes, network and people are
 * simulated: how long things take is in `TIMES`, and that is all that is made up. Seeded: each run is the same.
 */
import type { Plan } from '@efir/cli';
import { type Demand, Placement, type PlacementNode, Tree, type TreeFacts, type TreeMove } from '@efir/server';
import type { CascadeRun, CascadeSample, Death } from './result.js';
import { DelayCounts, push, TIMES, take, tickAt } from './timeline.js';

export interface CascadeOptions {
  plan: Plan;
  seed: number;
  /** In which all viewers come. */
  joinMs: number;
  /** Everybody leaves within that, from `leaveAtMs`. */
  leaveAtMs: number;
  leaveMs: number;
  endMs: number;
  /** When a node dies that others pull from; the home itself is one of them at `homeDiesAtMs`. */
  deathsAtMs: readonly number[];
  homeDiesAtMs: number | null;
}

interface Machine extends PlacementNode {
  id: string;
  index: number;
  alive: boolean;
  /** The others think so: for a while after it died. */
  believed: boolean;
  viewers: number;
  arrivals: number;
  children: number;
  /** When it has pictures; infinite: it is not in the tree. */
  playsFromMs: number;
  nextReportMs: number;
  restartAtMs: number;
}

const STREAMS = 2;
export class Cascade {
  readonly #options: CascadeOptions;
  readonly #random: () => number;
  readonly #machines: Machine[];
  readonly #byId = new Map<string, Machine>();
  readonly #placement: Placement;
  readonly #demand: Demand;
  readonly #carriers = new Set<string>();
  #tree: Tree;
  #home: Machine;
  /** Tick -> what happens then. */
  readonly #due = new Map<number, (() => void)[]>();
  /** Tick -> those who ask for a node then, by the time since which they want to; negative: since which they want to again. */
  readonly #asking = new Map<number, number[]>();
  /** Tick -> machine index and since when, of those who arrive then. */
  readonly #arriving = new Map<number, number[]>();
  readonly #joins = new DelayCounts();
  readonly #rejoins = new DelayCounts();
  readonly #deaths: Death[] = [];
  readonly #run: Omit<CascadeRun, 'samples' | 'deaths' | 'join' | 'rejoin'> = {
    ...{ refused: 0, bounced: 0, placed: 0, moves: 0, deepest: 0, mostLinks: 0 },
  };
  #now = 0;
  /** People who want to watch now. */
  #wanting = 0;

  constructor(options: CascadeOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    const { plan } = options;
    this.#machines = Array.from({ length: plan.nodes.total }, (_, index) => this.#machine(index));
    for (const machine of this.#machines) {
      // They have been up for a while.
      machine.load = this.#loadOf(machine);
      this.#byId.set(machine.id, machine);
    }
    this.#home = this.#machines[0];
    this.#home.playsFromMs = 0;
    this.#tree = this.#plant();
    this.#placement = new Placement({ policy: 'mix', random });
    this.#demand = {
      ...{ kind: 'broadcast', role: 'viewer', region: null, streams: STREAMS, roomStreams: STREAMS },
      bitrateBps: plan.viewer.wireBps,
      carriers: this.#carriers,
    };
  }

  run(): CascadeRun {
    const { plan, joinMs, endMs, deathsAtMs, homeDiesAtMs } = this.#options;
    const samples: CascadeSample[] = [];
    for (const atMs of deathsAtMs) this.#at(atMs, () => this.#kill(this.#victim()));
    if (homeDiesAtMs !== null) this.#at(homeDiesAtMs, () => this.#kill(this.#home));
    let came = 0;
    for (this.#now = 0; this.#now <= endMs; this.#now += TIMES.tick) {
      const now = this.#now;
      const target = Math.min(plan.input.viewers, Math.round((plan.input.viewers * (now + TIMES.tick)) / joinMs));
      for (const event of take(this.#due, now)) event();
      this.#reports();
      const asking = take(this.#asking, now);
      for (; came < target; came++) {
        asking.push(now);
        this.#wanting++;
      }
      for (const sinceMs of asking) this.#ask(sinceMs);
      const arriving = take(this.#arriving, now);
      for (let i = 0; i < arriving.length; i += 2) this.#arrive(this.#machines[arriving[i]], arriving[i + 1]);
      this.#leave();
      if (now % 1000 === 0) {
        this.#moved(this.#tree.settle(now));
        this.#moved(this.#tree.shrink(now));
        samples.push(this.#sample());
        this.#check();
      }
    }
    return { ...this.#run, samples, deaths: this.#deaths, join: this.#joins.delays(), rejoin: this.#rejoins.delays() };
  }

  #machine(index: number): Machine {
    const { plan } = this.#options;
    return {
      ...{ id: `n${index}`, index, region: null, draining: false, isolated: null },
      limits: {
        viewers: plan.capacity.viewers,
        bandwidthBps: plan.input.nicBps * plan.input.nicFill,
        streams: null,
      },
      load: null,
      workers: { length: plan.input.cores },
      ...{ alive: true, believed: true, viewers: 0, arrivals: 0, children: 0, playsFromMs: Number.POSITIVE_INFINITY },
      nextReportMs: Math.floor(this.#random() * 10) * TIMES.tick,
      restartAtMs: 0,
    };
  }

  #plant(): Tree {
    const { input } = this.#options.plan;
    const facts = (id: string): TreeFacts | null => {
      const machine = this.#byId.get(id);
      if (!machine?.believed) return null;
      return { fanOut: input.fanOut, load: machine.load?.cpu ?? 0, draining: false, region: null };
    };
    return new Tree(this.#home.id, { facts, roundTripMs: () => 2 * input.linkMs });
  }

  #at(atMs: number, event: () => void): void {
    // What falls into the tick that runs comes in the next one.
    push(this.#due, Math.max(atMs, this.#now + TIMES.tick), event);
  }

  /** Somebody asks where to watch. */
  #ask(sinceMs: number): void {
    const placed = this.#placement.place(this.#demand, this.#machines, this.#now);
    if (placed.node === null) {
      this.#run.refused++;
      push(this.#asking, this.#now + placed.retryAfterSeconds * 1000, sinceMs);
      return;
    }
    this.#run.placed++;
    const machine = this.#byId.get(placed.node)!;
    const takes = TIMES.joinLeast + this.#random() ** 2 * (TIMES.joinMost - TIMES.joinLeast);
    push(this.#arriving, tickAt(this.#now + takes), machine.index, sinceMs);
    this.#carry(machine);
  }

  /** The room is on its way to the node before the viewer is. */
  #carry(machine: Machine): void {
    if (machine.alive && !this.#tree.has(machine.id)) this.#moved(this.#tree.attach(machine.id, this.#now));
  }

  #arrive(machine: Machine, sinceMs: number): void {
    if (!machine.alive || machine.viewers >= machine.limits.viewers) {
      this.#run.bounced++;
      push(this.#asking, this.#now + TIMES.tick, sinceMs);
      return;
    }
    this.#carry(machine);
    machine.viewers++;
    machine.arrivals++;
    this.#tree.viewers(machine.id, machine.viewers, this.#now);
    // Of a node that is cut off it isn't known yet when it has pictures again.
    const unknown = this.#now + TIMES.detect + TIMES.pipe;
    const plays = Number.isFinite(machine.playsFromMs) ? Math.max(this.#now, machine.playsFromMs) : unknown;
    (sinceMs < 0 ? this.#rejoins : this.#joins).add(plays - Math.abs(sinceMs));
  }

  #leave(): void {
    const { leaveAtMs, leaveMs } = this.#options;
    const left = (leaveAtMs + leaveMs - this.#now) / TIMES.tick;
    if (this.#now < leaveAtMs || left < 0) return;
    for (const machine of this.#machines) {
      if (machine.viewers === 0) continue;
      const going = left < 1 ? machine.viewers : Math.floor(machine.viewers / left + this.#random());
      const gone = Math.min(machine.viewers, going);
      machine.viewers -= gone;
      this.#wanting -= gone;
      this.#tree.viewers(machine.id, machine.viewers, this.#now);
    }
  }

  #reports(): void {
    for (const machine of this.#machines) {
      if (!machine.alive || this.#now < machine.nextReportMs) continue;
      machine.nextReportMs = this.#now + TIMES.report;
      const load = this.#loadOf(machine);
      this.#at(this.#now + TIMES.reportDelay, () => {
        if (machine.alive) machine.load = load;
      });
    }
  }

  #loadOf({ viewers, children, arrivals }: Machine): NonNullable<PlacementNode['load']> {
    const { viewer, input } = this.#options.plan;
    const streams = viewers + children;
    return {
      cpu: ((streams + input.cores - 1) * viewer.cpuUsPerSecond) / 1e6 / input.cores,
      ...{ receiveBps: viewer.wireBps, sendBps: streams * viewer.wireBps, streams: streams * STREAMS },
      ...{ loop: 0, viewers, participants: 0, rooms: 1, rssBytes: 0, arrivals },
    };
  }

  /** Somebody whom others pull from, if there is one. */
  #victim(): Machine {
    const inner = this.#machines.filter(({ alive, children }) => alive && children > 0);
    const others = inner.filter((machine) => machine !== this.#home);
    const from =
      others.length > 0 ? others : this.#machines.filter((machine) => machine !== this.#home && machine.alive);
    return from[Math.floor(this.#random() * from.length)];
  }

  #kill(machine: Machine): void {
    const { viewers, children } = machine;
    const death: Death = { atMs: this.#now, home: machine === this.#home, viewers, children, moves: 0, backMs: 0 };
    this.#deaths.push(death);
    machine.alive = false;
    machine.viewers = 0;
    machine.restartAtMs = this.#now + TIMES.restart;
    const span = TIMES.noticeMost - TIMES.noticeLeast;
    for (let i = 0; i < viewers; i++) {
      push(this.#asking, tickAt(this.#now + TIMES.noticeLeast + this.#random() * span), -this.#now);
    }
    machine.playsFromMs = Number.POSITIVE_INFINITY;
    // Whoever is under it sees nothing from now on.
    for (const node of this.#under(machine)) node.playsFromMs = Number.POSITIVE_INFINITY;
    this.#at(this.#now + TIMES.detect, () => this.#replace(machine, death));
    this.#at(machine.restartAtMs, () => {
      machine.alive = true;
      machine.believed = true;
      machine.arrivals = 0;
    });
  }

  /** The home knows: the tree is mended. If it was the home, another takes it up. */
  #replace(machine: Machine, death: Death): void {
    machine.load = null;
    machine.believed = false;
    this.#placement.forget(machine.id);
    const cut = this.#under(machine);
    let playsFromMs = this.#now + TIMES.pipe;
    let moves: TreeMove[];
    if (machine === this.#home) {
      const first = this.#machines.find(({ alive, id }) => alive && this.#tree.get(id)?.depth === 1);
      this.#home = first ?? this.#machines.find(({ alive }) => alive)!;
      playsFromMs += TIMES.publisher;
      moves = this.#tree.reroot(this.#home.id, this.#now, { dead: true });
      this.#home.playsFromMs = playsFromMs;
    } else moves = this.#tree.died(machine.id, this.#now);
    death.moves = moves.length;
    this.#moved(moves);
    for (const node of cut) if (node.alive && this.#tree.has(node.id)) node.playsFromMs = playsFromMs;
    death.backMs = playsFromMs - death.atMs;
  }

  #under(machine: Machine): Machine[] {
    const children = this.#tree.get(machine.id)?.children ?? [];
    return children.flatMap((id) => {
      const child = this.#byId.get(id)!;
      return [child, ...this.#under(child)];
    });
  }

  #moved(moves: TreeMove[]): void {
    this.#run.moves += moves.length;
    for (const { node, parent, reason } of moves) {
      const machine = this.#byId.get(node)!;
      if (reason === 'joined') {
        const above = parent === null ? this.#now : Math.max(this.#now, this.#byId.get(parent)!.playsFromMs);
        machine.playsFromMs = above + TIMES.pipe;
        this.#carriers.add(node);
      }
      if (reason === 'unused' || reason === 'no-place') {
        machine.playsFromMs = Number.POSITIVE_INFINITY;
        this.#carriers.delete(node);
      }
    }
    if (moves.length === 0) return;
    for (const machine of this.#machines) machine.children = 0;
    for (const { id, children } of this.#tree.nodes()) this.#byId.get(id)!.children = children.length;
  }

  #sample(): CascadeSample {
    const up = this.#machines.filter(({ alive, load }) => alive && load !== null).map(({ viewers }) => viewers);
    let watching = 0;
    for (const { playsFromMs, viewers } of this.#machines) if (playsFromMs <= this.#now) watching += viewers;
    return {
      atMs: this.#now,
      watching,
      waiting: this.#wanting - watching,
      nodes: this.#tree.size,
      depth: this.#tree.nodes().reduce((most, { depth }) => Math.max(most, depth), 0),
      least: up.length > 0 ? Math.min(...up) : 0,
      mean: up.reduce((sum, viewers) => sum + viewers, 0) / Math.max(1, up.length),
      most: Math.max(0, ...up),
    };
  }

  #check(): void {
    let links = 0;
    for (const { depth, parent } of this.#tree.nodes()) {
      if (parent !== null) links++;
      this.#run.deepest = Math.max(this.#run.deepest, depth);
    }
    if (links !== this.#tree.size - 1) throw new Error('a node of the tree has no parent');
    this.#run.mostLinks = Math.max(this.#run.mostLinks, links);
  }
}
