/** For tests: two associations over a link in virtual time that delays, loses, reorders and repeats packets (seeded). */
import { SctpAssociation, type SctpOptions } from '../association.js';
import { type SctpCounters, sctpCounters } from '../counters.js';
import { readPacket } from '../packet.js';

export interface Message {
  stream: number;
  ppid: number;
  bytes: Uint8Array;
}

export interface LinkOptions {
  delayMs?: number;
  /** Up to so much more for some packets, which reorders them. */
  jitterMs?: number;
  /** 0..1 */
  loss?: number;
  repeat?: number;
  seed?: number;
}

/** mulberry32 */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class LinkEnd {
  readonly counters: SctpCounters = sctpCounters();
  readonly messages: Message[] = [];
  readonly resets: (readonly number[])[] = [];
  /** Every packet that was sent. */
  readonly sent: Uint8Array[] = [];
  readonly association: SctpAssociation;
  closed: string | null = null;
  /** What becomes of a message; kept by default. */
  onMessage = (message: Message): void => void this.messages.push(message);

  constructor(options: SctpOptions, output: (packet: Uint8Array) => void) {
    this.association = new SctpAssociation(options, this.counters, {
      output: (packet) => {
        this.sent.push(Uint8Array.from(packet));
        output(Uint8Array.from(packet));
      },
      message: (stream, ppid, bytes) => this.onMessage({ stream, ppid, bytes }),
      streamsReset: (streams) => this.resets.push(streams),
      connected: () => {},
      closed: (reason) => {
        this.closed = reason;
      },
    });
  }

  /** Types of the chunks that were sent. */
  chunkTypes(): number[] {
    return this.sent.flatMap((packet) => readPacket(packet.slice())?.chunks.map(({ type }) => type) ?? []);
  }
}

export class Link {
  now = 1_000;
  readonly client: LinkEnd;
  readonly server: LinkEnd;
  /** Sees every packet first; false takes it out. */
  filter: (packet: Uint8Array, to: 'client' | 'server') => boolean = () => true;
  #waiting: { at: number; order: number; to: LinkEnd; packet: Uint8Array }[] = [];
  #order = 0;
  readonly #random: () => number;

  constructor(
    readonly options: LinkOptions = {},
    ends: Partial<SctpOptions> = {},
  ) {
    this.#random = seeded(options.seed ?? 1);
    const common = {
      localPort: 5000,
      remotePort: 5000,
      windowBytes: 1 << 20,
      maxMessageBytes: 262_144,
      random: this.#random,
      ...ends,
    };
    this.client = new LinkEnd({ ...common, role: 'client' }, (packet) => this.#carry(packet, 'server'));
    this.server = new LinkEnd({ ...common, role: 'server' }, (packet) => this.#carry(packet, 'client'));
  }

  static async connected(options: LinkOptions = {}, ends: Partial<SctpOptions> = {}): Promise<Link> {
    const link = new Link(options, ends);
    link.server.association.start(link.now);
    link.client.association.start(link.now);
    await link.until(
      () => link.client.association.state === 'connected' && link.server.association.state === 'connected',
    );
    return link;
  }

  /** Lets time pass, at most `limitMs`, until the condition holds. */
  async until(condition: () => boolean, limitMs = 60_000): Promise<void> {
    const end = this.now + limitMs;
    while (!condition()) {
      if (this.now >= end) throw new Error('waited in vain on the link');
      await this.#step();
    }
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    while (this.now < end) await this.#step();
  }

  #carry(packet: Uint8Array, to: 'client' | 'server'): void {
    const { delayMs = 10, jitterMs = 0, loss = 0, repeat = 0 } = this.options;
    if (!this.filter(packet, to) || this.#random() < loss) return;
    for (let times = this.#random() < repeat ? 2 : 1; times > 0; times--) {
      const late = this.#random() < 0.2 ? this.#random() * jitterMs : 0;
      this.#waiting.push({ at: this.now + delayMs + late, order: this.#order++, to: this[to], packet: packet.slice() });
    }
  }

  /** A millisecond. */
  async #step(): Promise<void> {
    this.now += 1;
    const due = this.#waiting.filter(({ at }) => at <= this.now);
    if (due.length > 0) {
      this.#waiting = this.#waiting.filter(({ at }) => at > this.now);
      due.sort((a, b) => a.at - b.at || a.order - b.order);
      for (const { to, packet } of due) to.association.receive(packet, this.now);
    }
    for (const end of [this.client, this.server]) {
      end.association.flush(this.now);
      if (this.now % 20 === 0) end.association.tick(this.now);
    }
    // The library changes its state in microtasks.
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }
}
