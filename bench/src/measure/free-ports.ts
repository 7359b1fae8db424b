/**
 * Ports of the loopback that are free for both UDP and TCP just now, below the range from which systems give out ports by
 * themselves: there a robot's socket could take one between our look and the server's start.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { BenchError } from '../errors.js';

const FIRST = 21_000;
const LAST = 31_000;

let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = next;
    next = next + 1 < LAST ? next + 1 : FIRST;
    if (await isFree(port)) return port;
  }
  throw new BenchError(`no port is free between ${FIRST} and ${LAST}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket('udp4');
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
    socket.close();
  }
}
