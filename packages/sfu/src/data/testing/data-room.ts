/** For tests: a plane and its clients, joined in memory, in virtual time. */
import { ClientData } from '../../client/data.js';
import type { DataEndpoint } from '../endpoint.js';
import { DataPlane } from '../plane.js';
import { seeded } from '../sctp/testing/link.js';

export interface RoomClient {
  endpoint: DataEndpoint;
  data: ClientData;
  /** `label from text`. */
  got: string[];
  /** While true its packets and ours to it are lost. */
  cut: boolean;
}

export class DataRoom {
  now = 1_000;
  /** Of the plane's clock; each look at it takes so long, ms. */
  clockStepMs = 0;
  readonly plane: DataPlane;
  readonly router;
  readonly clients = new Map<number, RoomClient>();
  readonly #random = seeded(3);
  #toClient: { client: RoomClient; packet: Uint8Array }[] = [];
  #toServer: { client: RoomClient; packet: Uint8Array }[] = [];

  constructor() {
    this.plane = new DataPlane({
      send: (peer, packet) => {
        const client = this.clients.get(peer);
        if (client) this.#toClient.push({ client, packet: packet.slice() });
      },
      random: this.#random,
    });
    this.router = this.plane.openRouter();
  }

  async join(address: string, maxMessageSize = 262_144): Promise<RoomClient> {
    const peer = this.clients.size + 1;
    const endpoint = this.plane.open(peer, this.router, { sctpPort: 5000, maxMessageSize, address }, this.now);
    const host = {
      output: (packet: Uint8Array) => void this.#toServer.push({ client, packet: packet.slice() }),
      flushSoon: () => {},
      random: this.#random,
      dtlsClient: true,
    };
    const data = new ClientData({ sctpPort: 5000, maxMessageSize: 262_144 }, host, this.now);
    const client: RoomClient = { endpoint, data, got: [], cut: false };
    data.on('message', (label, from, payload) =>
      client.got.push(`${label} ${from} ${Buffer.from(payload).toString()}`),
    );
    this.clients.set(peer, client);
    data.start(this.now);
    await this.until(
      () => data.channels.isOpen('reliable') && data.channels.isOpen('lossy') && data.channels.isOpen('file'),
    );
    return client;
  }

  async until(condition: () => boolean, limitMs = 20_000): Promise<void> {
    const end = this.now + limitMs;
    while (!condition()) {
      if (this.now >= end) throw new Error('waited in vain in the room');
      await this.step();
    }
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    while (this.now < end) await this.step();
  }

  /** The plane's work, as a worker calls it. */
  work(budgetMs = 1): void {
    let clock = this.now;
    this.plane.work(() => {
      const at = clock;
      clock += this.clockStepMs;
      return at;
    }, budgetMs);
  }

  /** Five milliseconds. */
  async step(): Promise<void> {
    this.now += 5;
    for (const { client, packet } of this.#toServer.splice(0)) if (!client.cut) client.endpoint.receive(packet);
    for (let i = 0; i < 100 && this.plane.pending; i++) this.work();
    for (const { client, packet } of this.#toClient.splice(0)) if (!client.cut) client.data.receive(packet, this.now);
    for (const { data } of this.clients.values()) {
      data.flush(this.now);
      if (this.now % 20 === 0) data.tick(this.now);
    }
    if (this.now % 20 === 0) this.plane.tick(this.now);
    // The library changes its state in microtasks.
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }
}
