/** Simulated rooms on several nodes, joined by pipes with bridges, and people with data channels in them; in virtual time. */
import { ClientData } from '../../client/data.js';
import { PipedRooms, type SimulatedLinkOptions, type SimulatedPipe } from '../../testing/piped-rooms.js';
import { type SimulatedRoom, STEP_MS } from '../../testing/simulated-room.js';
import type { ChannelLabel } from '../channels.js';

/** Bytes that a person leaves in the own association before more is sent. */
const BUFFER_BYTES = 128 * 1024;

export interface GotMessage {
  label: ChannelLabel;
  from: string;
  payload: Uint8Array;
  text: boolean;
}

export class BridgedPerson {
  readonly data: ClientData;
  readonly got: GotMessage[] = [];
  readonly #peer: number;
  readonly #packets: Uint8Array[] = [];
  #outgoing: { to: string; next: number; end: number }[] = [];
  #seed: number;

  constructor(
    readonly room: SimulatedRoom,
    readonly id: string,
    address: string,
  ) {
    const transport = room.join(id, []);
    this.#peer = transport.peer;
    this.#seed = 5 + this.#peer;
    transport.configureData({ sctpPort: 5_000, maxMessageSize: 262_144, address });
    const host = {
      output: (packet: Uint8Array) => room.arrive(this.#peer, 'data', packet.slice()),
      flushSoon: () => {},
      random: () => {
        this.#seed = (this.#seed * 48_271) % 0x7fffffff;
        return this.#seed / 0x7fffffff;
      },
      dtlsClient: true,
    };
    this.data = new ClientData({ sctpPort: 5_000, maxMessageSize: 262_144 }, host, room.engine.now);
    this.data.on('message', (label, from, payload, text) => this.got.push({ label, from, payload, text }));
    room.others.set(this.#peer, { take: (kind, bytes) => kind === 'data' && this.#packets.push(bytes) });
    this.data.start(room.engine.now);
  }

  /** `from: text` of all that came. */
  get texts(): string[] {
    return this.got.map(({ from, payload }) => `${from}: ${Buffer.from(payload).toString()}`);
  }

  /** Sends messages of 16 KB with their numbers, as fast as the way takes them. */
  sendParts(to: string, count: number, first = 0): void {
    this.#outgoing.push({ to, next: first, end: first + count });
  }

  /** Parts that were sent, or wait for nothing but the network. */
  get sent(): number {
    return this.#outgoing.reduce((sum, { next }) => sum + next, 0);
  }

  step(): void {
    const { now } = this.room.engine;
    for (const parts of this.#outgoing)
      while (parts.next < parts.end && this.data.queuedBytes < BUFFER_BYTES)
        this.data.send('file', parts.to, part(parts.next++));
    for (const packet of this.#packets.splice(0)) this.data.receive(packet, now);
    this.data.flush(now);
    this.data.tick(now);
  }

  leave(): void {
    this.room.others.delete(this.#peer);
    const transport = this.room.engine.transports.get(this.id)!;
    transport.configureData(undefined);
    this.room.engine.closeTransport(transport);
  }
}

export class BridgedRooms extends PipedRooms {
  readonly people: BridgedPerson[] = [];
  #joined = 0;

  /** Over a pipe from one room to another, with what media there is. */
  bridge(from: number, to: number, options?: SimulatedLinkOptions): SimulatedPipe {
    return this.pipe(from, to, { nodes: [`node-${from}`, `node-${to}`], ...options });
  }

  async join(room: number, address: string): Promise<BridgedPerson> {
    const person = new BridgedPerson(this.rooms[room], `${address}.${++this.#joined}`, address);
    this.people.push(person);
    await this.until(() => person.data.channels.isOpen('file'));
    return person;
  }

  leave(person: BridgedPerson): void {
    this.people.splice(this.people.indexOf(person), 1);
    person.leave();
  }

  override async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      for (const person of this.people) person.step();
      await super.run(STEP_MS);
      // The handshake of SCTP goes on in microtasks.
      for (let i = 0; i < 4; i++) await Promise.resolve();
    }
  }
}

/** 16 KB that can be told from others. */
function part(n: number): Uint8Array {
  const bytes = new Uint8Array(16_384).fill(n & 0xff);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

/** The numbers of the parts that came from somebody, if they are whole. */
export function partsOf(person: BridgedPerson, from: string): number[] {
  return person.got
    .filter((one) => one.from === from && one.payload.length === 16_384)
    .map(({ payload }) => {
      const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
      return payload.every((byte, i) => i < 4 || byte === (number & 0xff)) ? number : -1;
    });
}
