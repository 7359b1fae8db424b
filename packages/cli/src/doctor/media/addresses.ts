/** What kind of address one is, for who can reach it. */
import { networkInterfaces } from 'node:os';
import { formatIpAddress, parseIpAddress } from '@efir/rtc';

export type AddressKind = 'loopback' | 'private' | 'public';

/** Private: RFC 1918, RFC 6598 (carriers' NAT), link-local, unique local IPv6 (RFC 4193). */
export function kindOf(address: string): AddressKind {
  const bytes = parseIpAddress(address);
  if (!bytes) return 'public';
  const [a, b] = bytes;
  if (bytes.length === 4) {
    if (a === 127) return 'loopback';
    const isPrivate =
      a === 10 ||
      (a === 172 && (b & 0xf0) === 16) ||
      (a === 192 && b === 168) ||
      (a === 100 && (b & 0xc0) === 64) ||
      (a === 169 && b === 254);
    return isPrivate ? 'private' : 'public';
  }
  if (formatIpAddress(bytes) === '::1') return 'loopback';
  return (a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0x80) ? 'private' : 'public';
}

/** Of this machine, loopback included. */
export function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
