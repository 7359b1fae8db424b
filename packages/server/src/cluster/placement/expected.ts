/**
 * Those who were sent to a node and aren't in its figures yet. A newcomer counts as somebody until the node's reports say
 * that as many arrived, or until they must have gone elsewhere; their load counts until it had time to show. Without it a
 * burst goes to whichever node reported the least last.
 */
import type { Demand, Foreseen, PlacementNode } from './demand.js';
import { setShares } from './demand.js';

/** Who has not come by then does not. */
const COMES_WITHIN_MS = 8000;
/** From arrival until the load of it is in reports that average a second and come once a second. */
const SHOWS_AFTER_MS = 2500;
/** Of one core, while the node has too few people to tell: mostly the handshake. */
const CPU_OF_ONE = 0.002;
const ENOUGH_TO_TELL = 20;

interface Newcomer {
  atMs: number;
  viewer: boolean;
  cpu: number;
  bps: number;
  streams: number;
}

export class Expected {
  /** On their way, and arrived: each oldest first. */
  readonly #coming: Newcomer[] = [];
  readonly #arrived: Newcomer[] = [];
  #comingFrom = 0;
  #arrivedFrom = 0;
  #viewers = 0;
  #participants = 0;
  #cpu = 0;
  #bps = 0;
  #streams = 0;
  #arrivals = -1;

  add(demand: Demand, node: PlacementNode, now: number): void {
    const viewer = demand.role === 'viewer';
    const newcomer = { atMs: now, viewer, cpu: cpuOfOne(node), bps: demand.bitrateBps, streams: demand.streams };
    this.#coming.push(newcomer);
    if (viewer) this.#viewers++;
    else this.#participants++;
    this.#cpu += newcomer.cpu;
    this.#bps += newcomer.bps;
    this.#streams += newcomer.streams;
  }

  /** Writes the node's load with the newcomers on it. The node has a load. */
  foresee(node: PlacementNode, now: number, out: Foreseen): void {
    const load = node.load!;
    if (load.arrivals !== this.#arrivals) this.#confirm(load.arrivals, now);
    this.#expire(now);
    out.cpu = load.cpu + this.#cpu;
    out.sendBps = load.sendBps + this.#bps;
    out.streams = load.streams + this.#streams;
    out.viewers = load.viewers + this.#viewers;
    out.participants = load.participants + this.#participants;
    setShares(out, node.limits);
  }

  #confirm(arrivals: number, now: number): void {
    // Less than before: the node was started anew.
    const came = this.#arrivals < 0 ? 0 : Math.max(0, arrivals - this.#arrivals);
    this.#arrivals = arrivals;
    for (let i = 0; i < came && this.#comingFrom < this.#coming.length; i++) {
      const newcomer = this.#coming[this.#comingFrom++];
      this.#uncount(newcomer);
      newcomer.atMs = now;
      this.#arrived.push(newcomer);
    }
  }

  #expire(now: number): void {
    while (this.#comingFrom < this.#coming.length && now - this.#coming[this.#comingFrom].atMs >= COMES_WITHIN_MS) {
      const newcomer = this.#coming[this.#comingFrom++];
      this.#uncount(newcomer);
      this.#unload(newcomer);
    }
    while (this.#arrivedFrom < this.#arrived.length && now - this.#arrived[this.#arrivedFrom].atMs >= SHOWS_AFTER_MS) {
      this.#unload(this.#arrived[this.#arrivedFrom++]);
    }
    this.#comingFrom = compact(this.#coming, this.#comingFrom);
    this.#arrivedFrom = compact(this.#arrived, this.#arrivedFrom);
    if (this.#coming.length + this.#arrived.length > 0) return;
    // What rounding left.
    this.#cpu = 0;
    this.#bps = 0;
  }

  #uncount({ viewer }: Newcomer): void {
    if (viewer) this.#viewers--;
    else this.#participants--;
  }

  #unload({ cpu, bps, streams }: Newcomer): void {
    this.#cpu -= cpu;
    this.#bps -= bps;
    this.#streams -= streams;
  }
}

/** CPU that one more takes, as share of the node: what those there take on average. */
function cpuOfOne({ load, workers }: PlacementNode): number {
  const people = load ? load.viewers + load.participants : 0;
  const guess = CPU_OF_ONE / Math.max(1, workers.length);
  if (!load || people < ENOUGH_TO_TELL) return guess;
  return Math.min(0.05, Math.max(guess / 10, load.cpu / people));
}

/** Drops what is done from a queue when it is most of it; returns where the queue begins. */
function compact(queue: Newcomer[], from: number): number {
  if (from === 0 || (from < 64 && from < queue.length)) return from;
  if (from * 2 < queue.length) return from;
  queue.splice(0, from);
  return 0;
}
