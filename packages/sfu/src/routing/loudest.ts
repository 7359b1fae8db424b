/**
 * Sound of big rooms: of all microphones only the loudest reach a subscriber, as many as it has streams for. A voice keeps
 * the stream that it has, and a stream keeps its last voice until another needs it.
 */
import type { Producer } from './producer.js';
import type { Transport } from './transport.js';
import type { VirtualStream } from './virtual-stream.js';

/** More streams of one transport than this don't follow anybody. */
export const MAX_LOUDEST = 8;

export class LoudestStreams {
  readonly #byTransport = new Map<Transport, VirtualStream[]>();
  #loudest: readonly Producer[] = [];

  constructor(readonly assign: (stream: VirtualStream, producer: Producer | null) => void) {}

  add(stream: VirtualStream): void {
    const streams = this.#byTransport.get(stream.transport) ?? [];
    if (streams.includes(stream)) return;
    streams.push(stream);
    this.#byTransport.set(stream.transport, streams);
    this.#update(stream.transport, streams);
  }

  remove(stream: VirtualStream): void {
    const streams = this.#byTransport.get(stream.transport)?.filter((other) => other !== stream);
    if (!streams) return;
    if (streams.length === 0) this.#byTransport.delete(stream.transport);
    else this.#byTransport.set(stream.transport, streams);
  }

  /** The loudest producers now, the loudest first; others that send may stand behind them. */
  update(loudest: readonly Producer[]): void {
    const same = loudest.length === this.#loudest.length && loudest.every((p) => this.#loudest.includes(p));
    this.#loudest = loudest;
    if (same) return;
    for (const [transport, streams] of this.#byTransport) this.#update(transport, streams);
  }

  /** The same sound comes another way. */
  replace(old: Producer, next: Producer): void {
    this.#loudest = this.#loudest.map((producer) => (producer === old ? next : producer));
  }

  /** The producer is gone. */
  forget(producer: Producer): void {
    this.#loudest = this.#loudest.filter((other) => other !== producer);
    for (const streams of this.#byTransport.values())
      for (const stream of streams) if (stream.producer === producer) this.assign(stream, null);
    for (const [transport, streams] of this.#byTransport) this.#update(transport, streams);
  }

  #update(transport: Transport, streams: readonly VirtualStream[]): void {
    // What the subscriber gets by itself (the sound of a shared screen) isn't to be heard twice.
    const elsewhere = [...transport.streams.values()].filter((stream) => !streams.includes(stream));
    const wanted = this.#loudest
      .filter((producer) => producer.transport !== transport.id && !elsewhere.some((s) => s.producer === producer))
      .slice(0, streams.length);
    const waiting = wanted.filter((producer) => !streams.some((stream) => stream.producer === producer));
    for (const producer of waiting) {
      const free =
        streams.find((stream) => stream.producer === null) ??
        streams.find((stream) => !wanted.includes(stream.producer!));
      if (free) this.assign(free, producer);
    }
  }
}
