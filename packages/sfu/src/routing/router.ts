/** A room as the engine sees it: producers, the virtual streams that take them, and who speaks. */
import { DominantSpeaker } from '@efir/rtc';
import type { DataRouter } from '../data/router.js';
import type { StreamSource, StreamWant } from '../worker/control.js';
import { markDeserted } from './deserted.js';
import type { Encoding } from './encoding.js';
import type { Engine } from './engine.js';
import { LoudestStreams, MAX_LOUDEST } from './loudest.js';
import { PipedProducers } from './pipe/piped-producers.js';
import type { Producer } from './producer.js';
import { Successions } from './successions.js';
import type { Transport } from './transport.js';
import type { VirtualStream } from './virtual-stream.js';
import { WantedLayers } from './wanted-layers.js';

/** How many who spoke last are remembered, so that a follower keeps a picture when the speaker sends none. */
const SPEAKER_HISTORY = 8;

/** Who has to know of each change of the producers. */
export interface ProducerObserver {
  /** It is there, or isn't what it was: paused, with other codecs, come another way. */
  producerChanged(producer: Producer): void;
  producerGone(producer: Producer): void;
}

export class Router {
  readonly transports = new Map<string, Transport>();
  readonly producers = new Map<string, Producer>();
  /** Names this router in the paths of what is piped from it, as long as it is there. */
  readonly token: string;
  readonly observers = new Set<ProducerObserver>();
  readonly #streams = new Set<VirtualStream>();
  readonly #followers = new Set<VirtualStream>();
  readonly #dominant = new DominantSpeaker();
  readonly #audioByNumber = new Map<number, Producer>();
  readonly #audioNumber = new Map<Producer, number>();
  #nextAudioNumber = 1;
  /** Transports of those who spoke, the latest first. */
  #spoke: string[] = [];
  speaker: Producer | null = null;
  readonly #loudest = new LoudestStreams((stream, producer) => this.#follow(stream, producer));
  readonly #layers: WantedLayers;
  readonly #successions = new Successions();
  #data: DataRouter | null = null;
  #piped: PipedProducers | null = null;

  constructor(
    readonly engine: Engine,
    readonly id: string,
  ) {
    this.#layers = new WantedLayers(engine.notify);
    this.token = Math.floor(engine.random() * 2 ** 52).toString(36);
  }

  get streams(): Iterable<VirtualStream> {
    return this.#streams;
  }

  /** Those that come from other routers; made with the first pipe. */
  piped(): PipedProducers {
    this.#piped ??= new PipedProducers(this);
    return this.#piped;
  }

  /** Passes messages between those transports that have data channels; made when the first one has. */
  data(): DataRouter {
    this.#data ??= this.engine.data.openRouter();
    return this.#data;
  }

  addProducer(producer: Producer): void {
    // Whoever publishes here is who it says; what comes from elsewhere under its id isn't.
    const other = this.producers.get(producer.id);
    if (other) this.removeProducer(other);
    this.producers.set(producer.id, producer);
    if (producer.kind === 'audio') {
      const number = this.#nextAudioNumber++;
      this.#audioByNumber.set(number, producer);
      this.#audioNumber.set(producer, number);
    }
    this.#inherit(producer);
    for (const stream of this.#streams) {
      const { source } = stream;
      if (source && ('follow' in source || source.producer === producer.id)) this.resolve(stream);
    }
    this.producerChanged(producer);
  }

  /**
   * `to` is or will be the same source as `from`, by another transport: from when it is there on, it has the place of
   * `from` and is shown instead, from its next key frame on (sound: its next packet).
   */
  succession(from: string, to: string): void {
    if (from === to || !this.producers.has(from)) return;
    this.#successions.expect(from, to);
    const heir = this.producers.get(to);
    if (heir) this.#inherit(heir);
  }

  #inherit(heir: Producer): void {
    const from = this.#successions.arrived(heir.id);
    const old = from === null ? undefined : this.producers.get(from);
    if (!old) return;
    this.engine.pipesHurry = true;
    const own = this.#audioNumber.get(heir);
    if (own !== undefined) {
      this.#audioByNumber.delete(own);
      this.#dominant.remove(own);
    }
    this.#takeFloor(old, heir);
    // Its picture may be another one's heir, later than its sound.
    this.#spoke = this.#spoke.flatMap((id) => (id === old.transport ? [heir.transport, id] : [id]));
    this.#spoke = [...new Set(this.#spoke)].slice(0, SPEAKER_HISTORY);
    for (const stream of this.#streams) {
      if (stream.producer !== old || stream.transport.subscriber.exact) continue;
      stream.producer = heir;
      this.resolve(stream);
    }
  }

  /** What is known of who speaks goes over. */
  #takeFloor(old: Producer, next: Producer): void {
    const number = this.#audioNumber.get(old);
    if (number !== undefined) {
      this.#audioNumber.delete(old);
      this.#audioNumber.set(next, number);
      this.#audioByNumber.set(number, next);
    }
    if (this.speaker === old) this.speaker = next;
    this.#loudest.replace(old, next);
  }

  /** Something that others have to know of. */
  producerChanged(producer: Producer): void {
    if (this.producers.get(producer.id) !== producer) return;
    for (const observer of this.observers) observer.producerChanged(producer);
  }

  /** `next` is the same source on another way: streams go over at its next key frame, and show the old one until then. */
  succeed(old: Producer, next: Producer): void {
    this.engine.pipesHurry = true;
    for (const [i, encoding] of next.encodings.entries()) {
      encoding.before = old.encodings[i] ?? null;
      if (encoding.before) encoding.before.before = null;
    }
    this.producers.set(next.id, next);
    this.#takeFloor(old, next);
    this.#layers.replace(old, next);
    for (const stream of this.#streams) {
      if (stream.producer !== old) continue;
      stream.producer = next;
      this.resolve(stream);
    }
    this.producerChanged(next);
  }

  removeProducer(producer: Producer): void {
    if (this.producers.get(producer.id) !== producer) return;
    this.producers.delete(producer.id);
    this.#successions.gone(producer.id);
    for (const observer of this.observers) observer.producerGone(producer);
    const number = this.#audioNumber.get(producer);
    if (number !== undefined) {
      this.#audioNumber.delete(producer);
      this.#audioByNumber.delete(number);
      this.#dominant.remove(number);
    }
    if (this.speaker === producer) this.#setSpeaker(null);
    if (producer.kind === 'audio') this.#loudest.forget(producer);
    this.#layers.forget(producer);
    for (const stream of this.#streams) if (stream.producer === producer) this.resolve(stream);
  }

  addStream(stream: VirtualStream): void {
    this.#streams.add(stream);
  }

  removeStream(stream: VirtualStream): void {
    this.#streams.delete(stream);
    this.#followers.delete(stream);
    this.#loudest.remove(stream);
  }

  route(stream: VirtualStream, source: StreamSource, want?: StreamWant): void {
    this.engine.pipesHurry = true;
    stream.source = source;
    if (want) {
      stream.want = want;
      stream.transport.subscriber.watched = true;
    }
    const follow = source && 'follow' in source ? source.follow : null;
    if (follow === 'speaker') this.#followers.add(stream);
    else this.#followers.delete(stream);
    if (follow === 'loudest' && stream.kind === 'audio') this.#loudest.add(stream);
    else this.#loudest.remove(stream);
    this.resolve(stream);
    if (stream.kind === 'video') stream.transport.subscriber.allocate();
  }

  /** Whoever has the floor is seen best. */
  speaks(producer: Producer): boolean {
    return this.speaker !== null && this.speaker.transport === producer.transport;
  }

  /** Finds what the stream's source comes to now and sets the stream on its way there. */
  resolve(stream: VirtualStream): void {
    const producer = this.#wanted(stream);
    const before = stream.producer;
    stream.producer = producer;
    if (!producer || producer.paused || !stream.transport.connected) {
      stream.stop();
      stream.given.spatial = -1;
      if (before !== producer) this.engine.sourceChanged(stream);
      return;
    }
    // A follower keeps what it shows until the next speaker's key frame; anything else ends its old source at once, so that
    // a tile never shows one face under another's name.
    if (before && before !== producer && !(stream.source && 'follow' in stream.source)) stream.stop();
    if (stream.kind === 'video') {
      stream.transport.subscriber.dirty = true;
      return;
    }
    const [encoding] = producer.encodings;
    if (encoding && stream.takes(encoding)) stream.prepare(encoding);
  }

  pause(producer: Producer, paused: boolean): void {
    if (producer.paused === paused) return;
    producer.paused = paused;
    for (const stream of this.#streams) {
      if (stream.producer !== producer) continue;
      this.resolve(stream);
      if (stream.kind === 'video') stream.transport.subscriber.allocate();
    }
    this.producerChanged(producer);
  }

  /** An encoding's first packet came, or it changed its codec. */
  codecKnown(encoding: Encoding, first: boolean): void {
    for (const stream of this.#streams) {
      if (stream.producer !== encoding.producer && stream.epoch?.encoding !== encoding) continue;
      if (!first && stream.epoch?.encoding === encoding) stream.codecChanged(encoding);
      this.resolve(stream);
    }
  }

  /** A layer that was off is on again, mostly because somebody waits for it. */
  encodingBack({ producer }: Encoding): void {
    if (producer.kind !== 'video') return;
    for (const stream of this.#streams) if (stream.producer === producer) stream.transport.subscriber.dirty = true;
  }

  heard(producer: Producer, level: number, now: number): void {
    const number = this.#audioNumber.get(producer);
    if (number !== undefined && !producer.paused) this.#dominant.level(number, level, now);
  }

  /** Several times a second: who speaks; better simulcast layers. */
  tick(now: number): void {
    const changed = this.#dominant.evaluate(now);
    if (changed !== null) this.#setSpeaker(this.#audioByNumber.get(changed) ?? null);
    this.#loudest.update(this.#audible());
    this.#layers.update(this.producers.values(), this.#streams, now);
    const deserted = markDeserted(this.producers.values(), now);
    if (deserted.length === 0) return;
    for (const stream of this.#followers) this.resolve(stream);
    for (const producer of deserted) this.producerChanged(producer);
  }

  /** Once a second: simulcast layers that came or went, new rates. */
  reviewEncodings(): void {
    for (const { producer, transport } of this.#streams) if (producer?.layered) transport.subscriber.dirty = true;
  }

  /** The loudest, and behind them who sends at all: while few speak, nobody has to wait for being heard. */
  #audible(): Producer[] {
    const list: Producer[] = [];
    for (const number of this.#dominant.loudest(MAX_LOUDEST + 1)) {
      const producer = this.#audioByNumber.get(number);
      if (producer && !producer.paused) list.push(producer);
    }
    for (const producer of this.producers.values()) {
      if (list.length > MAX_LOUDEST) break;
      if (producer.kind !== 'audio' || producer.paused || this.#successions.hasLeft(producer.id)) continue;
      if (!list.includes(producer)) list.push(producer);
    }
    return list;
  }

  #follow(stream: VirtualStream, producer: Producer | null): void {
    stream.producer = producer;
    if (producer) this.resolve(stream);
    else stream.stop();
    this.engine.sourceChanged(stream);
  }

  #setSpeaker(producer: Producer | null): void {
    if (producer === this.speaker) return;
    this.speaker = producer;
    if (producer) {
      this.#spoke = [producer.transport, ...this.#spoke.filter((id) => id !== producer.transport)].slice(
        0,
        SPEAKER_HISTORY,
      );
    }
    this.engine.notify({ type: 'speaker', router: this.id, producer: producer?.id ?? null });
    for (const stream of this.#followers) this.resolve(stream);
    // Who speaks is seen better, and who spoke less well.
    for (const transport of this.transports.values()) transport.subscriber.dirty = true;
  }

  #wanted(stream: VirtualStream): Producer | null {
    const { source } = stream;
    if (!source) return null;
    if ('producer' in source) {
      const { producer } = source;
      if (stream.transport.subscriber.exact) return this.producers.get(producer) ?? null;
      return this.producers.get(this.#successions.standsFor(producer)) ?? this.producers.get(producer) ?? null;
    }
    if (source.follow === 'loudest') {
      const { producer } = stream;
      return producer && this.producers.get(producer.id) === producer ? producer : null;
    }
    const own = stream.transport.id;
    let first: Producer | null = null;
    let best: Producer | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const producer of this.producers.values()) {
      if (producer.kind !== stream.kind || producer.transport === own) continue;
      if (producer.paused || producer.deserted || this.#successions.hasLeft(producer.id)) continue;
      first ??= producer;
      const rank = this.#spoke.indexOf(producer.transport);
      if (rank >= 0 && rank < bestRank) {
        best = producer;
        bestRank = rank;
      }
    }
    // Nobody has spoken yet: whoever it shows already, or the first to publish.
    const kept = stream.producer && this.producers.get(stream.producer.id) === stream.producer ? stream.producer : null;
    return best ?? (kept && !kept.paused && !kept.deserted ? kept : first);
  }
}
