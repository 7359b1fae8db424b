/** A lossy link in user space: UDP datagrams to its port go on to the server's and back, some lost, late, or too many. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seeded } from './random.js';

export interface Conditions {
  /** Share of datagrams lost, 0..1. */
  loss: number;
  /** One way, ms. */
  delayMs: number;
  /** Bits per second; 0: no limit. */
  rateBps: number;
  /** Queue before the rate limit, ms worth of rate; beyond it datagrams are dropped. */
  queueMs: number;
}

const OPEN: Conditions = { loss: 0, delayMs: 0, rateBps: 0, queueMs: 200 };

/** One direction of the link. */
class Lane {
  conditions: Conditions = { ...OPEN };
  passed = 0;
  lost = 0;
  /** Where somebody wants to know: when each datagram came, and how long it waits for its turn, ms. */
  waits: { at: number; ms: number }[] | undefined;
  /** When the rate limit lets the next bit through, ms. */
  private freeAt = 0;

  constructor(private readonly random: () => number) {}

  carry(bytes: number, deliver: () => void): void {
    const { loss, delayMs, rateBps, queueMs } = this.conditions;
    let waitMs = delayMs;
    if (loss > 0 && this.random() < loss) {
      this.lost++;
      return;
    }
    if (rateBps > 0) {
      const now = performance.now();
      const start = Math.max(now, this.freeAt);
      if (start - now > queueMs) {
        this.lost++;
        return;
      }
      this.freeAt = start + (bytes * 8000) / rateBps;
      waitMs += this.freeAt - now;
      this.waits?.push({ at: now, ms: start - now });
    }
    this.passed++;
    if (waitMs < 1) deliver();
    else setTimeout(deliver, waitMs);
  }
}

export class Relay {
  readonly up: Lane;
  readonly down: Lane;
  /** Sees every datagram from a client before its fate is drawn. */
  tap: ((packet: Buffer) => void) | undefined;
  private readonly upstreams = new Map<string, Socket>();
  private closed = false;

  private constructor(
    private readonly front: Socket,
    private readonly target: { address: string; port: number },
    seed: number,
  ) {
    this.up = new Lane(seeded(seed));
    this.down = new Lane(seeded(seed ^ 0x5bd1e995));
    front.on('message', (packet, from) => this.fromClient(packet, from.address, from.port));
  }

  /** A link to a UDP port of this machine, open in both directions until told otherwise. */
  static async to(port: number, { seed = 1, address = '127.0.0.1' } = {}): Promise<Relay> {
    const front = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
    front.bind(0, '127.0.0.1');
    await once(front, 'listening');
    return new Relay(front, { address, port }, seed);
  }

  get port(): number {
    return this.front.address().port;
  }

  /** Conditions of both directions, or of one (`relay.up.conditions.loss = …`). */
  set(conditions: Partial<Conditions>): void {
    this.up.conditions = { ...OPEN, ...conditions };
    this.down.conditions = { ...OPEN, ...conditions };
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.front.close();
    for (const socket of this.upstreams.values()) socket.close();
  }

  private fromClient(packet: Buffer, address: string, port: number): void {
    const key = `${address}:${port}`;
    let upstream = this.upstreams.get(key);
    if (!upstream) {
      upstream = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
      upstream.bind(0, '127.0.0.1');
      upstream.on('error', () => {});
      upstream.on('message', (answer) =>
        this.down.carry(answer.length, () => {
          if (!this.closed) this.front.send(answer, port, address);
        }),
      );
      this.upstreams.set(key, upstream);
    }
    const socket = upstream;
    this.tap?.(packet);
    this.up.carry(packet.length, () => {
      if (!this.closed) socket.send(packet, this.target.port, this.target.address);
    });
  }
}
