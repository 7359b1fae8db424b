/** A wire between one node and Redis that a test can cut, or make slow. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class Wire {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  /** Of each way, ms. */
  delayMs = 0;
  /** No connection gets through. */
  cut = false;
  /** Instead of what Redis answers. */
  answer: string | null = null;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async open(target: number): Promise<Wire> {
    const wire = new Wire(target);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  sever(): void {
    this.cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.cut = false;
  }

  close(): void {
    this.sever();
    this.#server.close();
  }

  #join(client: Socket): void {
    if (this.cut) {
      client.destroy();
      return;
    }
    const redis = connect(this.#target, '127.0.0.1');
    for (const [from, to] of [
      [client, redis],
      [redis, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk) => {
        const text = from === redis && this.answer !== null ? Buffer.from(this.answer) : chunk;
        if (this.delayMs === 0) to.write(text);
        else setTimeout(() => to.writable && to.write(text), this.delayMs);
      });
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
