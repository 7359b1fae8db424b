/**
 * The hot path: one row of integers for each packet and receiver. No closures, no allocation, typed arrays only.
 * `bench/` measures it; nothing here may depend on what kind of room it serves.
 */
import {
  type Datapath,
  SLOT_BYTES,
  TX_FLAGS,
  TX_PACKET,
  TX_PADDING,
  TX_PAYLOAD_LENGTH,
  TX_PAYLOAD_OFFSET,
  TX_PREFIX_BYTES,
  TX_PREFIX_LENGTH,
  TX_REPEAT,
  TX_STREAM,
  TX_STRIDE,
} from '@efir/datapath';
import type { Encoding } from './encoding.js';
import { FIXED_WORDS } from './header-template.js';
import { type LayerFilter, LEAVE_OUT, TAKE_LAST, TAKE_LATE } from './layer-filter.js';
import type { Pacing } from './pacing.js';
import { CARRIED, padRuns, SourceBatch } from './source-batch.js';
import { type StreamTable, TEMPLATE_WORDS } from './stream-table.js';
import type { TransportCcTable } from './transport-cc-table.js';
import type { Epoch, VirtualStream } from './virtual-stream.js';
import { rewriteVp8Descriptor } from './vp8-rewrite.js';

/** Where a stream takes over a new source: decides whether packet `index` is the one, and sets the stream's offsets if so. */
export interface Switcher {
  /** True: the stream now takes `encoding`, beginning with packet `index` of the batch. */
  trySwitch(stream: number, encoding: Encoding, batch: SourceBatch, index: number): boolean;
  /** Of a stream that the table calls filtered. */
  filterOf(stream: number): LayerFilter;
}

/** The datapath as the fan-out sees it; tests hand in plain arrays. */
export type RowSink = Pick<Datapath, 'tx' | 'txPrefix' | 'txPrefixWords' | 'txRows' | 'arena' | 'slots' | 'flush'>;

/** RTP padding is counted in one byte. */
const MAX_PADDING = 255;
const PREFIX_WORDS = TX_PREFIX_BYTES / 4;
/** Where the transport-wide number stands in the first extension word of a two-byte block. */
const WIDE_SHIFT = 16;

export class Fanout {
  /** Rows written and not flushed yet. */
  rows = 0;
  /** Packets forwarded since start. */
  forwarded = 0;
  readonly #slotMask: number;
  readonly #padding = new SourceBatch(1);
  /** The row being written had its one-byte block rewritten in two-byte form. */
  #widened = false;
  /** Of the packet that the row being written repairs, -1: none. */
  #originalSequence = -1;
  #flags = 0;

  constructor(
    readonly sink: RowSink,
    readonly table: StreamTable,
    readonly batch: SourceBatch,
    readonly transportCc: TransportCcTable,
    readonly pacing: Pacing,
    readonly switcher: Switcher,
  ) {
    this.#slotMask = sink.slots - 1;
  }

  /** Writes rows for every stream that takes this encoding, receiver by receiver. */
  forward(encoding: Encoding, now: number): void {
    const { head } = encoding.chain;
    if (head < 0) return;
    padRuns(this.batch, head);
    const { streams } = encoding;
    const { current, fresh, filtered, transport } = this.table;
    const { pacing } = this;
    const patient = encoding.producer.kind === 'video';
    // Streams may leave the list while it is walked (a switch away); the walk is backwards for that.
    for (let k = encoding.streamCount - 1; k >= 0; k--) {
      const stream = streams[k];
      if (patient && pacing.mustWait(transport[stream], now) && this.#wait(stream, encoding, head, now)) continue;
      if (current[stream] === encoding.number && (fresh[stream] | filtered[stream]) === 0) this.#run(stream, head);
      else this.#careful(this.batch, stream, encoding, head);
    }
  }

  /** A packet that has waited, now entry `i` of `batch`. */
  forwardLate(stream: number, encoding: Encoding, batch: SourceBatch, i: number): void {
    const { current, pending } = this.table;
    if (current[stream] === encoding.number || pending[stream] === encoding.number)
      this.#careful(batch, stream, encoding, i);
  }

  /** False: nothing of it may wait. */
  #wait(stream: number, encoding: Encoding, head: number, now: number): boolean {
    const { next, sequence } = this.batch;
    const transport = this.table.transport[stream];
    for (let i = head; i >= 0; i = next[i]) {
      if (this.pacing.wait(transport, stream, encoding, sequence[i], now)) continue;
      if (i === head) return false;
      break;
    }
    return true;
  }

  /** Entry `i` of `batch` once more, as it went out under `sequence` in `epoch`. */
  repeat(
    stream: VirtualStream,
    epoch: Epoch,
    pictureIdOffset: number,
    batch: SourceBatch,
    i: number,
    sequence: number,
  ): void {
    const { table } = this;
    const row = stream.rtxNumber >= 0 ? stream.rtxNumber : stream.number;
    const saved = [
      table.sequenceOffset[row],
      table.timestampOffset[row],
      table.pictureIdOffset[row],
      table.tl0Offset[row],
    ];
    let wire = sequence;
    if (stream.rtxNumber >= 0) {
      wire = stream.nextRtxSequence;
      stream.nextRtxSequence = (wire + 1) & 0xffff;
      this.#originalSequence = sequence;
    } else {
      this.#flags = TX_REPEAT;
    }
    table.sequenceOffset[row] = wire - batch.sequence[i];
    table.timestampOffset[row] = epoch.timestampOffset;
    table.pictureIdOffset[row] = pictureIdOffset;
    table.tl0Offset[row] = epoch.tl0Offset;
    this.#write(batch, row, i);
    table.packets[row]++;
    this.#originalSequence = -1;
    this.#flags = 0;
    [table.sequenceOffset[row], table.timestampOffset[row], table.pictureIdOffset[row], table.tl0Offset[row]] = saved;
  }

  /** A packet of nothing but padding on the stream's RTX stream; returns its bytes. */
  pad(stream: VirtualStream): number {
    const { table } = this;
    const batch = this.#padding;
    batch.clear();
    const i = batch.add();
    batch.packet[i] = 0;
    batch.marker[i] = 0;
    batch.sequence[i] = 0;
    batch.timestamp[i] = 0;
    batch.payloadOffset[i] = 0;
    batch.payloadLength[i] = 0;
    batch.padding[i] = MAX_PADDING;
    const row = stream.rtxNumber;
    table.sequenceOffset[row] = stream.nextRtxSequence;
    stream.nextRtxSequence = (stream.nextRtxSequence + 1) & 0xffff;
    this.#write(batch, row, i);
    return MAX_PADDING + table.templateLength[row] * 4;
  }

  #run(stream: number, head: number): void {
    const { next } = this.batch;
    const before = this.forwarded;
    for (let i = head; i >= 0; i = next[i]) this.#write(this.batch, stream, i);
    this.table.packets[stream] += this.forwarded - before;
  }

  /** A stream which waits for a key frame, has just switched, or leaves layers out. */
  #careful(batch: SourceBatch, stream: number, encoding: Encoding, head: number): void {
    const { next, sequence } = batch;
    const { table } = this;
    for (let i = head; i >= 0; i = next[i]) {
      if (table.current[stream] !== encoding.number) {
        if (table.pending[stream] !== encoding.number || !this.switcher.trySwitch(stream, encoding, batch, i)) continue;
      }
      if (table.fresh[stream] !== 0) {
        const since = ((sequence[i] - table.startSequence[stream]) << 16) >> 16;
        if (since < 0) continue;
        if (since > 2_000) table.fresh[stream] = 0;
      }
      if (table.filtered[stream] !== 0) this.#filter(batch, stream, i);
      else this.#write(batch, stream, i);
      table.packets[stream]++;
    }
  }

  #filter(batch: SourceBatch, stream: number, i: number): void {
    const { table } = this;
    const filter = this.switcher.filterOf(stream);
    const verdict = filter.admit(table, stream, batch, i);
    if (verdict === LEAVE_OUT) {
      table.packets[stream]--;
    } else if (verdict === TAKE_LATE) {
      const sequenceOffset = table.sequenceOffset[stream];
      const pictureIdOffset = table.pictureIdOffset[stream];
      table.sequenceOffset[stream] = filter.lateSequenceOffset;
      table.pictureIdOffset[stream] = filter.latePictureIdOffset;
      this.#write(batch, stream, i);
      table.sequenceOffset[stream] = sequenceOffset;
      table.pictureIdOffset[stream] = pictureIdOffset;
    } else {
      const marker = batch.marker[i];
      if (verdict === TAKE_LAST) batch.marker[i] = 0x80;
      this.#write(batch, stream, i);
      batch.marker[i] = marker;
    }
  }

  #write(batch: SourceBatch, stream: number, i: number): void {
    const { sink, table, transportCc } = this;
    if (this.rows === sink.txRows) this.flush();
    const row = this.rows++;
    const words = sink.txPrefixWords;
    const { template } = table;
    const w = row * PREFIX_WORDS;
    const t = stream * TEMPLATE_WORDS;
    const length = table.templateLength[stream];

    const sequence = (batch.sequence[i] + table.sequenceOffset[stream]) & 0xffff;
    const timestamp = (batch.timestamp[i] + table.timestampOffset[stream]) >>> 0;
    const padding = batch.padding[i];
    // Bytes in memory: flags, marker and type, sequence high, sequence low.
    words[w] =
      template[t] |
      (padding > 0 ? 0x20 : 0) |
      (batch.marker[i] << 8) |
      ((sequence >> 8) << 16) |
      ((sequence & 0xff) << 24);
    words[w + 1] =
      ((timestamp & 0xff) << 24) | ((timestamp & 0xff00) << 8) | ((timestamp >>> 8) & 0xff00) | (timestamp >>> 24);
    for (let k = 2; k < length; k++) words[w + k] = template[t + k];

    let prefixLength = length * 4;
    let payloadOffset = batch.payloadOffset[i];
    let payloadLength = batch.payloadLength[i];
    const mask = batch.extensionMask[i];
    this.#widened = false;
    if (mask !== 0) prefixLength = this.#carry(batch, stream, i, row, prefixLength, mask);

    if (this.#originalSequence >= 0) {
      const at = row * TX_PREFIX_BYTES + prefixLength;
      sink.txPrefix[at] = this.#originalSequence >> 8;
      sink.txPrefix[at + 1] = this.#originalSequence & 0xff;
      prefixLength += 2;
    }

    if (batch.descriptorLength[i] !== 0 && (table.pictureIdOffset[stream] | table.tl0Offset[stream]) !== 0) {
      const slot = (batch.packet[i] & this.#slotMask) * SLOT_BYTES;
      const bytes = batch.descriptorLength[i];
      rewriteVp8Descriptor(
        sink.arena,
        slot + payloadOffset,
        bytes,
        table.pictureIdOffset[stream],
        table.tl0Offset[stream],
        sink.txPrefix,
        row * TX_PREFIX_BYTES + prefixLength,
      );
      prefixLength += bytes;
      payloadOffset += bytes;
      payloadLength -= bytes;
    }

    let shift = table.transportCcShift[stream];
    if (shift !== 0) {
      if (this.#widened) shift = WIDE_SHIFT;
      const bytes = prefixLength + payloadLength + padding;
      const number = transportCc.stamp(table.transport[stream], bytes);
      this.pacing.spend(table.transport[stream], bytes);
      words[w + FIXED_WORDS] |= ((number >> 8) << shift) | ((number & 0xff) << (shift + 8));
    }

    const { tx } = sink;
    const at = row * TX_STRIDE;
    tx[at + TX_STREAM] = table.handle[stream];
    tx[at + TX_PREFIX_LENGTH] = prefixLength;
    tx[at + TX_PACKET] = batch.packet[i];
    tx[at + TX_PAYLOAD_OFFSET] = payloadOffset;
    tx[at + TX_PAYLOAD_LENGTH] = payloadLength;
    tx[at + TX_PADDING] = padding;
    tx[at + TX_FLAGS] = this.#flags;
    table.octets[stream] += payloadLength;
    this.forwarded++;
  }

  /** Appends the source's extensions that this receiver negotiated; returns the new prefix length. */
  #carry(batch: SourceBatch, stream: number, i: number, row: number, prefixLength: number, mask: number): number {
    const { sink, table } = this;
    const bytes = sink.txPrefix;
    const start = row * TX_PREFIX_BYTES;
    const ids = stream * CARRIED;
    const source = (batch.packet[i] & this.#slotMask) * SLOT_BYTES;
    const hadBlock = prefixLength > FIXED_WORDS * 4 - 4;
    const block = start + (FIXED_WORDS - 1) * 4;
    let twoByte = hadBlock && bytes[block] === 0x10;
    for (let k = 0; k < CARRIED; k++) {
      if ((mask & (1 << k)) === 0) continue;
      const id = table.carriedIds[ids + k];
      if (id === 0) continue;
      // An element that needs the two-byte form can't join a one-byte block: the dependency structure of AV1 and VP9 key
      // frames is the only one so large, and what stands in the block already is rewritten for it.
      if (!twoByte && (batch.extensionLength[i * CARRIED + k] > 16 || id > 14)) {
        twoByte = true;
        if (hadBlock) prefixLength = this.#widen(start, prefixLength);
      }
    }
    let at = start + prefixLength;
    if (!hadBlock) {
      at = block + 4;
    }
    const limit = start + TX_PREFIX_BYTES - 20;
    let any = false;
    for (let k = 0; k < CARRIED; k++) {
      if ((mask & (1 << k)) === 0) continue;
      const id = table.carriedIds[ids + k];
      const size = batch.extensionLength[i * CARRIED + k];
      if (id === 0 || at + size + 2 > limit) continue;
      if (twoByte) {
        bytes[at++] = id;
        bytes[at++] = size;
      } else {
        if (size === 0) continue;
        bytes[at++] = (id << 4) | (size - 1);
      }
      const from = source + batch.extensionOffset[i * CARRIED + k];
      for (let b = 0; b < size; b++) bytes[at++] = sink.arena[from + b];
      any = true;
    }
    if (!any && !hadBlock) return prefixLength;
    while (((at - start) & 3) !== 0) bytes[at++] = 0;
    bytes[start] |= 0x10;
    bytes[block] = twoByte ? 0x10 : 0xbe;
    bytes[block + 1] = twoByte ? 0x00 : 0xde;
    bytes[block + 2] = 0;
    bytes[block + 3] = (at - block - 4) >> 2;
    return at - start;
  }

  /** Rewrites the template's one-byte elements (transport-cc, mid) in two-byte form; the zeros between elements stay padding. */
  #widen(start: number, prefixLength: number): number {
    this.#widened = true;
    const bytes = this.sink.txPrefix;
    const elements = start + FIXED_WORDS * 4;
    const end = start + prefixLength;
    const old = bytes.slice(elements, end);
    let at = elements;
    for (let k = 0; k < old.length; ) {
      const head = old[k];
      if (head === 0) {
        k++;
        continue;
      }
      const size = (head & 15) + 1;
      bytes[at++] = head >> 4;
      bytes[at++] = size;
      for (let b = 0; b < size; b++) bytes[at++] = old[k + 1 + b];
      k += 1 + size;
    }
    while (((at - start) & 3) !== 0) bytes[at++] = 0;
    return at - start;
  }

  flush(): void {
    this.sink.flush(this.rows);
    this.rows = 0;
  }
}
