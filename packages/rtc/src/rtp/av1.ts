/** AV1 payloads (RTP Payload Format For AV1, v1.0, section 4.4). */

const OBU_SEQUENCE_HEADER = 1;

/**
 * Whether a new coded video sequence begins in this packet: the aggregation header's N bit, or a sequence header OBU (some
 * senders forget the bit).
 */
export function isAv1KeyFrame(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 2 || offset < 0 || offset + length > bytes.length) return false;
  const aggregation = bytes[offset];
  const continued = (aggregation & 0x80) !== 0;
  if (aggregation & 0x08) return !continued;
  const elements = (aggregation >> 4) & 0x03;
  const end = offset + length;
  let at = offset + 1;
  for (let index = 1; at < end; index++) {
    let size = end - at;
    if (index !== elements) {
      // leb128, of which two bytes are enough for any packet.
      size = 0;
      let shift = 0;
      for (;;) {
        if (at >= end || shift > 14) return false;
        const byte = bytes[at++];
        size |= (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) break;
        shift += 7;
      }
      if (size > end - at) return false;
    }
    const whole = index > 1 || !continued;
    if (whole && size > 0 && ((bytes[at] >> 3) & 0x0f) === OBU_SEQUENCE_HEADER) return true;
    if (index === elements) return false;
    at += size;
  }
  return false;
}
