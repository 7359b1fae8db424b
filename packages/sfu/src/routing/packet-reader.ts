/** From an arena slot to a batch entry: what the fan-out needs to know of a packet, read once however many receive it. */
import { SLOT_BYTES } from '@efir/datapath';
import {
  FrameDependencies,
  findExtension,
  h264Height,
  isKeyFrameStart,
  NOT_PRESENT,
  parseRtpHeader,
  parseVp8Descriptor,
  parseVp9Descriptor,
  RtpHeader,
  readVp9Structure,
  SWITCH,
  Vp8Descriptor,
  Vp9Descriptor,
  Vp9Structure,
} from '@efir/rtc';
import { type Encoding, FROM_RTX } from './encoding.js';
import {
  CARRIED,
  DEPENDENCIES,
  LAYER_END,
  LAYER_INTRA,
  LAYER_NOT_BELOW,
  LAYER_START,
  LAYER_SWITCH_UP,
  MAX_LAYERS,
  type SourceBatch,
} from './source-batch.js';

/** The slot's bytes behind the header aren't read here, so its true length doesn't matter to the header's parser. */
const MAX_PACKET = 1_500;

export class PacketReader {
  readonly descriptor = new Vp8Descriptor();
  readonly #header = new RtpHeader();
  readonly #vp9 = new Vp9Descriptor();
  readonly #structure = new Vp9Structure();
  readonly #frame = new FrameDependencies();

  constructor(
    readonly arena: Uint8Array,
    readonly slots: number,
  ) {}

  slotOffset(packet: number): number {
    return (packet & (this.slots - 1)) * SLOT_BYTES;
  }

  /**
   * Fills entry `i`. `headerLength` counts from the slot's start; for a restored RTX packet `payloadOffset` lies two bytes behind
   * it.
   */
  read(
    batch: SourceBatch,
    i: number,
    encoding: Encoding,
    packet: number,
    sequence: number,
    timestamp: number,
    marker: number,
    headerLength: number,
    payloadOffset: number,
    payloadLength: number,
  ): void {
    const slot = this.slotOffset(packet);
    const { producer } = encoding;
    batch.packet[i] = packet;
    batch.sequence[i] = sequence;
    batch.timestamp[i] = timestamp;
    batch.marker[i] = marker;
    batch.payloadOffset[i] = payloadOffset;
    batch.payloadLength[i] = payloadLength;
    if (producer.kind === 'audio') batch.keyFrame[i] = 1;
    else if (payloadLength > 0) this.#readPayload(batch, i, encoding, slot + payloadOffset, payloadLength);
    if ((this.arena[slot] & 0x10) === 0) return;
    let mask = 0;
    for (let k = 0; k < CARRIED; k++) {
      const id = producer.carriedIds[k];
      if (id === 0) continue;
      const found = findExtension(this.arena, slot, headerLength, id);
      if (found < 0) continue;
      mask |= 1 << k;
      batch.extensionOffset[i * CARRIED + k] = found >> 8;
      batch.extensionLength[i * CARRIED + k] = found & 0xff;
    }
    batch.extensionMask[i] = mask;
    if ((mask & (1 << DEPENDENCIES)) !== 0) this.#readDependencies(batch, i, encoding, slot);
  }

  /** Reads packet `sequence` of the encoding into a new entry, from where it lies in the arena; -1 if it isn't there any more. */
  restore(batch: SourceBatch, encoding: Encoding, sequence: number): number {
    const packet = encoding.find(sequence);
    if (packet < 0 || !encoding.codec) return -1;
    const header = parseRtpHeader(this.arena, this.slotOffset(packet), MAX_PACKET, this.#header);
    if (!header) return -1;
    const i = batch.add();
    if (i < 0) return -1;
    const restored = encoding.foundFlags(sequence) === FROM_RTX;
    this.read(
      batch,
      i,
      encoding,
      packet,
      sequence,
      header.timestamp,
      header.marker ? 0x80 : 0,
      header.headerLength,
      header.headerLength + (restored ? 2 : 0),
      encoding.foundLength(sequence),
    );
    return i;
  }

  #readPayload(batch: SourceBatch, i: number, encoding: Encoding, at: number, length: number): void {
    const codec = encoding.codec!.name;
    if (codec === 'vp8') {
      const { descriptor } = this;
      if (!parseVp8Descriptor(this.arena, at, length, descriptor)) return;
      batch.descriptorLength[i] = descriptor.descriptorLength;
      batch.keyFrame[i] = descriptor.keyFrame ? 1 : 0;
      batch.temporal[i] = clamp(descriptor.tid);
      if (descriptor.startOfPartition) {
        batch.layerFlags[i] = LAYER_START | (descriptor.layerSync ? LAYER_SWITCH_UP : 0);
      }
      if (descriptor.keyFrame && descriptor.height > 0) encoding.layers.resolution(0, descriptor.height);
      return;
    }
    batch.keyFrame[i] = isKeyFrameStart(codec, this.arena, at, length) ? 1 : 0;
    if (codec === 'h264' && batch.keyFrame[i] !== 0) {
      const height = h264Height(this.arena, at, length);
      if (height > 0) encoding.layers.resolution(0, height);
    }
    if (codec !== 'vp9') return;
    const vp9 = this.#vp9;
    if (!parseVp9Descriptor(this.arena, at, length, vp9)) return;
    batch.spatial[i] = clamp(vp9.sid);
    batch.temporal[i] = clamp(vp9.tid);
    batch.layerFlags[i] =
      (vp9.startOfFrame ? LAYER_START : 0) |
      (vp9.endOfFrame ? LAYER_END : 0) |
      (vp9.switchingUp ? LAYER_SWITCH_UP : 0) |
      (vp9.notForInterLayer ? LAYER_NOT_BELOW : 0) |
      (vp9.interPredicted ? 0 : LAYER_INTRA);
    if (!vp9.structure || !readVp9Structure(this.arena, at, vp9, this.#structure)) return;
    const { layerCount, heights } = this.#structure;
    for (let sid = 0; sid < layerCount && sid < MAX_LAYERS; sid++)
      if (heights[sid] > 0) encoding.layers.resolution(sid, heights[sid]);
  }

  /** The descriptor tells the layers of any codec, and more of them than the payload does. */
  #readDependencies(batch: SourceBatch, i: number, encoding: Encoding, slot: number): void {
    const frame = this.#frame;
    const at = i * CARRIED + DEPENDENCIES;
    const reader = encoding.dependencies();
    const offset = slot + batch.extensionOffset[at];
    if (reader.read(this.arena, offset, batch.extensionLength[at], frame) !== 'read') return;
    const { structure } = reader;
    if (!structure) return;
    batch.spatial[i] = clamp(frame.spatialId);
    batch.temporal[i] = clamp(frame.temporalId);
    let needed = false;
    let switches = false;
    for (let target = 0; target < frame.decodeTargetCount; target++) {
      const indication = frame.indications[target];
      if (indication !== NOT_PRESENT && structure.targetSpatialIds[target] > frame.spatialId) needed = true;
      if (indication === SWITCH && structure.targetTemporalIds[target] === frame.temporalId) switches = true;
    }
    batch.layerFlags[i] =
      (frame.startOfFrame ? LAYER_START : 0) |
      (frame.endOfFrame ? LAYER_END : 0) |
      (switches ? LAYER_SWITCH_UP : 0) |
      (needed || structure.maxSpatialId === 0 ? 0 : LAYER_NOT_BELOW) |
      (frame.structure ? LAYER_INTRA : 0);
    if (frame.height > 0) encoding.layers.resolution(batch.spatial[i], frame.height);
  }

  /** By the dependency descriptor; -1: there is none. */
  frameNumber(batch: SourceBatch, i: number): number {
    const extension = i * CARRIED + DEPENDENCIES;
    if ((batch.extensionMask[i] & (1 << DEPENDENCIES)) === 0 || batch.extensionLength[extension] < 3) return -1;
    const at = this.slotOffset(batch.packet[i]) + batch.extensionOffset[extension];
    return (this.arena[at + 1] << 8) | this.arena[at + 2];
  }

  /** The VP8 descriptor of an entry, valid until the next call; null when it is none. */
  describeVp8(batch: SourceBatch, i: number): Vp8Descriptor | null {
    const at = this.slotOffset(batch.packet[i]) + batch.payloadOffset[i];
    return parseVp8Descriptor(this.arena, at, batch.payloadLength[i], this.descriptor) ? this.descriptor : null;
  }
}

function clamp(layer: number): number {
  return layer < 0 ? 0 : layer >= MAX_LAYERS ? MAX_LAYERS - 1 : layer;
}
