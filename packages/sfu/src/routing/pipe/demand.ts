/**
 * What goes over a pipe: of each encoding what the sink wants, whatever the path carries. Nothing is allocated here; the
 * sink's subscribers each have their own path, and the sink asks for what those can take. Only a limit that was set holds.
 */

import type { Encoding } from '../encoding.js';
import type { ReceivingSide } from '../receiving-side.js';
import { MAX_LAYERS } from '../source-batch.js';
import type { Transport } from '../transport.js';
import type { VirtualStream } from '../virtual-stream.js';
import type { EncodingWant } from './messages.js';

/** One encoding on the pipe: a stream with SSRCs of its own, and what is wanted of it. */
export interface Lane {
  readonly stream: VirtualStream;
  /** Of the producer's encodings. */
  readonly index: number;
  want: EncodingWant | null;
}

export class PipeDemand implements ReceivingSide {
  readonly exact = true;
  dirty = false;
  watched = false;
  /** Video is cut off above this, the best layers first; bit/s. */
  maxBps = Number.POSITIVE_INFINITY;
  readonly lanes = new Map<VirtualStream, Lane>();
  /** Wants change one after another: it is looked at once they all have. */
  held = false;

  constructor(readonly transport: Transport) {}

  allocate(): void {
    if (this.held || !this.transport.connected) {
      this.dirty = true;
      return;
    }
    this.dirty = false;
    let left = this.maxBps;
    for (const lane of this.#lowestFirst()) {
      const encoding = this.#encodingOf(lane);
      const bps = encoding ? bpsOf(encoding, lane) : 0;
      if (!encoding || bps > left) {
        lane.stream.given.spatial = -1;
        lane.stream.given.paused = encoding !== null;
        lane.stream.stop();
        continue;
      }
      left -= bps;
      aim(lane, encoding);
    }
  }

  tick(): void {
    if (this.dirty) this.allocate();
  }

  probe(): void {}

  protect(): void {}

  feedback(bytes: Uint8Array, offset: number, length: number): void {
    const { engine, number } = this.transport;
    const history = engine.transportCc.history(number);
    if (!history) return;
    const { refused } = history;
    history.feedback(bytes, offset, length, engine.transportCc.nowUs);
    engine.counters.feedbackLies += history.refused - refused;
  }

  remb(): void {}

  started(): void {}

  forget(stream: VirtualStream): void {
    this.lanes.delete(stream);
  }

  /** Its other end speaks for many, and has merged what they ask. */
  mayAsk(): boolean {
    return true;
  }

  setReception(): void {}

  #encodingOf({ stream, index, want }: Lane): Encoding | null {
    const { producer } = stream;
    if (!want || !producer || producer.paused) return null;
    const encoding = producer.encodings[index];
    return encoding && stream.takes(encoding) ? encoding : null;
  }

  #lowestFirst(): Iterable<Lane> {
    const video = [...this.lanes.values()].filter(({ stream }) => stream.kind === 'video');
    if (!Number.isFinite(this.maxBps)) return video;
    return video.sort((a, b) => rankOf(a) - rankOf(b));
  }
}

function aim({ stream, want }: Lane, encoding: Encoding): void {
  const { producer } = encoding;
  const simulcast = producer.encodings.length > 1;
  stream.given.spatial = simulcast ? producer.ordered.indexOf(encoding) : want!.spatial;
  stream.given.temporal = want!.temporal;
  stream.given.paused = false;
  stream.limit(want!.spatial, want!.temporal);
  stream.prepare(encoding);
}

function rankOf({ stream, index }: Lane): number {
  const { producer } = stream;
  return producer ? producer.ordered.indexOf(producer.encodings[index]) : 0;
}

function bpsOf({ layers }: Encoding, { want }: Lane): number {
  let bps = 0;
  for (let spatial = 0; spatial <= Math.min(want!.spatial, MAX_LAYERS - 1); spatial++)
    for (let temporal = 0; temporal <= Math.min(want!.temporal, MAX_LAYERS - 1); temporal++)
      bps += layers.bps(spatial, temporal);
  return bps;
}
