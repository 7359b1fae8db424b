/** For tests: stands between two ends on loopback; may drop, change or keep what passes. */
import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { until } from './end.js';

export type Direction = 'to-server' | 'to-client';
/** What becomes of a datagram: any number of datagrams. */
export type Passage = (datagram: Uint8Array, direction: Direction) => Uint8Array[];

export class Relay {
  /** Where the client sends to. */
  clientSide = 0;
  /** Where the server sends to. */
  serverSide = 0;
  passage: Passage = (datagram) => [datagram];
  readonly passed: { direction: Direction; datagram: Uint8Array }[] = [];
  private readonly sockets: Socket[] = [];

  /** Ports of the server's and the client's own sockets. */
  async open(server: number, client: number): Promise<this> {
    const toServer = await this.bind();
    const toClient = await this.bind();
    this.clientSide = (toClient.address() as AddressInfo).port;
    this.serverSide = (toServer.address() as AddressInfo).port;
    const carry = (direction: Direction, from: Socket, by: Socket, to: number) => {
      from.on('message', (datagram) => {
        for (const one of this.passage(Uint8Array.from(datagram), direction)) {
          this.passed.push({ direction, datagram: one });
          by.send(one, to, '127.0.0.1');
        }
      });
    };
    carry('to-server', toClient, toServer, server);
    carry('to-client', toServer, toClient, client);
    return this;
  }

  private async bind(): Promise<Socket> {
    const socket = createSocket('udp4');
    let bound = false;
    socket.bind(0, '127.0.0.1', () => {
      bound = true;
    });
    await until(() => bound, 'a socket');
    this.sockets.push(socket);
    return socket;
  }

  close(): void {
    for (const socket of this.sockets.splice(0)) socket.close();
  }
}
