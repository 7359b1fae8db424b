/**
 * The worker's pipes: each an end in the engine, with its ICE and the watch over it. Other ends are nodes of ours, so a
 * silent one is given up much sooner than a client; whoever asked for the pipe makes it anew.
 */
import { type Datapath, type PeerEvent, RX_LENGTH, RX_PACKET, RX_SOCKET, RX_STRIDE, SLOT_BYTES } from '@efir/datapath';
import { IceLiteAgent } from '@efir/rtc';
import { SfuError } from '../errors.js';
import type { Engine } from '../routing/engine.js';
import { PipeMeter } from '../routing/pipe/figures.js';
import type { PipeEnd } from '../routing/pipe/pipe-end.js';
import { PipeSink } from '../routing/pipe/sink.js';
import { PipeSource } from '../routing/pipe/source.js';
import type { PipeDescription, PipeFigures, WorkerNotice, WorkerRequest } from './control.js';
import type { IceGate } from './ice-gate.js';
import { Silence } from './silence.js';
import { SinkIce } from './sink-ice.js';

/** From its opening until it is of use, and until any of the source's addresses has answered. */
const SETUP_MS = 8_000;
const REACH_MS = 3_000;
const SILENT_MS = 2_000;
/** Where something flowed the other end is asked all the time, and those who watch wait. */
const FLOWING_SILENT_MS = 1_000;
/** A sink that hears nothing for so long while something flows asks whether the source is there, */
const SUSPECT_MS = 80;
/** and if that isn't answered either, a pipe that stands by takes over; a round trip or two more where that takes longer. */
const QUIET_MS = 160;
/** How long a pipe that is left may still be needed. */
const LEAVING_MS = 3_000;
/** A pipe that was avoided is well again after so long, and not just for a moment. */
const CLAIM_MS = 5_000;
/**
 * The node of an end that is silent for so long is worth a question; sooner where it was asked to answer at once, or has something
 * to give feedback on.
 */
const SUSPICIOUS_MS = 700;
const HURRIED_MS = 300;
/** A pipe on which nothing flows has answered within this as long as all is well. */
const WELL_MS = 600;
/** Streams that a pipe may bring at one time, with those that repair them. */
const MAX_SSRCS = 8_192;

interface Link {
  id: string;
  peer: number;
  end: PipeEnd;
  meter: PipeMeter;
  silence: Silence;
  /** Since anything at all came. */
  quiet: Silence;
  /** It is so quiet that others are preferred. */
  avoided: boolean;
  /** When it takes back what others took from it. */
  claimMs: number;
  /** The other end was asked to show itself at once, and hasn't. */
  hurried: boolean;
  /** The silence that there is was told. */
  suspected: boolean;
  openedMs: number;
  dtlsStarted: boolean;
  /** One of the two. */
  lite?: { agent: IceLiteAgent; peer: number; onSelected(): void };
  ice?: SinkIce;
  /** What was heard last, to see whether there is more. */
  heard: number;
  /** When something authentic came last, sinks only. */
  heardMs: number;
  /** It is being left, until then at most. */
  leavingUntilMs: number | null;
}

type SourceRequest = Extract<WorkerRequest, { type: 'openPipeSource' }>;
type SinkRequest = Extract<WorkerRequest, { type: 'openPipeSink' }>;

export interface PipeLinksOptions {
  engine: Engine;
  datapath: Datapath;
  gate: IceGate;
  /** Addresses of the worker's port. */
  listen: readonly string[];
  notify(notice: WorkerNotice): void;
}

export class PipeLinks {
  /** `pipesAvoided`: how often a sink was so quiet that another took over. */
  readonly counters = { pipesOpened: 0, pipesFailed: 0, pipesAvoided: 0 };
  readonly #links = new Map<string, Link>();
  readonly #byPeer = new Map<number, Link>();
  readonly #bySocket = new Map<number, Link>();
  /** Ends that failed while the engine was at work on them. */
  readonly #failed = new Map<Link, string>();

  constructor(readonly options: PipeLinksOptions) {}

  openSource(request: SourceRequest): void {
    const { engine, gate } = this.options;
    const { localIce, remoteIce, relay, maxBps, node } = request;
    if (gate.has(localIce.usernameFragment)) throw new SfuError('conflict', 'that username fragment is taken');
    const link = this.#open(
      request,
      (peer, events) => new PipeSource(engine, request.pipe, request.router, peer, { relay, maxBps, node }, events),
    );
    const agent = new IceLiteAgent({ local: localIce, remote: remoteIce });
    link.lite = { agent, peer: link.peer, onSelected: () => this.#pathSelected(link, 'server', request) };
    gate.add(link.lite);
  }

  openSink(request: SinkRequest): void {
    const { engine, datapath, listen } = this.options;
    const link = this.#open(
      request,
      (peer, events) => new PipeSink(engine, request.pipe, request.router, peer, request, events),
    );
    try {
      link.ice = new SinkIce({
        datapath,
        peer: link.peer,
        local: request.localIce,
        remote: request.remoteIce,
        candidates: request.candidates,
        listen,
        random: engine.random,
        onSelected: () => this.#pathSelected(link, 'client', request),
      });
    } catch (error) {
      this.#release(link);
      throw error;
    }
    for (const socket of link.ice.sockets) this.#bySocket.set(socket, link);
    link.ice.tick(engine.now);
  }

  /** See the request `closePipe`. */
  close(id: string): void {
    const link = this.#link(id);
    const { end } = link;
    const again = link.leavingUntilMs !== null;
    if (end instanceof PipeSink && end.ready && !again && this.#others(link).length > 0) {
      link.leavingUntilMs = this.options.engine.now + LEAVING_MS;
      end.leave();
    } else this.#end(link, 'closed');
  }

  /** See the request `standPipe`. */
  stand(id: string, standby: boolean): void {
    const { end } = this.#link(id);
    if (!(end instanceof PipeSink)) throw new SfuError('bad-request', `pipe ${id} is not a sink here`);
    end.stand(standby);
  }

  figures(id: string): PipeFigures {
    return this.#link(id).meter.figures;
  }

  closeRouter(router: string): void {
    for (const link of [...this.#links.values()])
      if (link.end.transport.router.id === router) this.#end(link, 'closed');
  }

  closeAll(): void {
    for (const link of [...this.#links.values()]) this.#end(link, 'closed');
  }

  /** A STUN packet, row `row`; false: it isn't for a pipe's own socket. */
  stun(row: number, path: Uint8Array): boolean {
    const { datapath, engine } = this.options;
    const at = row * RX_STRIDE;
    const link = this.#bySocket.get(datapath.rx[at + RX_SOCKET]);
    if (!link?.ice) return false;
    const slot = (datapath.rx[at + RX_PACKET] & (datapath.slots - 1)) * SLOT_BYTES;
    link.ice.handle(datapath.arena.slice(slot, slot + datapath.rx[at + RX_LENGTH]), path.slice(), engine.now);
    return true;
  }

  /** False: the peer is no pipe's. */
  peerEvent(peer: number, event: PeerEvent): boolean {
    const link = this.#byPeer.get(peer);
    if (!link) return false;
    if (event.type === 'connected') {
      link.end.transport.srtpProfile = event.profile;
      link.end.transport.becameConnected();
      link.end.connected(this.options.engine.now);
    } else if (event.type === 'failed') this.#end(link, 'failed', `${event.reason}: ${event.detail}`);
    else this.#end(link, 'failed', 'the other end closed the pipe');
    return true;
  }

  /** About every 20 ms. */
  tick(now: number): void {
    for (const [link, reason] of this.#failed) this.#end(link, 'failed', reason);
    this.#failed.clear();
    for (const link of [...this.#links.values()]) this.#watch(link, now);
  }

  /** Once a second. */
  measure(now: number): void {
    if (this.#links.size === 0) return;
    const pipes = [...this.#links.values()].map(({ meter }) => {
      meter.measure(now);
      return meter.figures;
    });
    this.options.notify({ type: 'pipes', pipes });
  }

  #open(
    { pipe: id, router }: PipeDescription,
    make: (peer: number, events: { ready(): void; failed(reason: string): void }) => PipeEnd,
  ): Link {
    const { engine, datapath } = this.options;
    if (!engine.routers.has(router)) throw new SfuError('not-found', `no router ${router}`);
    const before = this.#links.get(id);
    if (before && before.leavingUntilMs !== null) this.#end(before, 'closed');
    const peer = datapath.createPeer();
    let link: Link | null = null;
    let end: PipeEnd;
    try {
      end = make(peer, {
        ready: () => link && this.#ready(link),
        failed: (reason) => link && this.#failed.set(link, reason),
      });
    } catch (error) {
      datapath.closePeer(peer);
      throw error;
    }
    const now = engine.now;
    link = {
      id,
      peer,
      end,
      meter: new PipeMeter(end),
      silence: new Silence(now),
      quiet: new Silence(now),
      avoided: false,
      claimMs: Number.POSITIVE_INFINITY,
      hurried: false,
      suspected: false,
      openedMs: now,
      dtlsStarted: false,
      heard: 0,
      heardMs: 0,
      leavingUntilMs: null,
    };
    this.#links.set(id, link);
    this.#byPeer.set(peer, link);
    this.counters.pipesOpened++;
    return link;
  }

  #pathSelected(link: Link, role: 'client' | 'server', { remoteFingerprints }: PipeDescription): void {
    if (link.dtlsStarted) return;
    link.dtlsStarted = true;
    this.#setState(link, 'connecting');
    const options = { role, fingerprints: remoteFingerprints, maxSsrcs: MAX_SSRCS };
    this.options.datapath.startDtls(link.peer, options);
  }

  #ready(link: Link): void {
    this.#setState(link, 'connected');
  }

  #setState(link: Link, state: 'connecting' | 'connected'): void {
    link.end.transport.state = state;
    this.options.notify({ type: 'transportState', transport: link.id, state });
  }

  #watch(link: Link, now: number): void {
    const { ice, lite, end, silence } = link;
    const { transport } = end;
    silence.tick(now);
    if (ice) {
      ice.tick(now);
      if (ice.answeredMs > link.heard) {
        link.heard = ice.answeredMs;
        silence.heard();
        link.quiet.heard();
        if (ice.roundTripMs !== null) transport.measuredRoundTrip(ice.roundTripMs);
      }
    } else if (lite) {
      // Its checks, or anything else that is authentic: either number grows.
      const counted = lite.agent.counters.accepted + Math.max(0, transport.heardMs);
      if (counted > link.heard) {
        link.heard = counted;
        silence.heard();
      }
    }
    if (transport.state !== 'connected') {
      if (ice?.failure) this.#end(link, 'failed', ice.failure);
      else if (now - link.openedMs > (ice && !link.dtlsStarted ? REACH_MS : SETUP_MS))
        this.#end(link, 'failed', 'the other end could not be reached in time');
    } else if (silence.ms > SILENT_MS || (link.hurried && link.quiet.ms > FLOWING_SILENT_MS))
      this.#end(link, 'failed', 'the other end has fallen silent');
    else {
      if (end instanceof PipeSink) this.#watchSink(link, end, now);
      this.#suspect(link);
    }
  }

  #suspect(link: Link): void {
    const { hurried, quiet, silence, end, meter } = link;
    const fed = end.role === 'source' && meter.figures.streams > 0;
    const silent = hurried ? quiet.ms > HURRIED_MS : silence.ms > (fed ? HURRIED_MS : SUSPICIOUS_MS);
    if (silent && !link.suspected) this.options.notify({ type: 'pipeSilent', pipe: link.id });
    link.suspected = silent;
  }

  #watchSink(link: Link, end: PipeSink, now: number): void {
    const { ice, quiet } = link;
    if (link.leavingUntilMs !== null) {
      const settled = end.left && this.#others(link).every((other) => other.end.ready);
      if (settled || now >= link.leavingUntilMs) this.#end(link, 'closed');
      return;
    }
    const { heardMs, roundTripMs = 0 } = end.transport;
    if (heardMs > link.heardMs) quiet.heard();
    link.heardMs = heardMs;
    quiet.tick(now);
    if (quiet.ms <= SUSPECT_MS) {
      if (link.avoided) {
        end.stay();
        link.claimMs = now + CLAIM_MS;
      }
      link.avoided = false;
      link.hurried = false;
      if (now < link.claimMs) return;
      link.claimMs = Number.POSITIVE_INFINITY;
      end.claim();
      return;
    }
    if (!link.avoided && !end.flows(now)) return;
    ice?.hurry(now);
    link.hurried = true;
    if (link.avoided || quiet.ms < QUIET_MS + 2 * roundTripMs || !this.#others(link).some(isWell)) return;
    link.avoided = true;
    link.claimMs = Number.POSITIVE_INFINITY;
    this.counters.pipesAvoided++;
    end.leave();
  }

  /** By which may come what it brings. */
  #others(link: Link): Link[] {
    const { router } = link.end.transport;
    return [...this.#links.values()].filter(
      (other) =>
        other !== link &&
        other.end.role === 'sink' &&
        other.leavingUntilMs === null &&
        other.end.transport.router === router,
    );
  }

  #end(link: Link, state: 'closed' | 'failed', reason?: string): void {
    if (!this.#links.has(link.id)) return;
    if (state === 'failed') this.counters.pipesFailed++;
    this.#release(link);
    this.options.notify({ type: 'transportState', transport: link.id, state, reason });
  }

  #release(link: Link): void {
    const { engine, datapath, gate } = this.options;
    this.#links.delete(link.id);
    this.#byPeer.delete(link.peer);
    this.#failed.delete(link);
    if (link.lite) gate.remove(link.lite);
    link.end.close();
    engine.closeTransport(link.end.transport);
    datapath.flush(0);
    datapath.closePeer(link.peer);
    if (!link.ice) return;
    for (const socket of link.ice.sockets) this.#bySocket.delete(socket);
    link.ice.close();
  }

  #link(id: string): Link {
    const link = this.#links.get(id);
    if (!link) throw new SfuError('not-found', `no pipe ${id}`);
    return link;
  }
}

function isWell({ end, quiet, avoided, silence }: Link): boolean {
  return end.ready && !avoided && (quiet.ms <= SUSPECT_MS || silence.ms < WELL_MS);
}
