import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below the range from which systems give out ports by themselves, so that nobody takes one between our look and the server's. */
const FIRST = 20_000;
const LAST = 30_000;

const tcpFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });

const udpFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, () => socket.close(() => resolve(true)));
  });

let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** The first of `count` consecutive ports that are free for both UDP and TCP. */
export async function freePorts(count = 1): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (next + count > LAST) next = FIRST;
    const base = next;
    next += count;
    let free = true;
    for (let port = base; free && port < base + count; port++) free = (await tcpFree(port)) && (await udpFree(port));
    if (free) return base;
  }
  throw new Error(`no ${count} free ports between ${FIRST} and ${LAST}`);
}
