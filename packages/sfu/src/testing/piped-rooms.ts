/** Simulated rooms joined by pipes, in step with each other, for tests of what goes over more than one router. */
import type { PipeEnd } from '../routing/pipe/pipe-end.js';
import { PipeSink } from '../routing/pipe/sink.js';
import { PipeSource, type PipeSourceOptions } from '../routing/pipe/source.js';
import { SimulatedRoom, STEP_MS } from './simulated-room.js';

type Kind = 'rtp' | 'rtcp' | 'data';

export interface SimulatedLinkOptions extends Omit<Partial<PipeSourceOptions>, 'node'> {
  /** One way, ms. */
  delayMs?: number;
  /** Share of packets that are lost from the source to the sink; of media only, unless it is 1. */
  loss?: number;
  /** The sink is there to stand by. */
  standby?: boolean;
  /** The source's and the sink's: files go over it. */
  nodes?: readonly [string, string];
}

interface UnderWay {
  atMs: number;
  kind: Kind;
  bytes: Uint8Array;
}

/** One way of a pipe. */
class Way {
  readonly queue: UnderWay[] = [];
  /** RTP packets that were sent, lost ones too. */
  packets = 0;
  bytes = 0;

  constructor(
    readonly to: SimulatedRoom,
    readonly peer: number,
    readonly lost: (kind: Kind, bytes: Uint8Array) => boolean,
    public delayMs: number,
  ) {}

  send(kind: Kind, bytes: Uint8Array): void {
    if (kind === 'rtp') {
      this.packets++;
      this.bytes += bytes.length;
    }
    if (!this.lost(kind, bytes)) this.queue.push({ atMs: this.to.ms + this.delayMs, kind, bytes: bytes.slice() });
  }

  /** True: something other than media came. */
  deliver(): boolean {
    let data = false;
    while (this.queue.length > 0 && this.queue[0].atMs <= this.to.ms) {
      const { kind, bytes } = this.queue.shift()!;
      if (kind === 'data') data = true;
      this.to.arrive(this.peer, kind, bytes);
    }
    return data;
  }
}

export class SimulatedPipe {
  readonly source: PipeSource;
  readonly sink: PipeSink;
  readonly forth: Way;
  readonly back: Way;
  readonly #open: Set<PipeEnd>;
  loss: number;
  /** Which packets of SCTP are lost, either way. */
  losesData: ((packet: Uint8Array) => boolean) | null = null;
  failure: string | null = null;
  #seed = 7;

  constructor(
    readonly id: string,
    readonly from: SimulatedRoom,
    readonly to: SimulatedRoom,
    options: SimulatedLinkOptions = {},
  ) {
    const { delayMs = 10, loss = 0, relay = false, maxBps, standby, nodes } = options;
    this.loss = loss;
    const events = {
      ready: () => {},
      failed: (reason: string) => {
        this.failure ??= reason;
      },
    };
    const near = from.datapath.createPeer();
    const far = to.datapath.createPeer();
    from.engine.setClock();
    to.engine.setClock();
    this.source = new PipeSource(from.engine, `${id}.out`, 'r', near, { relay, maxBps, node: nodes?.[1] }, events);
    this.sink = new PipeSink(to.engine, `${id}.in`, 'r', far, { standby, node: nodes?.[0] }, events);
    this.forth = new Way(to, far, (kind, bytes) => this.#loses(kind, bytes), delayMs);
    this.back = new Way(from, near, (kind, bytes) => this.loss === 1 || this.#isLost(kind, bytes), delayMs);
    from.others.set(near, { take: (kind, bytes) => this.forth.send(kind, bytes) });
    to.others.set(far, { take: (kind, bytes) => this.back.send(kind, bytes) });
    this.#open = new Set<PipeEnd>([this.source, this.sink]);
    for (const end of this.#open) {
      end.transport.becameConnected();
      end.connected(end.transport.engine.now);
    }
  }

  get open(): boolean {
    return this.#open.size > 0;
  }

  close(): void {
    for (const end of this.#open) this.closeEnd(end);
  }

  /** As the worker does it. */
  closeEnd(end: PipeEnd): void {
    if (!this.#open.delete(end)) return;
    const { transport } = end;
    end.close();
    transport.engine.closeTransport(transport);
  }

  #loses(kind: Kind, bytes: Uint8Array): boolean {
    if (this.loss === 0 || this.loss === 1 || kind !== 'rtp') return this.loss === 1 || this.#isLost(kind, bytes);
    this.#seed = (this.#seed * 48_271) % 0x7fffffff;
    return this.#seed / 0x7fffffff < this.loss;
  }

  #isLost(kind: Kind, bytes: Uint8Array): boolean {
    return kind === 'data' && this.losesData?.(bytes) === true;
  }
}

export class PipedRooms {
  readonly rooms: SimulatedRoom[];
  readonly pipes: SimulatedPipe[] = [];

  constructor(count: number) {
    this.rooms = [];
    for (let i = 0; i < count; i++) this.add();
  }

  /** One more room. */
  add(): SimulatedRoom {
    const room = new SimulatedRoom(1_000 * this.rooms.length + 17);
    room.ms = this.rooms[0]?.ms ?? 0;
    this.rooms.push(room);
    return room;
  }

  /** From one room to another, by their numbers. */
  pipe(from: number, to: number, options?: SimulatedLinkOptions): SimulatedPipe {
    const made = new SimulatedPipe(`p${this.pipes.length}`, this.rooms[from], this.rooms[to], options);
    this.pipes.push(made);
    return made;
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      let data = false;
      for (const pipe of this.pipes) {
        if (!pipe.open) continue;
        data = pipe.forth.deliver() || data;
        data = pipe.back.deliver() || data;
      }
      for (const room of this.rooms) room.step();
      // The handshake of SCTP goes on in microtasks.
      if (data) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async until(condition: () => boolean, limitMs = 10_000): Promise<number> {
    for (let passed = 0; passed < limitMs; passed += STEP_MS) {
      if (condition()) return passed;
      await this.run(STEP_MS);
    }
    throw new Error(`it did not come to pass within ${limitMs} ms`);
  }
}
