/** Opens the worker's one port: UDP and TCP, IPv4 and IPv6, all with the same number. */
import type { Datapath } from '@efir/datapath';
import { SfuError } from '../errors.js';
import type { WorkerOptions } from './control.js';
import type { TcpListener } from './tcp-listener.js';

/** Asked for each way of each media socket; the kernel gives `net.core.rmem_max` and `wmem_max` at most. */
export const MEDIA_BUFFER_BYTES = 4 * 1024 * 1024;
/** For port 0: how often a number that is free for UDP may turn out taken for TCP. */
const ATTEMPTS = 10;

/** Throws `SfuError` 'unavailable' with the port and the remedy when it is taken. */
export async function openMediaPort(
  datapath: Datapath,
  tcp: TcpListener,
  options: WorkerOptions,
): Promise<{ port: number; families: (4 | 6)[] }> {
  for (let attempt = 1; ; attempt++) {
    const opened: number[] = [];
    const families = new Set<4 | 6>();
    let port = options.port;
    try {
      for (const address of options.listen) {
        const family = address.includes(':') ? 6 : 4;
        try {
          const udp = datapath.openUdp({
            address,
            port,
            receiveBufferBytes: MEDIA_BUFFER_BYTES,
            sendBufferBytes: MEDIA_BUFFER_BYTES,
          });
          opened.push(udp.socket);
          port = udp.port;
        } catch (error) {
          // A machine without IPv6 is no fault.
          if (family === 6 && families.size > 0 && isAbsentFamily(error)) continue;
          throw error;
        }
        await tcp.listen(address, port);
        families.add(family);
      }
      return { port, families: [...families] };
    } catch (error) {
      for (const socket of opened) datapath.closeUdp(socket);
      tcp.stopListening();
      const code = (error as { code?: string }).code;
      if (code === 'EADDRINUSE' && options.port === 0 && attempt < ATTEMPTS) continue;
      if (code === 'EADDRINUSE')
        throw new SfuError(
          'unavailable',
          `Media port ${port} is in use: stop the other program or choose another with --media-port.`,
        );
      throw new SfuError('unavailable', `Media port ${port} can't be opened: ${(error as Error).message}`);
    }
  }
}

function isAbsentFamily(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
}
