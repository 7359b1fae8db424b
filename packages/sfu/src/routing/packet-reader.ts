/** From an arena slot to a batch entry: what the fan-out needs to know of a packet, read once however many receive it. */
import { SLOT_BYTES } from '@efir/datapath';
import { findExtension, isKeyFrameStart, parseVp8Descriptor, Vp8Descriptor } from '@efir/rtc';
import type { Producer } from './producer.js';
import { CARRIED, type SourceBatch } from './source-batch.js';

export class PacketReader {
  readonly descriptor = new Vp8Descriptor();

  constructor(
    readonly arena: Uint8Array,
    readonly slots: number,
  ) {}

  slotOffset(packet: number): number {
    return (packet & (this.slots - 1)) * SLOT_BYTES;
  }

  /**
   * Fills entry `i`. `headerLength` counts from the slot's start; for a restored RTX packet `payloadOffset` lies two bytes behind
   * it. `codec`: lower-case name.
   */
  read(
    batch: SourceBatch,
    i: number,
    producer: Producer,
    codec: string,
    packet: number,
    sequence: number,
    timestamp: number,
    marker: number,
    headerLength: number,
    payloadOffset: number,
    payloadLength: number,
  ): void {
    const slot = this.slotOffset(packet);
    batch.packet[i] = packet;
    batch.sequence[i] = sequence;
    batch.timestamp[i] = timestamp;
    batch.marker[i] = marker;
    batch.payloadOffset[i] = payloadOffset;
    batch.payloadLength[i] = payloadLength;
    if (producer.kind === 'audio') {
      batch.keyFrame[i] = 1;
    } else if (payloadLength > 0) {
      const at = slot + payloadOffset;
      if (codec === 'vp8') {
        if (parseVp8Descriptor(this.arena, at, payloadLength, this.descriptor)) {
          batch.descriptorLength[i] = this.descriptor.descriptorLength;
          batch.keyFrame[i] = this.descriptor.keyFrame ? 1 : 0;
        }
      } else {
        batch.keyFrame[i] = isKeyFrameStart(codec, this.arena, at, payloadLength) ? 1 : 0;
      }
    }
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
  }

  /** The VP8 descriptor of an entry, valid until the next call; null when it is none. */
  describeVp8(batch: SourceBatch, i: number): Vp8Descriptor | null {
    const at = this.slotOffset(batch.packet[i]) + batch.payloadOffset[i];
    return parseVp8Descriptor(this.arena, at, batch.payloadLength[i], this.descriptor) ? this.descriptor : null;
  }
}
