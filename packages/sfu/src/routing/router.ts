/** A room as the engine sees it: producers, the virtual streams that take them, and who speaks. */
import { DominantSpeaker } from '@efir/rtc';
import type { DataRouter } from '../data/router.js';
import type { StreamSource } from '../worker/control.js';
import type { Encoding } from './encoding.js';
import type { Engine } from './engine.js';
import type { Producer } from './producer.js';
import type { Transport } from './transport.js';
import type { VirtualStream } from './virtual-stream.js';

/** How many who spoke last are remembered, so that a follower keeps a picture when the speaker sends none. */
const SPEAKER_HISTORY = 8;

export class Router {
  readonly transports = new Map<string, Transport>();
  readonly producers = new Map<string, Producer>();
  readonly #streams = new Set<VirtualStream>();
  readonly #followers = new Set<VirtualStream>();
  readonly #dominant = new DominantSpeaker();
  readonly #audioByNumber = new Map<number, Producer>();
  readonly #audioNumber = new Map<Producer, number>();
  #nextAudioNumber = 1;
  /** Transports of those who spoke, the latest first. */
  #spoke: string[] = [];
  speaker: Producer | null = null;
  #data: DataRouter | null = null;

  constructor(
    readonly engine: Engine,
    readonly id: string,
  ) {}

  /** Passes messages between those transports that have data channels; made when the first one has. */
  data(): DataRouter {
    this.#data ??= this.engine.data.openRouter();
    return this.#data;
  }

  addProducer(producer: Producer): void {
    this.producers.set(producer.id, producer);
    if (producer.kind === 'audio') {
      const number = this.#nextAudioNumber++;
      this.#audioByNumber.set(number, producer);
      this.#audioNumber.set(producer, number);
    }
    for (const stream of this.#streams) {
      const { source } = stream;
      if (source && ('follow' in source || source.producer === producer.id)) this.resolve(stream);
    }
  }

  removeProducer(producer: Producer): void {
    this.producers.delete(producer.id);
    const number = this.#audioNumber.get(producer);
    if (number !== undefined) {
      this.#audioNumber.delete(producer);
      this.#audioByNumber.delete(number);
      this.#dominant.remove(number);
    }
    if (this.speaker === producer) this.#setSpeaker(null);
    for (const stream of this.#streams) if (stream.producer === producer) this.resolve(stream);
  }

  addStream(stream: VirtualStream): void {
    this.#streams.add(stream);
  }

  removeStream(stream: VirtualStream): void {
    this.#streams.delete(stream);
    this.#followers.delete(stream);
  }

  route(stream: VirtualStream, source: StreamSource): void {
    stream.source = source;
    if (source && 'follow' in source) this.#followers.add(stream);
    else this.#followers.delete(stream);
    this.resolve(stream);
  }

  /** Finds what the stream's source comes to now and sets the stream on its way there. */
  resolve(stream: VirtualStream): void {
    const producer = this.#wanted(stream);
    const before = stream.producer;
    stream.producer = producer;
    if (!producer || producer.paused || !stream.transport.connected) {
      stream.stop();
      if (before !== producer) this.engine.sourceChanged(stream);
      return;
    }
    const encoding = this.#chooseEncoding(stream, producer);
    // A follower keeps what it shows until the next speaker's key frame; anything else ends its old source at once, so that
    // a tile never shows one face under another's name.
    if (before && before !== producer && !(stream.source && 'follow' in stream.source)) stream.stop();
    if (encoding) stream.prepare(encoding);
  }

  pause(producer: Producer, paused: boolean): void {
    if (producer.paused === paused) return;
    producer.paused = paused;
    for (const stream of this.#streams) if (stream.producer === producer) this.resolve(stream);
  }

  /** An encoding's first packet came, or it changed its codec. */
  codecKnown(encoding: Encoding, first: boolean): void {
    for (const stream of this.#streams) {
      if (stream.producer !== encoding.producer) continue;
      if (!first && stream.epoch?.encoding === encoding) stream.codecChanged(encoding);
      this.resolve(stream);
    }
  }

  heard(producer: Producer, level: number, now: number): void {
    const number = this.#audioNumber.get(producer);
    if (number !== undefined && !producer.paused) this.#dominant.level(number, level, now);
  }

  /** Several times a second: who speaks; better simulcast layers. */
  tick(now: number): void {
    const changed = this.#dominant.evaluate(now);
    if (changed !== null) this.#setSpeaker(this.#audioByNumber.get(changed) ?? null);
  }

  /** Once a second: simulcast layers that came or went. */
  reviewEncodings(): void {
    for (const stream of this.#streams)
      if (stream.producer && stream.producer.encodings.length > 1) this.resolve(stream);
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
  }

  #wanted(stream: VirtualStream): Producer | null {
    const { source } = stream;
    if (!source) return null;
    if ('producer' in source) return this.producers.get(source.producer) ?? null;
    const own = stream.transport.id;
    let first: Producer | null = null;
    let best: Producer | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const producer of this.producers.values()) {
      if (producer.kind !== stream.kind || producer.transport === own || producer.paused) continue;
      first ??= producer;
      const rank = this.#spoke.indexOf(producer.transport);
      if (rank >= 0 && rank < bestRank) {
        best = producer;
        bestRank = rank;
      }
    }
    // Nobody has spoken yet: whoever it shows already, or the first to publish.
    const kept = stream.producer && this.producers.get(stream.producer.id) === stream.producer ? stream.producer : null;
    return best ?? (kept && !kept.paused ? kept : first);
  }

  #chooseEncoding(stream: VirtualStream, producer: Producer): Encoding | null {
    const current = stream.epoch?.encoding.producer === producer ? stream.epoch.encoding : null;
    const encoding = producer.preferred(current, this.engine.now);
    return encoding && stream.takes(encoding) ? encoding : null;
  }
}
