/**
 * Leaves layers out of one outgoing stream, packet by packet, so that what is left has no gaps: every packet left out moves
 * the numbers of those behind it. Down goes at the next frame, up where the encoder says that one may.
 *
 * It remembers by source sequence number what became of each packet, so that late ones fit into their place and lost ones
 * can be repaired.
 */
import {
  LAYER_END,
  LAYER_INTRA,
  LAYER_NOT_BELOW,
  LAYER_START,
  LAYER_SWITCH_UP,
  type SourceBatch,
} from './source-batch.js';
import type { StreamTable } from './stream-table.js';

const RING = 512;
const MASK = RING - 1;

const SENT = 1;
const DROPPED = 2;
/** It hasn't come; its number is kept free. */
const AWAITED = 3;

/** What `admit` says. */
export const LEAVE_OUT = 0;
export const TAKE = 1;
/** Take it, with the marker set: it ends the picture for this receiver. */
export const TAKE_LAST = 2;
/** Take it under the numbers in `lateSequenceOffset` and `latePictureIdOffset`. */
export const TAKE_LATE = 3;

export class LayerFilter {
  /** What is forwarded now. */
  spatial: number;
  temporal: number;
  /** What is to be. */
  wantSpatial: number;
  wantTemporal: number;
  lateSequenceOffset = 0;
  latePictureIdOffset = 0;
  readonly #tag = new Uint16Array(RING);
  readonly #state = new Uint8Array(RING);
  readonly #sequenceOffset = new Uint16Array(RING);
  readonly #pictureIdOffset = new Uint16Array(RING);
  /** By outgoing sequence number: which, and the source's; -1: none. */
  readonly #outTag = new Uint16Array(RING);
  readonly #outSource = new Int32Array(RING).fill(-1);
  /** First source sequence number that it saw; -1: none yet. */
  #first = -1;
  #newest = -1;
  /** Timestamp of the last frame left out as a whole; -1: none. */
  #leftOut = -1;

  constructor(spatial: number, temporal: number) {
    this.spatial = spatial;
    this.temporal = temporal;
    this.wantSpatial = spatial;
    this.wantTemporal = temporal;
  }

  /** Packet `i` of the batch comes to stream `stream`, whose offsets in `table` are moved on when it is left out. */
  admit(table: StreamTable, stream: number, batch: SourceBatch, i: number): number {
    const sequence = batch.sequence[i];
    if (this.#newest < 0) {
      this.#first = sequence;
    } else {
      const ahead = ((sequence - this.#newest) << 16) >> 16;
      if (ahead <= 0) return this.#late(batch, i, sequence);
      const first = Math.max(1, ahead - RING + 1);
      for (let k = first; k < ahead; k++) this.#keep((this.#newest + k) & 0xffff, AWAITED, table, stream);
    }
    this.#newest = sequence;
    this.#adapt(batch, i);
    if (!this.#wanted(batch, i)) {
      // The picture id moves once a picture; spatial layers of one picture share theirs.
      if (batch.spatial[i] === 0 && batch.timestamp[i] !== this.#leftOut) {
        this.#leftOut = batch.timestamp[i];
        if (batch.descriptorLength[i] !== 0)
          table.pictureIdOffset[stream] = (table.pictureIdOffset[stream] - 1) & 0x7fff;
      }
      this.#keep(sequence, DROPPED, table, stream);
      table.sequenceOffset[stream] = table.sequenceOffset[stream] - 1;
      return LEAVE_OUT;
    }
    this.#keep(sequence, SENT, table, stream);
    this.#went(sequence, table.sequenceOffset[stream]);
    const last = (batch.layerFlags[i] & LAYER_END) !== 0 && batch.spatial[i] === this.spatial;
    return last && batch.marker[i] === 0 ? TAKE_LAST : TAKE;
  }

  /**
   * The source sequence number that went out as `sequence`, with `latePictureIdOffset` set to its offset; -1 when it is none of
   * the filter's.
   */
  sourceOf(sequence: number): number {
    const at = sequence & MASK;
    const source = this.#outSource[at];
    if (source < 0 || this.#outTag[at] !== sequence) return -1;
    const kept = source & MASK;
    if (this.#tag[kept] !== source || this.#state[kept] !== SENT) return -1;
    this.latePictureIdOffset = this.#pictureIdOffset[kept];
    return source;
  }

  /** A source sequence number from before the filter's time. */
  isBefore(source: number): boolean {
    return this.#first < 0 || ((source - this.#first) << 16) >> 16 < 0;
  }

  #late(batch: SourceBatch, i: number, sequence: number): number {
    const at = sequence & MASK;
    if (this.#state[at] !== AWAITED || this.#tag[at] !== sequence || !this.#wanted(batch, i)) return LEAVE_OUT;
    this.#state[at] = SENT;
    this.lateSequenceOffset = this.#sequenceOffset[at];
    this.latePictureIdOffset = this.#pictureIdOffset[at];
    this.#went(sequence, this.lateSequenceOffset);
    return TAKE_LATE;
  }

  /** Changes of layers happen where a frame begins. */
  #adapt(batch: SourceBatch, i: number): void {
    const flags = batch.layerFlags[i];
    if ((flags & LAYER_START) === 0) return;
    const spatial = batch.spatial[i];
    const temporal = batch.temporal[i];
    const key = batch.keyFrame[i] !== 0;
    if (spatial === 0 && this.wantSpatial < this.spatial) this.spatial = this.wantSpatial;
    if (this.wantTemporal < this.temporal) this.temporal = this.wantTemporal;
    if (key) {
      this.spatial = this.wantSpatial;
      this.temporal = this.wantTemporal;
    } else if (temporal > this.temporal && temporal <= this.wantTemporal && (flags & LAYER_SWITCH_UP) !== 0) {
      this.temporal = temporal;
    }
    if (spatial > this.spatial && spatial <= this.wantSpatial && (flags & LAYER_INTRA) !== 0) this.spatial = spatial;
  }

  #wanted(batch: SourceBatch, i: number): boolean {
    const spatial = batch.spatial[i];
    if (spatial > this.spatial || batch.temporal[i] > this.temporal) return false;
    return spatial === this.spatial || (batch.layerFlags[i] & LAYER_NOT_BELOW) === 0;
  }

  #went(source: number, offset: number): void {
    const sequence = (source + offset) & 0xffff;
    this.#outTag[sequence & MASK] = sequence;
    this.#outSource[sequence & MASK] = source;
  }

  #keep(sequence: number, state: number, table: StreamTable, stream: number): void {
    const at = sequence & MASK;
    this.#tag[at] = sequence;
    this.#state[at] = state;
    this.#sequenceOffset[at] = table.sequenceOffset[stream];
    this.#pictureIdOffset[at] = table.pictureIdOffset[stream];
  }
}
