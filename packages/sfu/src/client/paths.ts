/** Paths of the datapath from a client's point of view: one socket of ours, one address of the server's. */
import {
  FAMILY_TCP,
  PATH_BYTES,
  PATH_FAMILY,
  PATH_REMOTE_ADDRESS,
  PATH_REMOTE_PORT,
  PATH_SOCKET,
} from '@efir/datapath';
import { formatIpAddress, parseIpAddress } from '@efir/rtc';

/** The path from UDP socket `socket` to an address; null if that is not a literal IP address. */
export function pathTo(socket: number, address: string, port: number): Uint8Array | null {
  const remote = parseIpAddress(address);
  if (!remote) return null;
  const path = new Uint8Array(PATH_BYTES);
  const view = new DataView(path.buffer);
  path[PATH_FAMILY] = remote.length === 4 ? 4 : 6;
  view.setUint16(PATH_REMOTE_PORT, port);
  path.set(remote, PATH_REMOTE_ADDRESS);
  view.setUint32(PATH_SOCKET, socket, true);
  return path;
}

/** `address|port` of the far end of a path; null for TCP. */
export function remoteOf(path: Uint8Array): { address: string; port: number } | null {
  const family = path[PATH_FAMILY];
  if (family === FAMILY_TCP) return null;
  const length = family === 4 ? 4 : 16;
  return {
    address: formatIpAddress(path.subarray(PATH_REMOTE_ADDRESS, PATH_REMOTE_ADDRESS + length)),
    port: (path[PATH_REMOTE_PORT] << 8) | path[PATH_REMOTE_PORT + 1],
  };
}
