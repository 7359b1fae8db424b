/** The media process: one datapath, one engine, one loop. Owns the clock and the sockets; everything below it is told. */
import { createDatapath, type Datapath, FAMILY_TCP, PATH_BYTES, PATH_FAMILY, type PeerEvent } from '@efir/datapath';
import { IceLiteAgent } from '@efir/rtc';
import { SfuError } from '../errors.js';
import { Engine } from '../routing/engine.js';
import { Schedule, TICK_MS } from '../routing/schedule.js';
import { transportStats } from '../routing/snapshot.js';
import type { Transport } from '../routing/transport.js';
import type { TransportDescription, WorkerNotice, WorkerOptions, WorkerReplies, WorkerRequest } from './control.js';
import { type IceClient, IceGate, tcpPath } from './ice-gate.js';
import { LoadReport } from './load-report.js';
import { openMediaPort } from './media-port.js';
import { Overload } from './overload.js';
import { PipeLinks } from './pipe-links.js';
import { TcpListener } from './tcp-listener.js';

/** Batches of received packets handled before timers and control get their turn. */
const TURNS = 8;
/** Time that data channels get in one turn of the loop, between media. */
const DATA_BUDGET_MS = 1;
const CONSENT_CHECK_MS = 1_000;
const LOAD_MS = 1_000;
const PACING_MS = 5;

/** A client: the engine's transport and its ICE. */
class Client implements IceClient {
  dtlsStarted = false;
  protocol: 'udp' | 'tcp' | undefined;
  remoteAddress: string | undefined;

  constructor(
    readonly transport: Transport,
    readonly agent: IceLiteAgent,
    readonly description: TransportDescription,
    readonly peer: number,
    readonly selected: (client: Client) => void,
  ) {}

  onSelected(protocol: 'udp' | 'tcp', address: string): void {
    this.protocol = protocol;
    this.transport.lossless = protocol === 'tcp';
    this.remoteAddress = address;
    this.selected(this);
  }
}

export class MediaWorker {
  readonly datapath: Datapath;
  readonly engine: Engine;
  port = 0;
  families: (4 | 6)[] = [];
  readonly #gate: IceGate;
  readonly #tcp: TcpListener;
  readonly #schedule: Schedule;
  readonly #clients = new Map<string, Client>();
  readonly #byPeer = new Map<number, Client>();
  readonly #pipes: PipeLinks;
  readonly #load: LoadReport;
  readonly #timers: NodeJS.Timeout[] = [];
  #closed = false;
  #dataPlanned = false;
  #pacingPlanned = false;
  readonly #overload = new Overload();
  #tickedMs = 0;

  constructor(
    readonly options: WorkerOptions,
    readonly notify: (notice: WorkerNotice) => void,
  ) {
    this.datapath = createDatapath(
      { slots: options.slots },
      {
        onReadable: () => this.#readable(),
        onPeerEvent: (peer, event) => this.#peerEvent(peer, event),
        onTcpOutput: (connection, bytes) => this.#tcp.write(connection, bytes),
      },
    );
    this.engine = new Engine({
      datapath: this.datapath,
      random: Math.random,
      notify,
      onStun: (row) => this.#stun(row),
      unixAtZeroMs: Date.now() - this.datapath.nowUs() / 1000,
    });
    this.#schedule = new Schedule(this.engine);
    this.#tcp = new TcpListener({
      onPacket: (connection, packet) => this.datapath.injectTcp(connection, packet),
      onClosed: (connection) => this.#tcpClosed(connection),
    });
    this.#gate = new IceGate(
      this.datapath,
      (connection) => this.#tcp.remote(connection),
      (connection) => this.#tcp.markKnown(connection),
    );
    this.#pipes = new PipeLinks({
      engine: this.engine,
      datapath: this.datapath,
      gate: this.#gate,
      listen: options.listen,
      notify,
    });
    this.#load = new LoadReport(this.engine, this.datapath, [
      this.#gate.counters,
      this.#tcp.counters,
      this.#pipes.counters,
    ]);
  }

  /** Opens the port and starts the clock. */
  async start(): Promise<void> {
    const { port, families } = await openMediaPort(this.datapath, this.#tcp, this.options);
    this.port = port;
    this.families = families;
    this.#timers.push(
      setInterval(() => {
        const now = this.datapath.nowUs() / 1000;
        this.#overload.tick(now - this.#tickedMs - TICK_MS);
        this.#tickedMs = now;
        this.#schedule.tick();
        this.#pipes.tick(this.engine.now);
        this.datapath.tick();
        this.#planPacing();
        this.#planData();
      }, TICK_MS),
      setInterval(() => this.#checkConsent(), CONSENT_CHECK_MS),
      setInterval(() => this.#measure(), LOAD_MS),
    );
  }

  /** Carries a request out; throws `SfuError`. */
  handle(request: WorkerRequest): WorkerReplies[WorkerRequest['type']] {
    this.engine.setClock();
    switch (request.type) {
      case 'openRouter':
        this.engine.openRouter(request.router);
        return {};
      case 'closeRouter':
        this.#closeRouter(request.router);
        return {};
      case 'succeed': {
        const router = this.engine.routers.get(request.router);
        if (!router) throw new SfuError('not-found', `no router ${request.router}`);
        for (const { from, to } of request.producers) router.succession(from, to);
        return {};
      }
      case 'configureTransport':
        this.#configure(request);
        return {};
      case 'closeTransport':
        this.#closeClient(request.transport, 'closed');
        return {};
      case 'route': {
        const transport = this.#transport(request.transport);
        for (const { mid, source, want } of request.routes) {
          const stream = transport.streams.get(mid);
          if (!stream) throw new SfuError('not-found', `transport ${request.transport} receives nothing in ${mid}`);
          transport.router.route(stream, source, want);
        }
        return {};
      }
      case 'setReception':
        this.#transport(request.transport).subscriber.setReception(request.reception);
        return {};
      case 'departData':
        this.#transport(request.transport).departData();
        return {};
      case 'pauseProducer': {
        const { producer, transport } = this.#producer(request.producer);
        transport.router.pause(producer, request.paused);
        return {};
      }
      case 'transportStats': {
        const client = this.#clients.get(request.transport);
        return {
          ...transportStats(this.engine, request.transport),
          protocol: client?.protocol,
          remoteAddress: client?.remoteAddress,
        };
      }
      case 'openPipeSource':
        this.#pipes.openSource(request);
        return {};
      case 'openPipeSink':
        this.#pipes.openSink(request);
        return {};
      case 'standPipe':
        this.#pipes.stand(request.pipe, request.standby);
        return {};
      case 'closePipe':
        this.#pipes.close(request.pipe);
        return {};
      case 'pipeStats':
        return this.#pipes.figures(request.pipe);
      case 'shutdown':
        this.close();
        return {};
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#pipes.closeAll();
    for (const id of [...this.#clients.keys()]) this.#closeClient(id, 'closed');
    this.datapath.flush(0);
    this.#tcp.close();
    this.datapath.close();
  }

  #readable(): void {
    if (this.#closed) return;
    this.engine.receiveTurn(TURNS);
    this.#planPacing();
    this.#planData();
  }

  #stun(row: number): void {
    const path = this.datapath.rxPaths.subarray(row * PATH_BYTES, (row + 1) * PATH_BYTES);
    if (path[PATH_FAMILY] !== FAMILY_TCP && this.#pipes.stun(row, path)) return;
    this.#gate.handle(row, this.engine.now);
  }

  /** Probes and waiting packets keep a rate that the tick is too slow for. */
  #planPacing(): void {
    if (this.#pacingPlanned || !this.engine.pacingNeeded) return;
    this.#pacingPlanned = true;
    setTimeout(this.#paceTurn, PACING_MS);
  }

  readonly #paceTurn = (): void => {
    this.#pacingPlanned = false;
    if (this.#closed) return;
    this.engine.paceTurn();
    this.#planPacing();
  };

  /** Data has one slice of time in each turn of the loop; media that has come meanwhile goes first. */
  #planData(): void {
    if (this.#dataPlanned || !this.engine.data.pending) return;
    this.#dataPlanned = true;
    setImmediate(this.#dataTurn);
  }

  readonly #dataTurn = (): void => {
    this.#dataPlanned = false;
    if (this.#closed) return;
    this.engine.dataTurn(DATA_BUDGET_MS);
    this.#planData();
  };

  #configure(description: TransportDescription): void {
    const client = this.#clients.get(description.transport);
    if (client) {
      this.#reconfigure(client, description);
      return;
    }
    if (this.#gate.has(description.localIce.usernameFragment))
      throw new SfuError('conflict', 'that username fragment is taken');
    const peer = this.datapath.createPeer();
    let transport: Transport;
    try {
      transport = this.engine.openTransport(description.transport, description.router, peer);
    } catch (error) {
      this.datapath.closePeer(peer);
      throw error;
    }
    const agent = new IceLiteAgent({
      local: description.localIce,
      remote: description.remoteIce,
      consentTimeoutMs: this.options.consentTimeoutMs,
    });
    const made = new Client(transport, agent, description, peer, (selected) => this.#pathSelected(selected));
    this.#clients.set(description.transport, made);
    this.#byPeer.set(peer, made);
    this.#gate.add(made);
    try {
      transport.configure(description.sections);
      transport.configureData(description.data);
    } catch (error) {
      this.#closeClient(description.transport, 'closed');
      throw error;
    }
  }

  #reconfigure(client: Client, description: TransportDescription): void {
    const known = client.description.remoteFingerprints;
    const same = description.remoteFingerprints.some((f) => known.some((k) => k.value === f.value));
    if (!same) throw new SfuError('conflict', 'the certificate of a transport stays the same');
    if (description.remoteIce.usernameFragment !== client.agent.remote.usernameFragment) {
      client.agent.restart(description.localIce, description.remoteIce);
      this.#gate.add(client);
    }
    client.transport.configure(description.sections);
    client.transport.configureData(description.data);
    if (client.transport.connected) client.transport.becameConnected();
  }

  /** The client's checks arrive: DTLS can begin on that path. */
  #pathSelected(client: Client): void {
    if (client.dtlsStarted) return;
    client.dtlsStarted = true;
    client.transport.state = 'connecting';
    this.notify({ type: 'transportState', transport: client.transport.id, state: 'connecting' });
    this.datapath.startDtls(client.peer, {
      role: client.description.dtlsRole,
      fingerprints: client.description.remoteFingerprints,
    });
  }

  #peerEvent(peer: number, event: PeerEvent): void {
    if (this.#closed) return;
    this.engine.setClock();
    const client = this.#byPeer.get(peer);
    if (!client) {
      this.#pipes.peerEvent(peer, event);
      return;
    }
    const { transport } = client;
    if (event.type === 'connected') {
      transport.state = 'connected';
      transport.srtpProfile = event.profile;
      transport.becameConnected();
      this.notify({ type: 'transportState', transport: transport.id, state: 'connected' });
    } else if (event.type === 'failed') {
      this.#closeClient(transport.id, 'failed', `${event.reason}: ${event.detail}`);
    } else {
      this.#closeClient(transport.id, 'closed', 'the client closed the connection');
    }
  }

  #checkConsent(): void {
    this.engine.setClock();
    const { now } = this.engine;
    for (const client of [...this.#clients.values()]) {
      // Some clients (FFmpeg) send media and no consent checks; authentic media is as good a sign of life.
      if (client.transport.heardMs > now - CONSENT_CHECK_MS) client.agent.heard(now);
      if (client.agent.expired(now))
        this.#closeClient(client.transport.id, 'failed', 'nothing was heard from the client');
    }
  }

  #tcpClosed(connection: number): void {
    if (this.#closed) return;
    const path = tcpPath(connection);
    for (const client of this.#clients.values()) this.#gate.pathClosed(client, path);
  }

  #closeRouter(id: string): void {
    const router = this.engine.routers.get(id);
    if (!router) throw new SfuError('not-found', `no router ${id}`);
    this.#pipes.closeRouter(id);
    for (const transport of [...router.transports.keys()]) this.#closeClient(transport, 'closed');
    this.engine.routers.delete(id);
  }

  #closeClient(id: string, state: 'closed' | 'failed', reason?: string): void {
    const client = this.#clients.get(id);
    if (!client) throw new SfuError('not-found', `no transport ${id}`);
    this.#clients.delete(id);
    this.#byPeer.delete(client.peer);
    this.#gate.remove(client);
    if (client.transport.connected) this.engine.reports.goodbye(client.transport);
    this.engine.closeTransport(client.transport);
    this.datapath.flush(0);
    this.datapath.closePeer(client.peer);
    this.notify({ type: 'transportState', transport: id, state, reason });
  }

  #transport(id: string): Transport {
    const transport = this.engine.transports.get(id);
    if (!transport) throw new SfuError('not-found', `no transport ${id}`);
    return transport;
  }

  #producer(id: string) {
    const slash = id.lastIndexOf('/');
    const transport = this.#transport(id.slice(0, slash));
    const producer = transport.producers.get(id.slice(slash + 1));
    if (!producer) throw new SfuError('not-found', `no producer ${id}`);
    return { producer, transport };
  }

  #measure(): void {
    this.engine.setClock();
    const load = this.#load.next();
    this.notify({ type: 'load', load });
    this.#pipes.measure(this.engine.now);
    if (!this.#overload.sample(load.loop)) return;
    const { level } = this.#overload;
    this.engine.overload = level;
    for (const transport of this.engine.transports.values()) transport.subscriber.dirty = true;
    this.notify({ type: 'overload', level });
  }
}
