/**
 * What of the producers that come by pipes anybody in the router takes, encoding by encoding. More is wanted at once, before
 * it can be shown; less only after a while.
 */
import type { Encoding } from '../encoding.js';
import type { Producer } from '../producer.js';
import type { Router } from '../router.js';
import { MAX_LAYERS } from '../source-batch.js';
import type { VirtualStream } from '../virtual-stream.js';
import { PipeDemand } from './demand.js';
import type { EncodingWant } from './messages.js';

/** Without a taker for so long a layer is given up, ms. */
const LESS_AFTER_MS = 2_500;
/** The same when it went on by pipes only, whose other ends have waited already. */
const LESS_BEHIND_MS = 500;
const ALL = MAX_LAYERS - 1;

interface Wanted {
  /** Highest layers that are taken now, -1: none. */
  spatial: number;
  temporal: number;
  /** What was decided last. */
  toldSpatial: number;
  toldTemporal: number;
  /** Of these, what clients here take. */
  clientSpatial: number;
  clientTemporal: number;
  /** Since when less than told has been enough; -1: it hasn't. */
  lessSinceMs: number;
  /** It was a client here that took all that was told. */
  byClient: boolean;
}

const NOTHING: Wanted = {
  spatial: -1,
  temporal: -1,
  toldSpatial: -1,
  toldTemporal: -1,
  clientSpatial: -1,
  clientTemporal: -1,
  lessSinceMs: -1,
  byClient: false,
};

export class WantedEncodings {
  /** By the encoding's number. */
  readonly #wanted = new Map<number, Wanted>();
  /** Orders of layers, of this round. */
  readonly #ordered = new Map<Producer, readonly Encoding[]>();
  /** The stream that is looked at goes to another router. */
  #behind = false;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(readonly router: Router) {}

  forget(encoding: number): void {
    this.#wanted.delete(encoding);
  }

  /** Looks at all streams of the router, once for all pipes. */
  look(now: number): void {
    if (now === this.#lookedMs) return;
    this.#lookedMs = now;
    for (const wanted of this.#wanted.values()) {
      wanted.spatial = -1;
      wanted.temporal = -1;
      wanted.clientSpatial = -1;
      wanted.clientTemporal = -1;
    }
    this.#ordered.clear();
    let follows = false;
    for (const stream of this.router.streams) {
      if (stream.source && 'follow' in stream.source) follows = true;
      this.#take(stream);
    }
    this.#behind = false;
    // Who speaks is known by listening to all.
    if (follows)
      for (const producer of this.router.producers.values())
        if (producer.piped && producer.kind === 'audio') this.#raise(producer.encodings[0], ALL, ALL);
    for (const wanted of this.#wanted.values()) decide(wanted, now);
  }

  /** What is wanted of the producer since the last `look`. */
  of(producer: Producer): EncodingWant[] {
    const wants: EncodingWant[] = [];
    for (const [encoding, { number }] of producer.encodings.entries()) {
      const wanted = this.#wanted.get(number);
      if (wanted && wanted.toldSpatial >= 0)
        wants.push({ encoding, spatial: wanted.toldSpatial, temporal: wanted.toldTemporal });
    }
    return wants;
  }

  #take(stream: VirtualStream): void {
    const { producer, given } = stream;
    this.#behind = stream.transport.subscriber instanceof PipeDemand;
    if (producer?.piped && stream.kind === 'audio') this.#raise(producer.encodings[0], ALL, ALL);
    else if (producer?.piped && given.spatial >= 0) {
      if (producer.encodings.length > 1) this.#raise(this.#layer(producer, given.spatial), ALL, given.temporal);
      else this.#raise(producer.encodings[0], given.spatial, given.temporal);
    }
    // What is shown until something else can be, of this producer or of another way.
    const { engine } = this.router;
    this.#keep(stream, engine.table.current[stream.number]);
    this.#keep(stream, engine.table.pending[stream.number]);
  }

  #keep({ limits }: VirtualStream, number: number): void {
    const encoding = this.router.engine.encoding(number);
    if (encoding?.producer.piped) this.#raise(encoding, limits.spatial, limits.temporal);
  }

  #layer(producer: Producer, spatial: number): Encoding | undefined {
    let ordered = this.#ordered.get(producer);
    if (!ordered) {
      ordered = producer.ordered;
      this.#ordered.set(producer, ordered);
    }
    return ordered[Math.min(spatial, ordered.length - 1)];
  }

  #raise(encoding: Encoding | undefined, spatial: number, temporal: number): void {
    if (!encoding) return;
    let wanted = this.#wanted.get(encoding.number);
    if (!wanted) {
      wanted = { ...NOTHING };
      this.#wanted.set(encoding.number, wanted);
    }
    if (spatial > wanted.spatial) wanted.spatial = spatial;
    if (temporal > wanted.temporal) wanted.temporal = temporal;
    if (this.#behind) return;
    if (spatial > wanted.clientSpatial) wanted.clientSpatial = spatial;
    if (temporal > wanted.clientTemporal) wanted.clientTemporal = temporal;
  }
}

function decide(wanted: Wanted, now: number): void {
  const { spatial, temporal } = wanted;
  const less = spatial < wanted.toldSpatial || temporal < wanted.toldTemporal;
  if (!less) {
    wanted.lessSinceMs = -1;
    wanted.byClient = wanted.clientSpatial >= wanted.toldSpatial && wanted.clientTemporal >= wanted.toldTemporal;
  } else if (wanted.lessSinceMs < 0) wanted.lessSinceMs = now;
  if (less && now - wanted.lessSinceMs >= (wanted.byClient ? LESS_AFTER_MS : LESS_BEHIND_MS)) {
    wanted.toldSpatial = spatial;
    wanted.toldTemporal = temporal;
    wanted.lessSinceMs = -1;
    return;
  }
  wanted.toldSpatial = Math.max(wanted.toldSpatial, spatial);
  wanted.toldTemporal = Math.max(wanted.toldTemporal, temporal);
}
