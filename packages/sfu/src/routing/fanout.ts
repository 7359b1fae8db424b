/**
 * The hot path: one row of integers for each packet and receiver. No closures, no allocation, typed arrays only.
 * `bench/` measures it; nothing here may depend on what kind of room it serves.
 */
import {
  MADE_BYTES,
  SLOT_BYTES,
  TX_PAYLOAD_LENGTH,
  TX_PAYLOAD_OFFSET,
  TX_PREFIX_BYTES,
  TX_REPEAT,
  TX_STRIDE,
} from '@efir/datapath';
import type { FecEncoder } from '@efir/rtc';
import type { Encoding } from './encoding.js';
import { bigEndianWord } from './header-template.js';
import { type LayerFilter, LEAVE_OUT, TAKE_LAST, TAKE_LATE } from './layer-filter.js';
import type { Pacing } from './pacing.js';
import type { Protection } from './protection.js';
import { type RowSink, RowWriter } from './row-writer.js';
import { padRuns, SourceBatch } from './source-batch.js';
import { type StreamTable, TEMPLATE_WORDS } from './stream-table.js';
import type { TransportCcTable } from './transport-cc-table.js';
import type { Epoch, VirtualStream } from './virtual-stream.js';

/** Where a stream takes over a new source: decides whether packet `index` is the one, and sets the stream's offsets if so. */
export interface Switcher {
  /** True: the stream now takes `encoding`, beginning with packet `index` of the batch. */
  trySwitch(stream: number, encoding: Encoding, batch: SourceBatch, index: number): boolean;
  /** Of a stream that the table calls filtered. */
  filterOf(stream: number): LayerFilter;
  /** Of a stream that the table calls protected. */
  protectionOf(stream: number): Protection;
  flexfecRow(stream: number): number;
}

const RTP_HEADER = 12;
const SSRC_WORD = 2;
/** Of a repair packet's payload, RED's byte not counted. */
const MAX_REPAIR_BYTES = 1_300;
/** RTP padding is counted in one byte. */
const MAX_PADDING = 255;

export class Fanout {
  readonly writer: RowWriter;
  readonly #padding = new SourceBatch(1);
  readonly #paddingCount = new Uint8Array(1);
  /** Of the turn under way. */
  nowMs = 0;
  /** Where the next payload of our own goes in `sink.made`. */
  #made = 0;

  constructor(
    readonly sink: RowSink,
    readonly table: StreamTable,
    readonly batch: SourceBatch,
    readonly transportCc: TransportCcTable,
    readonly pacing: Pacing,
    readonly switcher: Switcher,
  ) {
    this.writer = new RowWriter(sink, table, transportCc, pacing);
  }

  /** Writes rows for every stream that takes this encoding, receiver by receiver. */
  forward(encoding: Encoding, now: number): void {
    const { head } = encoding.chain;
    if (head < 0) return;
    this.nowMs = now;
    padRuns(this.batch, head);
    const { streams } = encoding;
    const { current, fresh, filtered, transport } = this.table;
    const special = this.table.protected;
    const { pacing } = this;
    const patient = encoding.producer.kind === 'video';
    // Streams may leave the list while it is walked (a switch away); the walk is backwards for that.
    for (let k = encoding.streamCount - 1; k >= 0; k--) {
      const stream = streams[k];
      if (patient && pacing.mustWait(transport[stream], now) && this.#wait(stream, encoding, head, now)) continue;
      if (current[stream] === encoding.number && (fresh[stream] | filtered[stream] | special[stream]) === 0)
        this.#run(stream, head);
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
      table.frameOffset[row],
    ];
    let wire = sequence;
    if (stream.rtxNumber >= 0) {
      wire = stream.nextRtxSequence;
      stream.nextRtxSequence = (wire + 1) & 0xffff;
      this.writer.originalSequence = sequence;
    } else {
      this.writer.flags = TX_REPEAT;
    }
    table.sequenceOffset[row] = wire - batch.sequence[i];
    table.timestampOffset[row] = epoch.timestampOffset;
    table.pictureIdOffset[row] = pictureIdOffset;
    table.tl0Offset[row] = epoch.tl0Offset;
    table.frameOffset[row] = epoch.frameOffset;
    this.writer.write(batch, row, i);
    table.packets[row]++;
    this.writer.originalSequence = -1;
    this.writer.flags = 0;
    [
      table.sequenceOffset[row],
      table.timestampOffset[row],
      table.pictureIdOffset[row],
      table.tl0Offset[row],
      table.frameOffset[row],
    ] = saved;
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
    this.writer.write(batch, row, i);
    return MAX_PADDING + table.templateLength[row] * 4;
  }

  #run(stream: number, head: number): void {
    const { next } = this.batch;
    const before = this.writer.forwarded;
    for (let i = head; i >= 0; i = next[i]) this.writer.write(this.batch, stream, i);
    this.table.packets[stream] += this.writer.forwarded - before;
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
      if (table.protected[stream] !== 0) this.#guard(batch, stream, encoding, i);
      else if (table.filtered[stream] !== 0) this.#filter(batch, stream, i);
      else this.writer.write(batch, stream, i);
      table.packets[stream]++;
    }
  }

  /** A packet of a stream with redundancy, and what it makes due. */
  #guard(batch: SourceBatch, stream: number, encoding: Encoding, i: number): void {
    const { table, writer } = this;
    const protection = this.switcher.protectionOf(stream);
    const { encoder } = protection;
    if (!encoder) {
      writer.frames = encoding.frames;
      writer.distance = protection.distance;
      writer.write(batch, stream, i);
      writer.frames = null;
      return;
    }
    const before = writer.forwarded;
    const marker = this.#filter(batch, stream, i);
    if (writer.forwarded === before || marker < 0) return;
    if (!this.#addParity(encoder, batch, stream, i, marker)) return;
    const { sequence, timestamp } = writer;
    const count = encoder.repairs(marker !== 0, this.nowMs);
    const flex = protection.kind === 'flexfec';
    let number = sequence;
    for (let k = 0; k < count; k++) {
      if (this.#made + MAX_REPAIR_BYTES > MADE_BYTES || writer.rows === this.sink.txRows) this.flush();
      const length = flex
        ? encoder.writeFlexfec03(k, ssrcOf(table, stream), this.sink.made, this.#made, MAX_REPAIR_BYTES)
        : encoder.writeUlpfec(k, this.sink.made, this.#made, MAX_REPAIR_BYTES);
      if (length === 0) continue;
      if (flex) {
        const row = this.switcher.flexfecRow(stream);
        writer.writeMade(row, protection.nextSequence, timestamp, -1, this.#made, length);
        protection.nextSequence = (protection.nextSequence + 1) & 0xffff;
      } else {
        // In the media's own numbers: all that follows moves on by one.
        number = (number + 1) & 0xffff;
        table.sequenceOffset[stream] = table.sequenceOffset[stream] + 1;
        writer.writeMade(stream, number, timestamp, protection.payloadType, this.#made, length);
      }
      this.#made += length;
      protection.packets++;
    }
  }

  /** Tells the encoder of the row just written, as its receiver gets it, without RED. */
  #addParity(encoder: FecEncoder, batch: SourceBatch, stream: number, i: number, marker: number): boolean {
    const { table, writer, sink } = this;
    const at = (writer.rows - 1) * TX_PREFIX_BYTES;
    const { headerLength, numberOffset, prefixLength } = writer;
    const red = table.red[stream] !== 0 ? 1 : 0;
    const codec = red ? table.red[stream] : sink.txPrefix[at + 1] & 0x7f;
    const tx = (writer.rows - 1) * TX_STRIDE;
    const payloadLength = sink.tx[tx + TX_PAYLOAD_LENGTH];
    const padding = batch.padding[i];
    const body = prefixLength - red - RTP_HEADER + payloadLength + padding;
    const first = sink.txPrefix[at];
    if (!encoder.packet(writer.sequence, first, marker | codec, writer.timestamp, body, this.nowMs)) return false;
    // Receivers take transport-wide numbers as zeros.
    const hole = numberOffset >= 0 ? numberOffset : headerLength;
    encoder.part(0, sink.txPrefix, at + RTP_HEADER, hole - RTP_HEADER);
    const behind = numberOffset >= 0 ? hole + 2 : hole;
    encoder.part(behind - RTP_HEADER, sink.txPrefix, at + behind, headerLength - behind);
    const prefixed = prefixLength - red - headerLength;
    encoder.part(headerLength - RTP_HEADER, sink.txPrefix, at + headerLength + red, prefixed);
    const slot = (batch.packet[i] & (sink.slots - 1)) * SLOT_BYTES + sink.tx[tx + TX_PAYLOAD_OFFSET];
    encoder.part(headerLength + prefixed - RTP_HEADER, sink.arena, slot, payloadLength);
    if (padding > 0) {
      this.#paddingCount[0] = padding;
      encoder.part(body - 1, this.#paddingCount, 0, 1);
    }
    return true;
  }

  /** Returns the marker the packet went out with, -1 if it went late or not at all. */
  #filter(batch: SourceBatch, stream: number, i: number): number {
    const { table } = this;
    if (table.filtered[stream] === 0) {
      this.writer.write(batch, stream, i);
      return batch.marker[i];
    }
    const filter = this.switcher.filterOf(stream);
    const verdict = filter.admit(table, stream, batch, i);
    if (verdict === LEAVE_OUT) {
      table.packets[stream]--;
      return -1;
    }
    if (verdict === TAKE_LATE) {
      const sequenceOffset = table.sequenceOffset[stream];
      const pictureIdOffset = table.pictureIdOffset[stream];
      table.sequenceOffset[stream] = filter.lateSequenceOffset;
      table.pictureIdOffset[stream] = filter.latePictureIdOffset;
      this.writer.write(batch, stream, i);
      table.sequenceOffset[stream] = sequenceOffset;
      table.pictureIdOffset[stream] = pictureIdOffset;
      return -1;
    }
    const marker = batch.marker[i];
    if (verdict === TAKE_LAST) batch.marker[i] = 0x80;
    this.writer.write(batch, stream, i);
    const out = batch.marker[i];
    batch.marker[i] = marker;
    return out;
  }

  flush(): void {
    this.writer.flush();
    this.#made = 0;
  }
}

/** The template has it in the order of the wire. */
function ssrcOf(table: StreamTable, stream: number): number {
  const word = table.template[stream * TEMPLATE_WORDS + SSRC_WORD];
  return bigEndianWord(word);
}
