/**
 * Answers a subscriber's NACK out of the arena: by RTX (RFC 4588) where it was negotiated, else by the packet itself where
 * the cipher allows (`TX_REPEAT`).
 */
import type { Engine } from './engine.js';
import { SourceBatch } from './source-batch.js';
import type { VirtualStream } from './virtual-stream.js';

/** A packet isn't sent again sooner than this, nor sooner than most of a round trip, ms. */
const MIN_REPEAT_MS = 20;
/** A round trip as long as none is measured, ms. */
const DEFAULT_RTT_MS = 50;
/** Repaired packets a stream may get within `BURST_WINDOW_MS`; a client that asks for more is lying or lost. */
const MAX_BURST = 300;
const BURST_WINDOW_MS = 250;

export class Retransmitter {
  readonly #scratch = new SourceBatch(1);
  /** Repairs by stream within the current window. */
  readonly #burst = new Map<VirtualStream, number>();
  #windowMs = 0;

  constructor(readonly engine: Engine) {}

  /** The client lost outgoing packet `sequence` of the stream. */
  repair(stream: VirtualStream, sequence: number): void {
    const { engine } = this;
    stream.nacks++;
    engine.counters.nacksReceived++;
    const epoch = stream.epochOf(sequence);
    if (!epoch || !this.#mayRepeat(stream, sequence)) return;
    const { encoding } = epoch;
    const source = stream.sourceOf(epoch, sequence);
    if (source < 0) return;
    const batch = this.#scratch;
    batch.clear();
    const i = engine.reader.restore(batch, encoding, source);
    if (i < 0) return;
    engine.fanout.repeat(stream, epoch, stream.foundPictureIdOffset, batch, i, sequence);
    stream.retransmitted++;
    engine.counters.retransmitted++;
  }

  #mayRepeat(stream: VirtualStream, sequence: number): boolean {
    const { now } = this.engine;
    if (now - this.#windowMs > BURST_WINDOW_MS) {
      this.#burst.clear();
      this.#windowMs = now;
    }
    const burst = this.#burst.get(stream) ?? 0;
    if (burst >= MAX_BURST) return false;
    stream.repairTimes ??= new Map();
    const last = stream.repairTimes.get(sequence);
    const pause = Math.max(MIN_REPEAT_MS, (stream.transport.roundTripMs ?? DEFAULT_RTT_MS) * 0.8);
    if (last !== undefined && now - last < pause) return false;
    // Oldest out: a Map keeps the order of insertion.
    stream.repairTimes.delete(sequence);
    stream.repairTimes.set(sequence, now);
    if (stream.repairTimes.size > 256) stream.repairTimes.delete(stream.repairTimes.keys().next().value!);
    this.#burst.set(stream, burst + 1);
    return true;
  }
}
