/**
 * The end of a pipe that receives: what the other end announces becomes producers of the router, under the ids that they have
 * at their origin, and what anybody here takes of them is asked for.
 */
import { TransportFeedbackGenerator } from '@efir/rtc';
import type { Engine } from '../engine.js';
import { Producer } from '../producer.js';
import type { Router } from '../router.js';
import type { Transport } from '../transport.js';
import { PipeAssociations } from './associations.js';
import type { PipeChannel } from './channel.js';
import { PIPE_EXTENSIONS, wireCodecs } from './codecs.js';
import {
  MAX_ENTRIES,
  PIPE_VERSION,
  type PipedLayers,
  type PipedProducer,
  type PipeMessage,
  type ProducerWant,
} from './messages.js';
import type { PipeEnd, PipeEvents } from './pipe-end.js';
import type { PipedProducers } from './piped-producers.js';

/** Producers that a pipe may bring. */
const MAX_PRODUCERS = 1_000;
/** Routers that one may come through: of four nodes, and one more on another worker of the last. */
export const MAX_HOPS = 5;

export interface PipeSinkOptions {
  /** What others bring as well is left to them. */
  standby?: boolean | undefined;
  /** See `PipeDescription.node`. */
  node?: string | null | undefined;
}

interface Brought {
  producer: Producer;
  /** As announced, as JSON. */
  codecs: string;
  /** As told to the other end, as JSON. */
  wants: string;
}

const NOTHING = '[]';

export class PipeSink implements PipeEnd {
  readonly role = 'sink';
  readonly transport: Transport;
  readonly router: Router;
  ready = false;
  #standby: boolean;
  readonly #piped: PipedProducers;
  readonly #associations: PipeAssociations;
  readonly #channel: PipeChannel;
  readonly #brought = new Map<string, Brought>();
  readonly #ssrcs = new Set<number>();
  #greeted = false;
  #closed = false;

  constructor(
    readonly engine: Engine,
    id: string,
    router: string,
    peer: number,
    { standby = false, node = null }: PipeSinkOptions,
    readonly events: PipeEvents,
  ) {
    this.#standby = standby;
    this.transport = engine.openTransport(id, router, peer, { announced: true });
    this.router = this.transport.router;
    this.transport.feedback = new TransportFeedbackGenerator();
    this.#piped = this.router.piped();
    this.#associations = new PipeAssociations(engine, this.transport, 'client', node, {
      message: (message, refused) => this.#heard(message, refused),
      failed: (reason) => this.#fail(reason),
    });
    this.#channel = this.#associations.channel;
    engine.pipes.add(this);
  }

  get producers(): number {
    return this.#brought.size;
  }

  connected(now: number): void {
    this.#associations.start(now);
  }

  /** Something came within the last seconds, and is to go on. */
  flows(now: number): boolean {
    for (const { producer } of this.#brought.values())
      for (const encoding of producer.encodings) if (encoding.streamCount > 0 && encoding.flows(now)) return true;
    return false;
  }

  /** It is about to be closed: what others bring as well is taken from them, see `left`. */
  leave(): void {
    for (const { producer } of this.#brought.values()) this.#piped.leave(producer);
  }

  /** It is not to be closed after all. What another has taken stays there until it is claimed. */
  stay(): void {
    for (const { producer } of this.#brought.values()) this.#piped.stay(producer);
  }

  /** Takes back what pipes carry that are there to stand by. */
  claim(): void {
    for (const { producer } of this.#brought.values()) this.#piped.claim(producer);
  }

  /** From now on it stands by, or it doesn't any more. */
  stand(standby: boolean): void {
    if (standby === this.#standby) return;
    this.#standby = standby;
    for (const { producer } of this.#brought.values()) this.#piped.stand(producer, standby);
  }

  /** All that others bring as well is shown by them. */
  get left(): boolean {
    for (const { producer } of this.#brought.values())
      if (this.#piped.isShared(producer) && !this.#piped.isLeft(producer)) return false;
    return true;
  }

  tick(now: number): void {
    if (!this.#greeted || this.#closed || this.#channel.congested) return;
    this.#piped.wanted.look(now);
    const wants: ProducerWant[] = [];
    for (const [id, brought] of this.#brought) {
      const encodings = this.#piped.wanted.of(brought.producer);
      const text = encodings.length === 0 ? NOTHING : JSON.stringify(encodings);
      if (text === brought.wants) continue;
      brought.wants = text;
      wants.push({ producer: id, encodings });
      if (wants.length === MAX_ENTRIES) break;
    }
    if (wants.length > 0) this.#channel.send({ type: 'wants', wants });
  }

  close(): void {
    this.#closed = true;
    this.engine.pipes.delete(this);
    this.#associations.close();
    for (const id of [...this.#brought.keys()]) this.#remove(id);
  }

  #heard(message: PipeMessage, refused: number): void {
    const { counters } = this.engine;
    switch (message.type) {
      case 'hello':
        if (message.version !== PIPE_VERSION) this.#fail(`the other end speaks version ${message.version} of pipes`);
        else this.#greeted = true;
        return;
      case 'producers':
        counters.pipeProducersRefused += refused;
        for (const id of message.gone) this.#remove(id);
        for (const announced of message.set) this.#set(announced);
        if (!message.complete || this.ready) return;
        this.ready = true;
        this.events.ready();
        return;
      case 'layers':
        counters.pipeMessagesRefused += refused;
        for (const layers of message.layers) this.#learn(layers);
        return;
      default:
        counters.pipeMessagesRefused++;
    }
  }

  #set(announced: PipedProducer): void {
    const { id, path } = announced;
    if (!this.#mayCome(announced)) {
      this.#remove(id);
      return;
    }
    const brought = this.#brought.get(id);
    if (!brought) {
      this.#add(announced);
      return;
    }
    const { producer } = brought;
    const codecs = JSON.stringify(announced.codecs);
    const grown = announced.encodings.length > producer.encodings.length;
    if (codecs !== brought.codecs || grown) {
      this.#forgetSsrcs(producer);
      producer.update(section(announced, producer.mid), this.engine.allocateEncoding);
      this.#keepSsrcs(producer);
      this.transport.bind(producer);
      brought.codecs = codecs;
    }
    producer.piped = { path };
    if (producer.paused !== announced.paused) this.router.pause(producer, announced.paused);
    else this.router.producerChanged(producer);
  }

  #add(announced: PipedProducer): void {
    const { id, path, paused } = announced;
    const slash = id.lastIndexOf('/');
    const producer = new Producer(
      id.slice(0, slash),
      section(announced, id.slice(slash + 1)),
      this.engine.allocateEncoding,
    );
    producer.piped = { path };
    producer.paused = paused;
    this.#brought.set(id, { producer, codecs: JSON.stringify(announced.codecs), wants: NOTHING });
    this.#keepSsrcs(producer);
    this.transport.carry(id, producer);
    this.#piped.add(producer, this.#standby);
  }

  #remove(id: string): void {
    const brought = this.#brought.get(id);
    if (!brought) return;
    this.#brought.delete(id);
    this.#forgetSsrcs(brought.producer);
    this.#piped.remove(brought.producer);
    this.transport.drop(id, brought.producer);
    this.#piped.settle(id);
  }

  /** Says no to what makes no sense, and counts it. */
  #mayCome({ id, kind, path, encodings }: PipedProducer): boolean {
    const { counters } = this.engine;
    const known = this.#brought.get(id)?.producer;
    if (path.includes(this.router.token)) {
      counters.pipeLoops++;
      return false;
    }
    if (path.length > MAX_HOPS) {
      counters.pipesTooLong++;
      return false;
    }
    const fits = known
      ? known.kind === kind &&
        known.encodings.length <= encodings.length &&
        known.encodings.every(({ ssrc, rid }, i) => ssrc === encodings[i].ssrc && rid === encodings[i].rid)
      : this.#brought.size < MAX_PRODUCERS && this.#piped.mayBring(id);
    const fresh = encodings.slice(known?.encodings.length ?? 0);
    const taken = fresh.some(({ ssrc, rtxSsrc }) => this.#ssrcs.has(ssrc) || this.#ssrcs.has(rtxSsrc));
    if (fits && !taken) return true;
    counters.pipeProducersRefused++;
    return false;
  }

  #learn({ producer: id, encoding: index, spatial, temporal, heights, bps }: PipedLayers): void {
    const producer = this.#brought.get(id)?.producer;
    const encoding = producer?.encodings[index];
    if (!producer || !encoding || producer.kind !== 'video') {
      this.engine.counters.pipeMessagesRefused++;
      return;
    }
    const width = temporal + 1;
    encoding.layers.tell(spatial, temporal, (s, t) => (s > spatial || t > temporal ? 0 : bps[s * width + t]));
    for (const [s, height] of heights.entries()) if (height > 0) encoding.layers.resolution(s, height);
    for (const stream of this.router.streams)
      if (stream.producer === producer) stream.transport.subscriber.dirty = true;
  }

  #keepSsrcs({ encodings }: Producer): void {
    for (const { ssrc, rtxSsrc } of encodings) this.#ssrcs.add(ssrc).add(rtxSsrc);
  }

  #forgetSsrcs({ encodings }: Producer): void {
    for (const { ssrc, rtxSsrc } of encodings) {
      this.#ssrcs.delete(ssrc);
      this.#ssrcs.delete(rtxSsrc);
    }
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.events.failed(reason);
  }
}

function section({ kind, codecs, encodings }: PipedProducer, mid: string) {
  return { mid, kind, codecs: wireCodecs(codecs, kind), extensions: PIPE_EXTENSIONS, uplink: { encodings } };
}
