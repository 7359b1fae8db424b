/**
 * One outgoing stream of a subscriber whose source changes at will: at a key frame, with gap-free sequence numbers,
 * timestamps and VP8 picture ids (Google Meet's term). The hot part of its state lies in `StreamTable`; this is the rest.
 */
import {
  type CodecParameters,
  type DownlinkParameters,
  type ExtensionIds,
  type FecRate,
  type MediaKind,
  type RepairParameters,
  type SectionParameters,
  sequenceDelta,
} from '@efir/rtc';
import type { Given } from '../allocation/subscriber.js';
import type { StreamSource, StreamWant } from '../worker/control.js';
import type { Encoding } from './encoding.js';
import { bigEndianWord, headerTemplate } from './header-template.js';
import { LayerFilter } from './layer-filter.js';
import type { PacketReader } from './packet-reader.js';
import { matchingCodec, type Producer } from './producer.js';
import { type Protection, protectionFor } from './protection.js';
import { CARRIED, CARRIED_EXTENSIONS, MAX_LAYERS, type SourceBatch } from './source-batch.js';
import { NO_ENCODING, type StreamTable, TEMPLATE_WORDS } from './stream-table.js';
import type { Transport } from './transport.js';

/** How outgoing numbers follow from an encoding's, from one switch to the next. */
export interface Epoch {
  encoding: Encoding;
  /** First outgoing sequence number. */
  startSequence: number;
  sequenceOffset: number;
  timestampOffset: number;
  pictureIdOffset: number;
  tl0Offset: number;
  frameOffset: number;
  /** There once layers were left out. The offsets above are those from before it. */
  filter: LayerFilter | null;
}

/** What of a source comes by another way may be behind or ahead of the way so far by this, ms. */
const MAX_APART_MS = 1_000;
/** Word of the template that holds the CSRC. */
const CSRC_WORD = 3;

const ALL_LAYERS = { spatial: MAX_LAYERS - 1, temporal: MAX_LAYERS - 1 };

export class VirtualStream {
  readonly id: string;
  readonly mid: string;
  readonly kind: MediaKind;
  /** Row of the table. */
  readonly number: number;
  /** Row of the RTX stream, -1 without one. */
  rtxNumber = -1;
  /** Row of the FlexFEC stream, -1 without one. */
  fecNumber = -1;
  /** What redundancy the receiver agreed to. */
  repair: RepairParameters | undefined;
  /** There while redundancy is sent. */
  protection: Protection | null = null;
  /** Kept while there is none: numbers of FlexFEC go on where they ended, or SRTP takes them for repeats. */
  #idle: Protection | null = null;
  downlink: DownlinkParameters;
  codecs: CodecParameters[];
  extensions: ExtensionIds;
  source: StreamSource = null;
  /** What it is shown as; null: nobody said. */
  want: StreamWant | null = null;
  /** What the allocation gave it (video). */
  readonly given: Given = { spatial: -1, temporal: -1, paused: false };
  /** What `source` comes to just now. */
  producer: Producer | null = null;
  epoch: Epoch | null = null;
  previousEpoch: Epoch | null = null;
  nextRtxSequence: number;
  /** Where the stream stood when it last lost its source. */
  #end: { sequence: number; timestamp: number; atMs: number; pictureId: number; tl0: number; frame: number } | null =
    null;
  #firstSequence: number;
  /** From the client's reports. */
  reported = { lost: 0, fraction: 0, jitterMs: 0 };
  nacks = 0;
  plis = 0;
  retransmitted = 0;
  bitrateBps = 0;
  octetsAtRate = 0;
  /** Layers of the encoding that are forwarded at most. */
  readonly limits = { ...ALL_LAYERS };
  /** Of the packet that `sourceOf` found. */
  foundPictureIdOffset = 0;
  /** When each recently repaired number went out: a client that asks twice within a round trip gets one answer. */
  repairTimes: Map<number, number> | null = null;

  constructor(
    readonly transport: Transport,
    readonly table: StreamTable,
    section: SectionParameters,
    random: () => number,
  ) {
    this.id = `${transport.id}/${section.mid}`;
    this.mid = section.mid;
    this.kind = section.kind;
    this.downlink = section.downlink!;
    this.codecs = section.codecs;
    this.extensions = section.extensions;
    this.repair = section.repair;
    // Below 2^15, so that both ends begin with the same roll-over counter (RFC 3711 section 3.3.1).
    this.#firstSequence = Math.floor(random() * 0x4000) + 1;
    this.nextRtxSequence = Math.floor(random() * 0x4000) + 1;
    this.number = table.allocate();
    table.transport[this.number] = transport.number;
    if (this.downlink.rtxSsrc !== undefined) {
      this.rtxNumber = table.allocate();
      table.transport[this.rtxNumber] = transport.number;
    }
    if (this.downlink.flexfecSsrc !== undefined && this.repair?.flexfec !== undefined) {
      this.fecNumber = table.allocate();
      table.transport[this.fecNumber] = transport.number;
    }
    this.#writeTemplates(null);
  }

  update(section: SectionParameters): void {
    this.codecs = section.codecs;
    this.extensions = section.extensions;
    this.#writeTemplates(this.epoch?.encoding ?? null);
  }

  /** The receiver can decode what the encoding carries. */
  takes(encoding: Encoding): boolean {
    return encoding.codec === null || matchingCodec(encoding.codec, this.codecs) !== undefined;
  }

  /** `encoding` takes over at its next key frame (audio: next packet); until then the source so far goes on. */
  prepare(encoding: Encoding): void {
    const { table, number } = this;
    if (table.current[number] === encoding.number) {
      this.cancelPending();
      return;
    }
    // It has been asked for already.
    if (table.pending[number] === encoding.number) return;
    this.cancelPending();
    table.pending[number] = encoding.number;
    encoding.attach(number);
    if (this.kind === 'video') encoding.keyFrames.request();
  }

  /** Leaves layers above these out, from the next frame on that allows it. */
  limit(spatial: number, temporal: number): void {
    const before = this.limits.spatial;
    this.limits.spatial = spatial;
    this.limits.temporal = temporal;
    const { epoch, table, number } = this;
    if (!epoch || table.current[number] !== epoch.encoding.number) return;
    // A spatial layer within the encoding can be taken up at a key frame.
    if (spatial > before && epoch.encoding.layers.topSpatial > before) epoch.encoding.keyFrames.request();
    if (epoch.filter) this.#want(epoch.filter, epoch.encoding);
    else if (this.#restricts(epoch.encoding)) this.#startFilter();
  }

  /** Repair packets for video at this rate, from the next packet on. */
  protect(rate: FecRate): void {
    if (rate.share > 0 && !this.protection) this.#setProtection(this.#idle ?? protectionFor(this.kind, this.repair));
    else if (rate.share === 0 && this.protection) this.#setProtection(null);
    this.protection?.setRate(rate);
    // What is inserted moves the numbers of all that follows, which the filter keeps book of.
    if (this.protection) this.#startFilter();
  }

  /** Earlier frames with each packet of audio. */
  protectAudio(distance: number): void {
    if (distance > 0 && !this.protection) this.#setProtection(protectionFor(this.kind, this.repair));
    else if (distance === 0 && this.protection) this.#setProtection(null);
    if (!this.protection) return;
    this.protection.distance = distance;
    this.epoch?.encoding.keepFrames();
  }

  #setProtection(protection: Protection | null): void {
    const { table, number } = this;
    this.#idle = this.protection ?? this.#idle;
    protection?.encoder?.reset();
    this.protection = protection;
    table.protected[number] = protection ? 1 : 0;
    this.#writeTemplates(this.epoch?.encoding ?? null);
  }

  #startFilter(): void {
    const { epoch, table, number } = this;
    if (!epoch || epoch.filter || table.current[number] !== epoch.encoding.number) return;
    epoch.filter = new LayerFilter(ALL_LAYERS.spatial, ALL_LAYERS.temporal);
    this.#want(epoch.filter, epoch.encoding);
    table.filtered[number] = 1;
  }

  #want(filter: LayerFilter, encoding: Encoding): void {
    const { spatial, temporal } = this.#limitsFor(encoding);
    filter.wantSpatial = spatial;
    filter.wantTemporal = temporal;
  }

  #restricts(encoding: Encoding): boolean {
    const { spatial, temporal } = this.#limitsFor(encoding);
    return spatial < encoding.layers.topSpatial || temporal < encoding.layers.topTemporal;
  }

  /** What AV1's frames need stands in the dependency descriptor alone: who doesn't get that can't do without any of them. */
  #limitsFor({ codec }: Encoding): typeof ALL_LAYERS {
    const whole = codec?.name === 'av1' && this.extensions.dependencyDescriptor === undefined;
    return whole ? ALL_LAYERS : this.limits;
  }

  get filter(): LayerFilter | null {
    return this.epoch?.filter ?? null;
  }

  /** The source sequence number that went out as `sequence` in `epoch`, -1 when none did; see `foundPictureIdOffset`. */
  sourceOf(epoch: Epoch, sequence: number): number {
    const { filter } = epoch;
    if (filter) {
      const source = filter.sourceOf(sequence);
      this.foundPictureIdOffset = filter.latePictureIdOffset;
      if (source >= 0) return source;
    }
    const source = (sequence - epoch.sequenceOffset) & 0xffff;
    this.foundPictureIdOffset = epoch.pictureIdOffset;
    return !filter || filter.isBefore(source) ? source : -1;
  }

  cancelPending(): void {
    const { table, number } = this;
    const pending = table.pending[number];
    if (pending === NO_ENCODING) return;
    table.pending[number] = NO_ENCODING;
    if (pending !== table.current[number]) this.transport.engine.encoding(pending)?.detach(number);
  }

  /** The source ends or pauses: remember where the stream stands. */
  stop(): void {
    this.cancelPending();
    const { table, number, epoch } = this;
    this.transport.engine.releaseWaiting(this);
    if (table.current[number] === NO_ENCODING || !epoch) return;
    this.#end = this.#standing(epoch);
    table.current[number] = NO_ENCODING;
    table.filtered[number] = 0;
    epoch.encoding.detach(number);
  }

  /** The encoding is going away. */
  forget(encoding: Encoding): void {
    const { table, number } = this;
    if (table.current[number] === encoding.number) {
      this.stop();
    } else if (table.pending[number] === encoding.number) {
      this.cancelPending();
    } else {
      encoding.detach(number);
    }
  }

  /** The packet `index` of the batch begins a new source. Returns false when the receiver can't decode it. */
  switchTo(encoding: Encoding, batch: SourceBatch, index: number, reader: PacketReader, now: number): boolean {
    const { table, number } = this;
    if (!encoding.codec || !matchingCodec(encoding.codec, this.codecs)) return false;
    const end = table.current[number] !== NO_ENCODING && this.epoch ? this.#standing(this.epoch) : this.#end;
    const old = table.current[number] !== NO_ENCODING ? this.epoch!.encoding : null;
    const apart =
      end && this.epoch && sameSource(this.epoch.encoding, encoding) ? this.#apart(end, batch, index) : null;
    if (apart !== null && this.kind === 'audio' && apart <= 0 && -apart <= ticksOf(MAX_APART_MS, encoding)) {
      this.#awaitUnheard(encoding);
      return false;
    }
    // What still waits of the old source is not sent any more.
    const unsent = old ? this.transport.engine.pacing.waitingOf(this.transport.number, number, old) : 0;

    const sequence = batch.sequence[index];
    const timestamp = batch.timestamp[index];
    const startSequence = end ? (end.sequence + 1 - unsent) & 0xffff : this.#firstSequence;
    let timestampOffset = table.timestampOffset[number];
    let pictureIdOffset = 0;
    let tl0Offset = 0;
    let frameOffset = 0;
    if (end) {
      const ticks = Math.max(1, Math.round(((now - end.atMs) * encoding.codec.clockRate) / 1000));
      // The same source keeps its own time; what is of another, or too far off, goes by our clock.
      const keeps = apart !== null && apart > 0 && apart <= ticks + ticksOf(MAX_APART_MS, encoding);
      timestampOffset = keeps ? this.epoch!.timestampOffset : (end.timestamp + ticks - timestamp) >>> 0;
      if (batch.descriptorLength[index] > 0 && end.pictureId >= 0) {
        const fields = reader.describeVp8(batch, index);
        if (fields && fields.pictureId >= 0) pictureIdOffset = (end.pictureId + 1 - fields.pictureId) & 0x7fff;
        if (fields && fields.tl0PicIdx >= 0 && end.tl0 >= 0) tl0Offset = (end.tl0 + 1 - fields.tl0PicIdx) & 0xff;
      }
      // Browsers take a key frame for an old one whose number is below that of the last.
      const frame = reader.frameNumber(batch, index);
      if (frame >= 0 && end.frame >= 0) frameOffset = (end.frame + 1 - frame) & 0xffff;
    }
    if (this.epoch) this.previousEpoch = this.epoch;
    this.protection?.encoder?.reset();
    const filter =
      this.#restricts(encoding) || (this.protection && this.kind === 'video')
        ? new LayerFilter(this.#limitsFor(encoding).spatial, this.#limitsFor(encoding).temporal)
        : null;
    this.epoch = {
      encoding,
      startSequence,
      sequenceOffset: (startSequence - sequence) & 0xffff,
      timestampOffset,
      pictureIdOffset,
      tl0Offset,
      frameOffset,
      filter,
    };
    table.filtered[number] = filter ? 1 : 0;
    table.current[number] = encoding.number;
    table.pending[number] = NO_ENCODING;
    table.fresh[number] = 1;
    table.startSequence[number] = sequence;
    table.sequenceOffset[number] = this.epoch.sequenceOffset;
    table.timestampOffset[number] = timestampOffset;
    table.pictureIdOffset[number] = pictureIdOffset;
    table.tl0Offset[number] = tl0Offset;
    table.frameOffset[number] = frameOffset;
    this.#writeTemplates(encoding);
    if (old && old !== encoding) old.detach(number);
    return true;
  }

  /** Ticks by which a packet of the same source is ahead of what was sent last. */
  #apart(end: { timestamp: number }, batch: SourceBatch, index: number): number {
    return (batch.timestamp[index] + this.epoch!.timestampOffset - end.timestamp) | 0;
  }

  /** The other way is behind: the way so far is left now, and taken up is what wasn't heard by it. */
  #awaitUnheard(encoding: Encoding): void {
    const { table, number } = this;
    if (table.current[number] === NO_ENCODING) return;
    this.stop();
    table.pending[number] = encoding.number;
    encoding.attach(number);
  }

  /** The codec of the encoding changed under way. */
  codecChanged(encoding: Encoding): void {
    this.#writeTemplates(encoding);
  }

  /** The epoch in which an outgoing sequence number was sent, or null. */
  epochOf(sequence: number): Epoch | null {
    if (this.epoch && sequenceDelta(sequence, this.epoch.startSequence) >= 0) return this.epoch;
    return this.previousEpoch;
  }

  /** RTP time of this stream at `now` on our clock, for a Sender Report; null before anything was sent. */
  rtpTimeAt(now: number): number | null {
    const { epoch } = this;
    if (!epoch || this.table.current[this.number] === NO_ENCODING) return null;
    const { encoding } = epoch;
    const clockRate = encoding.codec?.clockRate;
    if (!clockRate || !encoding.everForwarded) return null;
    const [timestamp, atMs] = encoding.reported
      ? [encoding.reportTimestamp, encoding.reportAtMs]
      : [encoding.forwardedTimestamp, encoding.forwardedAtMs];
    return (timestamp + Math.round(((now - atMs) * clockRate) / 1000) + epoch.timestampOffset) >>> 0;
  }

  close(): void {
    this.stop();
    this.table.release(this.number);
    if (this.rtxNumber >= 0) this.table.release(this.rtxNumber);
    if (this.fecNumber >= 0) this.table.release(this.fecNumber);
  }

  /** Of what the stream sent last, out of its present source. Packets left out have moved the offsets. */
  #standing({ encoding, timestampOffset, tl0Offset, frameOffset }: Epoch) {
    const { table, number } = this;
    return {
      sequence: (encoding.forwardedSequence + table.sequenceOffset[number]) & 0xffff,
      timestamp: (encoding.forwardedTimestamp + timestampOffset) >>> 0,
      atMs: encoding.forwardedAtMs,
      pictureId:
        encoding.forwardedPictureId < 0 ? -1 : (encoding.forwardedPictureId + table.pictureIdOffset[number]) & 0x7fff,
      tl0: encoding.forwardedTl0 < 0 ? -1 : (encoding.forwardedTl0 + tl0Offset) & 0xff,
      frame: encoding.forwardedFrameNumber < 0 ? -1 : (encoding.forwardedFrameNumber + frameOffset) & 0xffff,
    };
  }

  #writeTemplates(encoding: Encoding | null): void {
    const codec = encoding?.codec ? matchingCodec(encoding.codec, this.codecs) : this.codecs[0];
    if (!codec) return;
    const csrc = encoding ? encoding.producer.tag : 0;
    const wrapped = this.protection && this.protection.kind !== 'flexfec' ? this.repair?.red : undefined;
    this.table.red[this.number] = wrapped === undefined ? 0 : codec.payloadType;
    this.#writeTemplate(this.number, this.downlink.ssrc, wrapped ?? codec.payloadType, csrc);
    if (this.fecNumber >= 0)
      this.#writeTemplate(this.fecNumber, this.downlink.flexfecSsrc!, this.repair!.flexfec!, csrc);
    if (this.rtxNumber >= 0 && codec.rtxPayloadType !== undefined)
      this.#writeTemplate(this.rtxNumber, this.downlink.rtxSsrc!, codec.rtxPayloadType, csrc);
  }

  #writeTemplate(row: number, ssrc: number, payloadType: number, csrc: number): void {
    const { table } = this;
    const template = headerTemplate(ssrc, payloadType, this.extensions, this.mid);
    table.template.set(template.words, row * TEMPLATE_WORDS);
    table.template[row * TEMPLATE_WORDS + CSRC_WORD] = bigEndianWord(csrc);
    table.templateLength[row] = template.length;
    table.transportCcShift[row] = template.transportCcShift;
    for (let k = 0; k < CARRIED; k++) table.carriedIds[row * CARRIED + k] = this.extensions[CARRIED_EXTENSIONS[k]] ?? 0;
  }
}

/** They carry the same packets, each by its own way. */
function sameSource(a: Encoding, b: Encoding): boolean {
  return a.rid === b.rid && a.producer.id === b.producer.id;
}

function ticksOf(ms: number, { codec }: Encoding): number {
  return (ms * codec!.clockRate) / 1000;
}
