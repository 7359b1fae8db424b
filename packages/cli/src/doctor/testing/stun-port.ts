/** A media port on loopback, for tests: the same number for UDP and TCP, answering as it is told. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { FrameReader, frame, type TransportAddress } from '@efir/rtc';

/** The answer to a packet, or null for none. */
export type Answer = (packet: Uint8Array, from: TransportAddress) => Uint8Array | null;

export interface StunPort {
  port: number;
  close(): Promise<void>;
}

/** Null leaves the protocol shut. `framed`: TCP as RFC 4571 has it. */
export async function openStunPort(udp: Answer | null, tcp: Answer | null, framed = true): Promise<StunPort> {
  for (;;) {
    const server = createServer((socket) => tcp && serve(socket, tcp, framed)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const datagrams = createSocket('udp4');
    const bound = await new Promise<boolean>((resolve) => {
      datagrams.once('error', () => resolve(false));
      datagrams.bind(port, '127.0.0.1', () => resolve(true));
    });
    if (!bound) {
      server.close();
      continue;
    }
    datagrams.on('message', (packet, { address, port: from }) => {
      const answer = udp?.(packet, { address, port: from });
      if (answer) datagrams.send(answer, from, address);
    });
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    const closeTcp = async (): Promise<void> => {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    };
    const closeUdp = async (): Promise<void> => {
      datagrams.close();
      await once(datagrams, 'close');
    };
    if (udp === null) await closeUdp();
    if (tcp === null) await closeTcp();
    return {
      port,
      async close() {
        if (udp !== null) await closeUdp();
        if (tcp !== null) await closeTcp();
      },
    };
  }
}

function serve(socket: Socket, answer: Answer, framed: boolean): void {
  const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
  const reader = new FrameReader();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (!framed) {
      const reply = answer(chunk, from);
      if (reply) socket.write(reply);
      return;
    }
    reader.push(chunk, (packet) => {
      const reply = answer(packet, from);
      if (reply) socket.write(frame(reply));
    });
  });
}
