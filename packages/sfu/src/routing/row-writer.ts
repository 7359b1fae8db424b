/**
 * Writes the rows that the datapath sends: header, extensions and whatever of the payload differs from the source's, straight
 * into shared memory. No closures, no allocation.
 */
import {
  type Datapath,
  SLOT_BYTES,
  TX_FLAGS,
  TX_MADE,
  TX_PACKET,
  TX_PADDING,
  TX_PAYLOAD_LENGTH,
  TX_PAYLOAD_OFFSET,
  TX_PREFIX_BYTES,
  TX_PREFIX_LENGTH,
  TX_STREAM,
  TX_STRIDE,
} from '@efir/datapath';
import { type RedAudio, renumberDependencyDescriptor } from '@efir/rtc';
import { bigEndianWord, FIXED_WORDS } from './header-template.js';
import type { Pacing } from './pacing.js';
import { CARRIED, DEPENDENCIES, type SourceBatch } from './source-batch.js';
import { type StreamTable, TEMPLATE_WORDS } from './stream-table.js';
import type { TransportCcTable } from './transport-cc-table.js';
import { rewriteVp8Descriptor } from './vp8-rewrite.js';

/** The datapath as the fan-out sees it; tests hand in plain arrays. */
export type RowSink = Pick<
  Datapath,
  'tx' | 'txPrefix' | 'txPrefixWords' | 'txRows' | 'arena' | 'slots' | 'made' | 'flush'
>;

const PREFIX_WORDS = TX_PREFIX_BYTES / 4;
/** Where the transport-wide number stands in the first extension word of a two-byte block. */
const WIDE_SHIFT = 16;

export class RowWriter {
  /** Rows written and not flushed yet. */
  rows = 0;
  /** Packets forwarded since start. */
  forwarded = 0;
  /** For the next rows: `TX_REPEAT` or 0. */
  flags = 0;
  /** For the next rows: of the packet that they repair, -1: none. */
  originalSequence = -1;
  /** For the next rows: sound's earlier frames, and how many go along. */
  frames: RedAudio | null = null;
  distance = 0;
  /** Of the last row. */
  sequence = 0;
  timestamp = 0;
  /** Bytes up to the end of its extensions. */
  headerLength = 0;
  prefixLength = 0;
  /** Where its transport-wide number stands, -1: it has none. */
  numberOffset = -1;
  readonly #slotMask: number;
  /** The row being written had its one-byte block rewritten in two-byte form. */
  #widened = false;

  constructor(
    readonly sink: RowSink,
    readonly table: StreamTable,
    readonly transportCc: TransportCcTable,
    readonly pacing: Pacing,
  ) {
    this.#slotMask = sink.slots - 1;
  }

  /** Entry `i` of the batch as the stream's next packet. */
  write(batch: SourceBatch, stream: number, i: number): void {
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
    words[w + 1] = bigEndianWord(timestamp);
    for (let k = 2; k < length; k++) words[w + k] = template[t + k];

    let prefixLength = length * 4;
    let payloadOffset = batch.payloadOffset[i];
    let payloadLength = batch.payloadLength[i];
    const mask = batch.extensionMask[i];
    this.#widened = false;
    if (mask !== 0) prefixLength = this.#carry(batch, stream, i, row, prefixLength, mask);

    this.headerLength = prefixLength;
    if (this.originalSequence >= 0) {
      const at = row * TX_PREFIX_BYTES + prefixLength;
      sink.txPrefix[at] = this.originalSequence >> 8;
      sink.txPrefix[at + 1] = this.originalSequence & 0xff;
      prefixLength += 2;
    } else if (table.red[stream] !== 0) {
      prefixLength += this.#wrap(batch, stream, i, row * TX_PREFIX_BYTES + prefixLength);
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

    this.numberOffset = -1;
    let shift = table.transportCcShift[stream];
    if (shift !== 0) {
      if (this.#widened) shift = WIDE_SHIFT;
      this.numberOffset = FIXED_WORDS * 4 + (shift >> 3);
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
    tx[at + TX_FLAGS] = this.flags;
    table.octets[stream] += payloadLength;
    this.forwarded++;
    this.sequence = sequence;
    this.timestamp = timestamp;
    this.prefixLength = prefixLength;
  }

  /**
   * A packet of `length` bytes that stand at `offset` in `sink.made`. `block`: payload type inside of RED, -1: none. There must
   * be a row left: a flush here would take `sink.made` away.
   */
  writeMade(stream: number, sequence: number, timestamp: number, block: number, offset: number, length: number): void {
    const { sink, table, transportCc } = this;
    if (this.rows === sink.txRows) return;
    const row = this.rows++;
    const words = sink.txPrefixWords;
    const w = row * PREFIX_WORDS;
    const t = stream * TEMPLATE_WORDS;
    const templateLength = table.templateLength[stream];
    words[w] = table.template[t] | ((sequence >> 8) << 16) | ((sequence & 0xff) << 24);
    words[w + 1] = bigEndianWord(timestamp);
    for (let k = 2; k < templateLength; k++) words[w + k] = table.template[t + k];
    let prefixLength = templateLength * 4;
    if (block >= 0) sink.txPrefix[row * TX_PREFIX_BYTES + prefixLength++] = block;
    const shift = table.transportCcShift[stream];
    if (shift !== 0) {
      const number = transportCc.stamp(table.transport[stream], prefixLength + length);
      this.pacing.spend(table.transport[stream], prefixLength + length);
      words[w + FIXED_WORDS] |= ((number >> 8) << shift) | ((number & 0xff) << (shift + 8));
    }
    const { tx } = sink;
    const at = row * TX_STRIDE;
    tx[at + TX_STREAM] = table.handle[stream];
    tx[at + TX_PREFIX_LENGTH] = prefixLength;
    tx[at + TX_PACKET] = 0;
    tx[at + TX_PAYLOAD_OFFSET] = offset;
    tx[at + TX_PAYLOAD_LENGTH] = length;
    tx[at + TX_PADDING] = 0;
    tx[at + TX_FLAGS] = TX_MADE;
    table.packets[stream]++;
    table.octets[stream] += length;
  }

  /** RED's header, and with sound the frames before; returns its length. */
  #wrap(batch: SourceBatch, stream: number, i: number, at: number): number {
    const { sink, table } = this;
    const block = table.red[stream];
    const { frames, distance } = this;
    if (frames) {
      // The frame itself is no part of the prefix.
      const length = batch.payloadLength[i];
      const room = this.rows * TX_PREFIX_BYTES - at + length;
      const made = frames.writePrefix(
        distance,
        block,
        batch.sequence[i],
        batch.timestamp[i],
        length,
        sink.txPrefix,
        at,
        room,
      );
      if (made > 0) return made;
    }
    sink.txPrefix[at] = block;
    return 1;
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
      const offset = table.frameOffset[stream];
      if (k === DEPENDENCIES && offset !== 0 && size >= 3) {
        const frame = (sink.arena[from + 1] << 8) | sink.arena[from + 2];
        renumberDependencyDescriptor(bytes, at - size, size, (frame + offset) & 0xffff, 0);
      }
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
