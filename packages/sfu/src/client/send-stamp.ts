/**
 * A time stamp in the last 12 bytes of a payload, for measuring: when the packet was sent, in microseconds of a clock that
 * sender and receiver share. Not for media that somebody is to decode.
 */
import { readUint32, writeUint32 } from '@efir/rtc';

export const SEND_STAMP_BYTES = 12;

const MAGIC = 0xef175e4d;
const HIGH = 0x100000000;

/** Writes the stamp before byte `end`. */
export function writeSendStamp(bytes: Uint8Array, end: number, us: number): void {
  writeUint32(bytes, end - 12, MAGIC);
  writeUint32(bytes, end - 8, Math.floor(us / HIGH));
  writeUint32(bytes, end - 4, us % HIGH);
}

/** Microseconds, or -1 when there is no stamp before byte `end`. */
export function readSendStamp(bytes: Uint8Array, end: number): number {
  if (end < SEND_STAMP_BYTES || readUint32(bytes, end - 12) !== MAGIC) return -1;
  return readUint32(bytes, end - 8) * HIGH + readUint32(bytes, end - 4);
}
