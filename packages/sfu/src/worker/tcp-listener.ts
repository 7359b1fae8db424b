/**
 * ICE-TCP (RFC 6544): accepts connections on the media port, cuts them into packets (RFC 4571) and writes packets back.
 * Bounded: connections in all and per address, unsent bytes per connection, time until the first valid check.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { FrameReader, type TransportAddress } from '@efir/rtc';

const MAX_CONNECTIONS = 5_000;
const MAX_PER_ADDRESS = 200;
/** Media that TCP can't take is old by the time it could: beyond this it is dropped. */
const MAX_UNSENT_BYTES = 512 * 1024;
/** A connection that isn't a client's by then is closed, ms. */
const UNKNOWN_MS = 10_000;

interface Connection {
  readonly socket: Socket;
  readonly remote: TransportAddress;
  known: boolean;
}

export interface TcpListenerOptions {
  onPacket(connection: number, packet: Uint8Array): void;
  onClosed(connection: number): void;
}

export class TcpListener {
  readonly counters = { tcpConnections: 0, tcpRefused: 0, tcpBroken: 0, tcpDrops: 0 };
  readonly #servers: Server[] = [];
  readonly #connections = new Map<number, Connection>();
  readonly #perAddress = new Map<string, number>();
  #next = 1;

  constructor(readonly options: TcpListenerOptions) {}

  async listen(address: string, port: number): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, ipv6Only: address.includes(':') }, () => {
        server.removeListener('error', reject);
        server.on('error', () => {});
        resolve();
      });
    });
    this.#servers.push(server);
  }

  remote(connection: number): TransportAddress | undefined {
    return this.#connections.get(connection)?.remote;
  }

  /** The connection belongs to a client; it may stay. */
  markKnown(connection: number): void {
    const found = this.#connections.get(connection);
    if (!found || found.known) return;
    found.known = true;
    found.socket.setTimeout(0);
  }

  /** Framed bytes to write. */
  write(connection: number, bytes: Uint8Array): void {
    const found = this.#connections.get(connection);
    if (!found) return;
    if (found.socket.writableLength > MAX_UNSENT_BYTES) {
      this.counters.tcpDrops++;
      return;
    }
    found.socket.write(bytes);
  }

  stopListening(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  close(): void {
    this.stopListening();
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  #accept(socket: Socket): void {
    const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const count = this.#perAddress.get(remote.address) ?? 0;
    if (!remote.address || this.#connections.size >= MAX_CONNECTIONS || count >= MAX_PER_ADDRESS) {
      this.counters.tcpRefused++;
      socket.destroy();
      return;
    }
    this.counters.tcpConnections++;
    const number = this.#next++ >>> 0;
    this.#perAddress.set(remote.address, count + 1);
    this.#connections.set(number, { socket, remote, known: false });
    const reader = new FrameReader();
    const onFrame = (packet: Uint8Array) => this.options.onPacket(number, packet);
    socket.setTimeout(UNKNOWN_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      if (reader.push(chunk, onFrame)) return;
      this.counters.tcpBroken++;
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(number);
      const left = (this.#perAddress.get(remote.address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(remote.address, left);
      else this.#perAddress.delete(remote.address);
      this.options.onClosed(number);
    });
  }
}
