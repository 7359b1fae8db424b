/**
 * The end of a pipe that sends: it announces what the router has, and forwards of it what the other end wants, each encoding
 * once on an SSRC of its own. With `relay` that is all there is, else only what is published here.
 */
import type { Engine } from '../engine.js';
import type { Producer } from '../producer.js';
import type { Router } from '../router.js';
import type { Transport } from '../transport.js';
import { PipeAssociations } from './associations.js';
import type { PipeChannel } from './channel.js';
import { codecsOf, PIPE_EXTENSIONS, wireCodecs } from './codecs.js';
import { type Lane, PipeDemand } from './demand.js';
import { LayerNews } from './layer-news.js';
import {
  type EncodingWant,
  MAX_ENCODINGS,
  PIPE_VERSION,
  type PipedProducer,
  type PipeMessage,
  type ProducerWant,
} from './messages.js';
import type { PipeEnd, PipeEvents } from './pipe-end.js';

/** Producers in one message: it must stay below `MAX_MESSAGE_BYTES` whatever codecs they have. */
const BATCH = 25;
const MESSAGES_PER_TICK = 4;
/** Packets remembered for feedback: half a second of a busy link. */
const HISTORY = 4_096;

export interface PipeSourceOptions {
  /** What comes from other routers goes on as well. */
  relay: boolean;
  maxBps?: number;
  /** See `PipeDescription.node`. */
  node?: string;
}

interface Announced {
  producer: Producer;
  encodings: { ssrc: number; rtxSsrc: number; lane: Lane | null }[];
  /** The codecs told last, as JSON. */
  codecs: string;
}

export class PipeSource implements PipeEnd {
  readonly role = 'source';
  readonly transport: Transport;
  readonly router: Router;
  readonly #demand: PipeDemand;
  readonly #associations: PipeAssociations;
  readonly #channel: PipeChannel;
  readonly #announced = new Map<string, Announced>();
  /** Ids of producers that are to be told of. */
  readonly #changed = new Set<string>();
  readonly #gone = new Set<string>();
  readonly #news = new LayerNews();
  #nextSsrc: number;
  #greeted = false;
  #complete = false;
  #closed = false;

  constructor(
    readonly engine: Engine,
    id: string,
    router: string,
    peer: number,
    readonly options: PipeSourceOptions,
    readonly events: PipeEvents,
  ) {
    const side = (transport: Transport) => new PipeDemand(transport);
    this.transport = engine.openTransport(id, router, peer, { side, history: HISTORY, announced: true });
    this.router = this.transport.router;
    this.#demand = this.transport.subscriber as PipeDemand;
    this.#demand.maxBps = options.maxBps ?? Number.POSITIVE_INFINITY;
    this.#nextSsrc = (Math.floor(engine.random() * 0x7fffffff) + 1) & 0x7ffffffe;
    this.#associations = new PipeAssociations(engine, this.transport, 'server', options.node ?? null, {
      message: (message, refused) => this.#heard(message, refused),
      failed: (reason) => this.#fail(reason),
    });
    this.#channel = this.#associations.channel;
    for (const producer of this.router.producers.values()) this.producerChanged(producer);
    this.router.observers.add(this);
    engine.pipes.add(this);
  }

  get producers(): number {
    return this.#announced.size;
  }

  get ready(): boolean {
    return this.#complete;
  }

  connected(now: number): void {
    this.#associations.start(now);
  }

  close(): void {
    this.#closed = true;
    this.engine.pipes.delete(this);
    this.router.observers.delete(this);
    this.#associations.close();
  }

  producerChanged(producer: Producer): void {
    if (producer.piped && (!this.options.relay || producer.carrier === null)) return;
    this.#changed.add(producer.id);
    this.#demand.dirty = true;
  }

  producerGone(producer: Producer): void {
    this.#changed.delete(producer.id);
    const announced = this.#announced.get(producer.id);
    if (!announced) return;
    this.#announced.delete(producer.id);
    this.#news.forget(producer.id);
    this.#gone.add(producer.id);
    for (const { lane } of announced.encodings) if (lane) this.transport.closeStream(lane.stream);
  }

  tick(now: number): void {
    if (!this.#greeted || this.#closed) return;
    for (let i = 0; i < MESSAGES_PER_TICK && !this.#channel.congested; i++) {
      if (this.#changed.size === 0 && this.#gone.size === 0 && this.#complete) break;
      this.#announce();
    }
    if (this.#channel.congested) return;
    const layers = this.#news.due(this.#announced, now);
    if (layers.length > 0) this.#channel.send({ type: 'layers', layers });
  }

  #announce(): void {
    const gone = take(this.#gone, BATCH);
    const set: PipedProducer[] = [];
    for (const id of take(this.#changed, BATCH)) {
      const producer = this.router.producers.get(id);
      if (producer) set.push(this.#describe(producer));
    }
    const complete = !this.#complete && this.#changed.size === 0 && this.#gone.size === 0;
    this.#channel.send({ type: 'producers', set, gone, complete });
    if (!complete) return;
    this.#complete = true;
    this.events.ready();
  }

  #describe(producer: Producer): PipedProducer {
    const { id, kind, piped } = producer;
    const codecs = codecsOf(producer);
    let announced = this.#announced.get(id);
    if (!announced) {
      announced = { producer, encodings: [], codecs: '' };
      this.#announced.set(id, announced);
    }
    announced.producer = producer;
    const text = JSON.stringify(codecs);
    if (announced.codecs !== '' && announced.codecs !== text)
      for (const { lane } of announced.encodings) if (lane) lane.stream.update(this.#section(announced, lane.index));
    announced.codecs = text;
    const known = producer.encodings.slice(0, MAX_ENCODINGS);
    while (announced.encodings.length < known.length)
      announced.encodings.push({ ssrc: this.#ssrc(), rtxSsrc: this.#ssrc(), lane: null });
    return {
      id,
      kind,
      // Beyond the pipe nobody can tell one from the other.
      paused: producer.paused || producer.deserted,
      codecs,
      encodings: known.map(({ rid }, i) => {
        const { ssrc, rtxSsrc } = announced.encodings[i];
        return { ssrc, rtxSsrc, ...(rid !== undefined && { rid }) };
      }),
      path: [...(piped?.path ?? []), this.router.token],
    };
  }

  #heard(message: PipeMessage, refused: number): void {
    this.engine.counters.pipeMessagesRefused += refused;
    if (message.type === 'hello') {
      if (message.version !== PIPE_VERSION) this.#fail(`the other end speaks version ${message.version} of pipes`);
      else this.#greeted = true;
    } else if (message.type === 'wants') {
      this.#demand.held = true;
      for (const want of message.wants) this.#want(want);
      this.#demand.held = false;
      this.#demand.allocate();
    } else this.engine.counters.pipeMessagesRefused++;
  }

  #want({ producer: id, encodings }: ProducerWant): void {
    const announced = this.#announced.get(id);
    if (!announced || encodings.some(({ encoding }) => encoding >= announced.encodings.length)) {
      this.engine.counters.pipeMessagesRefused++;
      return;
    }
    for (const index of announced.encodings.keys())
      this.#set(
        announced,
        index,
        encodings.find(({ encoding }) => encoding === index),
      );
  }

  #set(announced: Announced, index: number, want: EncodingWant | undefined): void {
    const entry = announced.encodings[index];
    if (!want && !entry.lane) return;
    if (!entry.lane) {
      try {
        const stream = this.transport.openStream(this.#section(announced, index));
        entry.lane = { stream, index, want: null };
        this.#demand.lanes.set(stream, entry.lane);
      } catch {
        this.#fail('it has carried as many streams as a pipe can: it has to be made anew');
        return;
      }
    }
    const { lane } = entry;
    const was = lane.want !== null;
    lane.want = want ?? null;
    if (was !== (want !== undefined)) this.router.route(lane.stream, want ? { producer: announced.producer.id } : null);
  }

  #section({ producer, encodings }: Announced, index: number) {
    const { ssrc, rtxSsrc } = encodings[index];
    return {
      mid: `${ssrc}`,
      kind: producer.kind,
      codecs: wireCodecs(codecsOf(producer), producer.kind),
      extensions: PIPE_EXTENSIONS,
      downlink: { ssrc, rtxSsrc, cname: this.engine.cname, streamId: '', trackId: '' },
    };
  }

  #ssrc(): number {
    this.#nextSsrc = (this.#nextSsrc + 1) >>> 0 || 1;
    return this.#nextSsrc;
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.events.failed(reason);
  }
}

function take(set: Set<string>, count: number): string[] {
  const taken: string[] = [];
  for (const one of set) {
    if (taken.length === count) break;
    taken.push(one);
    set.delete(one);
  }
  return taken;
}
