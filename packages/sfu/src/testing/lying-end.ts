/** The other end of a pipe as somebody who says what he likes. */
import { dataCounters } from '../data/counters.js';
import { PPID_TEXT } from '../data/dcep.js';
import { LOCAL_SCTP_PORT } from '../data/endpoint.js';
import { SctpAssociation } from '../data/sctp/association.js';
import { type PipeMessage, readMessage } from '../routing/pipe/messages.js';
import type { PipeEnd, PipeEvents } from '../routing/pipe/pipe-end.js';
import { type SimulatedRoom, STEP_MS } from './simulated-room.js';

export class LyingEnd {
  readonly heard: PipeMessage[] = [];
  failure: string | null = null;
  readonly end: PipeEnd;
  readonly peer: number;
  readonly #association: SctpAssociation;
  #packets: Uint8Array[] = [];
  #seed = 11;

  /** `make`: the honest end, in the room. */
  constructor(
    readonly room: SimulatedRoom,
    role: 'client' | 'server',
    make: (peer: number, events: PipeEvents) => PipeEnd,
  ) {
    this.peer = room.datapath.createPeer();
    room.engine.setClock();
    const failed = (reason: string) => {
      this.failure ??= reason;
    };
    this.end = make(this.peer, { ready: () => {}, failed });
    const options = {
      role,
      localPort: LOCAL_SCTP_PORT,
      remotePort: LOCAL_SCTP_PORT,
      windowBytes: 1 << 20,
      maxMessageBytes: 1 << 20,
      random: () => {
        this.#seed = (this.#seed * 48_271) % 0x7fffffff;
        return this.#seed / 0x7fffffff;
      },
    };
    this.#association = new SctpAssociation(options, dataCounters(), {
      output: (packet) => room.arrive(this.peer, 'data', packet.slice()),
      message: (_stream, _ppid, bytes) => {
        const read = readMessage(bytes);
        if (read) this.heard.push(read.message);
      },
      streamsReset: () => {},
      connected: () => {},
      closed: () => {},
    });
    room.others.set(this.peer, { take: (kind, bytes) => kind === 'data' && this.#packets.push(bytes) });
    this.end.transport.becameConnected();
    this.end.connected(room.engine.now);
    this.#association.start(room.engine.now);
  }

  say(message: unknown): void {
    this.sayRaw(new TextEncoder().encode(JSON.stringify(message)));
  }

  sayRaw(bytes: Uint8Array): void {
    this.#association.send(0, PPID_TEXT, bytes);
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.room.step();
      const { now } = this.room.engine;
      for (const packet of this.#packets.splice(0)) this.#association.receive(packet, now);
      this.#association.tick(now);
    }
  }
}
