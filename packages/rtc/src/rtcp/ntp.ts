/** NTP timestamps as RTCP has them (RFC 3550 section 4): seconds since 1900 in 32 bits, fractions of 2^-32 s in 32 more. */

const UNIX_EPOCH_SECONDS = 2_208_988_800;

/** The seconds half of `unixMs`, modulo 2^32. */
export function ntpHigh(unixMs: number): number {
  return ((Math.floor(unixMs / 1000) + UNIX_EPOCH_SECONDS) % 0x100000000) >>> 0;
}

/** The fraction half of `unixMs`. */
export function ntpLow(unixMs: number): number {
  return Math.floor(((unixMs % 1000) / 1000) * 0x100000000) >>> 0;
}

/** The middle 32 bits: 16 of seconds, 16 of fraction. What LSR holds and DLSR counts in. */
export function ntpMiddle(high: number, low: number): number {
  return (((high & 0xffff) << 16) | (low >>> 16)) >>> 0;
}

/** Milliseconds since 1970, of this NTP era. */
export function unixMsFromNtp(high: number, low: number): number {
  return (high - UNIX_EPOCH_SECONDS) * 1000 + (low / 0x100000000) * 1000;
}

/**
 * Round trip in ms, from a report block about one of our Sender Reports that came at `nowMiddle` (RFC 3550 section 6.4.1).
 * -1 when the block knows no Sender Report or its figures can't be (negative, or above a minute).
 */
export function roundTripMs(nowMiddle: number, lastSr: number, delaySinceLastSr: number): number {
  if (lastSr === 0) return -1;
  const units = (nowMiddle - lastSr - delaySinceLastSr) | 0;
  // Clock steps of a few ms round to below zero.
  if (units < 0) return units > -655 ? 0 : -1;
  const ms = (units * 1000) / 65_536;
  return ms > 60_000 ? -1 : ms;
}
