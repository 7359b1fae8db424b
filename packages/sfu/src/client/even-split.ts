/**
 * Cuts a frame into the fewest packets, of sizes that differ by a byte at most, the larger ones last: how browsers do it
 * (libwebrtc's RtpPacketizer).
 */
export function evenSplit(bytes: number, capacity: number): number[] {
  if (!(bytes > 0)) return [];
  if (!(capacity >= 1)) throw new RangeError('a packet must hold at least one byte');
  const count = Math.ceil(bytes / capacity);
  const size = Math.floor(bytes / count);
  const larger = bytes % count;
  return Array.from({ length: count }, (_, i) => (i < count - larger ? size : size + 1));
}
