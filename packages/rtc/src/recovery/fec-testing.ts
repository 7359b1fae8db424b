/** RTP packets to protect, and FEC written out, for tests and simulations. */

import { RTP_HEADER_BYTES, writeRtpHeader } from '../rtp/header.js';
import type { FecEncoder } from './fec-encoder.js';

export interface TestPacket {
  sequence: number;
  timestamp?: number;
  marker?: boolean;
  payloadType?: number;
  /** What follows the fixed header. */
  body: ArrayLike<number>;
}

export const MEDIA_SSRC = 0x11223344;

export function rtpPacket({ sequence, timestamp = 0, marker = false, payloadType = 96, body }: TestPacket): Uint8Array {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + body.length);
  writeRtpHeader(bytes, 0, { marker, payloadType, sequence, timestamp, ssrc: MEDIA_SSRC });
  bytes.set(body, RTP_HEADER_BYTES);
  return bytes;
}

/** Hands a whole packet to the encoder; returns how many repair packets are due. */
export function protect(encoder: FecEncoder, packet: Uint8Array, nowMs: number): number {
  const view = new DataView(packet.buffer, packet.byteOffset);
  const bodyLength = packet.length - RTP_HEADER_BYTES;
  if (encoder.packet(view.getUint16(2), packet[0], packet[1], view.getUint32(4), bodyLength, nowMs)) {
    encoder.part(0, packet, RTP_HEADER_BYTES, bodyLength);
  }
  return encoder.repairs((packet[1] & 0x80) !== 0, nowMs);
}

/** The repair packets due, as ULPFEC or FlexFEC payloads. */
export function repairPayloads(
  encoder: FecEncoder,
  count: number,
  format: 'ulpfec' | 'flexfec' = 'ulpfec',
): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const dst = new Uint8Array(1600);
    const length =
      format === 'ulpfec'
        ? encoder.writeUlpfec(index, dst, 0, dst.length)
        : encoder.writeFlexfec03(index, MEDIA_SSRC, dst, 0, dst.length);
    return dst.slice(0, length);
  });
}
