/**
 * A time stamp in the last 12 bytes of a payload, for measuring: when the packet was sent, in microseconds of the machine's
 * monotonic clock, which all its processes share. Not for media that somebody is to decode.
 */
import { performance } from 'node:perf_hooks';
import { readUint32, writeUint32 } from '@efir/rtc';

export const SEND_STAMP_BYTES = 12;

const MAGIC = 0xef175e4d;
const HIGH = 0x100000000;

/** What the machine's monotonic clock is ahead of this process's `performance.now()`. */
const CLOCK_OFFSET_US = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000;

/** A moment of `performance.now()`, in ms, as a stamp. */
export function stampUs(nowMs: number): number {
  return nowMs * 1000 + CLOCK_OFFSET_US;
}

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
