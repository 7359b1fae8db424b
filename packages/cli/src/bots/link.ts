/**
 * A poor path between one robot and the server: a relay on loopback that holds packets back and drops them as a simulated
 * link says, each direction for itself. Times in ms.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { LinkModel, type LinkOptions, type Random, seededRandom } from '@efir/rtc';

export const LINK_PROFILES = ['3mbps', 'lossy', '3g', 'cut'] as const;
export type LinkProfile = (typeof LINK_PROFILES)[number];

const SOCKET_BUFFER_BYTES = 1 << 20;

/** Time 0 is when the link opens. */
export function linkOptions(profile: LinkProfile, random: Random): LinkOptions {
  switch (profile) {
    case '3mbps':
      return { random, capacity: 3_000_000, propagationMs: 25 };
    case 'lossy':
      return { random, capacity: 10_000_000, propagationMs: 50, loss: 0.05 };
    case '3g':
      return { random, capacity: 780_000, propagationMs: 100, jitter: { deviationMs: 15, maxMs: 60 }, loss: 0.005 };
    case 'cut': {
      const capacity = [
        { atMs: 0, bps: 3_000_000 },
        { atMs: 20_000, bps: 500_000 },
        { atMs: 40_000, bps: 3_000_000 },
      ];
      return { random, capacity, propagationMs: 25 };
    }
  }
}

export class LinkRelay {
  readonly #front: Socket;
  readonly #back: Socket;
  readonly #up: Direction;
  readonly #down: Direction;
  #robot: { address: string; port: number } | null = null;

  private constructor(front: Socket, back: Socket, target: { address: string; port: number }, lanes: LinkModel[]) {
    this.#front = front;
    this.#back = back;
    this.#up = new Direction(lanes[0], (packet) => back.send(packet, target.port, target.address));
    this.#down = new Direction(lanes[1], (packet) => {
      if (this.#robot) front.send(packet, this.#robot.port, this.#robot.address);
    });
    front.on('message', (packet, { address, port }) => {
      if (this.#robot?.port !== port) this.#robot = { address, port };
      this.#up.offer(packet);
    });
    back.on('message', (packet) => this.#down.offer(packet));
    // What the other end can't take is lost.
    for (const socket of [front, back]) socket.on('error', () => {});
  }

  /** To a UDP port of an IPv4 address. */
  static async open(target: { address: string; port: number }, profile: LinkProfile, seed: number): Promise<LinkRelay> {
    const options = { type: 'udp4', recvBufferSize: SOCKET_BUFFER_BYTES, sendBufferSize: SOCKET_BUFFER_BYTES } as const;
    const sockets = [createSocket(options), createSocket(options)];
    await Promise.all(
      sockets.map((socket, i) => {
        // Only the robot comes by loopback; the server may be elsewhere.
        socket.bind(0, i === 0 ? '127.0.0.1' : undefined);
        return once(socket, 'listening');
      }),
    );
    const lanes = [seed, ~seed].map((own) => new LinkModel(linkOptions(profile, seededRandom(own))));
    return new LinkRelay(sockets[0], sockets[1], target, lanes);
  }

  /** The port of 127.0.0.1 that stands for the server. */
  get port(): number {
    return this.#front.address().port;
  }

  close(): void {
    this.#up.close();
    this.#down.close();
    this.#front.close();
    this.#back.close();
  }
}

/** One direction: what the model lets through, held until it is out. */
class Direction {
  readonly #model: LinkModel;
  readonly #send: (packet: Uint8Array) => void;
  readonly #startMs = performance.now();
  /** By the time at which they are out. */
  readonly #held: { atMs: number; packet: Uint8Array }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(model: LinkModel, send: (packet: Uint8Array) => void) {
    this.#model = model;
    this.#send = send;
  }

  offer(packet: Uint8Array): void {
    const atMs = this.#model.offer(this.#now(), packet.length);
    if (atMs === null || this.#closed) return;
    let place = this.#held.length;
    while (place > 0 && this.#held[place - 1].atMs > atMs) place--;
    this.#held.splice(place, 0, { atMs, packet });
    if (!this.#timer) this.#plan();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #now(): number {
    return performance.now() - this.#startMs;
  }

  #plan(): void {
    this.#timer = setTimeout(() => this.#release(), Math.max(1, this.#held[0].atMs - this.#now()));
  }

  #release(): void {
    this.#timer = null;
    const now = this.#now();
    let out = 0;
    while (out < this.#held.length && this.#held[out].atMs <= now) this.#send(this.#held[out++].packet);
    this.#held.splice(0, out);
    if (this.#held.length > 0) this.#plan();
  }
}
