/** Looks before the workers are started whether their ports are free, to say it in a sentence. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { StartError } from '../errors.js';

/** Throws `StartError` `port-in-use` for the first of `count` ports from `first` that UDP or TCP can't have on one of the addresses. */
export async function checkMediaPorts(first: number, count: number, listen: readonly string[]): Promise<void> {
  if (first === 0) return;
  for (let port = first; port < first + count; port++) {
    for (const address of listen) {
      for (const [protocol, open] of [
        ['UDP', tryUdp],
        ['TCP', tryTcp],
      ] as const) {
        const code = await open(port, address);
        if (code === 'EADDRINUSE') {
          const remedy = first + 100 + count > 65_536 ? first - 100 : first + 100;
          throw new StartError(
            'port-in-use',
            `Media port ${port} (${protocol}) is in use: stop the other program or start with --media-port ${remedy}.`,
          );
        }
        if (code === 'EACCES') {
          throw new StartError(
            'port-forbidden',
            `Media port ${port} (${protocol}) is not allowed to this user: start with --media-port 40000.`,
          );
        }
      }
    }
  }
}

/** The error's code, or undefined. A family that the machine lacks is no error: the worker passes it over. */
function tryUdp(port: number, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code);
    });
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function tryTcp(port: number, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ port, host: address, exclusive: true, ipv6Only: true }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}
