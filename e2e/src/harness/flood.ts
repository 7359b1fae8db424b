/**
 * A program of its own, so that the call under attack loses no CPU to it but what the attack costs the server: throws hostile
 * datagrams at a port. Told what to do by one message, ends when done.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { seeded } from './random.js';

export interface FloodOrder {
  port: number;
  count: number;
  /** The same seed throws the same datagrams. */
  seed: number;
  perSecond: number;
  /** Real datagrams to replay, cut and mutate; base64. */
  tape: string[];
}

/** The next hostile datagram: random, cut short, mutated, replayed, noise behind a plausible first byte, or too long. */
function hostile(random: () => number, tape: Buffer[]): Buffer {
  const below = (n: number) => Math.floor(random() * n);
  const noise = (length: number) => {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = below(256);
    return bytes;
  };
  const real = tape[below(tape.length)];
  switch (below(6)) {
    case 0:
      return noise(below(300));
    case 1:
      return real.subarray(0, below(real.length));
    case 2: {
      const mutated = Buffer.from(real);
      for (let i = 0; i <= below(8); i++) mutated[below(mutated.length)] = below(256);
      return mutated;
    }
    case 3:
      return real;
    case 4: {
      // First bytes by RFC 7983: STUN, ZRTP, DTLS, TURN, RTP.
      const packet = noise(12 + below(200));
      packet[0] = [0, 1, 16, 20, 22, 23, 25, 63, 64, 79, 128, 144, 191][below(13)];
      return packet;
    }
    default:
      return Buffer.concat([real, noise(below(1500))]).subarray(0, 2500);
  }
}

async function sockets(count: number): Promise<Socket[]> {
  const open: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    open.push(socket);
  }
  return open;
}

async function flood({ port, count, seed, perSecond, tape }: FloodOrder): Promise<void> {
  const random = seeded(seed);
  const packets = tape.map((packet) => Buffer.from(packet, 'base64'));
  const from = await sockets(8);
  const begun = performance.now();
  for (let sent = 0; sent < count; sent++) {
    from[sent % from.length].send(hostile(random, packets), port, '127.0.0.1');
    if (sent % 32 === 31) await setTimeout(Math.max(0, begun + (sent * 1000) / perSecond - performance.now()));
  }
  for (const socket of from) socket.close();
}

setPriority(constants.priority.PRIORITY_LOW);
process.once('message', (order: FloodOrder) => {
  flood(order).then(() => process.disconnect());
});
